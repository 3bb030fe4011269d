import { hash } from 'node:crypto';
import { findIntervalOf, type Interval } from '../datasets/chain/intervals.ts';
import type { ChainView } from '../datasets/chain/read.ts';

/** Of an answer that its handler gives as JSON text. */
export const jsonType = 'application/json; charset=utf-8';

const forever = 'public, max-age=31536000, immutable';
const askAgain = 'no-cache';

/**
 * A weak ETag over what identifies the data of an answer: hashes of blocks rather than their bytes. `lag`, `asOf` and
 * `finality` are no part of it, since they move on while the data stays.
 */
export function etagOf(...parts: readonly unknown[]): string {
  return `W/"${hash('sha256', JSON.stringify(parts), 'base64url').slice(0, 32)}"`;
}

/** What an answer was made of, for how long it may be kept. */
export interface Fixedness {
  /** The blocks of which the answer is made, as far as the request itself says; undefined when it follows the head. */
  readonly blocks: Interval | undefined;
  /** Whether the address names one chain: not so for a network of a laptop, which is started anew under its old name. */
  readonly oneChain: boolean;
}

/** For ever, if the request names blocks that are all held and final; else the cache must ask each time. */
export function cacheControlOf({ finalizedNumber, synced }: ChainView, { blocks, oneChain }: Fixedness): string {
  if (blocks === undefined || !oneChain || finalizedNumber === null || blocks.to > finalizedNumber) return askAgain;
  if (blocks.from > blocks.to) return forever;
  return (findIntervalOf(synced, blocks.from)?.to ?? -1) >= blocks.to ? forever : askAgain;
}
