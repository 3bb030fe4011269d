import { spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { cpSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { createChildren } from '../../runtime/children.ts';
import { createLogger } from '../../runtime/log.ts';
import { startPostgresServer } from '../../stores/embedded/postgres-server.ts';
import { openPool } from '../../stores/open-pool.ts';
import { playground } from '../../testing/playground/playground.ts';
import type { RunContext, Work } from '../bench.ts';
import { peerFolder } from '../peers.ts';
import { blockCount, type ChainInput } from './input.ts';
import { ponderRowQueries } from './ponder-rows.ts';

export interface PonderSettings {
  readonly database: 'pglite' | 'postgres';
  /** Calls that viem puts into one request; 1 for no batching. */
  readonly callsPerRequest: number;
}

/** A database for Ponder, and how to read what Ponder left in it. */
interface Database {
  readonly url?: string;
  /** All values of the column `row` of the queries. */
  rows(queries: readonly string[]): Promise<string[]>;
  close(): Promise<void>;
}

/**
 * A Ponder project of its own folder, run by `ponder start`. Timed is what Ponder itself calls its historical sync, from
 * `Started` to `Completed`: its start-up shows in "with start-up", and the end of its indexing, in which it runs handlers
 * that do nothing, in "until indexed".
 */
export async function open(context: RunContext): Promise<Work> {
  const input = context.input as ChainInput;
  const { database: kind, callsPerRequest } = context.settings as PonderSettings;
  const database = kind === 'pglite' ? pgliteIn(context.directory) : await startPostgres(context.directory);
  writeProject(context.directory, {
    ...input,
    events: playground.fragments.filter(({ type }) => type === 'event').map((event) => event.format('full')),
    batchSize: callsPerRequest,
    databaseUrl: database.url,
  });
  let ponder: Ponder | undefined;
  let indexedSeconds = Number.NaN;
  return {
    run: async (stopwatch) => {
      ponder = startPonder(context.directory);
      await ponder.says(/^Started '.*' historical sync/);
      stopwatch.begin();
      const begun = performance.now();
      await ponder.says(/^Completed '.*' historical sync/);
      stopwatch.end();
      await ponder.says(/^Completed historical indexing/);
      indexedSeconds = (performance.now() - begun) / 1000;
      return blockCount(input);
    },
    measures: () => ({ 'blocks/s until indexed': blockCount(input) / indexedSeconds }),
    rows: async () => {
      await ponder?.stop();
      return await database.rows(ponderRowQueries(input));
    },
    close: async () => {
      await ponder?.stop();
      await database.close();
    },
  };
}

interface Ponder {
  /** Resolves when it logs this message. @throws with its last lines if it ends or reports an error before */
  says(message: RegExp): Promise<void>;
  stop(): Promise<void>;
}

/** Ponder writes into its project's folder, so each run gets a copy; the dependencies are linked. */
function writeProject(directory: string, input: object): void {
  const peer = peerFolder('ponder');
  for (const part of ['ponder.config.ts', 'ponder.schema.ts', 'package.json', 'src']) {
    cpSync(join(peer, part), join(directory, part), { recursive: true });
  }
  symlinkSync(join(peer, 'node_modules'), join(directory, 'node_modules'));
  writeFileSync(join(directory, 'input.json'), JSON.stringify(input));
  writeFileSync(join(directory, '.env.local'), 'PONDER_TELEMETRY_DISABLED=1\n'); // Ponder reads it itself
}

function startPonder(directory: string): Ponder {
  const args = ['start', '--schema', 'bench', '--port', '0', '--log-format', 'json'];
  const child = spawn(process.execPath, ['node_modules/ponder/dist/esm/bin/ponder.js', ...args], {
    cwd: directory,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit');
  const printed: string[] = [];
  const messages: string[] = [];
  const ended = Promise.withResolvers<never>();
  ended.promise.catch(() => undefined);
  const fail = (reason: string) => ended.reject(new Error(`ponder ${reason}:\n${printed.slice(-10).join('\n')}`));
  const heard = new EventEmitter();
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      printed.push(line.slice(0, 500));
      const { level, msg } = parseLogLine(line);
      if (level >= errorLevel) fail('reported an error');
      messages.push(msg);
      heard.emit('message', msg);
    });
  }
  void exited.then(([code, signal]) => fail(`ended (${signal ?? code})`));
  return {
    says: async (message) => {
      if (messages.some((msg) => message.test(msg))) return;
      const said = new Promise<void>((resolve) => heard.on('message', (msg) => message.test(msg) && resolve()));
      await Promise.race([said, ended.promise]);
    },
    stop: async () => {
      child.kill('SIGTERM');
      // It says itself that it gives up on a clean end after five seconds.
      const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
      await exited;
      clearTimeout(timer);
    },
  };
}

/** pino's: error is 50, fatal 60. */
const errorLevel = 50;

/** Ponder prints other lines too, such as those of its migrations. */
function parseLogLine(line: string): { level: number; msg: string } {
  try {
    const { level, msg } = JSON.parse(line);
    return { level: Number(level), msg: String(msg) };
  } catch {
    return { level: 0, msg: line };
  }
}

/** PGlite has its files to itself, so they are read after Ponder ended, with Ponder's own version of it. */
function pgliteIn(directory: string): Database {
  return {
    rows: async (queries) => {
      const path = createRequire(join(peerFolder('ponder'), 'package.json')).resolve('@electric-sql/pglite');
      const { PGlite } = await import(pathToFileURL(path).href);
      const database = await PGlite.create(join(directory, '.ponder/pglite'));
      try {
        return await rowsOf(queries, async (text) => (await database.query(text)).rows);
      } finally {
        await database.close();
      }
    },
    close: async () => undefined,
  };
}

/** The same PostgreSQL with the same settings that Defimon runs embedded. */
async function startPostgres(directory: string): Promise<Database> {
  const log = createLogger('silent', 'machines', false);
  const children = createChildren({ log });
  const server = await startPostgresServer({ folder: join(directory, 'postgres'), children, log, listen: 'tcp' });
  const { host, port, user, password, database } = server.connection;
  return {
    url: `postgres://${user}:${password}@${host}:${port}/${database}`,
    rows: async (queries) => {
      const { part: relational, stop } = await openPool({ ...server.connection, max: 1 });
      try {
        return await rowsOf(queries, (text) => relational.query(text));
      } finally {
        await stop();
      }
    },
    close: async () => {
      await server.stop();
      await children.close();
    },
  };
}

async function rowsOf(
  queries: readonly string[],
  query: (text: string) => Promise<readonly { row: string }[]>,
): Promise<string[]> {
  // Without statistics the planner takes the tables, just filled, for tiny ones, and joins them row by row for minutes.
  await query('ANALYZE');
  const rows: string[] = [];
  for (const text of queries) for (const { row } of await query(text)) rows.push(row);
  return rows;
}
