import type { Rows } from '../../stores/relational.ts';
import { findGapBehind, findLastReset, readBookGaps } from './gaps.ts';
import { queryRecords, selectedColumns, timeOf } from './read-rows.ts';
import type { Gap, MarketRecord } from './record.ts';

/** How far apart the times of neighbouring updates of one book may be in the wrong order: clocks are set back at times. */
const slackMs = 5_000;
/**
 * How far a whole book's time may be from that of its neighbours by id: where the exchange tells none, it is by our clock, which
 * may be wrong. It bounds what is read and decides nothing.
 */
const wholeSlackMs = 86_400_000;
const depthSlackMs = 3_600_000;

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
 * before it, and what came after. The last one is that of the highest id, among ids that did not begin anew since. Undefined when
 * there is none.
 */
export async function findBookHistory(rows: Rows, symbol: string, atMs: number): Promise<BookHistory | undefined> {
  const wholes = await readWholes(rows, symbol, atMs);
  if (wholes.length === 0) return undefined;
  const fromMs = wholes.reduce((least, { eventTimeMs }) => Math.min(least, eventTimeMs), Number.POSITIVE_INFINITY);
  const gaps = await readBookGaps(rows, symbol, { fromMs, toMs: atMs });
  const reset = findLastReset(gaps);
  const depth = await findLastDepth(rows, symbol, atMs);
  const anew = wholes.filter((whole) => isSince(whole, reset) && !isBefore(whole, depth));
  const [last] = (anew.length > 0 ? anew : wholes).toSorted(
    (a, b) => b.updateId - a.updateId || b.eventTimeMs - a.eventTimeMs,
  );
  const start = last && (await readWhole(rows, symbol, last));
  if (start === undefined) return undefined;
  const gap = findGapBehind(gaps, start);
  const before = findLastReset(gaps, start);
  // Where ids began anew, higher ones may be from before, and after an end lower ones from then on.
  const fromTimeMs = before !== undefined && isForward(before) ? before.openedAtMs + 1 : 0;
  const toTimeMs = gap !== undefined && isAnew(gap) && isForward(gap) ? (gap.closedAtMs ?? atMs) - 1 : atMs;
  const until = { atMs: Math.min(atMs, toTimeMs), toUpdateId: gap?.fromUpdateId };
  return {
    start,
    gap,
    depth: (pageRows) =>
      readDepth(rows, start, Math.max(start.eventTimeMs - depthSlackMs, fromTimeMs), until, pageRows),
  };
}

/** What an update or a whole book is told by. */
type Place = Pick<MarketRecord, 'kind' | 'updateId' | 'eventTimeMs'>;

/** The snapshots and checkpoints of the day that ends with the last one. Their levels are not read. */
async function readWholes(rows: Rows, symbol: string, atMs: number): Promise<Place[]> {
  const wholes: Place[] = [];
  for (const kind of ['snapshot', 'checkpoint'] as const) {
    const found = await rows.query<{ update_id: string; event_ms: string }>(
      `SELECT update_id, (extract(epoch FROM event_time) * 1000)::int8 AS event_ms
         FROM market.records
        WHERE symbol = $1 AND kind = '${kind}' AND event_time <= $2 AND event_time >= (
              SELECT max(event_time) FROM market.records
               WHERE symbol = $1 AND kind = '${kind}' AND event_time <= $2) - $3 * interval '1 millisecond'`,
      [symbol, timeOf(atMs), wholeSlackMs],
    );
    for (const row of found) wholes.push({ kind, updateId: Number(row.update_id), eventTimeMs: Number(row.event_ms) });
  }
  return wholes;
}

async function readWhole(rows: Rows, symbol: string, whole: Place): Promise<MarketRecord | undefined> {
  const [record] = await queryRecords(
    rows,
    `SELECT ${selectedColumns} FROM market.records
      WHERE symbol = $1 AND kind = $2::market.record_kind AND event_time = $3 AND update_id = $4`,
    [symbol, whole.kind, timeOf(whole.eventTimeMs), whole.updateId],
  );
  return record;
}

async function findLastDepth(rows: Rows, symbol: string, atMs: number): Promise<Place | undefined> {
  const [row] = await rows.query<{ update_id: string; event_ms: string }>(
    `SELECT update_id, (extract(epoch FROM event_time) * 1000)::int8 AS event_ms FROM market.records
      WHERE symbol = $1 AND kind = 'depth' AND event_time <= $2 ORDER BY event_time DESC, update_id DESC LIMIT 1`,
    [symbol, timeOf(atMs)],
  );
  return row && { kind: 'depth', updateId: Number(row.update_id), eventTimeMs: Number(row.event_ms) };
}

/** Whether ids began anew between a whole book and the last update, as they do also where no gap tells it. */
function isBefore(whole: Place, depth: Place | undefined): boolean {
  return depth !== undefined && whole.updateId > depth.updateId && whole.eventTimeMs < depth.eventTimeMs;
}

/** Whether a whole book is of the ids that began with the end of a gap. */
function isSince(whole: Place, reset: Gap | undefined): boolean {
  if (reset === undefined) return true;
  return whole.updateId === reset.toUpdateId || whole.eventTimeMs >= (reset.closedAtMs ?? 0);
}

function isAnew({ fromUpdateId, toUpdateId }: Gap): boolean {
  return toUpdateId !== null && toUpdateId < fromUpdateId;
}

/** Else its new book is an older one of the same ids. */
function isForward({ openedAtMs, closedAtMs }: Gap): boolean {
  return closedAtMs !== null && closedAtMs > openedAtMs;
}

async function* readDepth(
  rows: Rows,
  start: MarketRecord,
  fromMs: number,
  until: { readonly atMs: number; readonly toUpdateId: number | undefined },
  pageRows = 1000,
): AsyncGenerator<MarketRecord> {
  let after = { eventTimeMs: fromMs, updateId: 0 };
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
