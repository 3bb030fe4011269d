import type { Hex } from './block.ts';

/** PostgreSQL's bytea as lower-case hex. */
export function hexOf(bytes: Buffer): Hex {
  return `0x${bytes.toString('hex')}`;
}

/** PostgreSQL's int8 comes as text; block numbers, counts and seconds fit a JavaScript integer, and anything else is a defect. */
export function integerOf(text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number)) throw new Error(`not a safe integer: ${text}`);
  return number;
}
