import type { OverviewAnswer, OverviewRow } from '../../contracts/analytics-answers.ts';
import type { ProtocolUses } from '../../datasets/chain/protocol-sums.ts';
import { byCurrency } from './by-currency.ts';

type Figures = NonNullable<OverviewRow['figures']>;
type Totals = OverviewAnswer['totals'];

/** What the rows that count add up to; null where none does. */
export function totalsOf(rows: readonly OverviewRow[], calls: readonly Pick<ProtocolUses, 'calls'>[]): Totals {
  const counted = rows.filter((row) => row.counted);
  const sum = (of: (figures: Figures) => number | null) => sumOf(counted.map(({ figures }) => figures && of(figures)));
  return {
    networks: rows.length,
    byState: countBy(rows.map(({ sync }) => sync.state)),
    byStatus: countBy(rows.map(({ status }) => status)),
    counted: counted.length,
    complete: counted.length > 0 && counted.every(({ coverage }) => coverage?.complete === true),
    blocks: sum(({ blocks }) => blocks),
    transactions: sum(({ transactions }) => transactions),
    userOperations: sum(({ userOperations }) => userOperations),
    tps: sum(({ tps }) => tps),
    protocolCalls: counted.length === 0 ? null : (sumOf(calls.map((each) => each.calls)) ?? 0),
    fees: feesOf(counted),
  };
}

function feesOf(counted: readonly OverviewRow[]): Totals['fees'] {
  return byCurrency(counted)
    .map(({ currency, rows }) => {
      const figures = rows.flatMap((row) => (row.figures === null ? [] : [row.figures]));
      const telling = figures.filter((each) => each.executionFeesTotal !== null || each.l1DataFeesTotal !== null);
      return {
        nativeCurrency: currency.symbol,
        decimals: currency.decimals,
        networks: telling.length,
        executionFeesTotal: weiOf(figures.map((each) => each.executionFeesTotal)),
        l1DataFeesTotal: weiOf(figures.map((each) => each.l1DataFeesTotal)),
      };
    })
    .filter(({ networks }) => networks > 0);
}

function sumOf(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((a, b) => a + b, 0);
}

function weiOf(values: readonly (string | null)[]): string | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + BigInt(value), 0n).toString();
}

function countBy(words: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}
