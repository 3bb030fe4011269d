import type { Rows } from '../../stores/relational.ts';
import { findGapBetween, snapshotAgeMs } from './gaps.ts';
import { queryRecords, selectedColumns, timeOf } from './read-rows.ts';
import type { Gap, MarketRecord } from './record.ts';

/** How far apart the times of neighbouring updates of one book may be in the wrong order: clocks are set back at times. */
const slackMs = 5_000;

/** What a symbol's book at a time is rebuilt from. */
export interface BookHistory {
  /** A snapshot or checkpoint. */
  readonly start: MarketRecord;
  /** From when on the book is not known, though it was at `start`: what was found missing up to the time asked for. */
  readonly gap: Gap | undefined;
  /**
   * The depth records after it, in the order of update ids, up to the gap or the time asked for. They apply to `start` one by one.
   * One page is in memory at a time.
   */
  depth(pageRows?: number): AsyncGenerator<MarketRecord>;
}

/**
 * What to rebuild a symbol's book from, as it was at `atMs` (event time, Unix milliseconds): its last snapshot or checkpoint at or
 * before it, and what came after. Undefined when there is none.
 */
export async function findBookHistory(rows: Rows, symbol: string, atMs: number): Promise<BookHistory | undefined> {
  const branch = (kind: string): string =>
    `(SELECT * FROM market.records WHERE symbol = $1 AND kind = '${kind}' AND event_time <= $2
       ORDER BY event_time DESC, update_id DESC LIMIT 1)`;
  const [start] = await queryRecords(
    rows,
    `SELECT ${selectedColumns} FROM (${branch('snapshot')} UNION ALL ${branch('checkpoint')}) found
      ORDER BY event_time DESC, update_id DESC LIMIT 1`,
    [symbol, timeOf(atMs)],
  );
  if (start === undefined) return undefined;
  const gap = await findGapBetween(rows, start, atMs);
  return {
    start,
    gap,
    depth: (pageRows) => readDepth(rows, start, { atMs, toUpdateId: gap?.fromUpdateId }, pageRows),
  };
}

async function* readDepth(
  rows: Rows,
  start: MarketRecord,
  until: { readonly atMs: number; readonly toUpdateId: number | undefined },
  pageRows = 1000,
): AsyncGenerator<MarketRecord> {
  let after = { eventTimeMs: start.eventTimeMs - snapshotAgeMs, updateId: 0 };
  let waiting: MarketRecord[] = [];
  for (;;) {
    const page = await queryRecords(
      rows,
      `SELECT ${selectedColumns} FROM market.records
        WHERE symbol = $1 AND kind = 'depth' AND event_time BETWEEN $2 AND $3 AND (event_time, update_id) > ($2, $4::int8)
          AND update_id > $5 AND update_id <= $6
        ORDER BY event_time, update_id LIMIT $7`,
      [
        start.symbol,
        timeOf(after.eventTimeMs),
        timeOf(until.atMs),
        after.updateId,
        start.updateId,
        until.toUpdateId ?? Number.MAX_SAFE_INTEGER,
        pageRows,
      ],
    );
    waiting = [...waiting, ...page].sort((a, b) => a.updateId - b.updateId);
    const last = page.at(-1);
    const isEnd = last === undefined || page.length < pageRows;
    // An update that is written with an earlier time than its predecessor must still come after it.
    const settledMs = isEnd ? Number.POSITIVE_INFINITY : last.eventTimeMs - slackMs;
    const held = waiting.findIndex((record) => record.eventTimeMs > settledMs);
    const settled = held === -1 ? waiting.splice(0) : waiting.splice(0, held);
    yield* settled;
    if (isEnd) return;
    after = last;
  }
}
