import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Child, Children } from '../../runtime/children.ts';
import { ConfigurationError, RetryableError } from '../../runtime/errors.ts';
import { findFreePort } from '../../runtime/free-port.ts';
import { codeOf, openDataFolder } from './data-folder.ts';
import { findPostgresBinaries, type ServerUser, serverUser } from './postgres-binaries.ts';

export interface ServerOptions {
  /** Holds the cluster and what belongs to it; made when it is not there. */
  readonly folder: string;
  readonly children: Children;
  readonly log: Logger;
  /** `socket`: a unix socket in a private folder. `tcp`: a free port of 127.0.0.1, for tests of the networked store. */
  readonly listen?: 'socket' | 'tcp';
  /** Called once if the server ends by itself. */
  readonly onExit?: (error: Error) => void;
}

export interface PostgresServer {
  readonly pid: number;
  /** What a driver connects with. The password is asked for on the socket too: another process may run as `nobody`. */
  readonly connection: {
    readonly host: string;
    readonly port: number;
    readonly user: string;
    readonly password: string;
    readonly database: string;
  };
  stop(): Promise<void>;
}

const socketPort = 5432;
const initTimeoutMs = 60_000;
/** Recovery after a crash replays at most `max_wal_size` of log. */
const readyTimeoutMs = 120_000;
/** How long the server of a run that was killed may take to end. */
const orphanTimeoutMs = 20_000;
const stopGraceMs = 30_000;

/**
 * Starts PostgreSQL on the folder, as it was left: a killed server recovers, and the server of a killed run is ended first.
 * Durability is PostgreSQL's own (fsync and synchronous_commit stay on): what is committed survives a power cut too, at about
 * half a millisecond a commit, and bulk writes cost the same either way.
 * Throws ConfigurationError when another Defimon has the folder, when it cannot be written, or when its version differs.
 */
export async function startPostgresServer(options: ServerOptions): Promise<PostgresServer> {
  const unlock = openDataFolder(path.resolve(options.folder));
  // The system names the working directory of a server without symbolic links.
  const folder = realpathSync(options.folder);
  let socketFolder: string | undefined;
  try {
    const user = serverUser();
    const binaries = await findPostgresBinaries(user, path.join(folder, 'binaries.json'));
    socketFolder = makeSocketFolder(folder, user);
    const cluster = path.join(folder, 'cluster');
    const passwordFile = path.join(folder, 'password');
    if (!existsSync(cluster))
      await initCluster({ ...options, folder, cluster, passwordFile, binaries, user, socketFolder });
    checkCluster(cluster, user);
    await endOrphan(cluster, options.log);
    const port = options.listen === 'tcp' ? await findFreePort() : socketPort;
    const child = await startServer({ ...options, cluster, binaries, user, socketFolder, port });
    return {
      pid: child.pid,
      connection: {
        host: options.listen === 'tcp' ? '127.0.0.1' : socketFolder,
        port,
        user: 'defimon',
        password: readFileSync(passwordFile, 'utf8'),
        database: 'postgres',
      },
      stop: async () => {
        await child.stop(stopGraceMs);
        rmSync(socketFolder as string, { recursive: true, force: true });
        unlock();
      },
    };
  } catch (error) {
    if (socketFolder !== undefined) rmSync(socketFolder, { recursive: true, force: true });
    unlock();
    throw error;
  }
}

/**
 * A new private folder for the socket, under the system's temporary one: the address of a unix socket holds about a hundred
 * bytes, fewer than many a project's path. The one of a run that was killed is removed.
 */
function makeSocketFolder(folder: string, user: ServerUser | undefined): string {
  const noteFile = path.join(folder, 'socket-folder');
  const earlier = existsSync(noteFile) ? readFileSync(noteFile, 'utf8') : '';
  if (path.basename(earlier).startsWith('defimon-pg-')) rmSync(earlier, { recursive: true, force: true });
  // sun_path is 104 bytes on macOS and 108 on Linux, both with a NUL at the end.
  const longest = 103 - '/defimon-pg-XXXXXX/.s.PGSQL.5432'.length;
  const parent = Buffer.byteLength(os.tmpdir()) <= longest ? os.tmpdir() : '/tmp';
  const socketFolder = mkdtempSync(path.join(parent, 'defimon-pg-'));
  chmodSync(socketFolder, 0o700);
  if (user !== undefined) chownSync(socketFolder, user.uid, user.gid);
  writeFileSync(noteFile, socketFolder);
  return socketFolder;
}

/**
 * As root, the server's user may be unable to walk the path to its own folder (under /root, say). It does not have to: the
 * working directory is entered before the user is changed, and Linux shows it as /proc/self/cwd without a walk.
 */
function dataPath(cluster: string, user: ServerUser | undefined): string {
  return user !== undefined && process.platform === 'linux' ? '/proc/self/cwd' : cluster;
}

const serverEnv = { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };

async function initCluster(at: {
  readonly folder: string;
  readonly cluster: string;
  readonly passwordFile: string;
  readonly binaries: string;
  readonly user: ServerUser | undefined;
  readonly socketFolder: string;
  readonly children: Children;
  readonly log: Logger;
}): Promise<void> {
  const { folder, user } = at;
  for (const name of readdirSync(folder)) {
    if (!name.startsWith('cluster.new-')) continue;
    // The initdb of a killed run may write for another moment.
    await rm(path.join(folder, name), { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  }
  const made = mkdtempSync(path.join(folder, 'cluster.new-'));
  const password = randomBytes(24).toString('base64url');
  const initPassword = path.join(at.socketFolder, 'password');
  writeFileSync(initPassword, password, { mode: 0o600 });
  if (user !== undefined) {
    chownSync(made, user.uid, user.gid);
    chownSync(initPassword, user.uid, user.gid);
  }
  const args = ['-D', dataPath(made, user), '--username=defimon', '--auth=scram-sha-256', `--pwfile=${initPassword}`];
  // The same order and letter case on every machine, by code point.
  args.push(
    '--encoding=UTF8',
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--no-instructions',
  );
  const initdb = await at.children.spawn({
    name: 'initdb',
    command: path.join(at.binaries, 'initdb'),
    args,
    cwd: made,
    env: serverEnv,
    ...user,
    stopSignal: 'SIGTERM',
    logTail: 20,
    onLine: (line) => at.log.debug({ line }, 'initdb says'),
  });
  const timer = setTimeout(() => void initdb.stop(0), initTimeoutMs);
  const { code, signal, tail } = await initdb.exited;
  clearTimeout(timer);
  rmSync(initPassword, { force: true });
  if (code !== 0) {
    await rm(made, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
    const text = `cannot make a PostgreSQL cluster in ${folder}:\n  ${tail.join('\n  ') || `initdb ended by ${signal}`}`;
    throw signal === null ? new ConfigurationError(text) : new RetryableError(text);
  }
  // The password first: a cluster is never without it, and a kill before the rename starts over with a new one.
  writeFileSync(at.passwordFile, password, { mode: 0o600, flush: true });
  renameSync(made, at.cluster);
}

function checkCluster(cluster: string, user: ServerUser | undefined): void {
  const version = readFileSync(path.join(cluster, 'PG_VERSION'), 'utf8').trim();
  if (version !== '18') {
    const fix = 'move the folder away, or dump and restore it';
    throw new ConfigurationError(`${cluster} was written by PostgreSQL ${version}, and this is 18: ${fix}`);
  }
  const { uid } = statSync(cluster);
  const expected = user?.uid ?? process.getuid?.();
  if (uid === expected) return;
  const fix = 'run as the same user as before (root counts as nobody), or choose another data folder';
  throw new ConfigurationError(`${cluster} belongs to user ${uid}, and the server would run as ${expected}: ${fix}`);
}

/** Ends the server of a run that was killed, if it is still there: the reaper normally has. */
async function endOrphan(cluster: string, log: Logger): Promise<void> {
  const signals: NodeJS.Signals[] = ['SIGINT', 'SIGQUIT', 'SIGKILL'];
  for (const signal of signals) {
    const pid = findServer(cluster);
    if (pid === undefined) break;
    log.warn({ pid, signal }, 'ending the PostgreSQL of an earlier run');
    try {
      process.kill(pid, signal);
    } catch (error) {
      if (codeOf(error) === 'EPERM') break;
    }
    for (const end = Date.now() + orphanTimeoutMs / signals.length; Date.now() < end; await delay(20)) {
      if (findServer(cluster) === undefined) break;
    }
  }
  const pid = findServer(cluster);
  if (pid !== undefined) {
    throw new ConfigurationError(`PostgreSQL (process ${pid}) still runs on ${cluster}: end it, then start again`);
  }
  disownPid(cluster);
}

/** The live server of this cluster by its postmaster.pid, and not another process that was given the same pid since. */
function findServer(cluster: string): number | undefined {
  const pid = findPid(cluster);
  if (pid === undefined || process.platform !== 'linux') return pid;
  try {
    // A process that has ended, but whose parent has not asked for its exit code, has no working directory.
    return readlinkSync(`/proc/${pid}/cwd`) === cluster ? pid : undefined;
  } catch (error) {
    // The process of another user, which is not ours.
    if (codeOf(error) === 'EACCES' || codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** The pid in postmaster.pid, if any process has it. */
function findPid(cluster: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(path.join(cluster, 'postmaster.pid'), 'utf8'), 10);
    if (!(pid > 1)) return undefined;
    process.kill(pid, 0);
    return pid;
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ESRCH' || codeOf(error) === 'EPERM') return undefined;
    throw error;
  }
}

/**
 * PostgreSQL refuses to start while any process has the pid in postmaster.pid, as happens after a reboot or in a new container.
 * Once we know that it is no server of this cluster, a pid that cannot exist is put there instead. The rest of the file stays:
 * by it PostgreSQL checks that no process of the old server still has the shared memory.
 */
function disownPid(cluster: string): void {
  if (findPid(cluster) === undefined) return;
  const pidFile = path.join(cluster, 'postmaster.pid');
  const impossiblePid = 2 ** 22;
  writeFileSync(pidFile, readFileSync(pidFile, 'utf8').replace(/^\d+/, String(impossiblePid)));
}

async function startServer(at: {
  readonly cluster: string;
  readonly binaries: string;
  readonly user: ServerUser | undefined;
  readonly socketFolder: string;
  readonly port: number;
  readonly children: Children;
  readonly log: Logger;
  readonly listen?: 'socket' | 'tcp';
  readonly onExit?: (error: Error) => void;
}): Promise<Child> {
  const settings = {
    listen_addresses: at.listen === 'tcp' ? '127.0.0.1' : '',
    port: String(at.port),
    unix_socket_directories: at.listen === 'tcp' ? '' : at.socketFolder,
    max_connections: '60',
    shared_buffers: '128MB',
    max_wal_size: '512MB',
    // Nobody replicates from it.
    wal_level: 'minimal',
    max_wal_senders: '0',
    max_logical_replication_workers: '0',
    timezone: 'UTC',
    lc_messages: 'C',
    // Start, stop and crashes; a failed statement is reported to its caller.
    log_min_messages: 'log',
    log_checkpoints: 'off',
    log_line_prefix: '',
  };
  const args = ['-D', dataPath(at.cluster, at.user)];
  for (const [name, value] of Object.entries(settings)) args.push('-c', `${name}=${value}`);
  // After a kill -9 of the postmaster alone, its processes need a moment to notice: until then the new one is refused.
  for (const end = Date.now() + orphanTimeoutMs; ; await delay(200)) {
    const ready = Promise.withResolvers<true>();
    let isUp = false;
    const child = await at.children.spawn({
      name: 'postgres',
      command: path.join(at.binaries, 'postgres'),
      args,
      cwd: at.cluster,
      env: serverEnv,
      ...at.user,
      stopSignal: 'SIGINT',
      logTail: 20,
      onLine: (line) => {
        at.log.debug({ line }, 'postgres says');
        if (line.includes('database system is ready to accept connections')) ready.resolve(true);
      },
      onExit: (error) => {
        if (isUp) at.onExit?.(error);
      },
    });
    const timer = new AbortController();
    const late = delay(readyTimeoutMs, 'late' as const, { signal: timer.signal }).catch(() => 'late' as const);
    const outcome = await Promise.race([ready.promise, child.exited, late]);
    timer.abort();
    if (outcome === true) {
      isUp = true;
      return child;
    }
    if (outcome === 'late') {
      await child.stop(stopGraceMs);
      throw new RetryableError(`PostgreSQL on ${at.cluster} is not ready after ${readyTimeoutMs / 1000} s of recovery`);
    }
    const said = outcome.tail.join('\n  ');
    if (/already exists|still in use|is another postmaster/i.test(said) && Date.now() < end) continue;
    throw startError(at.cluster, said);
  }
}

function startError(cluster: string, said: string): Error {
  const text = `PostgreSQL does not start on ${cluster}:\n  ${said}`;
  if (/Permission denied|Read-only file system|incompatible|invalid value|unrecognized/.test(said))
    return new ConfigurationError(text);
  return new RetryableError(text);
}
