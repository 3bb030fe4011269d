import { allEnvironments, poolsOf } from '../../answers/admin.ts';
import { useAnswer } from '../../answers/use-answer.ts';
import { Awaited } from '../../ui/awaited.tsx';
import { Badge } from '../../ui/badge.tsx';
import { Choice } from '../../ui/choice.tsx';
import { OldBadge } from '../../ui/old-badge.tsx';
import { Panel } from '../../ui/panel.tsx';
import { ErrorState, Loading } from '../../ui/states.tsx';
import { useUrlText } from '../../ui/use-url-state.ts';
import { PoolPanel } from './pool-panel.tsx';

/** What the pools give, what is asked of them, and what they cost. */
export function PoolsPage() {
  const [environment, setEnvironment] = useUrlText('environment');
  const environments = useAnswer(allEnvironments);
  const answer = useAnswer(poolsOf(environment === '' ? undefined : environment));
  const { data, error } = answer;
  return (
    <>
      <div className="toolbar">
        <Choice
          label="At the sizes of"
          all="This environment"
          words={(environments.data?.environments ?? []).map(({ name }) => name)}
          value={environment}
          onChange={setEnvironment}
        />
        {data === undefined || answer.isPlaceholderData ? null : (
          <span className="muted">At the sizes of {data.environment}</span>
        )}
        <OldBadge answer={answer} />
        {data?.whole === false ? (
          <Badge tone="warn" title="This process is given a part of the catalog">
            What is asked for is a lower bound
          </Badge>
        ) : null}
      </div>
      {data === undefined ? (
        error === null ? (
          <Loading heightPx={700} />
        ) : (
          <Panel title="Pools">
            <ErrorState error={error} onRetry={() => void answer.refetch()} />
          </Panel>
        )
      ) : (
        <Awaited isAwaited={answer.isPlaceholderData}>
          <div className="stack">
            {data.pools.map((pool) => (
              <PoolPanel key={pool.id} pool={pool} />
            ))}
          </div>
        </Awaited>
      )}
    </>
  );
}
