import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { levelRow, plainDecimal } from './rows.ts';

describe(plainDecimal, () => {
  it.each([
    ['0.35130000', '0.3513'],
    ['6195.00000000', '6195'],
    ['100', '100'],
    ['0', '0'],
    ['0.000', '0'],
    ['007.10', '7.1'],
    ['1e-7', '0.0000001'],
    ['1.25e-8', '0.0000000125'],
    ['1.5e+21', '1500000000000000000000'],
  ])('writes %s as %s', (text, plain) => {
    expect(plainDecimal(text)).toBe(plain);
  });

  it('tells equal numbers by equal text, whoever printed them', () => {
    fc.assert(
      fc.property(fc.nat(1e9), fc.integer({ min: 0, max: 8 }), (units, decimals) => {
        const digits = String(units).padStart(decimals + 1, '0');
        const padded = `${digits.slice(0, digits.length - decimals)}.${digits.slice(digits.length - decimals)}00`;
        expect(plainDecimal(padded)).toBe(plainDecimal(String(units / 10 ** decimals)));
      }),
    );
  });

  it.each(['', '-1', '1,5', 'NaN', '.5'])('takes no "%s"', (text) => {
    expect(() => plainDecimal(text)).toThrow('no decimal number');
  });
});

describe(levelRow, () => {
  it('names the symbol, the side, the price and the size', () => {
    expect(levelRow('BTCUSDT', 'bid', '60000.10000000', '0.50000000')).toBe('BTCUSDT bid 60000.1 0.5');
  });
});
