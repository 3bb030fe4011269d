import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type Cache, type Life, lifeMsOf } from '../cache.ts';
import { createEmbeddedCache } from '../embedded/cache.ts';

/**
 * Runs a script in Redis, of which nobody sees a half, and gives its list of answers: undefined, and soon, while Redis is away.
 * Never rejects.
 */
export type RunScript = (
  script: string,
  keys: readonly string[],
  args: readonly (string | number)[],
) => Promise<readonly unknown[] | undefined>;

export interface RedisCacheDeps {
  readonly run: RunScript;
  readonly onRead?: (result: 'hit' | 'miss') => void;
  /** A lock lives this long after its holder last said that it still loads: what a crash costs the others at most. */
  readonly lockMs?: number;
  /** So long a load of another process is waited for; after it, one loads by itself. */
  readonly waitMsMax?: number;
  /** What is larger as UTF-8 is not kept. */
  readonly valueBytesMax?: number;
  /** Deletions that Redis has missed; with more, all values go. */
  readonly missedMax?: number;
}

/** The cache, and what it must be told of Redis. */
export interface RedisCache {
  readonly cache: Cache;
  /** From now on Redis gives no answers: the memory of the process begins, empty, to stand in. */
  onAway(): void;
  /** Whether Redis holds values that were deleted while it was away. */
  isBehind(): boolean;
  /** Deletes some of them. Throws what `run` throws. */
  catchUp(run: (...args: Parameters<RunScript>) => Promise<readonly unknown[]>): Promise<void>;
}

const namespace = 'defimon:';
const valuePrefix = `${namespace}value:`;

/**
 * A cache that processes share. While Redis is away, each remembers by itself: then a deletion reaches the other processes
 * only once Redis is back, and a process that ends before that never tells it, so stale values live no longer than their TTL.
 */
export function createRedisCache(deps: RedisCacheDeps): RedisCache {
  const { run, onRead = () => {} } = deps;
  const { lockMs = 3_000, waitMsMax = 5_000, valueBytesMax = 1024 * 1024, missedMax = 10_000 } = deps;
  const loading = new Map<string, Promise<string>>();
  const missed = new Set<string>();
  let missedAll = false;
  let memory = createEmbeddedCache();

  const keeps = (value: string): boolean => value.isWellFormed() && Buffer.byteLength(value) <= valueBytesMax;
  const miss = (key: string): void => {
    missed.add(key);
    if (missed.size <= missedMax) return;
    missedAll = true;
    missed.clear();
  };

  /** Puts another value in the place of this one, or none, against all who load it at this moment. */
  async function invalidate(key: string, put: readonly [string, number]): ReturnType<RunScript> {
    loading.delete(key);
    const answer = run(setScript, [valueKeyOf(key), lockKeyOf(key)], put);
    await memory.delete(key);
    const done = await answer;
    if (done === undefined) miss(key);
    return done;
  }

  /** Loads as the one of all processes that holds the lock; without it at the end, the value is not kept. */
  async function loadLocked(key: string, token: string, life: Life, load: () => Promise<string>): Promise<string> {
    const keys = [valueKeyOf(key), lockKeyOf(key)];
    const renewal = setInterval(() => void run(renewScript, keys, [token, lockMs]), lockMs / 3);
    renewal.unref();
    try {
      const value = await load();
      clearInterval(renewal);
      await run(keepScript, keys, [token, ...(keeps(value) ? [value, lifeOf(lifeMsOf(life, value))] : ['', 0])]);
      return value;
    } catch (error) {
      clearInterval(renewal);
      await run(keepScript, keys, [token, '', 0]);
      throw error;
    }
  }

  async function rememberShared(key: string, life: Life, load: () => Promise<string>): Promise<string> {
    const token = randomUUID();
    const until = performance.now() + waitMsMax;
    for (let pauseMs = 10; ; pauseMs = Math.min(2 * pauseMs, 250)) {
      const seen = await run(lookScript, [valueKeyOf(key), lockKeyOf(key)], [token, lockMs]);
      if (seen === undefined) return memory.remember(key, life, load);
      const [state, value] = seen;
      if (state === 'value' && typeof value === 'string') return value;
      if (state === 'locked') return loadLocked(key, token, life, load);
      if (performance.now() >= until) return load();
      // Those who wait must not all come back at once.
      await delay(pauseMs * (0.5 + Math.random()));
    }
  }

  const cache: Cache = {
    get: async (key) => {
      const seen = await run(getScript, [valueKeyOf(key)], []);
      const value = seen === undefined ? await memory.get(key) : seen[0];
      const found = typeof value === 'string' ? value : undefined;
      onRead(found === undefined ? 'miss' : 'hit');
      return found;
    },
    set: async (key, value, ttlMs) => {
      const put = keeps(value) ? ([value, lifeOf(ttlMs)] as const) : (['', 0] as const);
      if ((await invalidate(key, put)) === undefined) await memory.set(key, value, ttlMs);
    },
    delete: async (key) => {
      // The memory that begins to stand in now may hold what was set a moment ago.
      if ((await invalidate(key, ['', 0])) === undefined) await memory.delete(key);
    },
    remember: async (key, life, load) => {
      let loads = false;
      const running =
        loading.get(key) ??
        rememberShared(key, life, async () => {
          loads = true;
          return load();
        });
      loading.set(key, running);
      try {
        return await running;
      } finally {
        if (loading.get(key) === running) loading.delete(key);
        onRead(loads ? 'miss' : 'hit');
      }
    },
    count: async (key, windowMs) => {
      const [count, resetMs] = (await run(countScript, [countKeyOf(key)], [lifeOf(windowMs)])) ?? [];
      if (typeof count !== 'number' || typeof resetMs !== 'number') return memory.count(key, windowMs);
      return { count, resetMs };
    },
  };
  return {
    cache,
    onAway: () => {
      memory = createEmbeddedCache();
    },
    isBehind: () => missedAll || missed.size > 0,
    catchUp: async (runNow) => {
      if (missedAll) {
        for (let cursor: unknown = '0', isFirst = true; isFirst || cursor !== '0'; isFirst = false) {
          [cursor] = await runNow(sweepScript, [], [String(cursor), `${namespace}[vl]*`]);
        }
        missedAll = false;
      }
      for (const key of [...missed]) {
        // Before the answer: a key that is missed once more meanwhile stays.
        missed.delete(key);
        try {
          await runNow(setScript, [valueKeyOf(key), lockKeyOf(key)], ['', 0]);
        } catch (error) {
          miss(key);
          throw error;
        }
      }
    },
  };
}

/** Whole milliseconds, as Redis takes them; 0 for what is not to be kept. */
function lifeOf(ttlMs: number): number {
  return Math.max(0, Math.ceil(ttlMs));
}

function valueKeyOf(key: string): string {
  return valuePrefix + nameOf(key);
}

/** Whoever holds it loads the value. Deleting the value deletes it too, so that what is loaded at that moment is not kept. */
function lockKeyOf(key: string): string {
  return `${namespace}lock:${nameOf(key)}`;
}

function countKeyOf(key: string): string {
  return `${namespace}count:${nameOf(key)}`;
}

/** The key, or its digest where it is long or would not come through UTF-8 unchanged. The first letter tells them apart. */
function nameOf(key: string): string {
  if (key.isWellFormed() && key.length <= 256) return `=${key}`;
  return `#${createHash('sha256').update(Buffer.from(key, 'utf16le')).digest('base64url')}`;
}

// KEYS: the value, the lock.

const getScript = `return { redis.call('GET', KEYS[1]) }`;

/** ARGV: token, lockMs. The value; or the lock is taken; or another loads. */
const lookScript = `
local value = redis.call('GET', KEYS[1])
if value then return { 'value', value } end
if redis.call('SET', KEYS[2], ARGV[1], 'NX', 'PX', ARGV[2]) then return { 'locked' } end
return { 'busy' }`;

/** ARGV: token, lockMs. */
const renewScript = `
if redis.call('GET', KEYS[2]) == ARGV[1] then redis.call('PEXPIRE', KEYS[2], ARGV[2]) end
return {}`;

/** ARGV: token, value, ttlMs. Gives the lock back, and keeps the value if it was still held and the time is above 0. */
const keepScript = `
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return {} end
redis.call('DEL', KEYS[2])
if tonumber(ARGV[3]) > 0 then redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) end
return {}`;

/** ARGV: value, ttlMs; with 0, the value is deleted. */
const setScript = `
redis.call('DEL', KEYS[2])
if tonumber(ARGV[2]) > 0 then redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) else redis.call('DEL', KEYS[1]) end
return {}`;

/** KEYS: the counter; ARGV: windowMs. */
const countScript = `
local count = redis.call('INCR', KEYS[1])
local left = redis.call('PTTL', KEYS[1])
if left < 0 then
  redis.call('PEXPIRE', KEYS[1], ARGV[1])
  left = tonumber(ARGV[1])
end
return { count, left }`;

/** ARGV: cursor, pattern. Deletes some of all values and locks; gives the cursor to go on from, '0' at the end. */
const sweepScript = `
local found = redis.call('SCAN', ARGV[1], 'MATCH', ARGV[2], 'COUNT', 1000)
for _, key in ipairs(found[2]) do redis.call('UNLINK', key) end
return { found[1] }`;
