import type { Relational, Transaction } from '../../stores/relational.ts';

const dayMs = 86_400_000;
/** A clock that is wrong takes no more than this before somebody may see it. */
const droppedDaysMax = 3;

/** What a call did: names of days, YYYYMMDD. */
export interface Maintained {
  readonly made: readonly string[];
  readonly dropped: readonly string[];
  /** Rows that had come before their day had a partition, and are in it now. */
  readonly moved: number;
}

/**
 * Makes the partitions of today and `aheadDays` after it, gives the rows of the default partition a day of their own where it is
 * within these, and drops what is older than `retentionDays` before today: records, gaps and counts; of some days at a time, the
 * oldest first, and with `keepsAll` of none. Days are UTC.
 * Several processes may call it at once: they take turns. Readers and writers wait for moments only: a lock that is not got
 * within two seconds is given up (RetryableError; call again), and files are removed after the partition has left the table.
 */
export async function maintainPartitions(
  relational: Relational,
  options: {
    readonly now: number;
    readonly aheadDays: number;
    readonly retentionDays: number;
    readonly keepsAll?: boolean;
  },
): Promise<Maintained> {
  const today = Math.floor(options.now / dayMs) * dayMs;
  const oldest = today - options.retentionDays * dayMs;
  const newest = today + options.aheadDays * dayMs;
  const made: string[] = [];
  const dropped: string[] = [];
  let moved = 0;
  for (const day of await missingDays(relational, { oldest, today, newest })) {
    const count = await inTurn(relational, (tx) => makeDay(tx, day));
    if (count === undefined) continue;
    made.push(nameOf(day));
    moved += count;
  }
  if (options.keepsAll === true) return { made, dropped, moved };
  const old = (await readDays(relational)).filter((name) => name < nameOf(oldest));
  for (const name of old.slice(0, droppedDaysMax)) {
    await inTurn(relational, (tx) => detachDay(tx, name));
    // Its own transaction: nobody waits while the file system frees gigabytes.
    await inTurn(relational, (tx) => tx.query(`DROP TABLE IF EXISTS market.records_${name}`));
    dropped.push(name);
  }
  const firstKept = old[droppedDaysMax];
  const before = [isoOf(firstKept === undefined ? oldest : dayOf(firstKept))];
  // An old recording that is replayed today is kept as long as what happens today.
  await relational.query('DELETE FROM market.records_default WHERE event_time < $1 AND received_at < $1', before);
  // One that lasts for longer is of a pair that nobody collects any more.
  await relational.query('DELETE FROM market.gaps WHERE coalesce(closed_at, opened_at) < $1', before);
  await relational.query('DELETE FROM market.counts WHERE hour < $1', before);
  return { made, dropped, moved };
}

/** PostgreSQL's own time in Unix milliseconds: what is removed for ever should not rest on one clock. */
export async function readStoreTime(relational: Relational): Promise<number> {
  const [row] = await relational.query<{ ms: string }>('SELECT (extract(epoch FROM now()) * 1000)::int8 AS ms');
  return Number(row?.ms);
}

/** Days that must have a partition and have none: today, those ahead, and those that the default partition holds rows of. */
async function missingDays(
  relational: Relational,
  at: { readonly oldest: number; readonly today: number; readonly newest: number },
): Promise<number[]> {
  const held = new Set(await readDays(relational));
  const days = new Set<number>();
  for (let day = at.today; day <= at.newest; day += dayMs) days.add(day);
  const strays = await relational.query<{ day: string }>(
    `SELECT DISTINCT (extract(epoch FROM date_trunc('day', event_time, 'UTC')) * 1000)::int8 AS day
       FROM market.records_default WHERE event_time >= $1 AND event_time < $2`,
    [isoOf(at.oldest), isoOf(at.newest + dayMs)],
  );
  for (const { day } of strays) days.add(Number(day));
  return [...days].filter((day) => !held.has(nameOf(day))).sort((a, b) => a - b);
}

/** The days that have a table, also where a killed call left one detached. */
async function readDays(relational: Relational): Promise<string[]> {
  const rows = await relational.query<{ name: string }>(
    `SELECT substring(relname FROM 9) AS name FROM pg_class
      WHERE relnamespace = 'market'::regnamespace AND relkind = 'r' AND relname ~ '^records_[0-9]{8}$' ORDER BY relname`,
  );
  return rows.map((row) => row.name);
}

/** How many rows were moved into the new day; undefined when another process has made it. */
async function makeDay(tx: Transaction, day: number): Promise<number | undefined> {
  const table = `market.records_${nameOf(day)}`;
  const [found] = await tx.query<{ found: string | null }>('SELECT to_regclass($1) AS found', [table]);
  if (found?.found !== null) return undefined;
  const range = [isoOf(day), isoOf(day + dayMs)] as const;
  await tx.query(`CREATE TABLE ${table} (LIKE market.records INCLUDING ALL)`);
  // Else a row of the day could come into the default partition after the move, and the attaching would refuse.
  await tx.query('LOCK TABLE market.records_default IN ACCESS EXCLUSIVE MODE');
  const rows = await tx.query<{ count: string }>(
    `WITH gone AS (
       DELETE FROM market.records_default WHERE event_time >= $1 AND event_time < $2 RETURNING *
     ), kept AS (
       INSERT INTO ${table} SELECT * FROM gone RETURNING 1
     )
     SELECT count(*) FROM kept`,
    range,
  );
  // Unlike CREATE TABLE … PARTITION OF, this lets others read and write the table meanwhile.
  await tx.query(
    `ALTER TABLE market.records ATTACH PARTITION ${table} FOR VALUES FROM ('${range[0]}') TO ('${range[1]}')`,
  );
  return Number(rows[0]?.count);
}

async function detachDay(tx: Transaction, name: string): Promise<void> {
  const attached = await tx.query('SELECT FROM pg_inherits WHERE inhrelid = to_regclass($1)', [
    `market.records_${name}`,
  ]);
  if (attached.length === 0) return;
  // CONCURRENTLY is refused where there is a default partition.
  await tx.query(`ALTER TABLE market.records DETACH PARTITION market.records_${name}`);
}

/** One step under the lock by which processes take turns. */
function inTurn<T>(relational: Relational, work: (tx: Transaction) => Promise<T>): Promise<T> {
  return relational.transaction(async (tx) => {
    await tx.query("SELECT pg_advisory_xact_lock(hashtextextended('defimon market partitions', 0))");
    await tx.query("SET LOCAL lock_timeout = '2s'");
    return work(tx);
  });
}

function nameOf(dayStartMs: number): string {
  return isoOf(dayStartMs).slice(0, 10).replaceAll('-', '');
}

function dayOf(name: string): number {
  return Date.UTC(Number(name.slice(0, 4)), Number(name.slice(4, 6)) - 1, Number(name.slice(6)));
}

function isoOf(ms: number): string {
  return new Date(ms).toISOString();
}
