import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createChildren } from '../runtime/children.ts';
import { RetryableError } from '../runtime/errors.ts';
import type { Started } from '../runtime/modules.ts';
import type { PoolSettings } from '../runtime/pool-settings.ts';
import { type Secret, secretOf } from '../runtime/settings.ts';
import { embeddedStores, type StoresConfig } from '../runtime/stores-config.ts';
import { expectConfigurationError, relationalContract, timeseriesContract } from './contract.ts';
import { type PostgresServer, startPostgresServer } from './embedded/postgres-server.ts';
import { createStores, type Stores } from './open.ts';
import type { Rows } from './relational.ts';
import { layCluster } from './testing/laid-cluster.ts';
import type { Timeseries } from './timeseries.ts';

const log = pino({ level: 'silent' });
const dataDir = mkdtempSync(path.join(os.tmpdir(), 'defimon-test-'));
const children = createChildren({ log });
let server: PostgresServer;
let clickhouse: ChildProcess;
let clickhouseUrl = '';

beforeAll(async () => {
  await layCluster(path.join(dataDir, 'embedded', 'relational'));
  const folder = await layCluster(path.join(dataDir, 'server'));
  server = await startPostgresServer({ folder, children, log, listen: 'tcp' });
  const program = fileURLToPath(new URL('./testing/chdb-http.ts', import.meta.url));
  clickhouse = spawn(process.execPath, [program, path.join(dataDir, 'clickhouse')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  if (clickhouse.stdout === null) throw new Error('no output');
  [clickhouseUrl] = (await once(createInterface({ input: clickhouse.stdout }), 'line')) as [string];
});

afterAll(async () => {
  clickhouse?.kill();
  await server?.stop();
  await children.close();
  rmSync(dataDir, { recursive: true, force: true });
});

const embedded = (): Stores => storesOf(embeddedStores(path.join(dataDir, 'embedded')));
const networked = (databaseUrl = urlOf(server)): Stores => storesOf(storesAt(databaseUrl, clickhouseUrl));

relationalContract('embedded', () => embedded().openRelational());
relationalContract('networked, over TCP with a password', () => networked().openRelational());
const { TEST_DATABASE_URL: externalDatabaseUrl, TEST_CLICKHOUSE_URL: externalClickhouseUrl } = process.env;
describe.skipIf(externalDatabaseUrl === undefined)('TEST_DATABASE_URL', () => {
  relationalContract('external', () => networked(externalDatabaseUrl).openRelational());
});

timeseriesContract('embedded', () => embedded().openTimeseries());
timeseriesContract('networked, over HTTP', () => networked().openTimeseries());
describe.skipIf(externalClickhouseUrl === undefined)('TEST_CLICKHOUSE_URL', () => {
  timeseriesContract('external', () => openExternalTimeseries(externalClickhouseUrl ?? ''));
});

describe('the pool of a networked store', () => {
  it('opens what it may, makes others wait no longer than it may, and replaces what is old', async () => {
    const pool = { poolSize: 1, maxOverflow: 1, poolTimeoutSeconds: 5, poolRecycleSeconds: 1 };
    const { part, stop } = await storesOf(storesAt(urlOf(server), clickhouseUrl, { pool })).openRelational();
    const release = Promise.withResolvers<void>();
    const pid = async (on: Rows) => (await on.query<{ pid: number }>('SELECT pg_backend_pid() AS pid'))[0]?.pid;
    const held = [1, 2].map(async () =>
      part.transaction(async (tx) => {
        const own = await pid(tx);
        await release.promise;
        return own;
      }),
    );

    await expect(part.query('SELECT 1')).rejects.toBeInstanceOf(RetryableError);
    release.resolve();
    const pids = await Promise.all(held);
    expect(new Set(pids).size).toBe(2);
    await expect.poll(() => pid(part), { timeout: 90_000 }).not.toBeOneOf(pids);
    await stop();
  });

  it('checks the server by the certificate it is given', async () => {
    const stores = storesOf(
      storesAt(`${urlOf(server)}?sslmode=disable`, clickhouseUrl, { ca: secretOf('a certificate') }),
    );
    await expectConfigurationError(stores.openRelational(), /does not support SSL/);
  });
});

describe('networked stores that are not there', () => {
  it('asks for another URL when it is none, without showing it', async () => {
    const stores = storesOf(storesAt('secret@host', 'ftp://secret'));
    await expectConfigurationError(stores.openRelational(), /DATABASE_URL is not a postgres:\/\/ URL/, 'secret');
    await expectConfigurationError(stores.openTimeseries(), /CLICKHOUSE_URL is not an http/, 'secret');
  });

  it('asks for another password when it is wrong, without showing it', async () => {
    const url = new URL(urlOf(server));
    url.password = 'wrong-one';
    await expectConfigurationError(networked(url.href).openRelational(), /password authentication failed/, 'wrong-one');
  });

  it('asks for TLS settings when the server has none', async () => {
    for (const mode of ['require', 'verify-full', 'no-verify']) {
      const opening = networked(`${urlOf(server)}?sslmode=${mode}`).openRelational();
      await expectConfigurationError(opening, /does not support SSL/);
    }
  });

  it('is retryable while nobody answers', async () => {
    const stores = storesOf(storesAt('postgres://a:b@127.0.0.1:1/c', 'http://127.0.0.1:1'));
    await expect(stores.openRelational()).rejects.toBeInstanceOf(RetryableError);
    // Whoever can do without it for a while may open it.
    const timeseries = await stores.openTimeseries();
    expect(await timeseries.health()).toMatchObject({ ok: false, detail: expect.stringContaining('ECONNREFUSED') });
    await expect(timeseries.part.query('SELECT 1')).rejects.toBeInstanceOf(RetryableError);
    await timeseries.stop();
  });

  it('is down, by its gauge, before it is open', async () => {
    const metrics = new Registry();
    const opening = createStores(storesAt(urlOf(server), clickhouseUrl), {
      log,
      children,
      metrics,
      onLost: () => {},
    }).openRelational();
    expect(await metrics.metrics()).toContain('defimon_database_up{store="relational"} 0');
    const { stop } = await opening;
    await expect.poll(() => metrics.metrics()).toContain('defimon_database_up{store="relational"} 1');
    await stop();
  });

  it('says that a ClickHouse which never answers does not, before a probe gives up', async () => {
    const sockets = new Set<Socket>();
    const silent = createServer((socket) => void sockets.add(socket));
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const timeseries = await storesOf(storesAt(urlOf(server), `http://127.0.0.1:${port}`)).openTimeseries();
    expect(await timeseries.health()).toEqual({ ok: false, detail: 'ClickHouse did not answer in 2.5 s' });
    await timeseries.stop();
    for (const socket of sockets) socket.destroy();
    silent.close();
  });

  it('is retryable while a gateway answers in the place of ClickHouse', async () => {
    const answers: [number, string][] = [
      [429, '{"message":"API rate limit exceeded"}'],
      [503, '{\n  "message":"failure to get a peer from the ring-balancer",\n  "request_id":"a"\n}'],
      [502, 'An invalid response was received from the upstream server'],
      [503, '<html><body>Service Unavailable</body></html>'],
    ];
    for (const [status, body] of answers) {
      const gateway = createHttpServer((_, response) => void response.writeHead(status).end(body));
      gateway.listen(0, '127.0.0.1');
      await once(gateway, 'listening');
      const { port } = gateway.address() as AddressInfo;
      const url = `http://127.0.0.1:${port}`;
      const timeseries = await openExternalTimeseries(url);
      await expect(timeseries.part.query('SELECT 1')).rejects.toBeInstanceOf(RetryableError);
      await timeseries.stop();
      gateway.closeAllConnections();
      gateway.close();
    }
  });
});

function storesOf(config: Parameters<typeof createStores>[0]): Stores {
  const onLost = (error: Error): void => {
    throw error;
  };
  return createStores(config, { log, children, onLost });
}

/** PostgreSQL and ClickHouse at these addresses. */
function storesAt(
  databaseUrl: string,
  clickhouseUrl: string,
  relational: { readonly pool?: PoolSettings; readonly ca?: Secret } = {},
): StoresConfig {
  return {
    ...embeddedStores(path.join(dataDir, 'networked')),
    relational: { kind: 'networked', address: secretOf(databaseUrl), ...relational },
    timeseries: { kind: 'networked', address: secretOf(clickhouseUrl) },
  };
}

function urlOf({ connection }: PostgresServer): string {
  const { user, password, host, port, database } = connection;
  return `postgres://${user}:${password}@${host}:${port}/${database}`;
}

function openExternalTimeseries(url: string): Promise<Started<Timeseries>> {
  return storesOf(storesAt(urlOf(server), url)).openTimeseries();
}
