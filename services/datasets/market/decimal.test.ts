import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatDecimal, isSameDecimal, parseDecimal } from './decimal.ts';

describe(parseDecimal, () => {
  test('reads a decimal with as many decimals as it is written with', () => {
    expect(parseDecimal('0.00120000')).toEqual({ units: 120_000n, scale: 8 });
    expect(parseDecimal('-31500')).toEqual({ units: -31_500n, scale: 0 });
  });

  test('reads a number beyond 2^53 exactly', () => {
    expect(parseDecimal('98765432109876543210.12345678').units).toBe(9_876_543_210_987_654_321_012_345_678n);
  });

  test.each(['', '.', '1.', '.5', '1e3', '+1', ' 1', '1 ', '1,5', '0x10', 'NaN', '١', '1'.repeat(65)])(
    'refuses %j',
    (text) => {
      expect(() => parseDecimal(text)).toThrow(RangeError);
    },
  );
});

describe(formatDecimal, () => {
  test('writes zeros before and after', () => {
    expect(formatDecimal(12, 4)).toBe('0.0012');
    expect(formatDecimal(12, 4, 8)).toBe('0.00120000');
    expect(formatDecimal(-5n, 1)).toBe('-0.5');
    expect(formatDecimal(7, 0)).toBe('7');
    expect(formatDecimal(7, 0, 2)).toBe('7.00');
  });

  test('is undone by parseDecimal', () => {
    fc.assert(
      fc.property(fc.bigInt(-(10n ** 30n), 10n ** 30n), fc.nat(20), (units, scale) => {
        expect(parseDecimal(formatDecimal(units, scale))).toEqual({ units, scale });
      }),
    );
  });
});

describe(isSameDecimal, () => {
  test('sees through zeros at the end', () => {
    expect(isSameDecimal('1.50', '1.5')).toBe(true);
    expect(isSameDecimal('0', '0.00000000')).toBe(true);
    expect(isSameDecimal('1.5', '1.51')).toBe(false);
    expect(isSameDecimal('10', '1')).toBe(false);
  });
});
