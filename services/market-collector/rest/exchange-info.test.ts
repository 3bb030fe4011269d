import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createExchangeInfoReader, type ExchangeInfo } from './exchange-info.ts';

describe(createExchangeInfoReader, () => {
  it('reads what concerns us, of each market in its own words', () => {
    expect(read(JSON.stringify(spot))).toEqual({
      weightPerMinute: 6000,
      symbols: [
        {
          symbol: 'BTCUSDT',
          status: 'TRADING',
          base: 'BTC',
          quote: 'USDT',
          contractType: undefined,
          tickSize: '0.01000000',
          stepSize: '0.00001000',
          minNotional: '5.00000000',
        },
      ],
    });
    expect(read(JSON.stringify(coinm)).symbols).toMatchObject([
      { symbol: 'BTCUSD_PERP', status: 'TRADING', contractType: 'PERPETUAL', tickSize: '0.1', minNotional: undefined },
    ]);
    expect(read(JSON.stringify(usdm)).symbols).toMatchObject([
      { symbol: 'ETHUSDT', status: 'SETTLING', minNotional: '20' },
    ]);
  });

  it('reads the same however the answer is cut', () => {
    const tricky = {
      note: 'symbols',
      'sym"bols': [{ symbol: 'NOT' }],
      nested: { symbols: [{ symbol: 'NEITHER' }] },
      symbols: [
        ...spot.symbols,
        'not a symbol',
        null,
        [{}],
        { symbol: 5 },
        { ...spot.symbols[0], symbol: 'A{"}[é]\\' },
      ],
      rateLimits: spot.rateLimits,
    };
    const bytes = Buffer.from(JSON.stringify(tricky, null, 2));
    const whole = read(bytes);
    expect(whole.symbols.map(({ symbol }) => symbol)).toEqual(['BTCUSDT', 'A{"}[é]\\']);
    expect(whole.weightPerMinute).toBe(6000);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1 }), (sizes) => {
        expect(read(bytes, sizes)).toEqual(whole);
      }),
      { numRuns: 200 },
    );
  });

  it.each([
    ['cut off', JSON.stringify(spot).slice(0, -40)],
    ['cut off inside a symbol', JSON.stringify(spot).slice(0, 200)],
    ['no JSON', '<html>busy</html>'],
    ['an error', '{"code":-1003,"msg":"Too many requests"}'],
    ['empty', ''],
  ])('refuses an answer that is %s', (_, text) => {
    expect(() => read(text)).toThrow(SyntaxError);
  });

  it('refuses a symbol of more than a megabyte rather than keep it', () => {
    const reader = createExchangeInfoReader();
    const filler = Buffer.alloc(64 * 1024, 'x');
    reader.read(Buffer.from('{"symbols":[{"symbol":"'));
    expect(() => {
      for (let at = 0; at < 20; at++) reader.read(filler);
    }).toThrow(/more than a megabyte/);
  });
});

/** `sizes` are the lengths of the pieces, in turn. */
function read(text: string | Buffer, sizes: readonly number[] = [65_536]): ExchangeInfo {
  const bytes = Buffer.from(text);
  const reader = createExchangeInfoReader();
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    reader.read(bytes.subarray(at, at + size));
    at += size;
  }
  return reader.finish();
}

const rateLimits = [
  { rateLimitType: 'RAW_REQUESTS', interval: 'MINUTE', intervalNum: 5, limit: 61000 },
  { rateLimitType: 'REQUEST_WEIGHT', interval: 'MINUTE', intervalNum: 1, limit: 6000 },
];
const spot = {
  timezone: 'UTC',
  serverTime: 1_700_000_000_000,
  rateLimits,
  exchangeFilters: [],
  symbols: [
    {
      symbol: 'BTCUSDT',
      status: 'TRADING',
      baseAsset: 'BTC',
      quoteAsset: 'USDT',
      orderTypes: ['LIMIT', 'MARKET'],
      filters: [
        { filterType: 'PRICE_FILTER', minPrice: '0.01000000', maxPrice: '1000000.00000000', tickSize: '0.01000000' },
        { filterType: 'LOT_SIZE', minQty: '0.00001000', stepSize: '0.00001000' },
        { filterType: 'NOTIONAL', minNotional: '5.00000000', applyMinToMarket: true },
      ],
      permissions: [],
    },
  ],
};
const usdm = {
  symbols: [
    {
      symbol: 'ETHUSDT',
      contractType: 'PERPETUAL',
      status: 'SETTLING',
      baseAsset: 'ETH',
      quoteAsset: 'USDT',
      filters: [{ filterType: 'MIN_NOTIONAL', notional: '20' }],
    },
  ],
};
const coinm = {
  symbols: [
    {
      symbol: 'BTCUSD_PERP',
      contractType: 'PERPETUAL',
      contractStatus: 'TRADING',
      baseAsset: 'BTC',
      quoteAsset: 'USD',
      filters: [{ filterType: 'PRICE_FILTER', tickSize: '0.1' }],
    },
  ],
};
