import { type Cache, lifeMsOf } from '../cache.ts';
import { createCounters } from './cache-counters.ts';

export interface EmbeddedCacheOptions {
  /** Bounds of the cache; the entries used longest ago go first. A value larger than half of it all is not kept. */
  readonly entriesMax?: number;
  readonly bytesMax?: number;
  readonly countersMax?: number;
  /** Milliseconds of any monotonic clock. */
  readonly now?: () => number;
}

/** A cache inside the process: TTL, and least recently used first out. */
export function createEmbeddedCache(options: EmbeddedCacheOptions = {}): Cache {
  const { entriesMax = 10_000, bytesMax = 64 * 1024 * 1024, countersMax = 100_000 } = options;
  const { now = () => performance.now() } = options;
  const count = createCounters({ countersMax, now });
  // A Map keeps insertion order: an entry that is used is put back at its end, so the first one is the oldest.
  const entries = new Map<string, { value: string; expiresAt: number; bytes: number }>();
  const loading = new Map<string, Promise<string>>();
  let bytes = 0;

  const drop = (key: string): void => {
    const entry = entries.get(key);
    if (entry === undefined) return;
    entries.delete(key);
    bytes -= entry.bytes;
  };
  const find = (key: string): string | undefined => {
    const entry = entries.get(key);
    if (entry === undefined) return undefined;
    if (entry.expiresAt <= now()) {
      drop(key);
      return undefined;
    }
    entries.delete(key);
    entries.set(key, entry);
    return entry.value;
  };
  const put = (key: string, value: string, ttlMs: number): void => {
    drop(key);
    const size = 2 * (key.length + value.length);
    if (ttlMs <= 0 || size > bytesMax / 2) return;
    entries.set(key, { value, expiresAt: now() + ttlMs, bytes: size });
    bytes += size;
    for (const oldest of entries.keys()) {
      if (entries.size <= entriesMax && bytes <= bytesMax) break;
      drop(oldest);
    }
  };
  return {
    get: async (key) => find(key),
    set: async (key, value, ttlMs) => {
      // A load that began earlier must not overwrite this value when it ends.
      loading.delete(key);
      put(key, value, ttlMs);
    },
    delete: async (key) => {
      loading.delete(key);
      drop(key);
    },
    remember: async (key, life, load) => {
      const found = find(key) ?? loading.get(key);
      if (found !== undefined) return found;
      const loaded: Promise<string> = Promise.resolve()
        .then(load)
        .then((value) => {
          if (loading.get(key) === loaded) put(key, value, lifeMsOf(life, value));
          return value;
        })
        .finally(() => {
          if (loading.get(key) === loaded) loading.delete(key);
        });
      loading.set(key, loaded);
      return loaded;
    },
    count: async (key, windowMs) => count(key, windowMs),
  };
}
