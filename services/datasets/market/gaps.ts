import type { Rows } from '../../stores/relational.ts';
import type { Gap, GapReason, GapStream, MarketRecord } from './record.ts';

/** Writes gaps down: each when it is found and again when it is over, in either order and any number of times. */
export async function writeGaps(rows: Rows, gaps: readonly Gap[]): Promise<void> {
  if (gaps.length === 0) return;
  // One statement may not touch a row twice: the last word on each gap counts, but for an end, which stays.
  const last = new Map<string, Gap>();
  for (const gap of gaps) {
    const key = keyOfGap(gap);
    const before = last.get(key);
    if (before === undefined || before.closedAtMs === null || gap.closedAtMs !== null) last.set(key, gap);
  }
  await rows.query(
    `INSERT INTO market.gaps AS held (symbol, stream, opened_at, from_update_id, to_update_id, closed_at, reason, detail)
     SELECT symbol, stream, opened_at, from_update_id, to_update_id, closed_at, reason, detail
       FROM json_to_recordset($1::json) AS given (symbol text, stream text, opened_at timestamptz, from_update_id int8,
                                                  to_update_id int8, closed_at timestamptz, reason text, detail text)
     ON CONFLICT (symbol, opened_at, from_update_id, stream) DO UPDATE SET
       to_update_id = coalesce(excluded.to_update_id, held.to_update_id),
       closed_at = coalesce(excluded.closed_at, held.closed_at),
       reason = excluded.reason,
       detail = CASE WHEN excluded.closed_at IS NULL AND held.closed_at IS NOT NULL THEN held.detail ELSE excluded.detail END`,
    [JSON.stringify([...last.values()].map(gapRow))],
  );
}

/** What names a gap, as text. */
export function keyOfGap({ symbol, stream, openedAtMs, fromUpdateId }: Gap): string {
  return JSON.stringify([symbol, stream, openedAtMs, fromUpdateId]);
}

function gapRow(gap: Gap): Record<string, unknown> {
  return {
    symbol: gap.symbol,
    stream: gap.stream,
    opened_at: new Date(gap.openedAtMs).toISOString(),
    from_update_id: gap.fromUpdateId,
    to_update_id: gap.toUpdateId,
    closed_at: gap.closedAtMs === null ? null : new Date(gap.closedAtMs).toISOString(),
    reason: gap.reason,
    // It may quote what the exchange sent, and PostgreSQL has no NUL and no halves of surrogate pairs.
    detail: gap.detail.replaceAll('\0', '').toWellFormed(),
  };
}

/** A place among the gaps of a symbol. */
export type GapPlace = Pick<Gap, 'openedAtMs' | 'fromUpdateId' | 'stream'>;

/** Gaps of a symbol that overlap a time range (both ends inclusive, Unix milliseconds), oldest first. */
export async function readGaps(
  rows: Rows,
  query: {
    readonly symbol: string;
    readonly fromMs: number;
    readonly toMs: number;
    readonly limit: number;
    /** Only those that were found after this one: the last of the page before. */
    readonly after?: GapPlace | undefined;
  },
): Promise<Gap[]> {
  const { symbol, fromMs, toMs, limit, after } = query;
  const found = await rows.query<GapRow>(
    `SELECT ${gapColumns} FROM market.gaps
      WHERE symbol = $1 AND opened_at <= $3 AND (closed_at IS NULL OR closed_at >= $2)
        AND (opened_at, from_update_id, stream) > ($4, $5, $6)
      ORDER BY opened_at, from_update_id, stream LIMIT $7`,
    [
      symbol,
      new Date(fromMs).toISOString(),
      new Date(toMs).toISOString(),
      after === undefined ? '-infinity' : new Date(after.openedAtMs).toISOString(),
      after?.fromUpdateId ?? -1,
      after?.stream ?? '',
      limit,
    ],
  );
  return found.map(gapOf);
}

/** The gaps that last, of all symbols. */
export async function readOpenGaps(rows: Rows): Promise<Gap[]> {
  const found = await rows.query<GapRow>(
    `SELECT ${gapColumns} FROM market.gaps WHERE closed_at IS NULL ORDER BY symbol, opened_at, from_update_id, stream`,
  );
  return found.map(gapOf);
}

/** A snapshot is older than its arrival, and what follows it may have happened before it came, by up to this. */
export const snapshotAgeMs = 60_000;

/** A record of a book: a book that is rebuilt from there on, or goes on there. */
export type BookStart = Pick<MarketRecord, 'updateId' | 'eventTimeMs'>;

/**
 * Whether a book that is rebuilt from a record comes to a gap: to one that lasts, or that ends beyond the record. Update ids tell
 * it, whatever any clock said; only where a gap ends below its beginning, as ids began anew, time by the exchange's clock does.
 */
export function isBehind(gap: Gap, start: BookStart): boolean {
  if (gap.stream !== 'book') return false;
  if (gap.toUpdateId === null) return true;
  if (gap.toUpdateId >= gap.fromUpdateId) return gap.toUpdateId > start.updateId;
  if (gap.toUpdateId === start.updateId) return false;
  return gap.openedAtMs >= start.eventTimeMs || (gap.closedAtMs ?? 0) > start.eventTimeMs;
}

/** Of gaps in their order, the last one that ends below its beginning, up to the record: ids of older gaps mean nothing to it. */
export function findLastReset(gaps: readonly Gap[], start?: BookStart): Gap | undefined {
  return gaps.findLast(
    (gap) =>
      gap.toUpdateId !== null && gap.toUpdateId < gap.fromUpdateId && (start === undefined || !isBehind(gap, start)),
  );
}

/** The first of the gaps, which are in their order, that a book rebuilt from the record comes to. */
export function findGapBehind(gaps: readonly Gap[], start: BookStart): Gap | undefined {
  const reset = findLastReset(gaps, start);
  return gaps.find(
    (gap) =>
      isBehind(gap, start) && (gap.toUpdateId === null || reset === undefined || gap.openedAtMs >= reset.openedAtMs),
  );
}

/**
 * The first gap of the book behind a record of it that had begun by `atMs`: from there on a book rebuilt from the record is not
 * the exchange's.
 */
export async function findGapBetween(
  rows: Rows,
  start: BookStart & Pick<MarketRecord, 'symbol'>,
  atMs: number,
): Promise<Gap | undefined> {
  return findGapBehind(await readBookGaps(rows, start.symbol, { fromMs: start.eventTimeMs, toMs: atMs }), start);
}

/** No clock is wrong by more than this. It bounds what is read and decides nothing. */
const clockSlackMs = 86_400_000;

/** Gaps of a symbol's book that had begun by `toMs` and last or ended since about `fromMs`, in the order of time. */
export async function readBookGaps(
  rows: Rows,
  symbol: string,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): Promise<Gap[]> {
  const found = await rows.query<GapRow>(
    `SELECT ${gapColumns} FROM market.gaps
      WHERE symbol = $1 AND stream = 'book' AND opened_at <= $3 AND (closed_at IS NULL OR closed_at >= $2)
      ORDER BY opened_at, from_update_id`,
    [symbol, new Date(fromMs - clockSlackMs).toISOString(), new Date(toMs).toISOString()],
  );
  return found.map(gapOf);
}

const gapColumns = 'symbol, stream, opened_at, from_update_id, to_update_id, closed_at, reason, detail';

interface GapRow {
  readonly symbol: string;
  readonly stream: GapStream;
  readonly opened_at: Date;
  readonly from_update_id: string;
  readonly to_update_id: string | null;
  readonly closed_at: Date | null;
  readonly reason: GapReason;
  readonly detail: string;
}

function gapOf(row: GapRow): Gap {
  return {
    symbol: row.symbol,
    stream: row.stream,
    reason: row.reason,
    fromUpdateId: Number(row.from_update_id),
    toUpdateId: row.to_update_id === null ? null : Number(row.to_update_id),
    openedAtMs: row.opened_at.getTime(),
    closedAtMs: row.closed_at?.getTime() ?? null,
    detail: row.detail,
  };
}
