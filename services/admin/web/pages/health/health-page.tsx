import { allProcesses } from '../../answers/admin.ts';
import { useAnswer } from '../../answers/use-answer.ts';
import { Badge } from '../../ui/badge.tsx';
import { AnswerPanel } from '../../ui/panel.tsx';
import { EmptyState, Loading } from '../../ui/states.tsx';
import { Elsewhere } from './elsewhere.tsx';
import { ErrorsTable } from './errors-table.tsx';
import { LagPanel } from './lag-panel.tsx';
import { ModulesTable } from './modules-table.tsx';
import { ProcessesTable } from './processes-table.tsx';

/** How the processes are: what runs where, by which catalog, what is not well, and what went wrong lately. */
export function HealthPage() {
  const answer = useAnswer(allProcesses);
  if (answer.isPending) return <Loading heightPx={680} />;
  return (
    <>
      <AnswerPanel title="Processes" answer={answer} heightPx={72} flush>
        {({ processes, problems }) => (
          <>
            {problems.map((problem) => (
              <p key={problem} style={{ padding: '10px 14px 0' }}>
                <Badge tone="warn">not found</Badge> {problem}
              </p>
            ))}
            <ProcessesTable processes={processes} />
          </>
        )}
      </AnswerPanel>
      <LagPanel />
      <AnswerPanel title="Modules and stores" answer={answer} heightPx={72} flush>
        {({ processes }) => <ModulesTable processes={processes} />}
      </AnswerPanel>
      <AnswerPanel title="Warnings and errors" answer={answer} heightPx={72} flush>
        {({ processes }) =>
          processes.every(({ status }) => status === null || status.recentErrors.length === 0) ? (
            <EmptyState title="None since the processes began" />
          ) : (
            <ErrorsTable processes={processes} />
          )
        }
      </AnswerPanel>
      <Elsewhere />
    </>
  );
}
