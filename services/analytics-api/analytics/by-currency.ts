import type { Network } from '../../../catalog/schema/network.ts';

type Currency = Network['nativeCurrency'];

/**
 * Rows whose amounts are of one unit together, by ticker: those of the same ticker with other decimals count in another unit, so that
 * their wei are neither added up nor compared.
 */
export function byCurrency<Row extends { readonly nativeCurrency: Currency }>(
  rows: readonly Row[],
): { readonly currency: Currency; readonly rows: Row[] }[] {
  return [...Map.groupBy(rows, ({ nativeCurrency: { symbol, decimals } }) => `${symbol} ${decimals}`).values()]
    .flatMap((some) => (some[0] === undefined ? [] : [{ currency: some[0].nativeCurrency, rows: some }]))
    .sort(({ currency: a }, { currency: b }) =>
      a.symbol === b.symbol ? a.decimals - b.decimals : a.symbol < b.symbol ? -1 : 1,
    );
}
