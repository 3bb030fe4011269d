import { describe, expect, it } from 'vitest';
import { findNearest, nearestFew, nearestFirst, suggest } from './nearest.ts';

describe(findNearest.name, () => {
  it.each([
    ['optimsim', 'optimism'],
    ['Optimism', 'optimism'],
    ['bas', 'base'],
    ['arbitrum_onee', 'arbitrum_one'],
  ])('takes %s for %s', (word, known) => {
    expect(findNearest(word, ['base', 'blast', 'optimism', 'arbitrum_one'])).toBe(known);
  });

  it('does not guess at a word that is like none', () => {
    expect(findNearest('ethereum', ['base', 'blast'])).toBeUndefined();
    expect(findNearest('x'.repeat(10_000), ['base'])).toBeUndefined();
  });
});

describe(nearestFew.name, () => {
  it('gives at most three: the closest in spelling first, then what begins with it, in whatever case', () => {
    const known = ['arbitrum_one', 'arbitrum_nova', 'base', 'BTCUSDT', 'BTCUSDC', 'ETHBTC'];
    expect(nearestFew('arbitrum_oen', known)).toEqual(['arbitrum_one', 'arbitrum_nova']);
    expect(nearestFew('arbi', known)).toEqual(['arbitrum_one', 'arbitrum_nova']);
    expect(nearestFew('btcusdt', known)).toEqual(['BTCUSDT', 'BTCUSDC']);
    expect(nearestFew('btc', ['BTCA', 'BTCB', 'BTCC', 'BTCD'])).toHaveLength(3);
    expect(nearestFew('zz', known)).toEqual([]);
  });
});

describe(suggest.name, () => {
  it('names the word meant, or those there are', () => {
    expect(suggest('bsae', ['base', 'blast'])).toBe('did you mean "base"?');
    expect(suggest('other', ['base', 'blast'])).toBe('known are base, blast');
    expect(
      suggest(
        'other',
        Array.from({ length: 14 }, (_, index) => `word${index}`),
      ),
    ).toMatch(/ word11 and 2 more$/);
    expect(suggest('other', [])).toBe('none is defined yet');
  });
});

describe(nearestFirst.name, () => {
  it('gives the nearest in any of their readings, a few of them', () => {
    const known = new Map(
      ['Pod/api', 'Service/apis', 'Service/web'].map((name) => [name, [name, name.split('/')[1] ?? '']]),
    );
    expect(nearestFirst('API', known, 2)).toEqual(['Pod/api', 'Service/apis']);
    expect(nearestFirst('api', new Map(), 2)).toEqual([]);
  });
});
