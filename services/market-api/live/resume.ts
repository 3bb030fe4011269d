import type { Pair } from '../../../catalog/schema/pair.ts';
import { findGapBetween, snapshotAgeMs } from '../../datasets/market/gaps.ts';
import { isNext } from '../../datasets/market/is-next.ts';
import { readTail } from '../../datasets/market/read.ts';
import type { Relational } from '../../stores/relational.ts';
import { diffText } from './events.ts';
import { findOfBook, inSnapshot } from './feed-reads.ts';

/** Updates in order; empty when there is none at this moment. Or that they cannot be told from there on. */
export type ResumedDiffs = readonly { readonly lastUpdateId: number; readonly text: string }[] | 'not-resumable';

/** A client that was away for longer gets a whole book. */
export const resumeWithinMs = 15 * 60_000;
/** So many updates are more than a whole book. */
export const resumeDiffsMax = 5_000;

const pageRows = 500;

/**
 * The updates that were written behind one that a client has, in pages for as long as they are asked for. The last page that
 * there is may be empty; what is asked for after it is read anew.
 */
export async function* readDiffs(
  relational: Relational,
  { symbol }: Pick<Pair, 'symbol'>,
  fromUpdateId: number,
  nowMs: number,
): AsyncGenerator<ResumedDiffs> {
  const found = await findOfBook(relational, symbol, fromUpdateId, nowMs - resumeWithinMs);
  if (found === undefined) {
    yield 'not-resumable';
    return;
  }
  let after = { symbol, kind: 'depth' as const, updateId: fromUpdateId, eventTimeMs: found.eventTimeMs };
  // A snapshot is told when it came, and the updates behind it may have happened before.
  if (found.kind === 'snapshot') after.eventTimeMs -= snapshotAgeMs;
  let isWhole = true;
  for (let told = 0; isWhole && told <= resumeDiffsMax; ) {
    const page = await inSnapshot(relational, async (tx) => {
      const gap = await findGapBetween(tx, found, nowMs + resumeWithinMs);
      return gap === undefined ? readTail(tx, [after], pageRows) : undefined;
    });
    if (page === undefined) break;
    const diffs = [];
    for (const record of page) {
      if (!isNext(record, after.updateId)) {
        isWhole = false;
        break;
      }
      diffs.push({ lastUpdateId: record.updateId, text: diffText(record, after.updateId) });
      after = { symbol, kind: 'depth', updateId: record.updateId, eventTimeMs: record.eventTimeMs };
    }
    told += diffs.length;
    if (diffs.length > 0 || isWhole) yield diffs;
  }
  yield 'not-resumable';
}
