import type { GasFeesAnswer } from '../../contracts/fees-answers.ts';
import { byCurrency } from './by-currency.ts';
import { rank } from './rank.ts';

type Comparison = GasFeesAnswer['comparison'];
type Row = Pick<GasFeesAnswer['networks'][number], 'network' | 'name' | 'nativeCurrency' | 'figures' | 'details'>;

/** Networks from cheap to dear, those of one currency together: by the median of the execution fee if there are `medians`, else its mean. */
export function compareFees(rows: readonly Row[], medians: boolean): Comparison {
  const feesOf = ({ figures, details }: Row) =>
    medians
      ? { execution: details?.figures.executionFeeP50 ?? null, l1: details?.figures.l1DataFeeP50 ?? null }
      : { execution: figures?.executionFeeMean ?? null, l1: figures?.l1DataFeeMean ?? null };
  return byCurrency(rows).map(({ currency, rows: group }) => {
    const ranked = rank(
      group.map((row) => ({ network: { id: row.network }, row, value: feesOf(row).execution })),
      'asc',
    );
    const cheapest = ranked[0]?.value ?? null;
    return {
      nativeCurrency: currency.symbol,
      decimals: currency.decimals,
      by: medians ? ('executionFeeP50' as const) : ('executionFeeMean' as const),
      networks: ranked.map(({ row, rank: place }) => {
        const { execution, l1 } = feesOf(row);
        return {
          network: row.network,
          name: row.name,
          rank: place,
          executionFee: execution,
          l1DataFee: l1,
          timesCheapest:
            execution === null || cheapest === null || cheapest === '0' ? null : Number(execution) / Number(cheapest),
        };
      }),
    };
  });
}
