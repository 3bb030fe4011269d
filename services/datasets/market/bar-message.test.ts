import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { buildBar, buildBook, buildTrades } from './bar-fixtures.ts';
import { messageOf, parseBar } from './bar-message.ts';

describe(parseBar, () => {
  test.each([
    ['with nothing in it', buildBar('AB', 0, { book: null, isBookWhole: false })],
    ['with trades and a book', buildBar('币安USDT', 5, { traded: buildTrades(7, 1, 2), revision: 9 })],
    ['of half a book', buildBar('AB.P', 6, { book: buildBook({ bid: null, bidSize: null }) })],
    [
      'of a book whose depth is not known',
      buildBar('AB', 7, { book: buildBook({ depths: buildBook().depths.map((depth) => ({ ...depth, ask: null })) }) }),
    ],
  ])('gives a bar %s as it was', (_, bar) => {
    expect(parseBar(JSON.parse(JSON.stringify(messageOf(bar).value)))).toEqual(bar);
  });

  test('leaves out what a newer collector adds', () => {
    const bar = buildBar('AB', 1);
    expect(parseBar({ ...bar, venue: 'other' })).toEqual(bar);
  });

  const traded = buildTrades(1, 10);
  test.each([
    ['bar', null, /^a bar: is not an object/],
    ['bar', [], /^a bar: is not an object/],
    ['bar', 'text', /^a bar: is not an object/],
    ['symbol', buildBar('', 0), /^symbol: /],
    ['symbol', buildBar('A'.repeat(101), 0), /^symbol: /],
    ['time', buildBar('AB', 0, { timeMs: 1500 }), /^timeMs: 1500 is not the start of a second/],
    ['time', buildBar('AB', 0, { timeMs: 2 ** 32 * 1000 }), /^timeMs: 4294967296000 is not a whole number/],
    ['time', buildBar('AB', 0, { timeMs: -1000 }), /^timeMs: /],
    ['flag', { ...buildBar('AB', 0), isTradesWhole: 1 }, /^isTradesWhole: is not true or false/],
    ['revision', buildBar('AB', 0, { revision: 0 }), /^revision: 0 /],
    ['count', buildBar('AB', 0, { traded: { ...traded, count: 0 } }), /^count: 0 /],
    ['ids', buildBar('AB', 0, { traded: { ...traded, lastId: 0 } }), /^lastId: 0 /],
    ['price', buildBar('AB', 0, { traded: { ...traded, open: '-1' } }), /^open: "-1" is not a decimal/],
    ['price', buildBar('AB', 0, { traded: { ...traded, open: `0.${'0'.repeat(18)}1` } }), /^open: /],
    ['price', { ...buildBar('AB', 0), traded: { ...traded, open: 1 } }, /^open: 1 is not a decimal/],
    ['size', buildBar('AB', 0, { book: buildBook({ bidSize: '1e5' }) }), /^bidSize: "1e5"/],
    ['depths', buildBar('AB', 0, { book: buildBook({ depths: [] }) }), /^depths: is not a list of 5/],
    ['trades', { ...buildBar('AB', 0), traded: undefined }, /^traded: is not an object/],
  ])('refuses a %s that is wrong, and says what it is', (_, value, message) => {
    expect(() => parseBar(value)).toThrow(message);
  });

  test('refuses whatever else comes, with an error of its own', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(...Object.keys(buildBar('AB', 0))), (value, field) => {
        const bar = { ...buildBar('AB', 0), [field]: value };
        try {
          expect(parseBar(bar)).toEqual(bar);
        } catch (error) {
          if (!(error instanceof Error) || error.name !== 'Error') throw error;
        }
      }),
    );
  });
});
