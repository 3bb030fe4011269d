import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatDecimal, parseDecimal } from './decimal.ts';
import { createOrderBook, type OrderBook } from './order-book.ts';
import { BookError } from './order-book-levels.ts';

const whole = { bidFloor: null, askCeiling: null };
type Level = readonly [price: string, size: string];

describe(createOrderBook, () => {
  test('knows nothing at first', () => {
    const book = createOrderBook();
    expect(book.best()).toEqual({ bid: null, bidSize: null, ask: null, askSize: null });
    expect(book.levelsText('bid')).toBe('[]');
    expect(book).toMatchObject({ levelCount: 0, bidFloor: null, askCeiling: null });
    expect(book.isCrossed()).toBe(false);
    expect(book.depthWithin('bid', 10)).toBeNull();
  });

  test('sets, replaces and takes away levels, and writes them as they were written', () => {
    const book = bookOf(
      [
        ['99.50', '1.000'],
        ['99.00', '2.000'],
      ],
      [['100.00', '3.000']],
    );
    book.apply(
      sides(
        [
          ['99.50', '0.000'],
          ['98.00', '0.000'],
          ['99.25', '5.500'],
        ],
        [
          ['100.00', '4.000'],
          ['101.00', '1.000'],
        ],
      ),
    );
    expect(book.levels('bid')).toEqual([
      ['99.25', '5.500'],
      ['99.00', '2.000'],
    ]);
    expect(book.levels('ask', 1)).toEqual([['100.00', '4.000']]);
    expect(book.best()).toEqual({ bid: '99.25', bidSize: '5.500', ask: '100.00', askSize: '4.000' });
    expect(book.levelCount).toBe(4);
  });

  test('takes a finer price or size than all before it', () => {
    const book = bookOf([['99', '1']], [['100', '3']]);
    book.apply(sides([['99.123456', '0.5']], []));
    expect(book.levels('bid')).toEqual([
      ['99.123456', '0.5'],
      ['99.000000', '1.0'],
    ]);
    expect(book.best().ask).toBe('100.000000');
  });

  test('holds sizes that trailing zeros would put beyond 2^53', () => {
    const book = bookOf([['0.00000812', '123456789012.00000000']], []);
    expect(book.levels('bid')).toEqual([['0.00000812', '123456789012.00000000']]);
  });

  test('reads levels with spaces, as PostgreSQL writes JSON', () => {
    const book = bookOf([], []);
    book.apply({ bids: '[["99", "1"], ["98", "2"]]', asks: '[ ]' });
    expect(book.levelsText('bid')).toBe('[["99","1"],["98","2"]]');
  });

  test.each([
    ['bids that are no levels', '[["99","x"]]', '[]'],
    ['asks that are no levels, after bids that are', '[["99","7"]]', 'null'],
    ['a number beyond 2^53', '[["99","7"]]', '[["100","99999999999999999"]]'],
    ['a number that would put the rest beyond 2^53', '[["99","7"]]', '[["100","0.000000000000001"]]'],
    ['too many decimals', '[["99","7"]]', '[["100","0.00000000000000001"]]'],
  ])('is not changed by %s', (_, bids, asks) => {
    const book = bookOf(
      [
        ['99', '1'],
        ['98', '2'],
      ],
      [['100', '3000']],
    );
    expect(() => book.apply({ bids, asks })).toThrow(BookError);
    expect(() => book.load({ bids, asks: 'null' }, whole)).toThrow(BookError);
    expect(book.levelsText('bid')).toBe('[["99","1"],["98","2"]]');
    expect(book.levelsText('ask')).toBe('[["100","3000"]]');
  });

  test('is crossed when the best bid is not below the best ask', () => {
    const book = bookOf([['99', '1']], [['100', '1']]);
    expect(book.isCrossed()).toBe(false);
    book.apply(sides([['100.0', '1']], []));
    expect(book.isCrossed()).toBe(true);
    book.apply(sides([['100', '0']], []));
    expect(book.isCrossed()).toBe(false);
  });

  test('does not call a level the best that may have better ones beyond what is known', () => {
    const book = createOrderBook();
    book.load(
      sides(
        [
          ['99', '1'],
          ['98', '1'],
        ],
        [['100', '1']],
      ),
      { bidFloor: '98', askCeiling: null },
    );
    book.apply(
      sides(
        [
          ['99', '0'],
          ['98', '0'],
          ['90', '5'],
        ],
        [],
      ),
    );
    expect(book.best()).toEqual({ bid: null, bidSize: null, ask: '100', askSize: '1' });
    expect(book.levels('bid')).toEqual([['90', '5']]);
    expect(book.bidFloor).toBe('98');
    book.apply(sides([['98.5', '2']], []));
    expect(book.best()).toMatchObject({ bid: '98.5', bidSize: '2' });
    expect(book.knownCount('bid')).toBe(1);
  });

  test('counts depth exactly, and not beyond what is known', () => {
    const book = createOrderBook();
    const bids: Level[] = [
      ['99.95', '0.1'],
      ['99.90', '0.2'],
      ['99.85', '0.7'],
      ['99', '4'],
    ];
    book.load(
      sides(bids, [
        ['100.05', '1'],
        ['100.10', '2'],
      ]),
      { bidFloor: '99', askCeiling: '100.10' },
    );
    // The middle is 100.
    expect(book.depthWithin('bid', 4)).toBe('0.0');
    expect(book.depthWithin('bid', 5)).toBe('0.1');
    expect(book.depthWithin('bid', 10)).toBe('0.3');
    expect(book.depthWithin('bid', 14)).toBe('0.3');
    expect(book.depthWithin('bid', 15)).toBe('1.0');
    expect(book.depthWithin('bid', 100)).toBe('5.0');
    expect(book.depthWithin('bid', 101)).toBeNull();
    expect(book.depthWithin('ask', 5)).toBe('1.0');
    expect(book.depthWithin('ask', 10)).toBe('3.0');
    expect(book.depthWithin('ask', 11)).toBeNull();
    expect(Number(book.quoteWithin('bid', 10))).toBe(29.975); // 0.1 × 99.95 + 0.2 × 99.90
    expect(Number(book.quoteWithin('ask', 10))).toBe(300.25); // 100.05 + 2 × 100.10
    expect(book.quoteWithin('ask', 11)).toBeNull();
    expect(() => book.depthWithin('ask', 0.5)).toThrow(RangeError);
  });

  test('adds up to more than 2^53', () => {
    const size = '9007199254740991';
    const book = bookOf(
      [
        ['100', size],
        ['99', size],
        ['98', size],
      ],
      [['101', '1']],
    );
    expect(book.depthWithin('bid', 1000)).toBe('27021597764222973');
    expect(book.quoteWithin('bid', 1000)).toBe(String(9007199254740991n * (100n + 99n + 98n)));
  });

  test('forgets all', () => {
    const book = bookOf([['99', '1']], [['100', '1']]);
    book.load(sides([['50.5', '1']], []), { bidFloor: '50.5', askCeiling: null });
    expect(book.levelsText('bid') + book.levelsText('ask')).toBe('[["50.5","1"]][]');
    book.clear();
    expect(book).toMatchObject({ levelCount: 0, bidFloor: null });
    book.apply(sides([['50', '1']], []));
    expect(book.best().bid).toBe('50');
  });

  test('equals a plain book after any updates', () => {
    fc.assert(
      fc.property(fc.array(update(), { maxLength: 30 }), (updates) => {
        const book = createOrderBook();
        const plain = { bid: new Map<bigint, bigint>(), ask: new Map<bigint, bigint>() };
        for (const { bids, asks } of updates) {
          book.apply(sides(bids, asks));
          for (const level of bids) setPlain(plain.bid, level);
          for (const level of asks) setPlain(plain.ask, level);
          for (const side of ['bid', 'ask'] as const)
            expect(book.levels(side).map(canonical)).toEqual(plainLevels(side, plain[side]));
        }
        expect(book.isCrossed()).toBe(isPlainCrossed(plain));
        for (const side of ['bid', 'ask'] as const)
          for (const bps of [0, 5, 50, 3000]) expect(depthOf(book, side, bps)).toBe(plainDepth(plain, side, bps));
      }),
      { numRuns: 300 },
    );
  });

  test('is the same again when its levels are loaded into another', () => {
    fc.assert(
      fc.property(fc.array(update(), { minLength: 1, maxLength: 10 }), (updates) => {
        const book = createOrderBook();
        const [first, ...rest] = updates.map(({ bids, asks }) => sides(bids, asks));
        book.load(first as { bids: string; asks: string }, { bidFloor: '2.5', askCeiling: null });
        for (const each of rest) book.apply(each);
        const copy = createOrderBook();
        copy.load({ bids: book.levelsText('bid'), asks: book.levelsText('ask') }, book);
        expect(copy.levels('bid').map(canonical)).toEqual(book.levels('bid').map(canonical));
        expect(copy.levels('ask').map(canonical)).toEqual(book.levels('ask').map(canonical));
        expect(copy.knownCount('bid')).toBe(book.knownCount('bid'));
        expect(depthOf(copy, 'bid', 40)).toBe(depthOf(book, 'bid', 40));
      }),
    );
  });
});

function update() {
  const price = fc
    .tuple(fc.integer({ min: 1, max: 60 }), fc.nat(2))
    .map(([units, scale]) => formatDecimal(units, scale, scale + 1));
  const size = fc.oneof(
    fc.constant('0.000'),
    fc.tuple(fc.nat(999), fc.nat(3)).map(([units, scale]) => formatDecimal(units, scale)),
  );
  const levels = fc.array(fc.tuple(price, size), { maxLength: 12 });
  return fc.record({ bids: levels, asks: levels });
}

function bookOf(bids: readonly Level[], asks: readonly Level[]): OrderBook {
  const book = createOrderBook();
  book.load(sides(bids, asks), whole);
  return book;
}

function sides(bids: readonly Level[], asks: readonly Level[]) {
  return { bids: JSON.stringify(bids), asks: JSON.stringify(asks) };
}

/** Of everything here: four decimals are enough. */
function units(text: string): bigint {
  const { units: of, scale } = parseDecimal(text);
  return of * 10n ** BigInt(4 - scale);
}

function canonical([price, size]: Level): [bigint, bigint] {
  return [units(price), units(size)];
}

function setPlain(side: Map<bigint, bigint>, level: Level): void {
  const [price, size] = canonical(level);
  if (size === 0n) side.delete(price);
  else side.set(price, size);
}

function plainLevels(side: 'bid' | 'ask', levels: ReadonlyMap<bigint, bigint>): [bigint, bigint][] {
  const best = side === 'bid' ? -1 : 1;
  return [...levels].sort(([a], [b]) => (a < b ? -best : best));
}

interface PlainBook {
  readonly bid: ReadonlyMap<bigint, bigint>;
  readonly ask: ReadonlyMap<bigint, bigint>;
}

function isPlainCrossed({ bid, ask }: PlainBook): boolean {
  return [...bid.keys()].some((of) => [...ask.keys()].some((other) => of >= other));
}

function depthOf(book: OrderBook, side: 'bid' | 'ask', bps: number): bigint | null {
  const depth = book.depthWithin(side, bps);
  return depth === null ? null : units(depth);
}

function plainDepth(plain: PlainBook, side: 'bid' | 'ask', bps: number): bigint | null {
  const [bid, ask] = [plainLevels('bid', plain.bid)[0], plainLevels('ask', plain.ask)[0]];
  if (bid === undefined || ask === undefined) return null;
  const middle = bid[0] + ask[0];
  const isWithin = (price: bigint) =>
    side === 'bid'
      ? price * 20_000n >= middle * BigInt(10_000 - bps)
      : price * 20_000n <= middle * BigInt(10_000 + bps);
  return [...plain[side]].reduce((sum, [price, size]) => (isWithin(price) ? sum + size : sum), 0n);
}
