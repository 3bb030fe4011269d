import type { Rows } from '../../stores/relational.ts';
import { timeOf } from './read-rows.ts';
import type { Gap, GapReason, GapStream, MarketRecord } from './record.ts';

/** Writes gaps down: each when it is found and again when it is over, in either order and any number of times. */
export async function writeGaps(rows: Rows, gaps: readonly Gap[]): Promise<void> {
  if (gaps.length === 0) return;
  // One statement may not touch a row twice: the last word on each gap counts, but for an end, which stays.
  const last = new Map<string, Gap>();
  for (const gap of gaps) {
    const key = JSON.stringify([gap.symbol, gap.stream, gap.openedAtMs, gap.fromUpdateId]);
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

/**
 * Whether a gap begins behind a record of its book. One of a restart was opened, by its row, when the last record that is held
 * happened, which is before that came: update ids tell it then, if the gap did not end before the record came. Ids that began
 * anew make the ids of an older gap mean nothing, hence the time.
 */
export function isBehind(gap: Gap, start: Pick<MarketRecord, 'updateId' | 'eventTimeMs' | 'receivedAtMs'>): boolean {
  if (gap.openedAtMs >= start.receivedAtMs) return true;
  const isOver = gap.closedAtMs !== null && gap.closedAtMs < start.receivedAtMs;
  return !isOver && gap.fromUpdateId >= start.updateId && gap.openedAtMs >= start.eventTimeMs - snapshotAgeMs;
}

/**
 * The first gap behind a record of a book (see `isBehind`) that was found up to `atMs`, and that the record does not end itself:
 * from there on a book rebuilt from it is not the exchange's.
 */
export async function findGapBetween(
  rows: Rows,
  start: Pick<MarketRecord, 'symbol' | 'updateId' | 'eventTimeMs' | 'receivedAtMs'>,
  atMs: number,
): Promise<Gap | undefined> {
  const { symbol, updateId, eventTimeMs, receivedAtMs } = start;
  const found = await rows.query<GapRow>(
    `SELECT ${gapColumns} FROM market.gaps
      WHERE symbol = $1 AND opened_at BETWEEN $2 AND $3
        AND (to_update_id IS NULL OR to_update_id > $4 OR (to_update_id < from_update_id AND to_update_id <> $4))
      ORDER BY opened_at, from_update_id`,
    [symbol, timeOf(Math.min(receivedAtMs, eventTimeMs - snapshotAgeMs)), timeOf(atMs), updateId],
  );
  return found.map(gapOf).find((gap) => isBehind(gap, start));
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
