import type { Relational, Transaction } from '../../stores/relational.ts';
import { recordColumns } from './copy-rows.ts';
import { writeGaps } from './gaps.ts';
import { notifyMarket } from './notify.ts';
import { type RecordKind, recordKinds } from './record.ts';
import type { RecordBatch, SymbolPart } from './write-batch.ts';

/** What a write did. */
export interface Written {
  readonly inserted: number;
  /** Records that were held already: of a batch whose commit was not known to have happened, or of another collector. */
  readonly duplicates: number;
  /** Inserted, by symbol; counts by kind in the order of `recordKinds`. */
  readonly symbols: ReadonlyMap<string, readonly number[]>;
}

/**
 * Writes a batch in one transaction, and notifies the channel `market`. Any number of times with the same outcome: a record is
 * held once by symbol, kind, event time and update id.
 * The rows are copied right into the table, as fast as PostgreSQL takes rows at all; only if it finds that it has one of them
 * already (or when `expectDuplicates` says so) they go through a staging table and an INSERT that skips those, at about two
 * thirds of the speed.
 * Throws RetryableError with the outcome unknown: write it again; also when a try takes longer than `timeoutMs`. Throws the driver's error with its SQLSTATE for rows that
 * PostgreSQL refuses; nothing of the batch was written then.
 */
export async function writeRecords(
  relational: Relational,
  batch: RecordBatch,
  options: { readonly expectDuplicates?: boolean; readonly timeoutMs?: number } = {},
): Promise<Written> {
  if (batch.rows === 0 && batch.gaps.length === 0) return { inserted: 0, duplicates: 0, symbols: new Map() };
  const { expectDuplicates, ...within } = options;
  if (expectDuplicates !== true) {
    try {
      await relational.transaction(async (tx) => {
        if (batch.rows > 0) await tx.copy(`market.records (${recordColumns})`, batch.copyText);
        await finish(tx, batch);
      }, within);
      return { inserted: batch.rows, duplicates: 0, symbols: countsOf(batch.symbols) };
    } catch (error) {
      if (!isUniqueViolation(error)) throw error;
    }
  }
  const symbols = await relational.transaction(async (tx) => {
    const inserted = batch.rows > 0 ? await insertNew(tx, batch.copyText) : new Map<string, number[]>();
    await finish(tx, batch);
    return inserted;
  }, within);
  let inserted = 0;
  for (const counts of symbols.values()) for (const count of counts) inserted += count;
  return { inserted, duplicates: batch.rows - inserted, symbols };
}

async function finish(tx: Transaction, batch: RecordBatch): Promise<void> {
  await writeGaps(tx, batch.gaps);
  await notifyMarket(tx);
}

async function insertNew(tx: Transaction, copyText: string): Promise<Map<string, number[]>> {
  // Made anew each time: one kept by a connection could have the columns of an older version.
  await tx.query('CREATE TEMP TABLE market_staging (LIKE market.records) ON COMMIT DROP');
  await tx.copy(`market_staging (${recordColumns})`, copyText);
  const rows = await tx.query<{ symbol: string; kind: RecordKind; count: string }>(
    `WITH added AS (
       INSERT INTO market.records (${recordColumns}) SELECT ${recordColumns} FROM market_staging
       ON CONFLICT DO NOTHING RETURNING symbol, kind
     )
     SELECT symbol, kind, count(*) FROM added GROUP BY symbol, kind`,
  );
  const symbols = new Map<string, number[]>();
  for (const { symbol, kind, count } of rows) {
    const counts = symbols.get(symbol) ?? recordKinds.map(() => 0);
    counts[recordKinds.indexOf(kind)] = Number(count);
    symbols.set(symbol, counts);
  }
  return symbols;
}

/**
 * Adds to the counts of records by hour that `readCounts` adds up. `countedAtMs` is when they were written.
 * Done apart from the records, once in a while: with each batch it would cost as much as the batch.
 */
export async function addCounts(
  relational: Relational,
  countedAtMs: number,
  symbols: ReadonlyMap<string, readonly number[]>,
  within: { readonly timeoutMs?: number } = {},
): Promise<void> {
  const given = [...symbols].flatMap(([symbol, counts]) =>
    recordKinds.flatMap((kind, at) => ((counts[at] ?? 0) > 0 ? [{ symbol, kind, rows: counts[at] }] : [])),
  );
  if (given.length === 0) return;
  await relational.transaction(
    (tx) =>
      tx.query(
        `INSERT INTO market.counts AS held (hour, symbol, kind, rows)
     SELECT date_trunc('hour', $1::timestamptz, 'UTC'), symbol, kind, rows
       FROM json_to_recordset($2::json) AS given (symbol text, kind market.record_kind, rows int8)
      ORDER BY symbol, kind
     ON CONFLICT (hour, symbol, kind) DO UPDATE SET rows = held.rows + excluded.rows`,
        [new Date(countedAtMs).toISOString(), JSON.stringify(given)],
      ),
    within,
  );
}

function countsOf(symbols: ReadonlyMap<string, SymbolPart>): Map<string, readonly number[]> {
  return new Map([...symbols].map(([symbol, part]) => [symbol, part.counts]));
}

function isUniqueViolation(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === '23505';
}
