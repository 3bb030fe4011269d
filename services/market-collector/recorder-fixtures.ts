import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { migrateMarket } from '../datasets/market/read-fixtures.ts';
import { createChildren } from '../runtime/children.ts';
import { type PostgresServer, startPostgresServer } from '../stores/embedded/postgres-server.ts';
import { openPool } from '../stores/open-pool.ts';
import type { Relational } from '../stores/relational.ts';
import { layCluster } from '../stores/testing/laid-cluster.ts';
import { createRecorder, type RecorderOptions } from './recorder.ts';

// A PostgreSQL that goes away and comes back at the same address, for the tests of what must not mind.

export interface FrailDatabase extends AsyncDisposable {
  readonly relational: Relational;
  /** Where other processes reach it. */
  readonly url: string;
  /** Ends the server at once, as a crash does, with all connections. */
  crash(): Promise<void>;
  start(): Promise<void>;
  /** Refuses connections, and breaks those there are, while the server goes on. */
  disconnect(): void;
  /** Holds back every byte, on connections old and new: a network that says nothing. */
  hang(): void;
  /** Ends `disconnect` and `hang`. */
  reconnect(): void;
}

export async function openFrailDatabase(): Promise<FrailDatabase> {
  const log = pino({ level: 'silent' });
  const children = createChildren({ log });
  const dir = mkdtempSync(path.join(tmpdir(), 'defimon-frail-'));
  const folder = await layCluster(path.join(dir, 'server'));
  const startServer = (): Promise<PostgresServer> => startPostgresServer({ folder, children, log, listen: 'tcp' });
  let server = await startServer();
  let state: 'open' | 'closed' | 'hung' = 'open';
  const sockets = new Set<Socket>();
  const proxy = createServer((socket) => {
    if (state === 'closed') {
      socket.destroy();
      return;
    }
    const upstream = connect(server.connection.port, '127.0.0.1');
    for (const [from, to] of [
      [socket, upstream],
      [upstream, socket],
    ] as const) {
      sockets.add(from);
      from.on('error', () => to.destroy());
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
      from.pipe(to);
      if (state === 'hung') from.unpipe(to);
    }
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const address = proxy.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const { user, password, database } = server.connection;
  const url = `postgres://${user}:${password}@127.0.0.1:${address.port}/${database}`;
  const pool = await openPool({ connectionString: url, max: 5, connectionTimeoutMillis: 2_000 });
  await migrateMarket(pool.part);
  const breakAll = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    relational: pool.part,
    url,
    crash: async () => {
      process.kill(server.pid, 'SIGQUIT');
      await server.stop();
      breakAll();
    },
    start: async () => {
      server = await startServer();
    },
    disconnect: () => {
      state = 'closed';
      breakAll();
    },
    hang: () => {
      state = 'hung';
      for (const socket of sockets) socket.unpipe().pause();
    },
    reconnect: () => {
      // What hung lost its way: like a connection that a router forgot.
      if (state === 'hung') breakAll();
      state = 'open';
    },
    [Symbol.asyncDispose]: async () => {
      breakAll();
      await pool.stop();
      proxy.close();
      await server.stop();
      await children.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

export type RecorderParts = Partial<RecorderOptions> & Pick<RecorderOptions, 'relational' | 'dir'>;

/** A recorder that writes soon. */
export function openTestRecorder(parts: RecorderParts): ReturnType<typeof createRecorder> {
  return createRecorder({
    batchSize: 100,
    bufferSize: 50_000,
    flushIntervalSeconds: 0.02,
    spillMB: 64,
    retentionDays: 36_500,
    log: pino({ level: 'silent' }),
    metrics: new Registry(),
    ...parts,
  });
}

export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 90_000; !(await isSo()); await delay(10)) {
    if (Date.now() > end) throw new Error('it did not come to that');
  }
}
