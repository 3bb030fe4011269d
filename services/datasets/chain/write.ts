import type { Relational, Rows } from '../../stores/relational.ts';
import type { Block, Hex } from './block.ts';
import { changesChannel } from './changes.ts';
import { blockRow, type ChangedBlock, changeRow, copyTargets, finalityRow, logRows, txRows } from './copy-rows.ts';
import { type Dropped, type DropRequest, dropOldBlocks } from './drop-old-blocks.ts';
import { forgetFinality, recordFinality } from './finality.ts';
import { findIntervalOf, type Interval, type Intervals, parseMultirange, removeInterval } from './intervals.ts';
import { hexOf, integerOf } from './rows.ts';
import { type Cursor, loadCursor, lockCursor, pinGenesis, StaleCursor } from './write-cursor.ts';
import { retractBlocks } from './write-retract.ts';

/**
 * One atomic step of a network: blocks retracted, blocks appended (ascending, without holes), finality moved.
 * `finalizedNumber` is the number of a block that is held after the step.
 */
export interface Step {
  readonly retract?: Interval | undefined;
  readonly append?: readonly Block[] | undefined;
  readonly finalizedNumber?: number | undefined;
  /** How finality was seen to move. Without it, it is not known since when the blocks are final. */
  readonly finalitySeen?: FinalitySeen | undefined;
}

/** Two looks at a chain's finality, one soon after the other. */
export interface FinalitySeen {
  /** The lowest block that was not final at the look before. */
  readonly fromNumber: number;
  /** Unix milliseconds of this look. */
  readonly observedAtMs: number;
}

/** What one network's sync needs of its store. */
export interface ChainStore {
  loadCursor(): Promise<Cursor>;
  pinGenesis(hash: Hex): Promise<void>;
  commitStep(cursor: Cursor, step: Step): Promise<Cursor>;
  dropOld(cursor: Cursor, request: DropRequest): Promise<Dropped>;
  readHashes(range: Interval): Promise<Map<number, Hex>>;
  findParentHash(number: number): Promise<Hex | undefined>;
}

/** The functions below, for one network. */
export function createChainStore(relational: Relational, network: string): ChainStore {
  return {
    loadCursor: () => loadCursor(relational, network),
    pinGenesis: (hash) => pinGenesis(relational, network, hash),
    commitStep: (cursor, step) => commitStep(relational, network, cursor, step),
    dropOld: (cursor, request) => dropOldBlocks(relational, network, cursor, request),
    readHashes: (range) => readHashes(relational, network, range),
    findParentHash: (number) => findParentHash(relational, network, number),
  };
}

/**
 * Commits one step: rows, progress and outbox together or not at all. Returns the new cursor.
 * The rows of a network are one chain after every step: blocks that touch a held one must be its child or its parent.
 * Throws StaleCursor when they are not, or when `cursor` is not the network's last one.
 * A RetryableError of another kind may come after the commit: only reading the cursor tells.
 */
export async function commitStep(relational: Relational, network: string, cursor: Cursor, step: Step): Promise<Cursor> {
  const append = step.append ?? [];
  assertContiguous(append);
  return relational.transaction(async (tx) => {
    const current = await lockCursor(tx, network, cursor);
    const droppedTo = droppedAfter(network, current, append);
    let seq = cursor.seq;
    let changes = '';
    if (step.retract !== undefined) {
      for (const block of await retractBlocks(tx, network, step.retract))
        changes += changeRow(network, ++seq, true, block);
    }
    for (const block of append) changes += changeRow(network, ++seq, false, changedBlockOf(block));
    const kept = step.retract === undefined ? current.synced : removeInterval(current.synced, step.retract);
    await assertJoins(tx, network, kept, append);
    if (step.retract !== undefined && step.retract.from <= (current.finalizedNumber ?? -1))
      await forgetFinality(tx, network, step.retract);
    const final = finalityMoved(current, kept, step);
    if (final !== undefined) {
      changes += finalityRow(network, ++seq, final);
      if (final.from !== null) await recordFinality(tx, network, { ...final, from: final.from });
    }
    const rows = rowsOf(network, append);
    if (rows.blocks !== '') await tx.copy(copyTargets.blocks, rows.blocks);
    if (rows.txs !== '') await tx.copy(copyTargets.txs, rows.txs);
    if (rows.logs !== '') await tx.copy(copyTargets.logs, rows.logs);
    if (changes !== '') await tx.copy(copyTargets.changes, changes);
    const [updated] = await tx.query<{ synced: string; finalized_number: string | null }>(
      `UPDATE chain.cursors
          SET seq = $2,
              synced = synced - int8multirange($3::int8range) + int8multirange($4::int8range),
              finalized_number = greatest(finalized_number, $5),
              dropped_to = $6
        WHERE network = $1
        RETURNING synced::text AS synced, finalized_number`,
      [network, seq, rangeText(step.retract), rangeText(spanOf(append)), step.finalizedNumber ?? null, droppedTo],
    );
    // Delivered when the transaction commits, and only then.
    if (changes !== '') await tx.query('SELECT pg_notify($1, $2)', [changesChannel, network]);
    if (updated === undefined) throw new Error(`the cursor of network ${network} vanished while it was locked`);
    return {
      genesisHash: current.genesisHash,
      synced: parseMultirange(updated.synced),
      finalizedNumber: updated.finalized_number === null ? null : integerOf(updated.finalized_number),
      droppedTo,
      seq,
    };
  });
}

/**
 * Up to which block all are dropped once `blocks` are held. What was dropped may be had again, from above down: a hole that is left
 * between would be taken for dropped, or for retracted. Throws StaleCursor for blocks that leave one.
 */
function droppedAfter(network: string, { droppedTo }: Cursor, blocks: readonly Block[]): number | null {
  const added = spanOf(blocks);
  if (droppedTo === null || added === undefined || added.from > droppedTo) return droppedTo;
  if (added.to < droppedTo)
    throw new StaleCursor(`network ${network}: blocks ${added.to + 1} to ${droppedTo} were dropped for their age`);
  return added.from === 0 ? null : added.from - 1;
}

/** Of more blocks than this at once it is not said when they became final: nobody looks at a chain so seldom, but was away. */
const finalBlocksMax = 100_000;

/**
 * What a step makes final that was not, undefined if nothing. It is said only of blocks that were held together with the last of
 * them: what is back-filled later was not seen to become final.
 */
function finalityMoved(
  { finalizedNumber: before }: Cursor,
  kept: Intervals,
  { append = [], finalizedNumber: number, finalitySeen: seen }: Step,
): { number: number; from: number | null; observedAtMs: number } | undefined {
  if (number === undefined || number <= (before ?? -1)) return undefined;
  if (seen === undefined) return { number, from: null, observedAtMs: Date.now() };
  const { fromNumber, observedAtMs } = seen;
  const from = Math.max(fromNumber, (before ?? -1) + 1, lowestHeldBelow(number, kept, spanOf(append)));
  const isKnown = from <= number && number - from < finalBlocksMax;
  return { number, from: isKnown ? from : null, observedAtMs };
}

/** The lowest block from which on all are held up to `number`; above it if it is not held itself. */
function lowestHeldBelow(number: number, kept: Intervals, added: Interval | undefined): number {
  const held = added === undefined ? kept : [...kept, added];
  let lowest = number + 1;
  for (let below = findIntervalOf(held, number); below !== undefined; below = findIntervalOf(held, lowest - 1))
    lowest = below.from;
  return lowest;
}

/** Hashes of stored blocks in a range, by number. */
async function readHashes(relational: Rows, network: string, range: Interval): Promise<Map<number, Hex>> {
  const rows = await relational.query<{ number: string; hash: Buffer }>(
    'SELECT number, hash FROM chain.blocks WHERE network = $1 AND number BETWEEN $2 AND $3',
    [network, range.from, range.to],
  );
  return new Map(rows.map((row) => [integerOf(row.number), hexOf(row.hash)]));
}

/** The parent hash of one stored block, or undefined when it is not held. */
async function findParentHash(relational: Rows, network: string, number: number): Promise<Hex | undefined> {
  const rows = await relational.query<{ parent_hash: Buffer }>(
    'SELECT parent_hash FROM chain.blocks WHERE network = $1 AND number = $2',
    [network, number],
  );
  return rows[0] === undefined ? undefined : hexOf(rows[0].parent_hash);
}

/**
 * Drops all that is held of a network, as retractions, in steps of `blocksMax`, so that the sync starts over:
 * for a development chain that was really restarted. Returns the number of blocks dropped.
 */
export async function forgetNetwork(relational: Relational, network: string, blocksMax = 1000): Promise<number> {
  const known = await relational.query('SELECT FROM chain.cursors WHERE network = $1', [network]);
  if (known.length === 0) return 0;
  let dropped = 0;
  let cursor = await loadCursor(relational, network);
  for (let last = cursor.synced.at(-1); last !== undefined; last = cursor.synced.at(-1)) {
    const retract = { from: Math.max(last.from, last.to - blocksMax + 1), to: last.to };
    cursor = await commitStep(relational, network, cursor, { retract });
    dropped += retract.to - retract.from + 1;
  }
  await relational.query(
    'UPDATE chain.cursors SET genesis_hash = NULL, finalized_number = NULL, dropped_to = NULL WHERE network = $1',
    [network],
  );
  return dropped;
}

/** Throws StaleCursor unless the blocks fill a gap of what is held, as children and parents of its neighbours. */
async function assertJoins(tx: Rows, network: string, held: Intervals, blocks: readonly Block[]): Promise<void> {
  const [first, last] = [blocks[0], blocks.at(-1)];
  if (first === undefined || last === undefined) return;
  if (held.some((each) => each.from <= last.number && each.to >= first.number)) {
    throw new StaleCursor(`network ${network}: some of the blocks ${first.number} to ${last.number} are held already`);
  }
  const [below, above] = [first.number - 1, last.number + 1];
  const neighbours = await tx.query<{ number: string; hash: Buffer; parent_hash: Buffer }>(
    'SELECT number, hash, parent_hash FROM chain.blocks WHERE network = $1 AND number = ANY ($2::int8[])',
    [network, [below, above]],
  );
  for (const row of neighbours) {
    const joins =
      integerOf(row.number) === below ? hexOf(row.hash) === first.parentHash : hexOf(row.parent_hash) === last.hash;
    if (!joins)
      throw new StaleCursor(
        `network ${network}: the blocks ${first.number} to ${last.number} do not join block ${row.number}`,
      );
  }
}

function rowsOf(network: string, blocks: readonly Block[]): { blocks: string; txs: string; logs: string } {
  const rows = { blocks: '', txs: '', logs: '' };
  for (const block of blocks) {
    rows.blocks += blockRow(network, block);
    rows.txs += txRows(network, block);
    rows.logs += logRows(network, block);
  }
  return rows;
}

function changedBlockOf(block: Block): ChangedBlock {
  const { number, hash, timestamp } = block;
  return { number, hash, timestamp, txCount: block.txs.length, logCount: block.logs.length };
}

function assertContiguous(blocks: readonly Block[]): void {
  for (const [at, block] of blocks.entries()) {
    const previous = blocks[at - 1];
    if (previous === undefined) continue;
    if (block.number !== previous.number + 1 || block.parentHash !== previous.hash) {
      throw new Error(`block ${block.number} does not follow block ${previous.number}: a step must be one chain`);
    }
  }
}

function spanOf(blocks: readonly Block[]): Interval | undefined {
  const [first, last] = [blocks[0], blocks.at(-1)];
  return first === undefined || last === undefined ? undefined : { from: first.number, to: last.number };
}

function rangeText(range: Interval | undefined): string {
  return range === undefined ? 'empty' : `[${range.from},${range.to}]`;
}
