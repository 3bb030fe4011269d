import { useEffect } from 'react';
import type { ReorgsAnswer } from '../../../../contracts/chain-answers.ts';
import { reorgsOf } from '../../answers/analytics.ts';
import { useAnswer } from '../../answers/use-answer.ts';
import { Age } from '../../ui/age.tsx';
import { Figure } from '../../ui/figure.tsx';
import { formatWhole, shortHash } from '../../ui/format.ts';
import { AnswerPanel } from '../../ui/panel.tsx';
import { type SimpleColumn, SimpleTable } from '../../ui/simple-table.tsx';
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
          <SimpleTable
            caption="Reorganisations, newest first"
            columns={columns}
            rows={reorgs}
            keyOf={({ at, toBlock }) => `${at} ${toBlock}`}
            maxHeightPx={360}
          />
        )
      }
    </AnswerPanel>
  );
}

const columns: readonly SimpleColumn<ReorgsAnswer['reorgs'][number]>[] = [
  { title: 'When', cell: ({ at }) => <Age ms={at} /> },
  { title: 'Depth', align: 'end', cell: ({ depth }) => <Figure value={depth}>{depth}</Figure> },
  {
    title: 'Blocks',
    cell: ({ fromBlock, toBlock }) =>
      `${formatWhole(fromBlock)}${toBlock === fromBlock ? '' : ` to ${formatWhole(toBlock)}`}`,
  },
  {
    title: 'Hash of the highest',
    cell: ({ blocks }) => (
      <span className="mono" title={blocks.at(-1)?.hash}>
        {shortHash(blocks.at(-1)?.hash ?? '')}
      </span>
    ),
  },
];
