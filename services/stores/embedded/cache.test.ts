import { describe, expect, it } from 'vitest';
import { createEmbeddedCache } from './cache.ts';

describe(createEmbeddedCache.name, () => {
  it('drops the entry used longest ago when there are too many', async () => {
    const cache = createEmbeddedCache({ entriesMax: 2 });
    await cache.set('a', '1', 1000);
    await cache.set('b', '2', 1000);
    await cache.get('a');
    await cache.set('c', '3', 1000);
    expect(await Promise.all(['a', 'b', 'c'].map(cache.get))).toEqual(['1', undefined, '3']);
  });

  it('drops entries when they hold too many bytes, and never keeps one that fills it', async () => {
    const cache = createEmbeddedCache({ bytesMax: 1000 });
    await cache.set('huge', 'x'.repeat(300), 1000);
    expect(await cache.get('huge')).toBeUndefined();
    for (const key of ['a', 'b', 'c', 'd', 'e']) await cache.set(key, 'x'.repeat(120), 1000);
    expect(await Promise.all(['a', 'b', 'c', 'd', 'e'].map(async (key) => (await cache.get(key))?.length))).toEqual([
      undefined,
      120,
      120,
      120,
      120,
    ]);
  });

  it('expires by its clock, to the millisecond', async () => {
    let now = 0;
    const cache = createEmbeddedCache({ now: () => now });
    await cache.set('a', '1', 100);
    now = 99;
    expect(await cache.get('a')).toBe('1');
    now = 100;
    expect(await cache.get('a')).toBeUndefined();
    await cache.set('b', '1', 0);
    expect(await cache.get('b')).toBeUndefined();
  });

  it('lets a value that was set stand against an older load', async () => {
    const cache = createEmbeddedCache();
    const loaded = Promise.withResolvers<string>();
    const remembered = cache.remember('a', 1000, () => loaded.promise);
    await cache.set('a', 'newer', 1000);
    loaded.resolve('older');
    await remembered;
    expect(await cache.get('a')).toBe('newer');
  });

  it('turns a load that throws at once into a rejection', async () => {
    const cache = createEmbeddedCache();
    const load = (): Promise<string> => {
      throw new Error('at once');
    };
    await expect(cache.remember('a', 1000, load)).rejects.toThrow('at once');
  });
});
