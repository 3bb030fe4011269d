import type { Comparison } from './comparison.ts';
import { figuresOfRun } from './figures.ts';
import type { RawBlock } from './raw-chain.ts';
import { TooManyError } from './raw-chain.ts';
import { compareFigures, type Size, sizeSeconds } from './span.ts';
import type { Subject } from './subject.ts';

/** A minute, an hour or a day as answers have it. */
interface Bucket {
  readonly start: number;
  readonly complete: boolean;
  readonly closed: boolean;
  readonly figures: Readonly<Record<string, unknown>>;
}

/** Block time goes on so far past the end of a bucket before it is closed. */
const latenessSeconds = 60;

/**
 * Buckets of a network against the node. One that is not complete has to have the figures of its first blocks, as many as it says:
 * the newest is still growing. `from`: Unix seconds, the first that a bucket may share.
 */
export async function compareBuckets(
  subject: Subject,
  said: { readonly network: string; readonly size: Size; readonly from: number; readonly buckets: readonly Bucket[] },
  comparison: Comparison,
): Promise<void> {
  const { network, size, buckets } = said;
  const chain = subject.chains.get(network);
  if (chain === undefined || buckets.length === 0) return;
  const seconds = sizeSeconds[size];
  const read = await readBuckets(subject, network, Math.min(said.from, buckets[0]?.start ?? 0), seconds, comparison);
  if (read === undefined) return;
  const { byStart, parents, head } = read;
  let isAtBeginning = true;
  for (const [at, bucket] of buckets.entries()) {
    const what = `${network} ${size} ${new Date(bucket.start * 1000).toISOString()}`;
    const all = byStart.get(bucket.start) ?? [];
    const next = bucket.start + seconds;
    const isNewest = at === buckets.length - 1;
    if (bucket.complete || subject.stands) {
      const isComplete = head.timestamp >= next && (all[0]?.number ?? 0) >= (subject.startBlocks.get(network) ?? 0);
      comparison.equal(`${what}: complete`, bucket.complete, isComplete);
    }
    if (subject.stands && head.timestamp >= next + latenessSeconds)
      comparison.equal(`${what}: closed`, bucket.closed, true);
    const count = bucket.figures.blocks;
    const isWhole = bucket.complete || subject.stands;
    if (!isWhole && typeof count !== 'number') {
      comparison.note(`${network}: what is not complete says not how many blocks it has`);
      continue;
    }
    if (!isWhole && !isNewest && isAtBeginning) {
      comparison.note(`${network}: the first ${size} is not held whole`);
      continue;
    }
    isAtBeginning = false;
    const blocks = isWhole ? all : all.slice(0, Number(count));
    if (blocks.length === 0) comparison.holds(what, false, bucket, 'no block of the node is in it');
    else
      compareFigures(comparison, what, bucket.figures, {
        blocks,
        figures: figuresOfRun({ blocks, parent: parents.get(bucket.start) }),
      });
  }
  compareStarts(comparison, said, byStart, subject.stands);
}

/** No bucket that has a block is left out between the first and the last, and where nothing moves none at all. */
function compareStarts(
  comparison: Comparison,
  {
    network,
    size,
    from,
    buckets,
  }: { readonly network: string; readonly size: Size; readonly from: number; readonly buckets: readonly Bucket[] },
  byStart: ReadonlyMap<number, readonly RawBlock[]>,
  stands: boolean,
): void {
  const starts = buckets.map(({ start }) => start);
  const [first = 0, last = 0] = [starts[0], starts.at(-1)];
  const expected = [...byStart.keys()]
    .filter((start) => start + sizeSeconds[size] > from && start <= last && (stands || start >= first))
    .sort((a, b) => a - b);
  comparison.equal(`${network}: starts of the ${size}s`, starts.join(' '), expected.join(' '));
}

async function readBuckets(subject: Subject, network: string, from: number, seconds: number, comparison: Comparison) {
  const chain = subject.chains.get(network);
  const start = from - (from % seconds);
  const first = await chain?.firstSince(start);
  if (chain === undefined || first === undefined) return undefined;
  const head = await chain.head();
  let branch: RawBlock[];
  try {
    branch = await chain.branch(Math.max(first.number - 1, subject.startBlocks.get(network) ?? 0), head);
  } catch (error) {
    if (!(error instanceof TooManyError)) throw error;
    comparison.note(`${network}, buckets of ${seconds} s: ${error.message}`);
    return undefined;
  }
  const startOf = ({ timestamp }: RawBlock): number => timestamp - (timestamp % seconds);
  const byStart = Map.groupBy(
    branch.filter(({ timestamp }) => timestamp >= start),
    startOf,
  );
  const parents = new Map<number, RawBlock>();
  for (const [at, block] of branch.entries()) {
    const parent = branch[at - 1];
    if (parent !== undefined && startOf(parent) !== startOf(block)) parents.set(startOf(block), parent);
  }
  return { byStart, parents, head };
}
