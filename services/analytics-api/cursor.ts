import type { Hex } from '../datasets/chain/block.ts';

/** A place in a list that goes from new to old; what follows is older. `index` is a transaction's, in its block. */
export interface Cursor {
  readonly kind: 'blocks' | 'txs';
  /** The first bytes of the chain's genesis hash: a chain that was started anew is another list. Empty while it is unknown. */
  readonly chain: string;
  readonly block: number;
  readonly index: number;
}

const version = 1;
const form = /^1\.(blocks|txs)\.([0-9a-f]{16}|)\.(0|[1-9]\d{0,15})\.(0|[1-9]\d{0,9})$/;

/** What marks cursors of one chain. */
export function chainMarkOf(genesisHash: Hex | null): string {
  return genesisHash === null ? '' : genesisHash.slice(2, 18);
}

/** Opaque to callers, so that the place can change its form with the version. */
export function encodeCursor({ kind, chain, block, index }: Cursor): string {
  return Buffer.from(`${version}.${kind}.${chain}.${block}.${index}`).toString('base64url');
}

/** Reads a cursor back; undefined for anything that encodeCursor did not write. */
export function decodeCursor(text: string): Cursor | undefined {
  const match = form.exec(Buffer.from(text, 'base64url').toString('latin1'));
  const [, kind, chain, block, index] = match ?? [];
  if ((kind !== 'blocks' && kind !== 'txs') || chain === undefined) return undefined;
  const cursor: Cursor = { kind, chain, block: Number(block), index: Number(index) };
  // One place has one spelling: base64 decoders forgive stray characters.
  return Number.isSafeInteger(cursor.block) && encodeCursor(cursor) === text ? cursor : undefined;
}
