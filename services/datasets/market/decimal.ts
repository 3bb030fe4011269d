/** `units` × 10^-`scale`, exactly. */
export interface Decimal {
  readonly units: bigint;
  readonly scale: number;
}

const decimalPattern = /^(-?)([0-9]+)(?:\.([0-9]+))?$/;

/** Digits that a number of an exchange never has; longer texts are refused instead of computed with. */
export const decimalLengthMax = 64;

/**
 * What a plain decimal (`0.00120000`, `-3`; no exponent) says, with as many decimals as it is written with.
 * @throws RangeError if the text is something else
 */
export function parseDecimal(text: string): Decimal {
  const match = text.length <= decimalLengthMax ? decimalPattern.exec(text) : null;
  if (match === null) throw new RangeError(`${JSON.stringify(text.slice(0, decimalLengthMax))} is not a plain decimal`);
  const [, sign = '', whole = '', fraction = ''] = match;
  return { units: BigInt(`${sign}${whole}${fraction}`), scale: fraction.length };
}

/** The text of `units` × 10^-`scale` with exactly `places` decimals, `scale` of them if not told. `places` is at least `scale`. */
export function formatDecimal(units: bigint | number, scale: number, places: number = scale): string {
  const negative = units < 0;
  const digits = String(negative ? -units : units).padStart(scale + 1, '0');
  const whole = digits.slice(0, digits.length - scale);
  const sign = negative ? '-' : '';
  if (places === 0) return sign + whole;
  return `${sign}${whole}.${digits.slice(digits.length - scale)}${zeros(places - scale)}`;
}

/** Whether two plain decimals are the same number: `1.50` is `1.5`. */
export function isSameDecimal(a: string, b: string): boolean {
  if (a === b) return true;
  const left = parseDecimal(a);
  const right = parseDecimal(b);
  const scale = Math.max(left.scale, right.scale);
  return unitsAt(left, scale) === unitsAt(right, scale);
}

function unitsAt({ units, scale }: Decimal, finerScale: number): bigint {
  return units * 10n ** BigInt(finerScale - scale);
}

function zeros(count: number): string {
  return count > 0 ? '0'.repeat(count) : '';
}
