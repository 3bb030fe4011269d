import { ConfigurationError } from '../../runtime/errors.ts';
import type { Relational, Rows } from '../../stores/relational.ts';
import type { Timeseries } from '../../stores/timeseries.ts';
import type { Hex } from './block.ts';
import { changesChannel } from './changes.ts';
import { changeRow, copyTargets, finalityRow } from './copy-rows.ts';
import { readFinality } from './finality.ts';
import { countOf, type Interval, type Intervals, joinIntervals, parseMultirange } from './intervals.ts';
import { readDerived, readDerivedNumbers, readDerivedSeq, readPhantomMinutes } from './rebuild-derived.ts';
import { hexOf, integerOf } from './rows.ts';
import { planWindows } from './window-plan.ts';
import { windowSizes, windowStart } from './window-size.ts';
import { recomputeWindows } from './windows.ts';

export interface RebuildWindow {
  readonly network: string;
  /** Unix seconds; blocks with a timestamp in [from, to) are told again. */
  readonly from: number;
  readonly to: number;
}

export interface RebuildOptions {
  /** Blocks in one transaction: chain-sync waits for it. */
  readonly blocksPerStep?: number;
  /** See `rawKeptFrom`: what is older is not told, as nothing follows from it any more. */
  readonly keptFrom?: number;
  /** Called after each step; it may wait, so that live changes do not queue behind all of them. */
  readonly onStep?: (progress: Rebuilt & { readonly blocksWanted: number }) => Promise<void> | void;
}

/** Changes written to the outbox. */
export interface Rebuilt {
  readonly appended: number;
  /** Of blocks that the time series has otherwise than they are, or that are not held at all. */
  readonly retracted: number;
  readonly finalized: number;
  /** The last change; the time series is as the chain when that has arrived. */
  readonly lastSeq: number;
}

/** What a rebuild did. */
export interface RebuiltWindow extends Rebuilt {
  /** Unix seconds: where that begins which was told. Rows from before are gone for their age, here or there, and what was computed of them stays. */
  readonly toldFrom: number;
}

/**
 * Tells a window of the canonical chain again, as new changes: all that follows from it is written anew, whatever became of it. What
 * the time series has and the chain has not is retracted; its network's changes get numbers above all that it has seen. What was dropped
 * for its age is neither told nor retracted.
 * Throws ConfigurationError for a network that was never synced, for a window without blocks here and there, and for one of which
 * nothing can be told any more.
 */
export async function rebuildWindow(
  stores: { readonly relational: Relational; readonly timeseries: Timeseries },
  { network, from: wantedFrom, to }: RebuildWindow,
  { blocksPerStep = 200, keptFrom = 0, onStep = () => undefined }: RebuildOptions = {},
): Promise<RebuiltWindow> {
  const { relational, timeseries } = stores;
  const { synced, droppedTo } = await readHeld(relational, network);
  const heldFrom = droppedTo === null ? 0 : await readTimeFrom(relational, network, droppedTo + 1);
  const from = Math.max(wantedFrom, keptFrom, heldFrom);
  if (from >= to)
    throw new ConfigurationError(
      `blocks of ${network} from before ${heldFrom === Number.POSITIVE_INFINITY ? 'now' : timeText(from)} were dropped for their age, which sync.retention says: they cannot be told again`,
    );
  const held = await findNumbers(relational, network, synced, { from, to });
  const derived = await readDerivedNumbers(timeseries, network, { from, to });
  const numbers = joinIntervals([...held, ...derived]);
  // Minutes that no block was ever in, here or there, are touched by no change. One of which rows are gone had its blocks.
  const phantomsFrom = from === wantedFrom ? from : Math.ceil(from / 60) * 60;
  const phantoms = await readPhantomMinutes(timeseries, network, { from: phantomsFrom, to });
  if (numbers.length === 0 && phantoms.length === 0)
    throw new ConfigurationError(`no block of ${network} from ${timeText(from)} to ${timeText(to)} is held`);
  const seenSeq = await readDerivedSeq(timeseries, network);
  let done: Rebuilt = { appended: 0, retracted: 0, finalized: 0, lastSeq: 0 };
  const blocksWanted = countOf(numbers);
  for (const step of stepsOf(numbers, blocksPerStep)) {
    done = await writeStep(stores, network, step, seenSeq, done);
    await onStep({ ...done, blocksWanted });
  }
  for (const size of windowSizes) {
    const touched = new Set(phantoms.map((start) => windowStart(size, start)));
    const starts = [...touched].filter((start) => start >= keptFrom);
    if (starts.length === 0) continue;
    const { lateOf } = await planWindows(timeseries, network, size, starts);
    // Below all that was told just now, which has not arrived; of two rows with one version the later one counts.
    const plan = {
      network,
      size,
      starts,
      version: seenSeq,
      watermark: await readNewestTime(relational, network),
      lateOf,
    };
    await recomputeWindows(timeseries, plan);
  }
  return { ...done, toldFrom: from };
}

function timeText(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}

async function writeStep(
  { relational, timeseries }: { readonly relational: Relational; readonly timeseries: Timeseries },
  network: string,
  step: Interval,
  seenSeq: number,
  before: Rebuilt,
): Promise<Rebuilt> {
  const derived = await readDerived(timeseries, network, step);
  return relational.transaction(async (tx) => {
    // Whoever commits to the network waits, so the blocks stay as they are and the outbox keeps its order.
    const [cursor] = await tx.query<{ seq: string; dropped_to: string | null }>(
      'SELECT seq, dropped_to FROM chain.cursors WHERE network = $1 FOR UPDATE',
      [network],
    );
    if (cursor === undefined) throw new Error(`the cursor of network ${network} vanished`);
    const blocks = await readBlocks(tx, network, step);
    const finality = await readFinality(tx, network, step);
    // Also what was dropped since the rebuild began: it has its rows there still, and no block here.
    const droppedTo = cursor.dropped_to === null ? -1 : integerOf(cursor.dropped_to);
    const isFinal = (number: number): boolean => finality.some((each) => each.from <= number && number <= each.number);
    let seq = Math.max(integerOf(cursor.seq), seenSeq);
    let { appended, retracted, finalized } = before;
    let changes = '';
    for (const [number, there] of derived) {
      if (number <= droppedTo) continue;
      const block = blocks.get(number);
      const isLike =
        block !== undefined &&
        (there.timestamp === null || there.timestamp === block.timestamp) &&
        there.txs <= block.txCount &&
        there.logs <= block.logCount &&
        (!there.isFinal || isFinal(number));
      if (isLike) continue;
      // Beside the rows that it takes back: they go for their age together.
      const timestamp = there.timestamp ?? there.rowsTimestamp ?? block?.timestamp ?? 0;
      const hash = block?.hash ?? there.hash ?? unknownHash;
      changes += changeRow(network, ++seq, true, { number, hash, timestamp, txCount: there.txs, logCount: there.logs });
      retracted++;
    }
    for (const block of blocks.values()) {
      changes += changeRow(network, ++seq, false, block);
      appended++;
    }
    for (const each of finality) {
      changes += finalityRow(network, ++seq, each);
      finalized++;
    }
    await tx.copy(copyTargets.changes, changes);
    await tx.query('UPDATE chain.cursors SET seq = $2 WHERE network = $1', [network, seq]);
    await tx.query('SELECT pg_notify($1, $2)', [changesChannel, network]);
    return { appended, retracted, finalized, lastSeq: seq };
  });
}

/** Of a block that only the time series has, and has not whole. */
const unknownHash: Hex = `0x${'00'.repeat(32)}`;

interface HeldBlock {
  readonly number: number;
  readonly hash: Hex;
  readonly timestamp: number;
  readonly txCount: number;
  readonly logCount: number;
}

async function readBlocks(rows: Rows, network: string, range: Interval): Promise<Map<number, HeldBlock>> {
  const found = await rows.query<{
    number: string;
    hash: Buffer;
    timestamp: string;
    tx_count: number;
    log_count: number;
  }>(
    `SELECT number, hash, timestamp, tx_count, log_count FROM chain.blocks
      WHERE network = $1 AND number BETWEEN $2 AND $3 ORDER BY number`,
    [network, range.from, range.to],
  );
  return new Map(
    found.map((row) => {
      const number = integerOf(row.number);
      const place = { number, hash: hexOf(row.hash), timestamp: integerOf(row.timestamp) };
      return [number, { ...place, txCount: row.tx_count, logCount: row.log_count }];
    }),
  );
}

/** The numbers of the blocks held, and up to which all that are not were dropped for their age. */
async function readHeld(
  relational: Relational,
  network: string,
): Promise<{ synced: Intervals; droppedTo: number | null }> {
  const [cursor] = await relational.query<{ synced: string; dropped_to: string | null }>(
    'SELECT synced::text AS synced, dropped_to FROM chain.cursors WHERE network = $1',
    [network],
  );
  if (cursor === undefined) {
    const known = await relational.query<{ network: string }>('SELECT network FROM chain.cursors ORDER BY network');
    const names = known.map((row) => row.network).join(', ') || 'none';
    throw new ConfigurationError(`nothing is held of a network "${network}"; networks that are held: ${names}`);
  }
  const { synced, dropped_to: droppedTo } = cursor;
  return { synced: parseMultirange(synced), droppedTo: droppedTo === null ? null : integerOf(droppedTo) };
}

/** The time of the first block held with this number or a higher one; Infinity without any. */
async function readTimeFrom(relational: Relational, network: string, number: number): Promise<number> {
  const [row] = await relational.query<{ timestamp: string }>(
    'SELECT timestamp FROM chain.blocks WHERE network = $1 AND number >= $2 ORDER BY number LIMIT 1',
    [network, number],
  );
  return row === undefined ? Number.POSITIVE_INFINITY : integerOf(row.timestamp);
}

/**
 * The numbers of the blocks held with a timestamp in [from, to). Time never goes back along a chain, by every chain's own rules, so
 * they are found by halving: there is no index by time, which each block written would pay for.
 */
async function findNumbers(
  relational: Relational,
  network: string,
  synced: Intervals,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<Intervals> {
  /** The first number of the interval that is not older than `time`, one above its end if all are. */
  const firstFrom = async (interval: Interval, time: number): Promise<number> => {
    let [low, high] = [interval.from, interval.to + 1];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if ((await readTimeFrom(relational, network, middle)) >= time) high = middle;
      else low = middle + 1;
    }
    return low;
  };
  const found: Interval[] = [];
  for (const interval of synced) {
    const inside = { from: await firstFrom(interval, from), to: (await firstFrom(interval, to)) - 1 };
    if (inside.from <= inside.to) found.push(inside);
  }
  return found;
}

async function readNewestTime(relational: Relational, network: string): Promise<number> {
  const [row] = await relational.query<{ timestamp: string }>(
    'SELECT timestamp FROM chain.blocks WHERE network = $1 ORDER BY number DESC LIMIT 1',
    [network],
  );
  return row === undefined ? 0 : integerOf(row.timestamp);
}

function stepsOf(numbers: Intervals, size: number): Interval[] {
  return numbers.flatMap(({ from, to }) =>
    Array.from({ length: Math.ceil((to - from + 1) / size) }, (_, at) => ({
      from: from + at * size,
      to: Math.min(to, from + (at + 1) * size - 1),
    })),
  );
}
