import type { NetworksHealthAnswer } from '../../../../contracts/chain-answers.ts';
import type { Answer } from '../../answers/use-answer.ts';
import { Badge, type Tone } from '../../ui/badge.tsx';
import { Figure } from '../../ui/figure.tsx';
import { formatCount } from '../../ui/format.ts';
import { AnswerPanel } from '../../ui/panel.tsx';
import { EmptyState } from '../../ui/states.tsx';

const tones: Record<string, Tone> = { up: 'good', resting: 'warn', refused: 'bad' };

/** The nodes that a network is read from, and how each does. */
export function EndpointsPanel({ health, id }: { readonly health: Answer<NetworksHealthAnswer>; readonly id: string }) {
  return (
    <AnswerPanel title="Endpoints" answer={health} heightPx={90} flush>
      {({ networks }) => {
        const endpoints = networks.find(({ network }) => network === id)?.endpoints ?? [];
        if (endpoints.length === 0)
          return (
            <EmptyState title="No endpoint is in use">
              The network is not synced, so none of its nodes is asked.
            </EmptyState>
          );
        return (
          <div className="table-scroll">
            <table className="data">
              <caption className="visually-hidden">RPC endpoints in order of preference</caption>
              <thead>
                <tr>
                  <th scope="col">Host</th>
                  <th scope="col">State</th>
                  <th scope="col" className="end">
                    Head
                  </th>
                  <th scope="col" className="end">
                    Latency
                  </th>
                  <th scope="col" className="end">
                    Requests
                  </th>
                  <th scope="col" className="end">
                    Failed
                  </th>
                  <th scope="col">What it did wrong last</th>
                </tr>
              </thead>
              <tbody>
                {endpoints.map(({ host, state, reason, requests, errors, latencyMs, head }) => (
                  <tr key={host}>
                    <td className="mono">{host}</td>
                    <td>
                      <Badge tone={tones[state] ?? 'neutral'}>{state}</Badge>
                    </td>
                    <td className="end">
                      <Figure value={head}>{head?.toLocaleString('en')}</Figure>
                    </td>
                    <td className="end">
                      <Figure value={latencyMs} unit="ms">
                        {latencyMs === null ? null : `${Math.round(latencyMs)} ms`}
                      </Figure>
                    </td>
                    <td className="end">
                      <Figure value={requests}>{formatCount(requests)}</Figure>
                    </td>
                    <td className="end">
                      <Figure value={errors}>{formatCount(errors)}</Figure>
                    </td>
                    <td>{reason ?? <span className="muted">nothing</span>}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        );
      }}
    </AnswerPanel>
  );
}
