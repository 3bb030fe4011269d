import type { GapsAnswer } from '../../../../contracts/market-answers.ts';
import { gapsOf } from '../../answers/market.ts';
import { useAnswer } from '../../answers/use-answer.ts';
import { Badge } from '../../ui/badge.tsx';
import { formatSeconds, formatTime } from '../../ui/format.ts';
import { AnswerPanel } from '../../ui/panel.tsx';
import { type SimpleColumn, SimpleTable } from '../../ui/simple-table.tsx';
import { EmptyState } from '../../ui/states.tsx';

type Gap = GapsAnswer['gaps'][number];

/** What of a pair is missing, and why. */
export function GapsPanel({ symbol }: { readonly symbol: string }) {
  const answer = useAnswer(gapsOf(symbol));
  return (
    <AnswerPanel title="Gaps" answer={answer} heightPx={120} flush>
      {({ gaps }) =>
        gaps.length === 0 ? (
          <EmptyState title="None: every update is there" />
        ) : (
          <SimpleTable
            caption={`Gaps of ${symbol}, newest first`}
            columns={columns}
            rows={gaps.toReversed()}
            keyOf={({ stream, openedAt, fromUpdateId }) => `${stream} ${openedAt} ${fromUpdateId}`}
            maxHeightPx={300}
          />
        )
      }
    </AnswerPanel>
  );
}

const columns: readonly SimpleColumn<Gap>[] = [
  { title: 'Since', cell: ({ openedAt }) => formatTime(openedAt) },
  {
    title: 'Lasted',
    cell: ({ openedAt, closedAt }) =>
      closedAt === null ? <Badge tone="bad">open</Badge> : formatSeconds((closedAt - openedAt) / 1_000),
  },
  { title: 'Of', cell: ({ stream }) => stream },
  { title: 'Why', cell: ({ reason }) => reason },
  { title: 'What did not fit', cell: ({ detail }) => detail },
];
