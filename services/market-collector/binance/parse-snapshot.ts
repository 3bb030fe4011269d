import type { KnownRange } from '../../datasets/market/order-book.ts';
import { canonicalLevelsOf } from '../../datasets/market/order-book-levels.ts';
import type { DepthSnapshot } from './messages.ts';

/**
 * The answer of `GET …/depth?limit=<limit>` of any of the three markets.
 * @throws Error that says what is wrong with it, an error answer (`{"code":-1121,"msg":"Invalid symbol."}`) included
 */
export function parseSnapshot(text: string, limit: number): DepthSnapshot {
  const json: unknown = JSON.parse(text);
  if (typeof json !== 'object' || json === null) throw new Error('the snapshot is no JSON object');
  const fields = json as Readonly<Record<string, unknown>>;
  if (fields.code !== undefined) throw new Error(`the exchange refused: ${String(fields.code)}: ${String(fields.msg)}`);
  const { lastUpdateId, E: eventTimeMs } = fields;
  if (!isInteger(lastUpdateId)) throw new Error('the snapshot has no lastUpdateId');
  if (eventTimeMs !== undefined && !isInteger(eventTimeMs)) throw new Error('the E of the snapshot is no integer');
  const bids = canonicalLevelsOf(fields.bids);
  if (bids === undefined) throw new Error('the bids of the snapshot are no levels');
  const asks = canonicalLevelsOf(fields.asks);
  if (asks === undefined) throw new Error('the asks of the snapshot are no levels');
  return { lastUpdateId, eventTimeMs, bids, asks, limit };
}

/** A side with fewer levels than were asked for is whole; otherwise nothing is known beyond its last level. */
export function knownRangeOf({ bids, asks, limit }: Pick<DepthSnapshot, 'bids' | 'asks' | 'limit'>): KnownRange {
  return { bidFloor: lastPrice(bids, limit), askCeiling: lastPrice(asks, limit) };
}

/** Of levels as `parseSnapshot` writes them; null when there are fewer than `limit`. */
function lastPrice(side: string, limit: number): string | null {
  let count = 0;
  let last = -1;
  for (let at = side.indexOf(levelStart); at >= 0; at = side.indexOf(levelStart, at + 1)) {
    count++;
    last = at + levelStart.length;
  }
  return count < limit || count === 0 ? null : side.slice(last, side.indexOf('"', last));
}

const levelStart = '["';

function isInteger(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
