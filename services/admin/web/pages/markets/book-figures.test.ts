import { describe, expect, it } from 'vitest';
import { depthsOf, spreadOf } from './book-figures.ts';

describe(spreadOf, () => {
  it('is exact in the digits of the exchange', () => {
    expect(spreadOf({ bids: [['0.10', '1']], asks: [['0.3000', '1']] })).toEqual({
      spread: '0.2000',
      basisPoints: '10000.00',
    });
  });

  it('is nothing while a side is empty', () => {
    expect(spreadOf({ bids: [], asks: [['1', '1']] })).toBeUndefined();
  });
});

describe(depthsOf, () => {
  it('grows to the whole', () => {
    expect(
      depthsOf([
        ['3', '1'],
        ['2', '1'],
        ['1', '2'],
      ]),
    ).toEqual([0.25, 0.5, 1]);
  });
});
