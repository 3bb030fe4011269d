import { describe, expect, it } from 'vitest';
import { depthRequestFor, rulesOf } from './markets.ts';

describe(rulesOf, () => {
  it('names the streams of each market as the exchange does, in small letters', () => {
    const names = (['spot', 'usdm', 'coinm'] as const).map((market) =>
      (['depth', 'ticker', 'trade'] as const).map((kind) => rulesOf(market).streamName('BTCUSD_PERP', kind)),
    );
    expect(names).toEqual([
      ['btcusd_perp@depth@100ms', 'btcusd_perp@bookTicker', 'btcusd_perp@trade'],
      ['btcusd_perp@depth@100ms', 'btcusd_perp@bookTicker', 'btcusd_perp@aggTrade'],
      ['btcusd_perp@depth@100ms', 'btcusd_perp@bookTicker', 'btcusd_perp@aggTrade'],
    ]);
  });

  it('has each kind of stream on exactly one route', () => {
    for (const market of ['spot', 'usdm', 'coinm'] as const) {
      const kinds = rulesOf(market).routes.flatMap((route) => route.kinds);
      expect(kinds.toSorted()).toEqual(['depth', 'ticker', 'trade']);
    }
  });
});

describe(depthRequestFor, () => {
  it.each([
    ['spot', 1000, { limit: 1000, weight: 50 }],
    ['spot', 600, { limit: 1000, weight: 50 }],
    ['spot', 100_000, { limit: 5000, weight: 250 }],
    ['usdm', 1000, { limit: 1000, weight: 20 }],
    ['coinm', 5000, { limit: 1000, weight: 20 }],
  ] as const)('%s, %i levels', (market, levels, expected) => {
    expect(depthRequestFor(rulesOf(market), levels)).toEqual(expected);
  });
});
