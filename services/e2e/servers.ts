import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { Children } from '../runtime/children.ts';
import { findFreePort } from '../runtime/free-port.ts';
import { packagedFolder, serverUser } from '../stores/embedded/postgres-binaries.ts';
import { createManagedProcess, type ManagedProcess } from './managed-process.ts';

/** A store that runs beside the platform, at an address that stays when it is killed and started again. */
export interface StoreServer extends ManagedProcess {
  readonly url: string;
}

export interface ServerDeps {
  readonly children: Children;
  /** Holds the server's files and its log. */
  readonly folder: string;
}

const debianPostgres = '/usr/lib/postgresql';

/** PostgreSQL of Debian's package, else the one that comes with the dependencies. As `nobody`, as it refuses to run as root. */
export async function createPostgres({ children, folder }: ServerDeps): Promise<StoreServer> {
  const [version] = existsSync(debianPostgres) ? readdirSync(debianPostgres).sort().reverse() : [];
  const binaries = version === undefined ? join(packagedFolder(), 'bin') : join(debianPostgres, version, 'bin');
  const user = serverUser();
  const data = join(folder, 'postgres');
  mkdirSync(data, { mode: 0o700 });
  if (user !== undefined) chownSync(data, user.uid, user.gid);
  const port = await findFreePort();
  const initdb = ['-D', data, '--username=defimon', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync'];
  execFileSync(join(binaries, 'initdb'), initdb, { stdio: 'ignore', cwd: '/', env: {}, ...user });
  const settings = ['listen_addresses=127.0.0.1', `port=${port}`, 'unix_socket_directories=', 'max_connections=100'];
  const process = createManagedProcess(children, {
    name: 'postgresql',
    command: join(binaries, 'postgres'),
    args: ['-D', data, ...settings.flatMap((setting) => ['-c', setting])],
    cwd: '/',
    env: {},
    user,
    stopSignal: 'SIGINT',
    logFile: join(folder, 'postgresql.log'),
    isReady: () => answersPostgres(port),
  });
  return { ...process, url: `postgres://defimon@127.0.0.1:${port}/postgres` };
}

/** Redis of Debian's package. Keeps nothing on disk: it is a cache. */
export async function createRedis({ children, folder }: ServerDeps): Promise<StoreServer> {
  const port = await findFreePort();
  const process = createManagedProcess(children, {
    name: 'redis',
    command: 'redis-server',
    args: ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--maxmemory', '64mb'],
    cwd: folder,
    env: { PATH: '/usr/bin:/bin' },
    stopSignal: 'SIGTERM',
    logFile: join(folder, 'redis.log'),
    isReady: () => accepts(port),
  });
  return { ...process, url: `redis://127.0.0.1:${port}` };
}

/** ClickHouse's engine (chDB) in a process of its own behind its HTTP interface: the server itself is no package of Debian or npm. */
export async function createClickHouse({ children, folder }: ServerDeps): Promise<StoreServer> {
  const port = await findFreePort();
  const program = join(import.meta.dirname, '..', 'stores', 'testing', 'chdb-http.ts');
  const process = createManagedProcess(children, {
    name: 'clickhouse',
    command: globalThis.process.execPath,
    args: [program, join(folder, 'clickhouse'), String(port)],
    cwd: folder,
    env: {},
    stopSignal: 'SIGTERM',
    logFile: join(folder, 'clickhouse.log'),
    isReady: async () => (await fetch(`http://127.0.0.1:${port}/ping`)).ok,
  });
  return { ...process, url: `http://127.0.0.1:${port}` };
}

/** A folder of the test bed, which the user that PostgreSQL runs as can pass through. */
export function makeBedFolder(folder: string): string {
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o755);
  writeFileSync(join(folder, 'README'), 'A test bed of Defimon: may be deleted once its run is over.\n');
  return folder;
}

async function accepts(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

/** It listens before it lets anybody in: SSLRequest is answered by `N` or `S` in either case, so a start-up message is sent. */
async function answersPostgres(port: number): Promise<boolean> {
  const parameters = Buffer.from('user\0defimon\0database\0postgres\0\0');
  const header = Buffer.alloc(8);
  header.writeInt32BE(8 + parameters.length, 0);
  header.writeInt32BE(3 << 16, 4);
  return await new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(Buffer.concat([header, parameters])));
    socket.once('data', (data) => {
      socket.destroy();
      // `R`: authentication; `E`: the database system is starting up.
      resolve(data[0] === 'R'.charCodeAt(0));
    });
    socket.on('error', () => resolve(false));
  });
}
