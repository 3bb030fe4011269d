import type { Pair } from '../../../catalog/schema/pair.ts';
import { findBookHistory } from '../../datasets/market/read-book.ts';
import type { Rows } from '../../stores/relational.ts';
import { createLiveBook, type LiveBook } from './live-book.ts';

/**
 * Builds the book of a pair as it was at a time, from the last snapshot or checkpoint and the updates behind it. Without one it
 * is waiting; behind a gap that no snapshot has closed by then, it stays as it was before. Unix milliseconds.
 */
export async function rebuildBook(rows: Rows, pair: Pick<Pair, 'symbol' | 'market'>, atMs: number): Promise<LiveBook> {
  const live = createLiveBook(pair);
  const history = await findBookHistory(rows, pair.symbol, atMs);
  if (history === undefined) return live;
  live.takeRecords([history.start], false);
  if (history.gap !== undefined) live.endAt(history.gap);
  for await (const record of history.depth()) {
    const events = live.takeRecords([record], false);
    if (events.some(({ kind }) => kind === 'rebuild')) {
      live.giveUp('the updates that are stored do not continue it');
      break;
    }
  }
  live.takeRecords([], true);
  return live;
}
