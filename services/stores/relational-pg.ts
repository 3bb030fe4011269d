import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { RetryableError } from '../runtime/errors.ts';
import { createPreparedQuery } from './prepared-query.ts';
import type { QueryOptions, Relational, Transaction } from './relational.ts';
import { relationalError } from './relational-errors.ts';

const copyChunkLength = 256 * 1024;
const idleTransactionSeconds = 60;
const listenCheckMs = 30_000;
const listenRetryMs = { first: 100, most: 5_000 };

/** A pool whose rows have the types that `Rows` promises, without touching the driver's global parsers. */
export function createPool(config: pg.PoolConfig): pg.Pool {
  const pool = new pg.Pool({ keepAlive: true, connectionTimeoutMillis: 30_000, ...config, types: { getTypeParser } });
  // An idle connection that breaks is replaced by the pool, and one that breaks in use fails the query it is used for;
  // without these listeners either would end the process.
  pool.on('error', () => {});
  pool.on('connect', (client) => {
    client.on('error', () => {});
  });
  return pool;
}

/** The relational store over a pool, which stays the caller's to end. Listeners end when `stopped` is aborted. */
export function createRelational(pool: pg.Pool, stopped: AbortSignal): Relational {
  const queryPrepared = createPreparedQuery((config) => pool.query(config));
  const query = async <R extends object>(
    text: string,
    values?: readonly unknown[],
    { prepared = false, timeoutMs }: QueryOptions = {},
  ): Promise<R[]> => {
    if (!prepared && timeoutMs === undefined) return runQuery(pool, text, values);
    const config = { text, values: [...(values ?? [])], query_timeout: timeoutMs };
    try {
      const result = await (prepared ? queryPrepared(config) : pool.query(config));
      return result.rows;
    } catch (error) {
      throw relationalError(error);
    }
  };
  return {
    query,
    transaction: (work, options) => runTransaction(pool, work, options?.timeoutMs),
    listen: async (channel, onNotify) => {
      const stop = await listen(pool, channel, onNotify);
      stopped.addEventListener('abort', () => void stop(), { once: true });
      return stop;
    },
  };
}

async function runQuery<R extends object>(on: Queryable, text: string, values?: readonly unknown[]): Promise<R[]> {
  try {
    const result = await (values === undefined || values.length === 0 ? on.query(text) : on.query(text, [...values]));
    const results: unknown = result;
    const last: pg.QueryResult = Array.isArray(results) ? results.at(-1) : result;
    return last.rows;
  } catch (error) {
    throw relationalError(error);
  }
}

async function runTransaction<T>(
  pool: pg.Pool,
  work: (tx: Transaction) => Promise<T>,
  timeoutMs: number | undefined,
): Promise<T> {
  const client = await pool.connect().catch((error: unknown) => {
    throw relationalError(error);
  });
  let open = true;
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <R>(run: () => Promise<R>): Promise<R> => {
    if (!open) return Promise.reject(new Error('this transaction has ended: await every query inside its function'));
    const result = last.then(run);
    last = result.catch(() => {});
    return result;
  };
  const tx: Transaction = {
    query: (text, values) => inTurn(() => runQuery(client, text, values)),
    copy: (target, text) => inTurn(() => runCopy(client, target, text)),
  };
  let broken: Error | undefined;
  let isReleased = false;
  const release = (): void => {
    // A connection that cannot even roll back is in an unknown state: it must not serve anybody else.
    if (!isReleased) client.release(broken);
    isReleased = true;
  };
  const timer =
    timeoutMs === undefined
      ? undefined
      : setTimeout(() => {
          broken = new RetryableError(`PostgreSQL did not answer in ${timeoutMs / 1000} s`);
          // Closes the connection under the statement in hand, which fails.
          release();
        }, timeoutMs);
  try {
    await client.query(beginText(timeoutMs));
    const result = await work(tx);
    open = false;
    await last;
    const { command } = await client.query('COMMIT');
    // PostgreSQL answers the COMMIT of a failed transaction with a rollback, not with an error.
    if (command !== 'COMMIT')
      throw new Error('the transaction was rolled back: a query in it had failed and was ignored');
    return result;
  } catch (error) {
    open = false;
    await last;
    try {
      await client.query('ROLLBACK');
    } catch (failure) {
      broken ??= failure instanceof Error ? failure : new Error(String(failure));
    }
    throw isReleased ? broken : relationalError(error);
  } finally {
    clearTimeout(timer);
    release();
  }
}

function beginText(timeoutMs: number | undefined): string {
  const begin = `BEGIN; SET LOCAL idle_in_transaction_session_timeout = '${idleTransactionSeconds}s'`;
  if (timeoutMs === undefined) return begin;
  const serverMs = Math.ceil(timeoutMs * 0.9);
  return `${begin}; SET LOCAL statement_timeout = ${serverMs}; SET LOCAL lock_timeout = ${serverMs}`;
}

async function runCopy(client: pg.PoolClient, target: string, text: string | Iterable<string>): Promise<void> {
  try {
    const pieces = typeof text === 'string' ? [text] : text;
    await pipeline(
      Readable.from(chunksOf(pieces), { objectMode: true, highWaterMark: 1 }),
      client.query(copyFrom(`COPY ${target} FROM STDIN`)),
    );
  } catch (error) {
    throw relationalError(error);
  }
}

/** Regroups strings of any length into buffers of a length that suits a socket, and never splits a surrogate pair. */
function* chunksOf(pieces: Iterable<string>): Generator<Buffer> {
  let pending = '';
  for (const piece of pieces) {
    pending += piece;
    while (pending.length >= copyChunkLength) {
      const last = pending.charCodeAt(copyChunkLength - 1);
      const end = last >= 0xd800 && last <= 0xdbff ? copyChunkLength - 1 : copyChunkLength;
      yield Buffer.from(pending.slice(0, end));
      pending = pending.slice(end);
    }
  }
  if (pending.length > 0) yield Buffer.from(pending);
}

async function listen(
  pool: pg.Pool,
  channel: string,
  onNotify: (payload: string) => void,
): Promise<() => Promise<void>> {
  let stopped = false;
  let client: pg.Client | undefined;
  let timer: NodeJS.Timeout | undefined;

  const connect = async (): Promise<void> => {
    // A connection of its own: a pooled one would carry its LISTEN to whoever borrows it next.
    const opening = new pg.Client(pool.options);
    let lost = false;
    const onLost = (): void => {
      if (lost || opening !== client) return;
      lost = true;
      clearInterval(timer);
      opening.end().catch(() => {});
      if (!stopped) reconnect(listenRetryMs.first);
    };
    opening.on('error', onLost);
    opening.on('end', onLost);
    opening.on('notification', (message) => {
      if (!stopped && message.channel === channel) onNotify(message.payload ?? '');
    });
    try {
      await opening.connect();
      await opening.query(`LISTEN ${opening.escapeIdentifier(channel)}`);
    } catch (error) {
      opening.end().catch(() => {});
      throw relationalError(error);
    }
    client = opening;
    if (stopped) {
      await opening.end().catch(() => {});
      return;
    }
    // A peer that vanished without a word is noticed only by asking it.
    timer = setInterval(() => {
      const late = setTimeout(onLost, listenCheckMs / 2);
      opening
        .query('SELECT 1')
        .catch(onLost)
        .finally(() => clearTimeout(late));
    }, listenCheckMs);
    timer.unref();
  };

  const reconnect = (delayMs: number): void => {
    timer = setTimeout(() => {
      if (stopped) return;
      connect().then(
        () => {
          if (!stopped) onNotify('');
        },
        () => {
          if (!stopped) reconnect(Math.min(delayMs * 2, listenRetryMs.most));
        },
      );
    }, delayMs);
    timer.unref();
  };

  await connect();
  return async () => {
    stopped = true;
    clearTimeout(timer);
    await client?.end().catch(() => {});
  };
}

interface Queryable {
  query(text: string, values?: unknown[]): Promise<pg.QueryResult>;
}

const oids = {
  date: 1082,
  timestamp: 1114,
  dates: 1182,
  timestamps: 1115,
  numerics: 1231,
  int8s: 1016,
  texts: 1009,
} as const;
// The driver's types name only single types; its parsers know the arrays too.
const asStrings = pg.types.getTypeParser(oids.texts as number, 'text');

/** The driver's parsers, but for those that lose: numeric arrays would be doubles, and dates would take the machine's zone. */
function getTypeParser(oid: number, format?: 'text' | 'binary'): (value: string) => unknown {
  switch (oid) {
    case oids.date:
    case oids.timestamp:
      return (value) => value;
    case oids.dates:
    case oids.timestamps:
    case oids.numerics:
    case oids.int8s:
      return asStrings;
    default:
      return pg.types.getTypeParser(oid, format ?? 'text');
  }
}
