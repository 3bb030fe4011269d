import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { messageBytesMax, parseStreamMessage } from './parse-message.ts';
import { parseMessageJson } from './parse-message-json.ts';
import { scanMessage } from './parse-message-scan.ts';

const spotDepth =
  '{"stream":"nknusdt@depth@100ms","data":{"e":"depthUpdate","E":1633998512068,"s":"NKNUSDT","U":499869750,"u":499869752,"b":[["0.35130000","6195.00000000"],["0.34750000","0.00000000"]],"a":[]}}';
const usdmDepth =
  '{"stream":"sushiusdt@depth@100ms","data":{"e":"depthUpdate","E":1626992741037,"T":1626992741024,"s":"SUSHIUSDT","U":600859599090,"u":600859600917,"pu":600859598061,"b":[["7.5040","813"]],"a":[["7.6150","1563"],["7.6220","3284"]]}}';
const coinmDepth =
  '{"stream":"bchusd_perp@depth@100ms","data":{"e":"depthUpdate","E":1626916403873,"T":1626916403864,"s":"BCHUSD_PERP","ps":"BCHUSD","U":167006084465,"u":167006084895,"pu":167006084238,"b":[["427.27","0"]],"a":[["427.90","669"]]}}';
const spotTicker =
  '{"stream":"nknusdt@bookTicker","data":{"u":499869768,"s":"NKNUSDT","b":"0.35210000","B":"672.00000000","a":"0.35260000","A":"3199.00000000"}}';
const coinmTicker =
  '{"stream":"bchusd_perp@bookTicker","data":{"u":167006084895,"e":"bookTicker","s":"BCHUSD_PERP","ps":"BCHUSD","b":"427.84","B":"24","a":"427.90","A":"669","T":1626916403864,"E":1626916403871}}';
const spotTrade =
  '{"e":"trade","E":1672515782136,"s":"BNBBTC","t":12345,"p":"0.001","q":"100","b":88,"a":50,"T":1672515782134,"m":true,"M":true}';
const aggTrade =
  '{"stream":"ctkusdt@aggTrade","data":{"e":"aggTrade","E":1626992741575,"a":16599292,"s":"CTKUSDT","p":"1.01100","q":"10","f":23961322,"l":23961322,"T":1626992741421,"m":false}}';
const kline =
  '{"stream":"nknusdt@kline_1m","data":{"e":"kline","E":1633998523963,"s":"NKNUSDT","k":{"t":1633998480000,"o":"0.35270000","x":false}}}';

describe(parseStreamMessage, () => {
  test('reads a depth update of spot', () => {
    expect(parseStreamMessage(Buffer.from(spotDepth))).toEqual({
      kind: 'depth',
      symbol: 'NKNUSDT',
      firstUpdateId: 499869750,
      lastUpdateId: 499869752,
      previousUpdateId: undefined,
      eventTimeMs: 1633998512068,
      bids: '[["0.35130000","6195.00000000"],["0.34750000","0.00000000"]]',
      asks: '[]',
    });
  });

  test('reads a depth update of futures', () => {
    expect(parseStreamMessage(usdmDepth)).toMatchObject({ previousUpdateId: 600859598061, bids: '[["7.5040","813"]]' });
    expect(parseStreamMessage(coinmDepth)).toMatchObject({ symbol: 'BCHUSD_PERP', previousUpdateId: 167006084238 });
  });

  test('reads the best bid and ask, with and without a name and a time', () => {
    const spot = { kind: 'ticker', symbol: 'NKNUSDT', updateId: 499869768, eventTimeMs: undefined };
    const sizes = { bid: '0.35210000', bidSize: '672.00000000', ask: '0.35260000', askSize: '3199.00000000' };
    expect(parseStreamMessage(spotTicker)).toEqual({ ...spot, ...sizes });
    expect(parseStreamMessage(coinmTicker)).toMatchObject({
      kind: 'ticker',
      eventTimeMs: 1626916403871,
      askSize: '669',
    });
  });

  test('reads trades', () => {
    expect(parseStreamMessage(spotTrade)).toEqual({
      kind: 'trade',
      symbol: 'BNBBTC',
      tradeId: 12345,
      eventTimeMs: 1672515782136,
      tradeTimeMs: 1672515782134,
      price: '0.001',
      size: '100',
      buyerIsMaker: true,
    });
    expect(parseStreamMessage(aggTrade)).toMatchObject({ tradeId: 16599292, price: '1.01100', buyerIsMaker: false });
  });

  test('reads a symbol that is not ASCII', () => {
    expect(parseStreamMessage(Buffer.from(spotTicker.replaceAll('NKNUSDT', '币安人生USDT')))).toMatchObject({
      symbol: '币安人生USDT',
    });
  });

  test('ignores events it has no use for', () => {
    expect(parseStreamMessage(kline)).toEqual({ kind: 'ignored', event: 'kline' });
    expect(parseStreamMessage('{"lastUpdateId":1,"bids":[],"asks":[]}')).toEqual({ kind: 'ignored', event: undefined });
  });

  test('reads answers and warnings of the connection', () => {
    const answer = { kind: 'control', control: 'answer' };
    expect(parseStreamMessage('{"result":null,"id":7}')).toEqual({ ...answer, id: 7, error: undefined });
    expect(parseStreamMessage('{"error":{"code":2,"msg":"Invalid request"},"id":"a"}')).toEqual({
      ...answer,
      id: 'a',
      error: '2: Invalid request',
    });
    expect(parseStreamMessage('{"code":-1003,"msg":"Too many"}')).toMatchObject({
      ...answer,
      error: '-1003: Too many',
    });
    const shutdown = { kind: 'control', control: 'serverShutdown' };
    expect(parseStreamMessage('{"e":"serverShutdown","E":1770123456789}')).toEqual(shutdown);
    expect(parseStreamMessage('{"stream":"x","data":{"e":"serverShutdown","E":1}}')).toEqual(shutdown);
  });

  test('says whose message it is that cannot be read', () => {
    const garbage = (text: string) => parseStreamMessage(text) as { kind: string; symbol?: string };
    expect(garbage(spotDepth.slice(0, 60))).toEqual({
      kind: 'garbage',
      symbol: 'NKNUSDT',
      of: 'depth',
      reason: 'no JSON',
    });
    expect(garbage(spotDepth.slice(40, 120)).kind).toBe('garbage');
    expect(garbage(spotDepth.replace('"U":499869750', '"U":"x"')).symbol).toBe('NKNUSDT');
    expect(garbage(spotDepth.replace('"s":"NKNUSDT",', ''))).toMatchObject({ kind: 'garbage', symbol: 'NKNUSDT' });
    expect(garbage(spotDepth.replace('6195.00000000', 'abc'))).toMatchObject({ kind: 'garbage', symbol: 'NKNUSDT' });
    expect(garbage(spotDepth.replace('499869752', '9007199254740993'))).toMatchObject({ kind: 'garbage' });
    expect(garbage(spotDepth.replace('499869752', '499869749'))).toMatchObject({ kind: 'garbage' });
    expect(garbage(spotTicker.replace('672.0', '6'.repeat(70)))).toMatchObject({ kind: 'garbage', symbol: 'NKNUSDT' });
    expect(garbage('')).toEqual({ kind: 'garbage', symbol: undefined, of: undefined, reason: 'no JSON' });
    expect(garbage('null').kind).toBe('garbage');
    expect(garbage('[]').kind).toBe('garbage');
  });

  test('says what a message that cannot be read would have been', () => {
    const of = (text: string) => (parseStreamMessage(text) as { of?: string }).of;
    expect(of(usdmDepth.replace('"U"', '"V"'))).toBe('depth');
    expect(of(spotTicker.replace('672', 'x'))).toBe('ticker');
    expect(of(aggTrade.replace('"m":false', '"m":0'))).toBe('trade');
    expect([spotTicker, aggTrade, spotTrade].map((text) => of(text.slice(0, -1)))).toEqual([
      'ticker',
      'trade',
      'trade',
    ]);
    expect(of(kline.slice(0, -1))).toBeUndefined();
    expect(of('x')).toBeUndefined();
    expect(of('{"stream":"btcusdt@depth@100ms","data":null}')).toBe('depth');
  });

  test('does not even look into a message that is too long', () => {
    expect(parseStreamMessage(Buffer.alloc(messageBytesMax + 1, 'x'))).toMatchObject({ kind: 'garbage' });
  });

  test('never throws, whatever comes', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), mutated()), (text) => {
        expect(parseStreamMessage(text).kind).toMatch(/^(depth|ticker|trade|control|ignored|garbage)$/);
      }),
      { numRuns: 2000 },
    );
  });
});

describe(scanMessage, () => {
  test.each([spotDepth, usdmDepth, coinmDepth, spotTicker, coinmTicker, spotTrade, aggTrade])('reads %j', (text) => {
    expect(scanMessage(text)).toEqual(parseMessageJson(text));
  });

  test('reads what JSON.parse reads, with fields in any order, of spot and futures, combined and raw', () => {
    fc.assert(
      fc.property(wellFormed(), (text) => {
        expect(scanMessage(text)).toEqual(parseMessageJson(text));
      }),
      { numRuns: 1000 },
    );
  });

  test('leaves to JSON.parse whatever it would read otherwise', () => {
    fc.assert(
      fc.property(mutated(), (text) => {
        const scanned = scanMessage(text);
        if (scanned !== undefined) expect(scanned).toEqual(parseMessageJson(text));
      }),
      { numRuns: 10_000 },
    );
  });

  test.each([
    spotDepth.replace('"U":499869750', '"U":499869750,"U":499869751'),
    spotDepth.replace('"U":499869750', '"U":0499869750'),
    spotDepth.replace('"U":499869750', '"U":4.99869750e8'),
    spotDepth.replace('"NKNUSDT"', '"NKN\\u0055SDT"'),
    spotDepth.replace('{"e"', '{ "e"'),
    spotDepth.replace('"b":[', '"b":[["1","2",[]],'),
    `${spotDepth} `,
    spotDepth.slice(0, -1),
    `${spotDepth}}`,
  ])('leaves %j', (text) => {
    expect(scanMessage(text)).toBeUndefined();
  });
});

function wellFormed() {
  const id = fc.nat(2 ** 31 - 1);
  const decimal = fc
    .tuple(fc.nat(99_999), fc.option(fc.stringMatching(/^[0-9]{1,8}$/)))
    .map(([whole, fraction]) => (fraction === null ? `${whole}` : `${whole}.${fraction}`));
  const levels = fc.array(fc.tuple(decimal, decimal), { maxLength: 5 });
  const symbol = fc.constantFrom('BTCUSDT', 'BCHUSD_PERP', '币安人生USDT');
  const depth = fc.record(
    {
      e: fc.constant('depthUpdate'),
      E: id,
      T: id,
      s: symbol,
      ps: symbol,
      U: fc.nat(1000),
      u: fc.integer({ min: 1000 }),
      pu: id,
      b: levels,
      a: levels,
    },
    { requiredKeys: ['e', 'E', 's', 'U', 'u', 'b', 'a'] },
  );
  const ticker = fc.record(
    { e: fc.constant('bookTicker'), u: id, s: symbol, b: decimal, B: decimal, a: decimal, A: decimal, T: id, E: id },
    { requiredKeys: ['u', 's', 'b', 'B', 'a', 'A'] },
  );
  const trade = fc.record(
    {
      e: fc.constantFrom('trade', 'aggTrade'),
      E: id,
      s: symbol,
      t: id,
      a: id,
      p: decimal,
      q: decimal,
      T: id,
      m: fc.boolean(),
      M: fc.boolean(),
    },
    { requiredKeys: ['e', 'E', 's', 't', 'a', 'p', 'q', 'T', 'm'] },
  );
  return fc
    .tuple(fc.oneof(depth, ticker, trade), fc.infiniteStream(fc.nat(1000)), fc.boolean())
    .map(([data, ranks, isCombined]) => {
      const text = JSON.stringify(Object.fromEntries(shuffled(Object.entries(data), ranks)));
      return isCombined ? `{"stream":"btcusdt@depth@100ms","data":${text}}` : text;
    });
}

function shuffled<T>(items: readonly T[], ranks: Iterator<number>): T[] {
  return items
    .map((item) => ({ item, rank: ranks.next().value as number }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ item }) => item);
}

/** A message that some characters were changed, put in or left out of. */
function mutated() {
  const character = fc.constantFrom(...'{}[]",:.0123456789eEuUbBaAspqmT \\-xn\n');
  const edit = fc.record({
    where: fc.double({ min: 0, max: 1, noNaN: true }),
    cut: fc.nat(2),
    put: fc.array(character, { maxLength: 2 }),
  });
  return fc
    .tuple(
      fc.oneof(
        fc.constantFrom(spotDepth, usdmDepth, coinmDepth, spotTicker, coinmTicker, spotTrade, aggTrade, kline),
        wellFormed(),
      ),
      fc.array(edit, { minLength: 1, maxLength: 3 }),
    )
    .map(([message, edits]) =>
      edits.reduce((text, { where, cut, put }) => {
        const at = Math.floor(where * text.length);
        return text.slice(0, at) + put.join('') + text.slice(at + cut);
      }, message),
    );
}
