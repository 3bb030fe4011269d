import { setTimeout as delay } from 'node:timers/promises';
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
      const begun = Promise.withResolvers<void>();
      const loaded = Promise.withResolvers<string>();
      const stale = cache.remember('a', 60_000, () => {
        begun.resolve();
        return loaded.promise;
      });
      await begun.promise;
      await cache.delete('a');
      loaded.resolve('stale');
      expect(await stale).toBe('stale');
      expect(await cache.get('a')).toBeUndefined();
    });
  });
}
