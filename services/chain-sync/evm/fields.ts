import type { Decimal, Hex } from '../../datasets/chain/block.ts';
import { BadAnswer } from './bad-answer.ts';

/** A JSON object of a node's answer, not yet believed. */
export type Raw = Readonly<Record<string, unknown>>;

export function objectOf(value: unknown, what: string): Raw {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new BadAnswer(
      `${what} is ${value === null ? 'null' : Array.isArray(value) ? 'an array' : typeof value}, not an object`,
    );
  }
  return value as Raw;
}

export function arrayOf(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new BadAnswer(`${what} is not an array`);
  return value;
}

const quantityPattern = /^0x[0-9a-fA-F]{1,64}$/;

/**
 * A JSON-RPC quantity ("0x1b4", up to 256 bits) as decimal digits, exactly.
 * Some nodes pad with zeros against the specification; the value is the same.
 */
export function decimalOf(value: unknown, what: string): Decimal {
  if (typeof value !== 'string' || !quantityPattern.test(value))
    throw new BadAnswer(`${what} is not a quantity: ${shown(value)}`);
  // Up to 2^48 a number is exact, and far cheaper than a BigInt.
  return value.length <= 14 ? String(Number.parseInt(value, 16)) : BigInt(value).toString();
}

export function optionalDecimalOf(value: unknown, what: string): Decimal | null {
  return value === undefined || value === null ? null : decimalOf(value, what);
}

/** A quantity that counts things or seconds, so that it must fit a JavaScript integer. */
export function integerOf(value: unknown, what: string): number {
  if (typeof value !== 'string' || !quantityPattern.test(value))
    throw new BadAnswer(`${what} is not a quantity: ${shown(value)}`);
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw new BadAnswer(`${what} is too large: ${shown(value)}`);
  return number;
}

const bytesPattern = /^0x(?:[0-9a-fA-F]{2})*$/;

/** Bytes in hex, of `length` bytes where it is given; lower-cased, as some nodes answer checksummed addresses. */
export function bytesOf(value: unknown, what: string, length?: number): Hex {
  if (
    typeof value !== 'string' ||
    (length !== undefined && value.length !== 2 + 2 * length) ||
    !bytesPattern.test(value)
  ) {
    throw new BadAnswer(`${what} is not ${length ?? 'any'} bytes of hex: ${shown(value)}`);
  }
  return value.toLowerCase() as Hex;
}

export function optionalBytesOf(value: unknown, what: string, length?: number): Hex | null {
  return value === undefined || value === null ? null : bytesOf(value, what, length);
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? String(value)).slice(0, 80);
}
