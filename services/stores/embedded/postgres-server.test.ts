import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { createChildren } from '../../runtime/children.ts';
import { ConfigurationError, RetryableError } from '../../runtime/errors.ts';
import { expectConfigurationError, until } from '../contract.ts';
import { openPool } from '../open-pool.ts';
import type { Relational } from '../relational.ts';
import { childrenOf, type Holder, startHolder } from '../testing/holder.ts';
import { startOf } from './data-folder.ts';
import { type PostgresServer, startPostgresServer } from './postgres-server.ts';

const log = pino({ level: 'silent' });
const dir = mkdtempSync(path.join(os.tmpdir(), 'defimon-test-'));
const children = createChildren({ log });
const holders: Holder[] = [];
let folder: string;
let folders = 0;

beforeEach(() => {
  folder = path.join(dir, `relational-${++folders}`);
});
afterAll(async () => {
  await Promise.all(holders.map((holder) => holder.kill()));
  await children.close();
  rmSync(dir, { recursive: true, force: true });
});

describe(startPostgresServer.name, () => {
  it('keeps what was committed, and nothing else, when the server is killed', async () => {
    const lost = Promise.withResolvers<Error>();
    const server = await startPostgresServer({ folder, children, log, onExit: lost.resolve });
    const { part: relational, stop } = await openPool(server.connection);
    await relational.query('CREATE TABLE t (id int4 PRIMARY KEY)');
    await relational.query('INSERT INTO t SELECT generate_series(1, 1000)');
    const torn = relational.transaction(async (tx) => {
      await tx.query('INSERT INTO t SELECT generate_series(1001, 2000)');
      process.kill(server.pid, 'SIGKILL');
      await lost.promise;
      await tx.query('INSERT INTO t VALUES (2001)');
    });
    await expect(torn).rejects.toBeInstanceOf(RetryableError);
    expect((await lost.promise).message).toContain('SIGKILL');
    await stop();
    await server.stop();
    await withServer(async (reopened) => {
      expect(await reopened.query('SELECT count(*)::int4 AS n FROM t')).toEqual([{ n: 1000 }]);
    });
  });

  it('starts again right after its process was killed', async () => {
    const { holder, server } = await startElsewhere();
    await holder.kill();
    await withServer(async (relational) => {
      expect(await relational.query('SELECT id FROM kept')).toEqual([{ id: 1 }]);
    });
    expect(startOf(server)).toBeUndefined();
  });

  it('ends the server of an earlier run when nothing else has', async () => {
    const { holder, server } = await startElsewhere();
    const reaper = childrenOf(holder.pid).find((pid) => pid !== server);
    process.kill(reaper as number, 'SIGKILL');
    await holder.kill();
    expect(startOf(server)).toBeDefined();
    await withServer(async (relational) => {
      expect(await relational.query('SELECT id FROM kept')).toEqual([{ id: 1 }]);
    });
    expect(startOf(server)).toBeUndefined();
  });

  it('starts although another process has the pid of its killed server', async () => {
    await withServer(async () => {});
    const pidFile = path.join(folder, 'cluster/postmaster.pid');
    // A process which the server's user may signal: that is what PostgreSQL takes for a live server.
    const { uid, gid } = statSync(path.join(folder, 'cluster'));
    const other = spawn('sleep', ['600'], { uid, gid, cwd: '/' });
    writeFileSync(pidFile, `${other.pid}\n${folder}/cluster\n1795231696\n5432\n/tmp\n\n 10012375        12\nready\n`);
    chownSync(pidFile, uid, gid);
    await withServer(async (relational) => {
      expect(await relational.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    });
    expect(other.exitCode).toBeNull();
    other.kill();
  });

  it('starts over when it was killed while making the cluster', async () => {
    const holder = startHolder(holderProgram(folder));
    holders.push(holder);
    await until(() => existsSync(folder) && readdirSync(folder).some((name) => name.startsWith('cluster.new-')));
    await holder.kill();
    expect(existsSync(path.join(folder, 'cluster'))).toBe(false);
    await withServer(async (relational) => {
      expect(await relational.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    });
    expect(readdirSync(folder).filter((name) => name.startsWith('cluster'))).toEqual(['cluster']);
  });

  it('refuses a folder that a live process has', async () => {
    const { holder } = await startElsewhere();
    const who = new RegExp(`in use by another Defimon, process ${holder.pid}: stop it`);
    await expectConfigurationError(startPostgresServer({ folder, children, log }), who);
    await holder.kill();
    await withServer(async () => {
      await expectConfigurationError(startPostgresServer({ folder, children, log }), /in use by this process already/);
    });
  });

  it('works in a folder of a private home with a long name', async () => {
    const home = path.join(dir, 'home');
    mkdirSync(home, { mode: 0o700 });
    folder = path.join(home, 'a'.repeat(120), 'with space', 'relational');
    await withServer(async (relational) => {
      expect(await relational.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    });
  });

  it('listens nowhere but on a private socket, which is gone afterwards, and asks for a password there too', async () => {
    const server = await startPostgresServer({ folder, children, log });
    const { host } = server.connection;
    expect(path.isAbsolute(host)).toBe(true);
    expect(spawnSync('stat', ['-c', '%a', host], { encoding: 'utf8' }).stdout.trim()).toBe('700');
    await expect(openPool({ ...server.connection, password: 'wrong' })).rejects.toBeInstanceOf(ConfigurationError);
    const { part: relational, stop } = await openPool(server.connection);
    expect(await relational.query('SHOW listen_addresses')).toEqual([{ listen_addresses: '' }]);
    await stop();
    await server.stop();
    expect(existsSync(host)).toBe(false);
  });

  it('refuses what it cannot read or write, and says what to do', async () => {
    const file = path.join(dir, 'file');
    writeFileSync(file, '');
    const blocked = startPostgresServer({ folder: path.join(file, 'relational'), children, log });
    await expectConfigurationError(blocked, /cannot write in .*another data folder/);
    await withServer(async () => {});
    const versionFile = path.join(folder, 'cluster/PG_VERSION');
    writeFileSync(versionFile, '17\n');
    await expectConfigurationError(
      startPostgresServer({ folder, children, log }),
      /written by PostgreSQL 17.*dump and restore/,
    );
    writeFileSync(versionFile, '18\n');
    await withServer(async () => {});
  });

  it.runIf(canRunAsNobody())('works for an ordinary user', async () => {
    const home = mkdtempSync(path.join(os.tmpdir(), 'defimon-test-'));
    chownSync(home, 65534, 65534);
    chmodSync(home, 0o700);
    const holder = startHolder(holderProgram(path.join(home, 'relational')), { uid: 65534, gid: 65534 });
    holders.push(holder);
    expect(Number(await holder.line())).toBeGreaterThan(1);
    await holder.kill();
    await until(() => !existsSync(path.join(home, 'relational/cluster/postmaster.pid')));
    rmSync(readFileSync(path.join(home, 'relational/socket-folder'), 'utf8'), { recursive: true, force: true });
    rmSync(home, { recursive: true, force: true });
  });
});

async function withServer(work: (relational: Relational, server: PostgresServer) => Promise<void>): Promise<void> {
  const server = await startPostgresServer({ folder, children, log });
  const { part, stop } = await openPool(server.connection);
  try {
    await work(part, server);
  } finally {
    await stop();
    await server.stop();
  }
}

/** A server held by another process, with one committed row. */
async function startElsewhere(): Promise<{ holder: Holder; server: number }> {
  const holder = startHolder(holderProgram(folder));
  holders.push(holder);
  const server = Number(await holder.line());
  expect(readFileSync(path.join(folder, 'cluster/postmaster.pid'), 'utf8')).toMatch(new RegExp(`^${server}\n`));
  return { holder, server };
}

function holderProgram(at: string): string {
  const urlOf = (file: string): string => JSON.stringify(new URL(file, import.meta.url).href);
  return `
    import { createChildren } from ${urlOf('../../runtime/children.ts')};
    import { openPool } from ${urlOf('../open-pool.ts')};
    import { startPostgresServer } from ${urlOf('./postgres-server.ts')};
    const log = { debug() {}, warn() {}, error() {} };
    const children = createChildren({ log });
    const server = await startPostgresServer({ folder: ${JSON.stringify(at)}, children, log });
    const { part } = await openPool(server.connection);
    await part.query('CREATE TABLE kept AS SELECT 1::int4 AS id');
    console.log(server.pid);
    setInterval(() => {}, 1000);
  `;
}

function canRunAsNobody(): boolean {
  if (process.getuid?.() !== 0) return false;
  return spawnSync(process.execPath, ['-e', ''], { uid: 65534, gid: 65534, cwd: '/' }).status === 0;
}
