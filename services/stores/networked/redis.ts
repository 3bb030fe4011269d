import { isIP } from 'node:net';
import { Redis, type RedisOptions } from 'ioredis';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { metrics as names } from '../../../catalog/metrics.ts';
import { ConfigurationError, describeError } from '../../runtime/errors.ts';
import { counterOf, gaugeOf } from '../../runtime/metrics.ts';
import type { Watchable } from '../../runtime/watch-store.ts';
import type { Cache } from '../cache.ts';
import { createRedisCache, type RedisCacheDeps, type RunScript } from './redis-cache.ts';

export interface NetworkedCacheOptions
  extends Pick<RedisCacheDeps, 'lockMs' | 'waitMsMax' | 'valueBytesMax' | 'missedMax'> {
  /** `redis://user:password@host:6379/0`, or `rediss://` over TLS. */
  readonly redisUrl: string;
  /** The certificate of the authority of a server with TLS, as PEM; else Node's own authorities count. */
  readonly ca?: string | undefined;
  readonly log: Logger;
  readonly metrics?: Registry | undefined;
  /** After so long without an answer Redis counts as away. */
  readonly commandTimeoutMs?: number;
  /** So long a start waits for Redis before it goes on without it. */
  readonly startMs?: number;
  /** While Redis answers and refuses, it is asked once in so long whether it still does. */
  readonly retryMs?: number;
}

/**
 * The cache of a cluster. Nobody waits for a Redis that is away: the memory of the process stands in, and `health` is well and
 * says so, until Redis is back. Throws ConfigurationError for a URL that is none (without showing it: it holds the password),
 * and for what Redis itself refuses at the start: password, database, certificate.
 */
export async function openNetworkedCache(options: NetworkedCacheOptions): Promise<Watchable<Cache>> {
  const { log, metrics, startMs = 2_000 } = options;
  const up = metrics === undefined ? undefined : gaugeOf(metrics, names.cacheUp);
  const reads = metrics === undefined ? undefined : counterOf(metrics, names.cacheReads);
  const client = new Redis(redisOptionsOf(options));
  const link = createLink(client, {
    log,
    retryMs: options.retryMs ?? 1_000,
    onState: (isUp) => {
      up?.set(isUp ? 1 : 0);
      if (!isUp) shared.onAway();
    },
    isBehind: () => shared.isBehind(),
    catchUp: (run) => shared.catchUp(run),
  });
  const shared = createRedisCache({ ...options, run: link.run, onRead: (result) => reads?.inc({ result }) });
  up?.set(0);
  try {
    await link.start(startMs);
  } catch (error) {
    link.stop();
    throw error;
  }
  return {
    part: shared.cache,
    health: () => {
      const why = link.whyAway();
      return why === undefined ? { ok: true } : { ok: true, detail: `degraded: ${why}` };
    },
    stop: async () => link.stop(),
  };
}

function redisOptionsOf({ redisUrl, ca, commandTimeoutMs = 500 }: NetworkedCacheOptions) {
  const { protocol, host, port, ...account } = parseRedisUrl(redisUrl);
  return {
    host,
    port,
    ...account,
    ...(protocol === 'redis:'
      ? {}
      : { tls: { ...(isIP(host) === 0 ? { servername: host } : {}), ...(ca === undefined ? {} : { ca }) } }),
    protocol: 2,
    connectionName: 'defimon',
    disableClientInfo: true,
    lazyConnect: true,
    commandTimeout: commandTimeoutMs,
    connectTimeout: Math.max(commandTimeoutMs, 2_000),
    // What cannot be asked now is not asked later: the caller has long gone another way.
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: null,
    retryStrategy: (times) => Math.min(50 * 2 ** times, 2_000) * (0.5 + Math.random() / 2),
  } satisfies RedisOptions;
}

interface RedisAddress {
  readonly protocol: 'redis:' | 'rediss:';
  readonly host: string;
  readonly port: number;
  readonly db: number;
  readonly username?: string;
  readonly password?: string;
}

function parseRedisUrl(text: string): RedisAddress {
  const problem = new ConfigurationError(
    'REDIS_URL is not a redis:// URL: write redis://user:password@host:6379/0, or rediss:// for TLS',
  );
  const url = URL.parse(text);
  const db = /^\/?(\d{0,5})$/.exec(url?.pathname ?? '')?.[1];
  if (url === null || db === undefined || url.hostname === '') throw problem;
  const { protocol } = url;
  if (protocol !== 'redis:' && protocol !== 'rediss:') throw problem;
  try {
    const [username, password] = [url.username, url.password].map(decodeURIComponent);
    return {
      protocol,
      host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
      port: url.port === '' ? 6379 : Number(url.port),
      db: Number(db),
      ...(username === undefined || username === '' ? {} : { username }),
      ...(password === undefined || password === '' ? {} : { password }),
    };
  } catch {
    throw problem;
  }
}

interface LinkDeps {
  readonly log: Logger;
  readonly retryMs: number;
  readonly onState: (isUp: boolean) => void;
  readonly isBehind: () => boolean;
  readonly catchUp: (run: (...args: Parameters<RunScript>) => Promise<readonly unknown[]>) => Promise<void>;
}

interface Link {
  readonly run: RunScript;
  /** Connects, and resolves as soon as Redis answers or is known to be away. Throws ConfigurationError. */
  start(startMs: number): Promise<void>;
  /** Undefined while Redis answers. */
  whyAway(): string | undefined;
  stop(): void;
}

/** Knows whether Redis is there: the first command that fails says it is away, until it takes a write again. */
function createLink(client: Redis, { log, retryMs, onState, isBehind, catchUp }: LinkDeps): Link {
  let away: { readonly since: Date; reason: string } | undefined = { since: new Date(), reason: 'no answer yet' };
  let isReturning = false;
  let isStopped = false;
  let timer: NodeJS.Timeout | undefined;
  const first = Promise.withResolvers<void>();

  const runNow = async (...[script, keys, args]: Parameters<RunScript>): Promise<readonly unknown[]> => {
    const answer: unknown = await client.eval(script, keys.length, ...keys, ...args);
    if (!Array.isArray(answer)) throw new Error('a script answered with no list');
    return answer;
  };

  const lose = (error: unknown): void => {
    if (isStopped) return;
    const reason = describeError(error);
    // A connection whose answers are late, or of a server that is no longer the primary, is of no more use.
    if (client.status === 'ready' && /timed out|READONLY/.test(reason)) client.disconnect(true);
    else tryLater();
    if (away !== undefined) {
      away.reason = reason;
      return;
    }
    away = { since: new Date(), reason };
    onState(false);
    log.warn({ reason }, 'Redis is away: this process remembers by itself');
  };

  /** A write, since a Redis that is full or a replica answers reads. */
  const tryNow = async (): Promise<void> => {
    if (isReturning || isStopped || away === undefined || client.status !== 'ready') return;
    isReturning = true;
    try {
      // The driver goes on in database 0 if it may not have the one it was told.
      const { db = 0 } = client.options;
      if (db !== 0) await client.select(db);
      await client.set('defimon:probe', '', 'PX', 1_000);
      do {
        await catchUp(runNow);
        // Whoever was just told that Redis is away says what it missed before the next turn.
        await new Promise(setImmediate);
      } while (isBehind());
      if (isStopped) return;
      log.info({ awayMs: Date.now() - away.since.getTime() }, 'Redis answers');
      away = undefined;
      onState(true);
      first.resolve();
    } catch (error) {
      lose(error);
      settleFirst(error);
    } finally {
      isReturning = false;
    }
  };
  const tryLater = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => void tryNow(), retryMs).unref();
  };
  const settleFirst = (error: unknown): void => {
    if (isConfiguration(error)) first.reject(new ConfigurationError(`REDIS_URL: ${describeError(error)}`));
    else first.resolve();
  };

  client.on('ready', () => void tryNow());
  client.on('error', (error: unknown) => {
    lose(error);
    settleFirst(error);
  });
  client.on('close', () => {
    lose(new Error(away?.reason ?? 'the connection was closed'));
    first.resolve();
  });

  return {
    run: async (...args) => {
      if (away !== undefined) return undefined;
      try {
        return await runNow(...args);
      } catch (error) {
        lose(error);
        return undefined;
      }
    },
    start: async (startMs) => {
      const late = setTimeout(first.resolve, startMs);
      client.connect().catch(() => {});
      try {
        await first.promise;
      } finally {
        clearTimeout(late);
      }
      if (away !== undefined)
        log.warn({ reason: away.reason }, 'Redis is away at the start: this process remembers by itself');
    },
    whyAway: () =>
      away === undefined
        ? undefined
        : `Redis is away since ${away.since.toISOString()} (${away.reason}), and this process remembers by itself`,
    stop: () => {
      isStopped = true;
      clearTimeout(timer);
      client.disconnect();
    },
  };
}

/** What no waiting mends: the account, the database, the certificate, or TLS with a server that has none. */
function isConfiguration(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code: unknown = Reflect.get(error, 'code');
  if (typeof code === 'string' && /CERT|^ERR_(SSL|TLS)_/.test(code)) return true;
  return /^(WRONGPASS|NOAUTH|NOPERM|ERR AUTH|ERR invalid password|ERR DB index)/.test(error.message);
}
