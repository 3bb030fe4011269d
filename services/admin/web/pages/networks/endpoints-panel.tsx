import type { NetworkHealth, NetworksHealthAnswer } from '../../../../contracts/chain-answers.ts';
import type { Answer } from '../../answers/use-answer.ts';
import { Badge, type Tone } from '../../ui/badge.tsx';
import { Figure } from '../../ui/figure.tsx';
import { formatCount, formatWhole } from '../../ui/format.ts';
import { AnswerPanel } from '../../ui/panel.tsx';
import { type SimpleColumn, SimpleTable } from '../../ui/simple-table.tsx';
import { EmptyState } from '../../ui/states.tsx';

/** `place`: in the order of preference. One host may have several endpoints. */
type Endpoint = NetworkHealth['endpoints'][number] & { readonly place: number };

const tones: Record<string, Tone> = { up: 'good', resting: 'warn', refused: 'bad' };

/** The nodes that a network is read from, and how each does. */
export function EndpointsPanel({ health, id }: { readonly health: Answer<NetworksHealthAnswer>; readonly id: string }) {
  return (
    <AnswerPanel title="Endpoints" answer={health} heightPx={90} flush>
      {({ networks }) => {
        const endpoints = networks.find(({ network }) => network === id)?.endpoints ?? [];
        return endpoints.length === 0 ? (
          <EmptyState title="No endpoint is in use">
            The network is not synced, so none of its nodes is asked.
          </EmptyState>
        ) : (
          <SimpleTable
            caption="RPC endpoints in order of preference"
            columns={columns}
            rows={endpoints.map((endpoint, place) => ({ ...endpoint, place }))}
            keyOf={({ place, host }) => `${place} ${host}`}
          />
        );
      }}
    </AnswerPanel>
  );
}

const columns: readonly SimpleColumn<Endpoint>[] = [
  { title: 'Host', cell: ({ host }) => <span className="mono">{host}</span> },
  { title: 'State', cell: ({ state }) => <Badge tone={tones[state] ?? 'neutral'}>{state}</Badge> },
  { title: 'Head', align: 'end', cell: ({ head }) => <Figure value={head}>{formatWhole(head)}</Figure> },
  {
    title: 'Latency',
    align: 'end',
    cell: ({ latencyMs }) => (
      <Figure value={latencyMs} unit="ms">
        {latencyMs === null ? null : `${Math.round(latencyMs)} ms`}
      </Figure>
    ),
  },
  {
    title: 'Requests',
    align: 'end',
    cell: ({ requests }) => <Figure value={requests}>{formatCount(requests)}</Figure>,
  },
  { title: 'Failed', align: 'end', cell: ({ errors }) => <Figure value={errors}>{formatCount(errors)}</Figure> },
  { title: 'What it did wrong last', cell: ({ reason }) => reason ?? <span className="muted">nothing</span> },
];
