import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fitExponent } from './exponent.ts';

describe(fitExponent.name, () => {
  it('finds the exponent of a power, whatever its factor', () => {
    const exponent = fc.double({ min: -3, max: 3, noNaN: true });
    const factor = fc.double({ min: 0.001, max: 1000, noNaN: true });
    fc.assert(
      fc.property(exponent, factor, (wanted, times) => {
        const points = [1, 4, 16].map((size) => ({ size, seconds: times * size ** wanted }));
        expect(fitExponent(points)).toBeCloseTo(wanted, 6);
      }),
    );
  });

  it('lies between when growth is not even', () => {
    const points = [
      { size: 1, seconds: 1 },
      { size: 4, seconds: 4 },
      { size: 16, seconds: 64 },
    ];
    expect(fitExponent(points)).toBeCloseTo(1.5, 6);
  });

  it('is not known of fewer than two sizes', () => {
    expect(fitExponent([])).toBeUndefined();
    expect(
      fitExponent([
        { size: 4, seconds: 1 },
        { size: 4, seconds: 2 },
      ]),
    ).toBeUndefined();
  });
});
