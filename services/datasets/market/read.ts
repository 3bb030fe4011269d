import type { Relational, Rows } from '../../stores/relational.ts';
import { queryRecords, selectedColumns, timeOf } from './read-rows.ts';
import { type MarketRecord, type RecordKind, recordKinds } from './record.ts';

/** Which records of a symbol to read. Both ends are inclusive, by event time in Unix milliseconds. */
export interface RecordQuery {
  readonly symbol: string;
  readonly fromMs: number;
  readonly toMs: number;
  /** At least one. */
  readonly kinds: readonly RecordKind[];
  readonly order: 'oldest first' | 'newest first';
}

/** A place among the records of a symbol, which are ordered by event time, kind (as in `recordKinds`) and update id. */
export type RecordPlace = Pick<MarketRecord, 'eventTimeMs' | 'kind' | 'updateId'>;

/** Up to `limit` records in order, from the one that follows the place `after`, or from the first. */
export function readRecordPage(
  rows: Rows,
  query: RecordQuery & { readonly after?: RecordPlace | undefined; readonly limit: number },
): Promise<MarketRecord[]> {
  const { symbol, after, limit } = query;
  const isOldestFirst = query.order === 'oldest first';
  const [beyond, direction] = isOldestFirst ? ['>', 'ASC'] : ['<', 'DESC'];
  const bounds = { from: query.fromMs, to: query.toMs };
  if (after !== undefined) {
    if (isOldestFirst) bounds.from = Math.max(bounds.from, after.eventTimeMs);
    else bounds.to = Math.min(bounds.to, after.eventTimeMs);
  }
  const values: unknown[] = [symbol, timeOf(bounds.from), timeOf(bounds.to), limit];
  if (after !== undefined) values.push(timeOf(after.eventTimeMs), after.updateId);
  // The index holds a kind of a symbol in the order of time: each branch reads no more than it gives.
  const branches = [...new Set(query.kinds)].map((kind) => {
    let place = '';
    if (after !== undefined) {
      const turn = recordKinds.indexOf(kind) - recordKinds.indexOf(after.kind);
      // At the place's own time, kinds that come after it are still to be read, and kinds before it are done.
      if (turn === 0) place = `AND (event_time, update_id) ${beyond} ($5, $6::int8)`;
      else if (turn < 0 === isOldestFirst) place = `AND event_time ${beyond} $5`;
    }
    return `(SELECT * FROM market.records
              WHERE symbol = $1 AND kind = '${kind}' AND event_time BETWEEN $2 AND $3 ${place}
              ORDER BY event_time ${direction}, update_id ${direction} LIMIT $4)`;
  });
  // A parameter that no branch uses would have no type.
  const typed = after === undefined ? '' : 'AND $5::timestamptz IS NOT NULL AND $6::int8 IS NOT NULL';
  return queryRecords(
    rows,
    `SELECT ${selectedColumns} FROM (${branches.join(' UNION ALL ')}) found WHERE true ${typed}
      ORDER BY event_time ${direction}, kind ${direction}, update_id ${direction} LIMIT $4`,
    values,
  );
}

/** Records of a symbol from one of them to another one, both inclusive, in the order that is said. */
export interface RecordSpan {
  readonly symbol: string;
  /** At least one. */
  readonly kinds: readonly RecordKind[];
  readonly order: RecordQuery['order'];
  readonly first: RecordPlace;
  readonly last: RecordPlace;
}

/** All records of a span, in pages, for answers of any length: one page is in memory at a time, and no transaction stays open. */
export async function* streamRecordPages(
  rows: Rows,
  { symbol, kinds, order, first, last }: RecordSpan,
  pageRows = 1000,
): AsyncGenerator<MarketRecord[]> {
  const isOldestFirst = order === 'oldest first';
  const [start, end] = isOldestFirst ? [first, last] : [last, first];
  const query = { symbol, kinds, order, fromMs: start.eventTimeMs, toMs: end.eventTimeMs, limit: pageRows };
  let after: RecordPlace | undefined;
  for (;;) {
    const page = await readRecordPage(rows, { ...query, after });
    // Others may have happened in the same millisecond as the ends.
    const within = page.filter((record) => comparePlaces(start, record) <= 0 && comparePlaces(record, end) <= 0);
    if (within.length > 0) yield within;
    if (page.length < pageRows) return;
    after = page.at(-1);
  }
}

function comparePlaces(a: RecordPlace, b: RecordPlace): number {
  const kinds = recordKinds.indexOf(a.kind) - recordKinds.indexOf(b.kind);
  return a.eventTimeMs - b.eventTimeMs || kinds || a.updateId - b.updateId;
}

/** A symbol's records of one kind up to the last one that a reader has. */
export interface TailPlace {
  readonly symbol: string;
  readonly kind: RecordKind;
  readonly updateId: number;
  readonly eventTimeMs: number;
  /** With it, records that happened before are left out whatever their ids. */
  readonly notBeforeMs?: number;
}

/**
 * How much earlier than its predecessor a record may be by its time and still be found by the tail: clocks are set back at times,
 * by far less than this.
 */
const tailSlackMs = 2_000;

/**
 * What was written after each of the places: by place in the order of update ids, up to `limit` of each, in one query.
 * A place that got `limit` records has more: ask again from its last one.
 */
export async function readTail(rows: Rows, places: readonly TailPlace[], limit: number): Promise<MarketRecord[]> {
  if (places.length === 0) return [];
  let earliestMs = Number.POSITIVE_INFINITY;
  const given = places.map(({ symbol, kind, updateId, eventTimeMs, notBeforeMs = 0 }) => {
    const fromMs = Math.max(eventTimeMs - tailSlackMs, notBeforeMs);
    earliestMs = Math.min(earliestMs, fromMs);
    return { symbol, kind, update_id: updateId, from_time: timeOf(fromMs) };
  });
  return queryRecords(
    rows,
    `SELECT ${selectedColumns} FROM (
       SELECT found.* FROM json_to_recordset($1::json)
           AS place (symbol text, kind market.record_kind, update_id int8, from_time timestamptz)
        CROSS JOIN LATERAL (
          SELECT * FROM market.records r
           WHERE r.symbol = place.symbol AND r.kind = place.kind AND r.update_id > place.update_id
             AND r.event_time >= place.from_time AND r.event_time >= $2
           ORDER BY r.update_id LIMIT $3) found) found
      ORDER BY symbol, kind, update_id`,
    [JSON.stringify(given), timeOf(earliestMs), limit],
  );
}

/**
 * How far a symbol's book is recorded: its last update, by time as ids may have begun anew; a symbol with none is left out. Fast on
 * tables of any size.
 */
export async function loadLastRecorded(
  rows: Rows,
  symbols: readonly string[],
): Promise<Map<string, { readonly updateId: number; readonly eventTimeMs: number }>> {
  const found = await rows.query<{ symbol: string; update_id: string; event_ms: string }>(
    `SELECT DISTINCT ON (asked.symbol) asked.symbol, last.update_id,
            (extract(epoch FROM last.event_time) * 1000)::int8 AS event_ms
       FROM unnest($1::text[]) AS asked (symbol)
      CROSS JOIN unnest('{depth,snapshot,checkpoint}'::market.record_kind[]) AS of (kind)
      CROSS JOIN LATERAL (
        SELECT update_id, event_time FROM market.records r
         WHERE r.symbol = asked.symbol AND r.kind = of.kind
         ORDER BY event_time DESC, update_id DESC LIMIT 1) last
      ORDER BY asked.symbol, last.event_time DESC, last.update_id DESC`,
    [symbols],
  );
  return new Map(
    found.map((row) => [row.symbol, { updateId: Number(row.update_id), eventTimeMs: Number(row.event_ms) }]),
  );
}

/** All symbols that have records. Jumps from one to the next in the index of each day, so that it costs little. */
export async function readSymbols(rows: Rows): Promise<string[]> {
  const found = await rows.query<{ symbol: string }>(
    `WITH RECURSIVE held AS (
       (SELECT symbol FROM market.records ORDER BY symbol LIMIT 1)
       UNION ALL
       SELECT (SELECT r.symbol FROM market.records r WHERE r.symbol > held.symbol ORDER BY r.symbol LIMIT 1)
         FROM held WHERE held.symbol IS NOT NULL
     )
     SELECT symbol FROM held WHERE symbol IS NOT NULL`,
  );
  return found.map((row) => row.symbol);
}

/** From when to when a symbol has records, by event time in Unix milliseconds. */
export interface Extent {
  readonly symbol: string;
  readonly firstMs: number;
  readonly lastMs: number;
}

/** The extents of the symbols that have records. */
export async function readExtents(rows: Rows, symbols: readonly string[]): Promise<Extent[]> {
  const end = (order: 'ASC' | 'DESC'): string =>
    `(SELECT event_time FROM market.records r WHERE r.symbol = asked.symbol AND r.kind = of.kind
       ORDER BY event_time ${order} LIMIT 1)`;
  const found = await rows.query<{ symbol: string; first_ms: string; last_ms: string }>(
    `SELECT symbol, (extract(epoch FROM min(first)) * 1000)::int8 AS first_ms, (extract(epoch FROM max(last)) * 1000)::int8 AS last_ms
       FROM (SELECT asked.symbol, ${end('ASC')} AS first, ${end('DESC')} AS last
               FROM unnest($1::text[]) AS asked (symbol)
              CROSS JOIN unnest(enum_range(NULL::market.record_kind)) AS of (kind)) ends
      GROUP BY symbol HAVING min(first) IS NOT NULL ORDER BY symbol`,
    [symbols],
  );
  return found.map((row) => ({ symbol: row.symbol, firstMs: Number(row.first_ms), lastMs: Number(row.last_ms) }));
}

/** How many records of a kind a symbol has. */
export interface Count {
  readonly symbol: string;
  readonly kind: RecordKind;
  readonly rows: number;
}

/**
 * Records written since the start of the hour that holds `sinceMs`, by symbol and kind, from counts that the collector adds to
 * every minute: cheap for any time, and behind by the minute that a killed collector did not add.
 */
export function readCounts(rows: Rows, sinceMs: number): Promise<Count[]> {
  return queryCounts(
    rows,
    `SELECT symbol, kind, sum(rows)::int8 AS rows FROM market.counts
      WHERE hour >= date_trunc('hour', $1::timestamptz, 'UTC') GROUP BY symbol, kind ORDER BY symbol, kind`,
    [timeOf(sinceMs)],
  );
}

/** How many records of a symbol happened within the last minute, and within the last five. */
export interface RecentCount {
  readonly symbol: string;
  readonly last1m: number;
  readonly last5m: number;
}

/** Records of the last minutes before `nowMs` by event time, counted one by one. */
export function countRecent(rows: Rows, nowMs: number): Promise<RecentCount[]> {
  return rows.query(
    `SELECT symbol, (count(*) FILTER (WHERE event_time >= $1))::int4 AS last1m, count(*)::int4 AS last5m
       FROM market.records WHERE event_time >= $2 AND event_time <= $3 GROUP BY symbol ORDER BY symbol`,
    [timeOf(nowMs - 60_000), timeOf(nowMs - 300_000), timeOf(nowMs)],
  );
}

/** Records of the symbols by kind, counted one by one up to `limit` of each: for what `readCounts` does not know yet. */
export function countUpTo(rows: Rows, symbols: readonly string[], limit: number): Promise<Count[]> {
  return queryCounts(
    rows,
    `SELECT asked.symbol, of.kind, found.rows
       FROM unnest($1::text[]) AS asked (symbol)
      CROSS JOIN unnest(enum_range(NULL::market.record_kind)) AS of (kind)
      CROSS JOIN LATERAL (
        SELECT count(*) AS rows FROM (
          SELECT FROM market.records r WHERE r.symbol = asked.symbol AND r.kind = of.kind LIMIT $2) few) found
      WHERE found.rows > 0 ORDER BY asked.symbol, of.kind`,
    [symbols, limit],
  );
}

async function queryCounts(rows: Rows, text: string, values: readonly unknown[]): Promise<Count[]> {
  const found = await rows.query<{ symbol: string; kind: RecordKind; rows: string }>(text, values);
  return found.map((row) => ({ ...row, rows: Number(row.rows) }));
}

/** The size of all that is held, from PostgreSQL's own estimates: no table is read. */
export async function readStorage(relational: Relational): Promise<{ days: number; rows: number; bytes: number }> {
  const [row] = await relational.query<{ days: number; rows: string; bytes: string }>(
    `SELECT count(*)::int4 AS days, coalesce(sum(greatest(c.reltuples, 0)), 0)::int8 AS rows,
            coalesce(sum(pg_total_relation_size(c.oid)), 0)::int8 AS bytes
       FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'market.records'::regclass`,
  );
  return { days: row?.days ?? 0, rows: Number(row?.rows ?? 0), bytes: Number(row?.bytes ?? 0) };
}
