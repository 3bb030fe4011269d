import { describe, expect, it } from 'vitest';
import { compareFees } from './compare-fees.ts';

type Row = Parameters<typeof compareFees>[0][number];

describe(compareFees, () => {
  it('puts networks of one currency in order from cheap to dear, those that do not tell at the end', () => {
    const rows = [
      rowOf('dear', 'ETH', '300', '40'),
      rowOf('silent', 'ETH', null, null),
      rowOf('cheap', 'ETH', '100', null),
      rowOf('alike', 'ETH', '100', '7'),
      rowOf('foreign', 'MATIC', '5', null),
    ];
    expect(compareFees(rows, false)).toEqual([
      {
        nativeCurrency: 'ETH',
        decimals: 18,
        by: 'executionFeeMean',
        networks: [
          { network: 'alike', name: 'alike', rank: 1, executionFee: '100', l1DataFee: '7', timesCheapest: 1 },
          { network: 'cheap', name: 'cheap', rank: 1, executionFee: '100', l1DataFee: null, timesCheapest: 1 },
          { network: 'dear', name: 'dear', rank: 3, executionFee: '300', l1DataFee: '40', timesCheapest: 3 },
          { network: 'silent', name: 'silent', rank: null, executionFee: null, l1DataFee: null, timesCheapest: null },
        ],
      },
      {
        nativeCurrency: 'MATIC',
        decimals: 18,
        by: 'executionFeeMean',
        networks: [
          { network: 'foreign', name: 'foreign', rank: 1, executionFee: '5', l1DataFee: null, timesCheapest: 1 },
        ],
      },
    ]);
  });

  it('compares no units of one ticker that are of different sizes', () => {
    const small = { ...rowOf('small', 'ETH', '1', null), nativeCurrency: { symbol: 'ETH', decimals: 9 } };
    expect(compareFees([rowOf('usual', 'ETH', '5', null), small], false)).toMatchObject([
      { nativeCurrency: 'ETH', decimals: 9, networks: [{ network: 'small', rank: 1 }] },
      { nativeCurrency: 'ETH', decimals: 18, networks: [{ network: 'usual', rank: 1 }] },
    ]);
  });

  it('compares medians exactly, however large, and nothing with what is free', () => {
    const huge = (2n ** 200n).toString();
    const rows = [rowOf('b', 'ETH', '1', null, `${huge.slice(0, -1)}9`), rowOf('a', 'ETH', '2', null, huge)];
    expect(compareFees(rows, true)).toMatchObject([
      {
        by: 'executionFeeP50',
        networks: [
          { network: 'a', rank: 1, executionFee: huge },
          { network: 'b', rank: 2 },
        ],
      },
    ]);
    const [free] = compareFees([rowOf('free', 'ETH', '0', null), rowOf('paid', 'ETH', '9', null)], false);
    expect(free?.networks.map(({ timesCheapest }) => timesCheapest)).toEqual([null, null]);
  });
});

function rowOf(network: string, symbol: string, mean: string | null, l1: string | null, median = mean): Row {
  const figures = { executionFeeMean: mean, l1DataFeeMean: l1 };
  const details = { figures: { executionFeeP50: median, l1DataFeeP50: l1 } };
  return { network, name: network, nativeCurrency: { symbol, decimals: 18 }, figures, details } as Row;
}
