import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BookError, canonicalLevels, createLevelBuffer, noScales, scanLevels } from './order-book-levels.ts';

const scales = { priceScale: 2, sizeScale: 3, pricePlaces: 8, sizePlaces: 8 };

describe(scanLevels, () => {
  test('reads levels as integers of the scale', () => {
    const buffer = createLevelBuffer();
    expect(scanLevels('[["1.50","0.125"],["20","0"],["0.01000000","7.1"]]', scales, buffer, { ...noScales })).toBe(
      'done',
    );
    expect(contentOf(buffer)).toEqual([
      [150, 125],
      [2000, 0],
      [1, 7100],
    ]);
  });

  test('reads no levels', () => {
    expect(scanLevels('[]', scales, createLevelBuffer(), { ...noScales })).toBe('done');
  });

  test('says how many decimals matter, and how many are written, when they are more than are counted', () => {
    const needed = { ...scales };
    const text = '[["1.501","1"],["0.00010","1"],["1.000000000","1.0001"]]';
    expect(scanLevels(text, scales, createLevelBuffer(), needed)).toBe('finer');
    expect(needed).toEqual({ priceScale: 4, sizeScale: 4, pricePlaces: 9, sizePlaces: 8 });
    expect(scanLevels(text, needed, createLevelBuffer(), needed)).toBe('done');
  });

  test('refuses a number that is not exact as a float', () => {
    expect(scanLevels('[["1","9007199254740.991"]]', scales, createLevelBuffer(), { ...noScales })).toBe('done');
    expect(() => scanLevels('[["1","9007199254740.992"]]', scales, createLevelBuffer(), { ...noScales })).toThrow(
      BookError,
    );
    expect(() => scanLevels(`[["1","${'9'.repeat(400)}"]]`, scales, createLevelBuffer(), { ...noScales })).toThrow(
      BookError,
    );
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
    expect(scanLevels(text, scales, createLevelBuffer(), { ...noScales })).toBe('other');
  });

  test('never throws anything but a BookError, whatever the text', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[[\]",.0-9 ]{0,40}$/), (text) => {
        try {
          scanLevels(text, scales, createLevelBuffer(), { ...noScales });
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

function contentOf({ count, prices, sizes }: ReturnType<typeof createLevelBuffer>): number[][] {
  return Array.from({ length: count }, (_, at) => [prices[at] as number, sizes[at] as number]);
}
