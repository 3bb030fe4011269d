import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BookError, canonicalLevels, createLevelBuffer, scanLevels, widenScales } from './order-book-levels.ts';

const scales = { priceScale: 2, sizeScale: 3, pricePlaces: 8, sizePlaces: 8 };

describe(scanLevels, () => {
  test('reads levels as integers of the scale', () => {
    const buffer = createLevelBuffer();
    expect(scanLevels('[["1.50","0.125"],["20","0"],["0.01000000","7.1"]]', scales, buffer)).toBe('done');
    expect(contentOf(buffer)).toEqual([
      [150, 125],
      [2000, 0],
      [1, 7100],
    ]);
  });

  test('reads no levels', () => {
    expect(scanLevels('[]', scales, createLevelBuffer())).toBe('done');
  });

  test('says when a number has more decimals that matter, or is written with more, than are counted', () => {
    expect(scanLevels('[["1.501","1"]]', scales, createLevelBuffer())).toBe('finer');
    expect(scanLevels('[["1","1.0001"]]', scales, createLevelBuffer())).toBe('finer');
    expect(scanLevels('[["1.000000000","1"]]', scales, createLevelBuffer())).toBe('finer');
  });

  test('refuses a number that is not exact as a float', () => {
    expect(scanLevels('[["1","9007199254740.991"]]', scales, createLevelBuffer())).toBe('done');
    expect(() => scanLevels('[["1","9007199254740.992"]]', scales, createLevelBuffer())).toThrow(BookError);
    expect(() => scanLevels(`[["1","${'9'.repeat(400)}"]]`, scales, createLevelBuffer())).toThrow(BookError);
  });

  test.each([
    '',
    '[',
    ']',
    '{}',
    '[[]]',
    '[["1"]]',
    '[["1","2"]',
    '["1","2"]]',
    '[["1","2"],]',
    '[["1","2"]["1","2"]]',
    '[["1","2",[]]]',
    '[["1",2]]',
    '[["1.","2"]]',
    '[[".1","2"]]',
    '[["-1","2"]]',
    '[["1e3","2"]]',
    '[["","2"]]',
    '[ ["1","2"]]',
    '[["1","2"]] ',
    '[["1","2"]]]',
    '[["1","2"]x]',
  ])('leaves %j to others', (text) => {
    expect(scanLevels(text, scales, createLevelBuffer())).toBe('other');
  });

  test('never throws anything but a BookError, whatever the text', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[[\]",.0-9 ]{0,40}$/), (text) => {
        try {
          scanLevels(text, scales, createLevelBuffer());
        } catch (error) {
          expect(error).toBeInstanceOf(BookError);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe(canonicalLevels, () => {
  test('takes spaces and further elements away', () => {
    expect(canonicalLevels('[ ["1.0", "2"], ["3","0",[]] ]')).toBe('[["1.0","2"],["3","0"]]');
  });

  test.each(['', 'null', '{}', '[["1"]]', '[[1,2]]', '[["1","x"]]', '[["-1","2"]]', '["1","2"]'])(
    'refuses %j',
    (text) => {
      expect(() => canonicalLevels(text)).toThrow(BookError);
    },
  );
});

describe(widenScales, () => {
  test('counts decimals that matter, and those that are written', () => {
    const none = { priceScale: 0, sizeScale: 0, pricePlaces: 0, sizePlaces: 0 };
    expect(widenScales(none, ['[["1.2500","3"]]', '[["0.00010000","20.0"]]'])).toEqual({
      priceScale: 4,
      sizeScale: 0,
      pricePlaces: 8,
      sizePlaces: 1,
    });
  });

  test('refuses more decimals than can be counted', () => {
    expect(() => widenScales(scales, ['[["0.0000000000000001","1"]]'])).toThrow(BookError);
  });
});

function contentOf({ count, prices, sizes }: ReturnType<typeof createLevelBuffer>): number[][] {
  return Array.from({ length: count }, (_, at) => [prices[at] as number, sizes[at] as number]);
}
