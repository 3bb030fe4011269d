import { allProcesses } from '../../answers/admin.ts';
import { useAnswer } from '../../answers/use-answer.ts';
import { Age } from '../../ui/age.tsx';
import { AnswerPanel } from '../../ui/panel.tsx';
import { nameOf, type Process } from '../../ui/process.ts';
import { RunningCatalog } from '../../ui/running-catalog.tsx';
import { type SimpleColumn, SimpleTable } from '../../ui/simple-table.tsx';

/** Which catalog, or which slice of it, each process has in force. */
export function RunningPanel() {
  const answer = useAnswer(allProcesses);
  return (
    <AnswerPanel title="What each service works by" answer={answer} heightPx={72} flush>
      {({ processes }) => (
        <SimpleTable
          caption="The catalog that each process works by"
          columns={columns}
          rows={processes}
          keyOf={({ address }) => address}
        />
      )}
    </AnswerPanel>
  );
}

const columns: readonly SimpleColumn<Process>[] = [
  {
    title: 'Service',
    cell: (process) => <strong title={process.status?.targets.join(', ')}>{nameOf(process)}</strong>,
  },
  { title: 'Catalog', cell: (process) => <RunningCatalog process={process} /> },
  { title: 'In force since', cell: ({ status }) => <Age ms={status?.catalog?.since} /> },
  { title: 'Version', cell: ({ status }) => status?.version ?? '–' },
];
