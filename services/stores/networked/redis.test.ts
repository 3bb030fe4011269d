import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ConfigurationError } from '../../runtime/errors.ts';
import type { Watchable } from '../../runtime/watch-store.ts';
import { hasRedisServer, type RedisServer, startRedis } from '../../testing/redis-server.ts';
import type { Cache } from '../cache.ts';
import { loadInSteps } from '../cache-contract.ts';
import { type NetworkedCacheOptions, openNetworkedCache } from './redis.ts';

/** For what comes by itself, on a machine under load. */
const patience = { timeout: 90_000 };
const silent = pino({ level: 'silent' });
const opened: Watchable<Cache>[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((each) => each.stop()));
});

describe(openNetworkedCache.name, () => {
  it('asks for another URL when it is none, without showing it', async () => {
    const urls = ['secret', 'http://secret', 'redis://:secret@', 'redis://:secret@host/name', 'redis://:%secret@host'];
    for (const redisUrl of urls) {
      const error = await open(redisUrl).catch((error: unknown) => error);
      expect(error).toBeInstanceOf(ConfigurationError);
      expect(String(error)).toContain('REDIS_URL is not a redis:// URL');
      expect(String(error)).not.toContain('secret');
    }
  });

  it('starts without a Redis, remembers by itself, and says so', async () => {
    const metrics = new Registry();
    const { lines, log } = listen();
    const cache = await open('redis://127.0.0.1:1', { metrics, log });
    await remembers(cache);
    expect(await cache.health()).toEqual({ ok: true, detail: expect.stringMatching(/^degraded: .*ECONNREFUSED/) });
    expect(await metrics.metrics()).toContain('defimon_cache_up 0');
    expect(lines.filter(({ level }) => level >= 40)).toHaveLength(1);
  });

  it('starts, and goes on, with a Redis that never answers', async () => {
    const sockets = new Set<Socket>();
    const mute = createServer((socket) => void sockets.add(socket));
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
    const { port } = mute.address() as AddressInfo;
    const cache = await open(`redis://:x@127.0.0.1:${port}`, { startMs: 100, commandTimeoutMs: 100 });
    await remembers(cache);
    expect(await cache.health()).toMatchObject({ ok: true, detail: expect.stringMatching(/^degraded: /) });
    for (const socket of sockets) socket.destroy();
    mute.close();
  });
});

describe.skipIf(!hasRedisServer())('with the program redis-server (Debian: apt-get install redis-server)', () => {
  let server: RedisServer;
  let folder: string;
  beforeAll(async () => {
    server = await startRedis();
    folder = mkdtempSync(path.join(os.tmpdir(), 'defimon-test-'));
  });
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  it('asks for another password or database when Redis refuses it, without showing it', async () => {
    const wrong = [
      server.url.replace(server.password, 'wrong-one'),
      `redis://127.0.0.1:${server.port}`,
      `${server.url}999`,
    ];
    for (const redisUrl of wrong) {
      const error = await open(redisUrl).catch((error: unknown) => error);
      expect(error).toBeInstanceOf(ConfigurationError);
      expect(String(error)).not.toContain('wrong-one');
      expect(String(error)).not.toContain(server.password);
    }
  });

  it('puts nothing outside its namespace, and nothing without an end', async () => {
    const { part } = await open(server.url);
    await part.set('a', 'x', 60_000);
    await part.remember('b', 60_000, async () => 'y');
    await part.count('c', 60_000);
    const client = new Redis(server.url);
    const keys = await client.keys('*');
    expect(keys.length).toBeGreaterThanOrEqual(3);
    for (const key of keys) {
      expect(key).toMatch(/^defimon:/);
      // -2: it has ended meanwhile.
      expect([true, -2]).toContain((await client.pttl(key)) > 0 || (await client.pttl(key)));
    }
    await client.quit();
  });

  it('goes on by itself when Redis is killed, and with Redis when it is back', async () => {
    const metrics = new Registry();
    const { lines, log } = listen();
    const cache = await open(server.url, { metrics, log });
    await cache.part.set('a', 'in Redis', 60_000);
    expect(await metrics.metrics()).toContain('defimon_cache_up 1');
    await server.kill();
    await remembers(cache);
    expect(await cache.part.get('a')).toBeUndefined();
    expect(await cache.health()).toMatchObject({ ok: true, detail: expect.stringContaining('degraded') });
    expect(await metrics.metrics()).toContain('defimon_cache_up 0');

    await server.restart();
    await expect.poll(() => cache.health(), patience).toEqual({ ok: true });
    await cache.part.set('b', 'x', 60_000);
    expect(await (await open(server.url)).part.get('b')).toBe('x');
    expect(await metrics.metrics()).toContain('defimon_cache_up 1');
    expect(lines.filter(({ level }) => level >= 40)).toHaveLength(1);
  });

  it('answers while Redis hangs, and deletes there afterwards what was deleted meanwhile', async () => {
    const cache = await open(server.url, { commandTimeoutMs: 200, missedMax: 5 });
    const other = await open(server.url, { commandTimeoutMs: 30_000 });
    const many = Array.from({ length: 10 }, (_, at) => `many ${at}`);
    for (const deleted of [['one'], many]) {
      await expect.poll(() => cache.health(), patience).toEqual({ ok: true });
      for (const key of deleted) await other.part.set(key, 'old', 60_000);
      server.pause();
      try {
        await Promise.all(deleted.map((key) => cache.part.delete(key)));
        expect(await cache.part.remember('one', 60_000, async () => 'of this process')).toBe('of this process');
        expect(await cache.health()).toMatchObject({ ok: true, detail: expect.stringContaining('degraded') });
      } finally {
        server.resume();
      }
      await expect.poll(() => cache.health(), patience).toEqual({ ok: true });
      expect(await Promise.all(deleted.map((key) => cache.part.get(key)))).toEqual(deleted.map(() => undefined));
    }
  });

  it('gives the value of a load that ends when Redis is gone', async () => {
    const cache = await open(server.url);
    const loading = loadInSteps(cache.part);
    await loading.begun;
    await server.kill();
    loading.end('value');
    expect(await loading.value).toBe('value');
    await server.restart();
  });

  it('remembers by itself while Redis takes no writes', async () => {
    const client = new Redis(server.url);
    const cache = await open(server.url, { retryMs: 20 });
    await client.config('SET', 'min-replicas-to-write', '1');
    await remembers(cache);
    expect(await cache.health()).toMatchObject({ ok: true, detail: expect.stringContaining('NOREPLICAS') });
    await client.config('SET', 'min-replicas-to-write', '0');
    await expect.poll(() => cache.health(), patience).toEqual({ ok: true });
    await client.quit();
  });

  it('waits for another process no longer than its lock, once that has crashed', async () => {
    const client = new Redis(server.url);
    const cache = await open(server.url, { waitMsMax: 30_000 });
    const loading = loadInSteps((await open(server.url)).part);
    await loading.begun;
    const [lock = ''] = await client.keys('defimon:lock:*');
    // As if its holder had ended, and said no more that it still loads.
    await client.set(lock, 'a crashed one', 'PX', 200);
    expect(await cache.part.remember('a', 60_000, async () => 'loaded')).toBe('loaded');
    loading.end('late');
    await loading.value;
    expect(await cache.part.get('a')).toBe('loaded');
    await client.quit();
  });

  it('keeps a lock for as long as the load runs, and loads by itself when that takes too long', async () => {
    const client = new Redis(server.url);
    await client.flushall();
    const lockMs = 9_000;
    const loading = loadInSteps((await open(server.url, { lockMs })).part);
    await loading.begun;
    const [lock = ''] = await client.keys('defimon:lock:*');
    await client.pexpire(lock, 60_000);
    await expect.poll(() => client.pttl(lock), patience).toBeLessThanOrEqual(lockMs);
    const hurried = await open(server.url, { waitMsMax: 50 });
    expect(await hurried.part.remember('a', 60_000, async () => 'my own')).toBe('my own');
    loading.end('at last');
    await loading.value;
    expect(await hurried.part.get('a')).toBe('at last');
    await client.quit();
  });

  it('counts hits and misses', async () => {
    const metrics = new Registry();
    const { part } = await open(server.url, { metrics });
    const name = `read ${Math.random()}`;
    for (let at = 0; at < 3; at++) await part.remember(name, 60_000, async () => 'x');
    const text = await metrics.metrics();
    expect(text).toContain('defimon_cache_reads_total{result="miss"} 1');
    expect(text).toContain('defimon_cache_reads_total{result="hit"} 2');
  });

  it('checks a server with TLS by its certificate, and says what is wrong with it', async () => {
    const [keyFile, certFile] = [path.join(folder, 'key.pem'), path.join(folder, 'cert.pem')];
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
    const files = ['-keyout', keyFile, '-out', certFile];
    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...files, ...subject], {
      stdio: 'ignore',
    });
    await using secure = await startRedis({ tls: { keyFile, certFile } });
    const ca = readFileSync(certFile, 'utf8');
    const named = secure.url.replace('127.0.0.1', 'localhost');

    const cache = await open(named, { ca });
    await cache.part.set('a', 'x', 60_000);
    expect(await cache.part.get('a')).toBe('x');
    expect(await cache.health()).toEqual({ ok: true });
    await expect(open(named)).rejects.toThrow(ConfigurationError);
    await expect(open(secure.url, { ca })).rejects.toThrow(/REDIS_URL: .*altnames/);
  });
});

async function open(redisUrl: string, options: Partial<NetworkedCacheOptions> = {}): Promise<Watchable<Cache>> {
  // Patient, so that a machine under load does not look like a Redis that is away.
  const cache = await openNetworkedCache({
    redisUrl,
    log: silent,
    commandTimeoutMs: 20_000,
    startMs: 20_000,
    ...options,
  });
  opened.push(cache);
  return cache;
}

/** A cache of its own still does all that a cache does. */
async function remembers({ part }: Watchable<Cache>): Promise<void> {
  await part.set('own', 'x', 60_000);
  expect(await part.get('own')).toBe('x');
  let loads = 0;
  const load = async (): Promise<string> => `loaded ${++loads}`;
  const asked = Array.from({ length: 5 }, () => part.remember('own too', 60_000, load));
  expect(new Set(await Promise.all(asked))).toEqual(new Set(['loaded 1']));
  const { count } = await part.count('own counter', 60_000);
  expect(await part.count('own counter', 60_000)).toMatchObject({ count: count + 1 });
  await part.delete('own');
  expect(await part.get('own')).toBeUndefined();
}

function listen() {
  const lines: { level: number }[] = [];
  const log = pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) });
  return { lines, log };
}
