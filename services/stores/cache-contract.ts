import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Started } from '../runtime/modules.ts';
import type { Cache } from './cache.ts';

/** What a cache promises, whatever stands behind it: every adapter runs this suite. */
export function cacheContract(name: string, open: () => Promise<Started<Cache>>): void {
  describe(`cache: ${name}`, () => {
    let started: Started<Cache>;
    let cache: Cache;

    beforeEach(async () => {
      started = await open();
      cache = started.part;
      return () => started.stop();
    });

    it('gives back what was set, until it expires or is deleted', async () => {
      expect(await cache.get('a')).toBeUndefined();
      await cache.set('a', 'é😀', 60_000);
      await cache.set('short', 'x', 20);
      expect(await cache.get('a')).toBe('é😀');
      await cache.delete('a');
      await delay(40);
      expect([await cache.get('a'), await cache.get('short')]).toEqual([undefined, undefined]);
    });

    it('loads once for all who ask at the same time', async () => {
      let loads = 0;
      const load = async (): Promise<string> => {
        await delay(10);
        return `loaded ${++loads}`;
      };
      const ask = (): Promise<string> => cache.remember('a', 60_000, load);
      expect(new Set(await Promise.all(Array.from({ length: 10 }, ask)))).toEqual(new Set(['loaded 1']));
      expect(await ask()).toBe('loaded 1');
    });

    it('does not keep a failed load', async () => {
      const failed = cache.remember('a', 60_000, async () => {
        throw new Error('no data');
      });
      await expect(failed).rejects.toThrow('no data');
      expect(await cache.remember('a', 60_000, async () => 'data')).toBe('data');
    });

    it('does not keep a value that was deleted while it was loaded', async () => {
      const loading = loadInSteps(cache);
      await loading.begun;
      await cache.delete('a');
      loading.end('stale');
      expect(await loading.value).toBe('stale');
      expect(await cache.get('a')).toBeUndefined();
    });

    it('does not put a value that was loaded in the place of one that was set meanwhile', async () => {
      const loading = loadInSteps(cache);
      await loading.begun;
      await cache.set('a', 'newer', 60_000);
      loading.end('older');
      await loading.value;
      expect(await cache.get('a')).toBe('newer');
    });

    it('keeps a value for as long as the value itself says', async () => {
      const life = (value: string): number => (value === 'whole' ? 60_000 : 0);
      expect(await cache.remember('a', life, async () => 'half')).toBe('half');
      expect(await cache.remember('a', life, async () => 'whole')).toBe('whole');
      expect(await cache.remember('a', life, async () => 'another')).toBe('whole');
    });

    it('turns a load that throws at once into a rejection', async () => {
      const load = (): Promise<string> => {
        throw new Error('at once');
      };
      await expect(cache.remember('a', 60_000, load)).rejects.toThrow('at once');
    });

    it('does not keep what is too large, nor the value it was to replace', async () => {
      await cache.set('a', 'small', 60_000);
      await cache.set('a', 'x'.repeat(40 * 1024 * 1024), 60_000);
      expect(await cache.get('a')).toBeUndefined();
    });

    it('gives back any text under any key, each key its own', async () => {
      const key = fc.oneof(fc.string({ unit: 'binary', maxLength: 300 }), fc.string({ unit: halfCharacter }));
      const text = fc.string({ unit: 'binary' });
      await fc.assert(
        fc.asyncProperty(fc.uniqueArray(fc.tuple(key, text), { selector: ([key]) => key }), async (entries) => {
          await Promise.all(entries.map(([key, value]) => cache.set(key, value, 60_000)));
          expect(await Promise.all(entries.map(([key]) => cache.get(key)))).toEqual(entries.map(([, value]) => value));
        }),
        { numRuns: 50 },
      );
    });

    it('counts each key by itself, from one on, until its window ends', async () => {
      const counts = await Promise.all(Array.from({ length: 20 }, () => cache.count('a', 60_000)));
      expect(counts.map(({ count }) => count).sort((a, b) => a - b)).toEqual(
        Array.from({ length: 20 }, (_, at) => at + 1),
      );
      for (const { resetMs } of counts) expect(resetMs > 0 && resetMs <= 60_000).toBe(true);
      expect(await cache.count('b', 20)).toMatchObject({ count: 1 });
      await delay(40);
      expect(await cache.count('b', 20)).toMatchObject({ count: 1 });
      expect(await cache.get('a')).toBeUndefined();
    });
  });
}

/** What holds besides for two processes with one cache between them; `open` gives each an empty one with it. */
export function sharedCacheContract(
  name: string,
  open: () => Promise<readonly [Started<Cache>, Started<Cache>]>,
): void {
  describe(`cache of two processes: ${name}`, () => {
    let one: Cache;
    let other: Cache;

    beforeEach(async () => {
      const both = await open();
      [one, other] = [both[0].part, both[1].part];
      return () => Promise.all(both.map(({ stop }) => stop()));
    });

    it('gives one what the other has set, until either deletes it', async () => {
      await one.set('a', 'x', 60_000);
      expect(await other.get('a')).toBe('x');
      expect(await other.remember('a', 60_000, async () => 'y')).toBe('x');
      await other.delete('a');
      expect(await one.get('a')).toBeUndefined();
    });

    it('loads once for all who ask in both', async () => {
      let loads = 0;
      const ask = (cache: Cache): Promise<string> =>
        cache.remember('a', 60_000, async () => {
          await delay(30);
          return `loaded ${++loads}`;
        });
      const asked = Array.from({ length: 10 }, (_, at) => ask(at % 2 === 0 ? one : other));
      expect(new Set(await Promise.all(asked))).toEqual(new Set(['loaded 1']));
    });

    it('goes on with a load of its own when that of the other fails', async () => {
      const loading = loadInSteps(one);
      await loading.begun;
      const asked = other.remember('a', 60_000, async () => 'data');
      loading.fail(new Error('no data'));
      await expect(loading.value).rejects.toThrow('no data');
      expect(await asked).toBe('data');
      expect(await one.get('a')).toBe('data');
    });

    it('does not keep a value that the other deleted or set while it was loaded', async () => {
      const stale = loadInSteps(one);
      await stale.begun;
      await other.delete('a');
      stale.end('stale');
      await stale.value;
      expect(await other.get('a')).toBeUndefined();

      const older = loadInSteps(one);
      await older.begun;
      await other.set('a', 'newer', 60_000);
      older.end('older');
      await older.value;
      expect(await one.get('a')).toBe('newer');
    });

    it('keeps what is loaded after a deletion, and not what was being loaded before', async () => {
      const stale = loadInSteps(one);
      await stale.begun;
      await other.delete('a');
      expect(await other.remember('a', 60_000, async () => 'fresh')).toBe('fresh');
      stale.end('stale');
      await stale.value;
      expect(await one.get('a')).toBe('fresh');
    });

    it('counts together', async () => {
      const counts = await Promise.all(
        Array.from({ length: 20 }, (_, at) => (at % 2 === 0 ? one : other).count('a', 60_000)),
      );
      expect(counts.map(({ count }) => count).sort((a, b) => a - b)).toEqual(
        Array.from({ length: 20 }, (_, at) => at + 1),
      );
    });
  });
}

const halfCharacter = fc.constantFrom('\ud83d', '\ude00', '\udbff', 'a');

/** A load of `a` that waits to be told its end. */
export function loadInSteps(cache: Cache) {
  const begun = Promise.withResolvers<void>();
  const loaded = Promise.withResolvers<string>();
  const value = cache.remember('a', 60_000, () => {
    begun.resolve();
    return loaded.promise;
  });
  return { begun: begun.promise, value, end: loaded.resolve, fail: loaded.reject };
}
