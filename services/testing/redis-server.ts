import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { type Child, createChildren } from '../runtime/children.ts';
import { findFreePort } from '../runtime/free-port.ts';

export interface RedisServerOptions {
  /** A free one of 127.0.0.1 by default. */
  readonly port?: number;
  /** PEM files: it then speaks TLS and nothing else. */
  readonly tls?: { readonly keyFile: string; readonly certFile: string };
}

export interface RedisServer extends AsyncDisposable {
  /** With the password. */
  readonly url: string;
  readonly port: number;
  readonly password: string;
  readonly pid: number;
  /** Ends it as a crash would; all it held is gone. `restart` brings it back on its port. */
  kill(): Promise<void>;
  restart(): Promise<void>;
  /** It keeps its connections and answers nothing, until it is resumed. */
  pause(): void;
  resume(): void;
}

const env = { PATH: '/usr/local/bin:/usr/bin:/bin' };

/** Whether Debian's package redis-server, or any other that brings the program, is installed. */
export function hasRedisServer(): boolean {
  try {
    execFileSync('redis-server', ['--version'], { env, stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const attempts = 5;

/** Starts a real Redis that keeps nothing on disk; resolves when it answers. It dies with this process, however that ends. */
export async function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'defimon-redis-'));
  const password = randomBytes(16).toString('hex');
  const children = createChildren({ log: pino({ level: 'silent' }) });
  const start = async (port: number): Promise<Child> => {
    const config = path.join(folder, 'redis.conf');
    // In a file, since every user of the machine may read the arguments of a process.
    writeFileSync(config, configOf({ ...options, port, password, folder }), { mode: 0o600 });
    const ready = Promise.withResolvers<void>();
    const child = await children.spawn({
      name: 'redis-server',
      command: 'redis-server',
      args: [config],
      cwd: folder,
      env,
      stopSignal: 'SIGTERM',
      logTail: 20,
      onLine: (line) => {
        if (line.includes('Ready to accept connections')) ready.resolve();
      },
      onExit: ready.reject,
    });
    await ready.promise;
    return child;
  };
  const begin = async (attempt: number): Promise<{ child: Child; port: number }> => {
    const port = options.port ?? (await findFreePort());
    try {
      return { child: await start(port), port };
    } catch (error) {
      // Somebody else took the port meanwhile.
      if (options.port === undefined && attempt < attempts && String(error).includes('already in use'))
        return begin(attempt + 1);
      await children.close();
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  };
  const { child: first, port } = await begin(1);
  let child = first;
  const kill = async (): Promise<void> => {
    const { exited } = child;
    process.kill(child.pid, 'SIGKILL');
    await exited;
  };
  return {
    url: `${options.tls === undefined ? 'redis' : 'rediss'}://:${password}@127.0.0.1:${port}/0`,
    port,
    password,
    get pid() {
      return child.pid;
    },
    kill,
    restart: async () => {
      child = await start(port);
    },
    pause: () => process.kill(child.pid, 'SIGSTOP'),
    resume: () => process.kill(child.pid, 'SIGCONT'),
    [Symbol.asyncDispose]: async () => {
      await children.close(0);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function configOf(options: RedisServerOptions & { port: number; password: string; folder: string }): string {
  const { port, password, folder, tls } = options;
  return [
    'bind 127.0.0.1',
    ...(tls === undefined
      ? [`port ${port}`]
      : [
          'port 0',
          `tls-port ${port}`,
          `tls-key-file ${tls.keyFile}`,
          `tls-cert-file ${tls.certFile}`,
          'tls-auth-clients no',
        ]),
    `requirepass ${password}`,
    `dir ${folder}`,
    'save ""',
    'databases 64',
    'appendonly no',
    '',
  ].join('\n');
}
