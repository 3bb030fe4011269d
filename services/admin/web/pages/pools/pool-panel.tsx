import type { PoolsAnswer } from '../../../../contracts/admin-answers.ts';
import { Badge } from '../../ui/badge.tsx';
import { Figure } from '../../ui/figure.tsx';
import { formatShare } from '../../ui/format.ts';
import { Meter } from '../../ui/meter.tsx';
import { Panel } from '../../ui/panel.tsx';
import { type SimpleColumn, SimpleTable } from '../../ui/simple-table.tsx';
import { amountText, amountTitles, costText, fullCapacities } from './amounts.ts';

export type Pool = PoolsAnswer['pools'][number];
type Capacity = Pool['capacity'][number];

/** One pool: its machines, what its services ask of them, and its bill. */
export function PoolPanel({ pool }: { readonly pool: Pool }) {
  const full = fullCapacities(pool);
  return (
    <Panel
      title={
        <>
          {pool.name} <span className="muted">{pool.provider}</span>
        </>
      }
      aside={
        <>
          {full.length === 0 ? null : (
            <Badge tone="bad" title="Nine tenths or more of what is given are asked for">
              full: {full.join(', ')}
            </Badge>
          )}
          <Badge plain>{pool.regions.join(', ')}</Badge>
        </>
      }
    >
      <div className="grid">
        <div>
          <p className="muted">{pool.purpose}</p>
          <dl className="pairs" style={{ marginTop: 10 }}>
            <dt>Cost a month</dt>
            <dd>
              {costText(pool.cost.rest)}
              {pool.cost.budget === null ? '' : ` of ${pool.cost.budget.monthly} ${pool.cost.budget.currency}`}
            </dd>
            {pool.cost.share === null ? null : (
              <>
                <dt>Budget used</dt>
                <dd>
                  <Meter label="Budget used" share={pool.cost.share} />
                </dd>
              </>
            )}
            {pool.cost.rest.planned === 0 ? null : (
              <>
                <dt>Planned by the brief</dt>
                <dd>
                  <Figure value={pool.cost.rest.planned}>{pool.cost.rest.planned} USD</Figure>
                </dd>
              </>
            )}
            <dt>Machines</dt>
            <dd>
              {pool.machines.map(({ nodeGroup, machine, min, max }) => (
                <div key={nodeGroup}>
                  {nodeGroup}: {min === max ? min : `${min} to ${max}`} × {machine ?? 'not decided'}
                </div>
              ))}
            </dd>
            <dt>Stores</dt>
            <dd>{pool.stores.map(({ kind, engine }) => `${kind} (${engine})`).join(', ') || 'none'}</dd>
          </dl>
        </div>
        {pool.capacity.map((capacity) => (
          <CapacityMeters key={capacity.what} capacity={capacity} />
        ))}
      </div>
      {pool.services.length === 0 ? null : (
        <details style={{ marginTop: 12 }}>
          <summary>{pool.services.length} services</summary>
          <SimpleTable
            caption={`Services of ${pool.name}`}
            columns={services}
            rows={pool.services}
            keyOf={({ id }) => id}
          />
        </details>
      )}
    </Panel>
  );
}

function CapacityMeters({ capacity: { what, rest, full } }: { readonly capacity: Capacity }) {
  return (
    <div>
      <h3>{what === 'cluster' ? 'Cluster' : what}</h3>
      {amountTitles.map(([name, title]) => (
        <div key={name} style={{ marginTop: 8 }}>
          <div className="toolbar" style={{ justifyContent: 'space-between' }}>
            <span>{title}</span>
            <span className="muted">
              <Figure value={rest.asked[name]}>{amountText(name, rest.asked[name])}</Figure> of{' '}
              <Figure value={rest.given[name]}>{amountText(name, rest.given[name])}</Figure>
              {full.share[name] === null ? '' : `; at full scale ${formatShare(full.share[name])}`}
            </span>
          </div>
          <Meter label={`${title} asked for`} share={rest.share[name]} />
        </div>
      ))}
    </div>
  );
}

const services: readonly SimpleColumn<Pool['services'][number]>[] = [
  { title: 'Service', cell: ({ name }) => name },
  { title: 'Replicas', align: 'end', cell: ({ min, max }) => (min === max ? min : `${min} to ${max}`) },
  { title: 'CPU', align: 'end', cell: ({ cpuMillis }) => amountText('cpuMillis', cpuMillis) },
  { title: 'Memory', align: 'end', cell: ({ memoryMiB }) => amountText('memoryMiB', memoryMiB) },
  {
    title: 'Released',
    cell: ({ released }) => (released ? <Badge tone="good">yes</Badge> : <Badge>not yet</Badge>),
  },
];
