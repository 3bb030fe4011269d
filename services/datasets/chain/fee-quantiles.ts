// How fees and prices of transactions are read where a sum would not do: exactly, over all of them.

/** An aggregate function: of n known values in ascending order those at places floor(p * n), for p10, p50, p90, p95, p99. */
export const feeQuantiles = 'quantilesExact(0.1, 0.5, 0.9, 0.95, 0.99)';

/** Transactions whose gas used * `price` does not fit 256 bits: it would wrap around. No chain has such fees, and none is better than a wrong one. */
export function countTooWide(price: string): string {
  return `countIf((bitShiftRight(gas_used, 64) != 0 OR bitShiftRight(${price}, 192) != 0)
      AND ${price} != 0 AND intDivOrZero(gas_used * ${price}, ${price}) != gas_used)`;
}
