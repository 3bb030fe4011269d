import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { ConfigurationError } from '../runtime/errors.ts';
import type { Relational, Rows } from './relational.ts';
import type { Timeseries } from './timeseries.ts';
import { findClickHouseCode } from './timeseries-errors.ts';

/** What one call did, as file names. */
export interface Migrated {
  readonly applied: readonly string[];
  /** Applied by a newer version of the program, which this one has no file for: an older process during a rollout. */
  readonly ahead: readonly string[];
}

interface Migration {
  readonly number: number;
  readonly file: string;
  /** For errors: where the file is. */
  readonly path: string;
  readonly sql: string;
  readonly checksum: string;
}

interface Applied {
  readonly number: number;
  readonly file: string;
  readonly checksum: string;
}

/**
 * Brings a dataset's tables up to date in both stores: `<dir>/relational/NNN-name.sql` and `<dir>/timeseries/NNN-name.sql`,
 * either of which may be absent. Safe to call from several processes at once: they take turns.
 * Throws ConfigurationError, naming the file, when an applied file was edited, or when numbers are out of order.
 */
export async function migrateDataset(
  stores: { readonly relational: Relational; readonly timeseries: Timeseries },
  dataset: string,
  dir: string,
): Promise<{ relational: Migrated; timeseries: Migrated }> {
  const relational = await migrateRelational(stores.relational, dataset, path.join(dir, 'relational'));
  return { relational, timeseries: await migrateTimeseriesInTurn(stores, dataset, path.join(dir, 'timeseries')) };
}

/** As `migrateTimeseries`, one process of this relational store at a time: ClickHouse has no locks to take. */
export function migrateTimeseriesInTurn(
  { relational, timeseries }: { readonly relational: Relational; readonly timeseries: Timeseries },
  dataset: string,
  dir: string,
): Promise<Migrated> {
  return withLock(relational, () => migrateTimeseries(timeseries, dataset, dir));
}

/**
 * Applies the dataset's `NNN-name.sql` files in `dir` that are not applied yet: each once, in order, in a transaction of its
 * own together with its line of bookkeeping, under an advisory lock.
 */
export async function migrateRelational(relational: Relational, dataset: string, dir: string): Promise<Migrated> {
  const migrations = readMigrations(dir);
  await relational.transaction(async (tx) => {
    await lock(tx);
    await tx.query(`CREATE TABLE IF NOT EXISTS defimon_migrations (
      dataset text, number int4, file text NOT NULL, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (dataset, number))`);
  });
  const readApplied = (rows: Rows): Promise<Applied[]> =>
    rows.query('SELECT number, file, checksum FROM defimon_migrations WHERE dataset = $1 ORDER BY number', [dataset]);
  const applied: string[] = [];
  for (const migration of migrations) {
    await relational.transaction(async (tx) => {
      await lock(tx);
      if (!isPending(migration, await readApplied(tx))) return;
      await inFile(migration, () => tx.query(migration.sql));
      const { number, file, checksum } = migration;
      await tx.query('INSERT INTO defimon_migrations (dataset, number, file, checksum) VALUES ($1, $2, $3, $4)', [
        dataset,
        number,
        file,
        checksum,
      ]);
      applied.push(file);
    });
  }
  return { applied, ahead: findAhead(migrations, await readApplied(relational)) };
}

/**
 * Applies the dataset's `NNN-name.sql` files in `dir` that are not applied yet, statement by statement (each ends with `;` at the
 * end of a line). ClickHouse has no transactions, so each statement is noted before and after it: a run that was killed
 * goes on at the statement where it was, and accepts that this one may have been carried out.
 * Run it in one process at a time (`migrateDataset` sees to that).
 */
export async function migrateTimeseries(timeseries: Timeseries, dataset: string, dir: string): Promise<Migrated> {
  const migrations = readMigrations(dir);
  await timeseries.command(`CREATE TABLE IF NOT EXISTS defimon_migrations (
    dataset String, number UInt32, file String, checksum String, statement UInt32, statements UInt32,
    state LowCardinality(String), at DateTime64(3, 'UTC') DEFAULT now64(3))
    ENGINE = MergeTree ORDER BY (dataset, number, statement)`);
  const steps = await timeseries.query<Applied & { statement: number; statements: number; state: string }>(
    `SELECT number, file, checksum, statement, statements, state FROM defimon_migrations
     WHERE dataset = {dataset:String} ORDER BY number, statement`,
    { dataset },
  );
  const done = steps.filter((step) => step.state === 'done' && step.statement === step.statements);
  const applied: string[] = [];
  for (const migration of migrations) {
    const { number, file, checksum } = migration;
    if (!isPending(migration, [...done, ...migrations.filter((earlier) => applied.includes(earlier.file))])) continue;
    const begun = steps.filter((step) => step.number === number);
    const statements = statementsOf(migration.sql);
    if (statements.length === 0)
      throw new ConfigurationError(`${migration.path}: no statement: end each with ";" at the end of a line`);
    const note = (statement: number, state: 'begun' | 'done'): Promise<void> =>
      timeseries.insert('defimon_migrations', [
        { dataset, number, file, checksum, statement, statements: statements.length, state },
      ]);
    for (const [at, sql] of statements.entries()) {
      const statement = at + 1;
      const states = begun.filter((step) => step.statement === statement).map((step) => step.state);
      if (states.includes('done')) continue;
      await note(statement, 'begun');
      await inFile(migration, async () => {
        try {
          await timeseries.command(sql);
        } catch (error) {
          if (!(states.includes('begun') && isCarriedOut(error))) throw error;
        }
      });
      await note(statement, 'done');
    }
    applied.push(file);
  }
  return { applied, ahead: findAhead(migrations, done) };
}

/** Whether the file still has to be applied. Throws when what is applied contradicts the files. */
function isPending(migration: Migration, applied: readonly Applied[]): boolean {
  const same = applied.find(({ number }) => number === migration.number);
  if (same === undefined) {
    const last = applied.at(-1);
    if (last === undefined || last.number < migration.number) return true;
    throw new ConfigurationError(
      `${migration.path}: ${last.file} is applied already, so this file would come too late: give it a number above ${last.number}`,
    );
  }
  if (same.checksum === migration.checksum) return false;
  throw new ConfigurationError(
    `${migration.path}: it was applied as ${same.file} with another text: put that text back and write the change as a new file`,
  );
}

function findAhead(migrations: readonly Migration[], applied: readonly Applied[]): string[] {
  const known = new Set(migrations.map(({ number }) => number));
  return applied.filter(({ number }) => !known.has(number)).map(({ file }) => file);
}

function readMigrations(dir: string): Migration[] {
  if (!existsSync(dir)) return [];
  const migrations: Migration[] = [];
  for (const file of readdirSync(dir).sort()) {
    const name = path.join(dir, file);
    const digits = /^(\d{3})-[a-z0-9-]+\.sql$/.exec(file)?.[1];
    if (digits === undefined)
      throw new ConfigurationError(`${name}: a migration is called NNN-name.sql, as in 001-blocks.sql`);
    const previous = migrations.at(-1);
    const number = Number(digits);
    if (previous?.number === number)
      throw new ConfigurationError(`${name}: ${previous.file} has the same number: give this one the next`);
    // A checkout on Windows must not look like an edit.
    const sql = readFileSync(name, 'utf8').replaceAll('\r\n', '\n');
    migrations.push({ number, file, path: name, sql, checksum: createHash('sha256').update(sql).digest('hex') });
  }
  return migrations;
}

/** Statements of a file without its comment lines; each ends with `;` at the end of a line. */
export function statementsOf(sql: string): string[] {
  const text = sql.replaceAll(/^\s*--.*$/gm, '');
  const statements = text.split(/;[ \t]*(?:\n|$)/).map((statement) => statement.trim());
  return statements.filter((statement) => statement !== '');
}

async function inFile(migration: Migration, run: () => Promise<unknown>): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (error instanceof Error) error.message = `${migration.path}: ${error.message}`;
    throw error;
  }
}

/** The errors of DDL that was carried out before: table, database or column is there already, or is gone already. */
function isCarriedOut(error: unknown): boolean {
  return ['10', '15', '16', '44', '57', '60', '82'].includes(findClickHouseCode(error) ?? '');
}

async function lock(tx: Rows): Promise<void> {
  // Migrations may wait for each other, and one may take long.
  await tx.query('SET LOCAL idle_in_transaction_session_timeout = 0; SET LOCAL lock_timeout = 0');
  await tx.query(`SELECT pg_advisory_xact_lock(hashtextextended('defimon migrations', 0))`);
}

function withLock<T>(relational: Relational, work: () => Promise<T>): Promise<T> {
  return relational.transaction(async (tx) => {
    await lock(tx);
    return work();
  });
}
