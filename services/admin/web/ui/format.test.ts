import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatCount, formatGwei, formatRate, formatSeconds, formatShare, formatWei, unknown } from './format.ts';

describe(formatWei, () => {
  it.each([
    ['0', '0 ETH'],
    ['7', '7 wei'],
    ['21000000000', '21 gwei'],
    ['1500000000', '1.5 gwei'],
    ['1234567890123456', '0.00123 ETH'],
    ['1500000000000000000', '1.5 ETH'],
    ['123456789012345678901234567890', '123.46B ETH'],
  ])('writes %s wei as %s', (wei, text) => {
    expect(formatWei(wei)).toBe(text);
  });

  it('says nothing of what is not known, and never a zero', () => {
    expect([formatWei(null), formatCount(undefined), formatShare(null), formatSeconds(null)]).toEqual([
      unknown,
      unknown,
      unknown,
      unknown,
    ]);
  });

  it('is right to three figures below one unit, of any amount', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 100_000_000_000_000n, max: 999_999_999_999_999_999n }), (wei) => {
        const [text = ''] = formatWei(wei.toString()).split(' ');
        const shown = BigInt(Math.round(Number(text) * 1e18));
        expect(shown <= wei + 1_000n).toBe(true);
        expect(Number(wei - shown) / Number(wei)).toBeLessThan(0.0101);
      }),
    );
  });
});

describe(formatGwei, () => {
  it('writes prices of gas in gwei, tiny ones in wei', () => {
    expect([formatGwei('1000000007'), formatGwei('250000'), formatGwei('30500000000')]).toEqual([
      '1 gwei',
      '250000 wei',
      '30.5 gwei',
    ]);
  });
});

describe(formatRate, () => {
  it('keeps three figures', () => {
    expect([formatRate(0), formatRate(0.012345), formatRate(12.3456), formatRate(1234.5)]).toEqual([
      '0',
      '0.0123',
      '12.3',
      '1,235',
    ]);
  });
});

describe(formatSeconds, () => {
  it('grows from seconds to days', () => {
    expect([1.234, 90, 600, 7_200, 259_200].map(formatSeconds)).toEqual(['1.23 s', '90 s', '10 min', '2 h', '3 d']);
  });
});
