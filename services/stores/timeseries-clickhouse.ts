import { Readable } from 'node:stream';
import type { ClickHouseClient, ClickHouseSettings } from '@clickhouse/client';
import type { InsertOptions, Timeseries } from './timeseries.ts';
import { timeseriesError } from './timeseries-errors.ts';

/** What every query runs under, on a server or in process. */
export const timeseriesSettings = {
  output_format_json_quote_64bit_integers: 1,
  output_format_json_quote_decimals: 1,
  date_time_input_format: 'best_effort',
  // A misspelt column must fail, not vanish.
  input_format_skip_unknown_fields: 0,
} as const satisfies ClickHouseSettings;

const bodyChunkLength = 256 * 1024;

/** The time series store over a client which applies `timeseriesSettings`. The client stays the caller's to close. */
export function createTimeseries(client: ClickHouseClient): Timeseries {
  return {
    query: (sql, params) =>
      guarded(async () => {
        const result = await client.query({ query: sql, format: 'JSONEachRow', ...queryParams(params) });
        return result.json();
      }),
    command: (sql, params) =>
      guarded(async () => {
        await client.command({ query: sql, ...queryParams(params) });
      }),
    insert: (table, rows, options) =>
      guarded(async () => {
        if (rows.length === 0) return;
        const { stream } = await client.exec({
          query: insertStatement(table, options),
          values: Readable.from(insertBody(rows), { objectMode: false }),
        });
        // The answer is empty, but its connection goes back to the pool only once it is read.
        for await (const _ of stream);
      }),
  };
}

/** What comes before the rows of an insert. */
export function insertStatement(table: string, { token, columns }: InsertOptions = {}): string {
  // Settings stand in the statement itself: the in-process connection turns `clickhouse_settings` into SET, which
  // outlives the query, so that one token would silently drop every later insert.
  // A batch of the chain's changes may hold more networks, each a partition, than the 100 that are let through.
  const settings = ['async_insert = 0', 'max_partitions_per_insert_block = 0'];
  if (token !== undefined) {
    settings.push(`insert_deduplication_token = ${quoted(token)}`);
    settings.push('deduplicate_blocks_in_dependent_materialized_views = 1');
  }
  const [into, format] =
    columns === undefined ? [table, 'JSONEachRow'] : [`${table} (${columns.join(', ')})`, 'JSONCompactEachRow'];
  return `INSERT INTO ${into} SETTINGS ${settings.join(', ')} FORMAT ${format}`;
}

async function guarded<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw timeseriesError(error);
  }
}

function queryParams(params: Record<string, unknown> | undefined): { query_params?: Record<string, unknown> } {
  if (params === undefined) return {};
  const entries = Object.entries(params).map(([name, value]) => [
    name,
    value instanceof Date ? unixTime(value) : value,
  ]);
  return { query_params: Object.fromEntries(entries) };
}

/** Seconds, with milliseconds if there are any: ClickHouse reads it as an instant whatever the server's zone. */
function unixTime(date: Date): string {
  const ms = date.getTime();
  return (ms / 1000).toFixed(ms % 1000 === 0 ? 0 : 3);
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

/** A line a row. Bytes, as a socket takes long to make them out of texts that are put together of many. */
export function* insertBody(rows: readonly object[]): Generator<Buffer> {
  let pending = '';
  for (const row of rows) {
    pending += `${jsonOf(row)}\n`;
    if (pending.length >= bodyChunkLength) {
      yield Buffer.from(pending);
      pending = '';
    }
  }
  if (pending !== '') yield Buffer.from(pending);
}

/** With a function that sees every value JSON takes twice as long, and few rows need it. */
function jsonOf(row: object): string {
  try {
    return JSON.stringify(row);
  } catch {
    // A bigint.
    return JSON.stringify(row, exact);
  }
}

function exact(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}
