import { newestTxs } from '../../answers/analytics.ts';
import { useAnswer } from '../../answers/use-answer.ts';
import { Badge } from '../../ui/badge.tsx';
import { Figure } from '../../ui/figure.tsx';
import { formatWei, shortHash } from '../../ui/format.ts';
import { AnswerPanel } from '../../ui/panel.tsx';
import { EmptyState } from '../../ui/states.tsx';

const shownMax = 12;

/** The newest transactions with what each paid. */
export function TxsPanel({
  id,
  symbol,
  isOld,
}: {
  readonly id: string;
  readonly symbol: string;
  /** By the word of the API: newer ones may be there, and not have come. */
  readonly isOld: boolean;
}) {
  const answer = useAnswer(newestTxs(id, shownMax));
  return (
    <AnswerPanel title="Newest transactions" answer={answer} heightPx={470} flush isOld={isOld}>
      {({ txs }) =>
        txs.length === 0 ? (
          <EmptyState title="No transaction is held yet" />
        ) : (
          <div className="table-scroll" style={{ minHeight: 470 }}>
            <table className="data">
              <caption className="visually-hidden">Newest transactions</caption>
              <thead>
                <tr>
                  <th scope="col">Transaction</th>
                  <th scope="col" className="end">
                    Block
                  </th>
                  <th scope="col">From</th>
                  <th scope="col">To</th>
                  <th scope="col" className="end">
                    Value
                  </th>
                  <th scope="col" className="end">
                    Fee
                  </th>
                </tr>
              </thead>
              <tbody>
                {txs.map((tx) => (
                  <tr key={tx.hash} data-tx={tx.hash}>
                    <td className="mono" title={tx.hash}>
                      {shortHash(tx.hash)} {tx.status === 0 ? <Badge tone="bad">failed</Badge> : null}
                    </td>
                    <td className="end">
                      <Figure value={tx.blockNumber}>{tx.blockNumber.toLocaleString('en')}</Figure>
                    </td>
                    <td className="mono" title={tx.from}>
                      {shortHash(tx.from)}
                    </td>
                    <td className="mono" title={tx.to ?? undefined}>
                      {tx.to === null ? <Badge plain>new contract</Badge> : shortHash(tx.to)}
                    </td>
                    <td className="end">
                      <Figure value={tx.value} unit="wei">
                        {formatWei(tx.value, symbol)}
                      </Figure>
                    </td>
                    <td className="end">
                      <Figure value={tx.executionFee} unit="wei">
                        {formatWei(tx.executionFee, symbol)}
                      </Figure>
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
