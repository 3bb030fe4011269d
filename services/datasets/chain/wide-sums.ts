// ClickHouse's widest integer has 256 bits and wraps around, as a sum of such integers may. So each is cut into limbs of 128 bits,
// whose sums fit for 2^128 rows, and these are put together again in JavaScript.

/** An array of limbs: the sum of `value`, a UInt256, over the rows where `condition` holds. */
export function wideSumIf(value: string, condition: string): string {
  return `[sumIf(toUInt256(toUInt128(${value})), ${condition}), sumIf(bitShiftRight(${value}, 128), ${condition})]`;
}

/** An array of limbs: the sum of `a * b`. Limbs of 128 by limbs of 64 bits: a product has 192 bits, and the sum of 2^64 of them fits. */
export function wideProductSum(a: string, b: string): string {
  const limbs = [0, 1].flatMap((i) =>
    [0, 1, 2, 3].map(
      (j) => `sum(toUInt256(toUInt128(bitShiftRight(${a}, ${128 * i}))) * toUInt64(bitShiftRight(${b}, ${64 * j})))`,
    ),
  );
  return `[${limbs.join(', ')}]`;
}

/** What `wideSumIf` gave, as one number. */
export function wideSumOf(limbs: readonly string[]): bigint {
  return limbs.reduce((sum, limb, at) => sum + (BigInt(limb) << BigInt(128 * at)), 0n);
}

/** What `wideProductSum` gave, as one number. */
export function wideProductSumOf(limbs: readonly string[]): bigint {
  return limbs.reduce((sum, limb, at) => sum + (BigInt(limb) << BigInt(128 * Math.floor(at / 4) + 64 * (at % 4))), 0n);
}

/** A sum of digits: those that are short, summed, and the others as they are. */
export type DigitsSum = readonly [short: string, long: readonly string[]];

/**
 * The sum of a column of decimal digits of any length: up to 60 digits a value they add up in 256 bits for 10^17 rows. Longer ones,
 * which no honest chain has, are passed on to be added in JavaScript.
 */
export function digitsSum(column: string): string {
  const isShort = `length(${column}) <= 60`;
  return `(sumIf(toUInt256OrZero(${column}), ${isShort}), groupArrayIf(${column}, NOT (${isShort})))`;
}

/** What `digitsSum` gave, as one number. */
export function digitsSumOf([short, long]: DigitsSum): bigint {
  return long.reduce((sum, digits) => sum + BigInt(digits), BigInt(short));
}
