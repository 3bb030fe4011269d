import { useEffect } from 'react';
import { reorgsOf } from '../../answers/analytics.ts';
import { useAnswer } from '../../answers/use-answer.ts';
import { Age } from '../../ui/age.tsx';
import { Figure } from '../../ui/figure.tsx';
import { shortHash } from '../../ui/format.ts';
import { AnswerPanel } from '../../ui/panel.tsx';
import { EmptyState } from '../../ui/states.tsx';

/** What left the chain. `seen`: how many blocks did while the page was open; with each of them the log is read again. */
export function ReorgsPanel({ id, seen }: { readonly id: string; readonly seen: number }) {
  const answer = useAnswer(reorgsOf(id, 20));
  const { refetch } = answer;
  useEffect(() => {
    if (seen > 0) void refetch();
  }, [seen, refetch]);
  return (
    <AnswerPanel title="Reorganisations" answer={answer} heightPx={110} flush>
      {({ reorgs }) =>
        reorgs.length === 0 ? (
          <EmptyState title="None was seen">No block that was held has left the chain since it is followed.</EmptyState>
        ) : (
          <div className="table-scroll" style={{ maxHeight: 360 }}>
            <table className="data">
              <caption className="visually-hidden">Reorganisations, newest first</caption>
              <thead>
                <tr>
                  <th scope="col">When</th>
                  <th scope="col" className="end">
                    Depth
                  </th>
                  <th scope="col">Blocks</th>
                  <th scope="col">Hash of the highest</th>
                </tr>
              </thead>
              <tbody>
                {reorgs.map(({ at, depth, fromBlock, toBlock, blocks }) => (
                  <tr key={at}>
                    <td>
                      <Age ms={at} />
                    </td>
                    <td className="end">
                      <Figure value={depth}>{depth}</Figure>
                    </td>
                    <td>
                      {fromBlock.toLocaleString('en')}
                      {toBlock === fromBlock ? '' : ` to ${toBlock.toLocaleString('en')}`}
                    </td>
                    <td className="mono" title={blocks.at(-1)?.hash}>
                      {shortHash(blocks.at(-1)?.hash ?? '')}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )
      }
    </AnswerPanel>
  );
}
