import type { Pair } from '../../../catalog/schema/pair.ts';
import { readRecordPage } from '../../datasets/market/read.ts';
import type { Gap, MarketRecord, RecordKind } from '../../datasets/market/record.ts';
import { timeMax } from '../../runtime/unix-time.ts';
import type { Relational } from '../../stores/relational.ts';
import type { Feed } from './events.ts';
import { inSnapshot, readRecentGaps } from './feed-reads.ts';
import type { LiveBook } from './live-book.ts';
import { rebuildBook } from './rebuild.ts';

export const kindsOf: Readonly<Record<Feed, readonly RecordKind[]>> = {
  book: ['depth', 'snapshot', 'checkpoint'],
  trades: ['trade'],
  ticker: ['ticker'],
};

/** Ends of gaps are looked for so far back. */
export const closedWithinMs = 5 * 60_000;

/** What there is of a symbol when one begins to follow it, all of one moment. */
export interface Beginning {
  /** The newest record of each kind of the feeds. */
  readonly newest: ReadonlyMap<RecordKind, MarketRecord | undefined>;
  /** If the book is among the feeds. */
  readonly book: LiveBook | undefined;
  /** Those that last, or ended lately. */
  readonly gaps: readonly Gap[];
}

export function readBeginning(
  relational: Relational,
  pair: Pick<Pair, 'symbol' | 'market'>,
  feeds: readonly Feed[],
  nowMs: number,
): Promise<Beginning> {
  const { symbol } = pair;
  return inSnapshot(relational, async (tx) => {
    const newest = new Map<RecordKind, MarketRecord | undefined>();
    for (const kind of feeds.flatMap((feed) => kindsOf[feed])) {
      const query = { symbol, kinds: [kind], fromMs: 0, toMs: timeMax, order: 'newest first' as const, limit: 1 };
      newest.set(kind, (await readRecordPage(tx, query))[0]);
    }
    const book = feeds.includes('book') ? await rebuildBook(tx, pair, timeMax) : undefined;
    return { newest, book, gaps: await readRecentGaps(tx, [symbol], nowMs - closedWithinMs) };
  });
}
