import type { NetworkAnswer, TxAnswer } from '../../../../contracts/chain-answers.ts';
import { newestTxs } from '../../answers/analytics.ts';
import { useAnswer } from '../../answers/use-answer.ts';
import { Badge } from '../../ui/badge.tsx';
import { Figure } from '../../ui/figure.tsx';
import { formatWei, formatWhole, shortHash } from '../../ui/format.ts';
import { AnswerPanel } from '../../ui/panel.tsx';
import { type SimpleColumn, SimpleTable } from '../../ui/simple-table.tsx';
import { EmptyState } from '../../ui/states.tsx';

const shownMax = 12;

/** The newest transactions with what the execution of each cost; on some stacks data on L1 is paid on top. */
export function TxsPanel({
  id,
  currency,
  isOld,
}: {
  readonly id: string;
  readonly currency: NetworkAnswer['nativeCurrency'];
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
          <SimpleTable
            caption="Newest transactions"
            columns={columnsOf(currency)}
            rows={txs}
            keyOf={({ hash }) => hash}
          />
        )
      }
    </AnswerPanel>
  );
}

function columnsOf({ symbol, decimals }: NetworkAnswer['nativeCurrency']): readonly SimpleColumn<TxAnswer>[] {
  return [
    {
      title: 'Transaction',
      cell: ({ hash, status }) => (
        <>
          <Hash value={hash} /> {status === 0 ? <Badge tone="bad">failed</Badge> : null}
        </>
      ),
    },
    {
      title: 'Block',
      align: 'end',
      cell: ({ blockNumber }) => <Figure value={blockNumber}>{formatWhole(blockNumber)}</Figure>,
    },
    { title: 'From', cell: ({ from }) => <Hash value={from} /> },
    { title: 'To', cell: ({ to }) => (to === null ? <Badge plain>new contract</Badge> : <Hash value={to} />) },
    {
      title: 'Value',
      align: 'end',
      cell: ({ value }) => (
        <Figure value={value} unit="wei">
          {formatWei(value, symbol, decimals)}
        </Figure>
      ),
    },
    {
      title: 'Execution fee',
      align: 'end',
      cell: ({ executionFee }) => (
        <Figure value={executionFee} unit="wei">
          {formatWei(executionFee, symbol, decimals)}
        </Figure>
      ),
    },
  ];
}

function Hash({ value }: { readonly value: string }) {
  return (
    <span className="mono" title={value}>
      {shortHash(value)}
    </span>
  );
}
