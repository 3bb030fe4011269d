import { createRequire } from 'node:module';
import path from 'node:path';
import { type ClickHouseClient, type ClickHouseClientConfigOptions, createClient } from '@clickhouse/client';
import { ConfigurationError, describeError } from '../../runtime/errors.ts';
import type { Started } from '../../runtime/modules.ts';
import { createSlots, type Slots } from '../../runtime/slots.ts';
import type { Timeseries } from '../timeseries.ts';
import { createTimeseries, timeseriesSettings } from '../timeseries-clickhouse.ts';
import { timeseriesInTurn } from '../timeseries-in-turn.ts';
import { openDataFolder } from './data-folder.ts';

type Connection = NonNullable<ClickHouseClientConfigOptions['connection']>;

/**
 * Queries in the engine at once. Each holds a thread of libuv's pool, which has four by default and also serves files and
 * name look-ups: one must stay free, or a slow query would stop the whole process.
 */
const queriesMax = 3;

/**
 * ClickHouse in this process (chDB), on `<dataDir>/timeseries`. A killed process loses no acknowledged insert; a power cut may
 * take the last seconds, as ClickHouse does not fsync parts by default.
 * The engine binds one folder a process, and crashes in worker threads: use child processes instead.
 * Throws ConfigurationError when another process has the folder, or it cannot be written.
 */
export async function openEmbeddedTimeseries(options: {
  readonly dataDir: string;
}): Promise<Required<Started<Timeseries>>> {
  const folder = path.resolve(options.dataDir, 'timeseries');
  const unlock = openDataFolder(folder);
  let client: ClickHouseClient | undefined;
  try {
    client = connect(path.join(folder, 'engine'));
    // The engine keeps SET for as long as it is open; it has one session for all queries.
    for (const [name, value] of Object.entries(timeseriesSettings)) {
      await client.command({ query: `SET ${name} = ${typeof value === 'number' ? value : `'${value}'`}` });
    }
  } catch (error) {
    await client?.close();
    unlock();
    throw error;
  }
  const opened = client;
  const works = createWorks(queriesMax);
  return {
    part: timeseriesInTurn(createTimeseries(opened), works),
    stop: async () => {
      await works.close();
      await opened.close();
      unlock();
    },
    health: async () => {
      const result = await opened.ping({ select: true });
      return result.success ? { ok: true } : { ok: false, detail: describeError(result.error) };
    },
  };
}

function connect(folder: string): ClickHouseClient {
  // Loaded here and not above: the library takes 200 MB, which a process with networked stores must not pay.
  const { createChdbConnection } = createRequire(import.meta.url)(
    'chdb/connection',
  ) as typeof import('chdb/connection');
  try {
    const connection: unknown = createChdbConnection({ path: folder });
    // The engine is typed by another copy of the client's library; their connections are the same by contract.
    return createClient({ connection: connection as Connection });
  } catch (error) {
    // The engine says why on stderr and not in the error.
    const text = `cannot open the time series in ${folder}: ${describeError(error)} (the lines "DB::Exception" above say why)`;
    throw new ConfigurationError(text, { cause: error });
  }
}

/** Runs at most `max` works at once, the others in order of arrival. `close` waits for all of them and refuses more. */
export function createWorks(max: number): Pick<Slots, 'run'> & { close(): Promise<void> } {
  const slots = createSlots({ max });
  const all = new Set<Promise<unknown>>();
  let closed = false;
  return {
    run: (work) => {
      if (closed) return Promise.reject(new Error('the time series store is closed'));
      const result = slots.run(work);
      const settled = result.catch(() => {}).finally(() => all.delete(settled));
      all.add(settled);
      return result;
    },
    close: async () => {
      closed = true;
      await Promise.all(all);
    },
  };
}
