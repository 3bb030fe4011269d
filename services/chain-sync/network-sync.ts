import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Block, Hex } from '../datasets/chain/block.ts';
import { findIntervalOf, gapsIn, type Interval } from '../datasets/chain/intervals.ts';
import { commitStep, type Cursor, findParentHash, loadCursor, pinGenesis, readHashes, type Step } from '../datasets/chain/write.ts';
import { describeError, RetryableError } from '../runtime/errors.ts';
import type { Relational } from '../stores/relational.ts';
import type { EvmReader, HeadReading } from './evm/evm-reader.ts';
import type { Header } from './evm/parse-block.ts';
import type { Endpoint } from './rpc/endpoint.ts';
import { NoEndpoint } from './rpc/endpoint-pool.ts';
import { EndpointFault } from './rpc/fault.ts';

/** What happens while a network syncs, for metrics and the status. */
export interface SyncObserver {
  /** The cursor as found at the start. */
  started(cursor: Cursor): void;
  committed(blocks: readonly Block[], cursor: Cursor): void;
  reorged(depth: number): void;
  /** The head an endpoint told, and the cursor that now follows it. */
  followed(head: Header, cursor: Cursor): void;
  failed(reason: string): void;
}

export interface NetworkSyncOptions {
  readonly network: string;
  readonly relational: Relational;
  readonly reader: EvmReader;
  readonly log: Logger;
  readonly observer: SyncObserver;
  readonly signal: AbortSignal;
  /** How often the head is asked for. */
  readonly intervalMs: number;
  /** Blocks in one commit of the backfill. */
  readonly blocksPerCommitMax: number;
  /** The first block to hold; the genesis block when undefined. */
  readonly startBlock: number | undefined;
  /** How many blocks below the first head to back-fill; all down to startBlock when undefined. */
  readonly historyBlocks: number | undefined;
  /** Blocks on top of a final one, where the chain has no finality tag. */
  readonly confirmations: number;
}

/** A chain that ends earlier than what we hold is believed after this many polls; until then its node may just be behind. */
const shorterPollsMin = 3;
const forkStepMax = 128;
const backoffMaxMs = 15_000;

/**
 * Follows one network until the signal aborts: the head by polling, the gaps below it by backfill, both under one cursor.
 * Every commit is checked against the cursor it joins, so the rows are one chain at every moment.
 */
export async function syncNetwork(options: NetworkSyncOptions): Promise<void> {
  const { network, relational, reader, log, observer, signal } = options;
  let cursor = await loadCursor(relational, network);
  observer.started(cursor);
  let shorterPolls = 0;
  let lowestWanted: number | undefined;
  let turn: Promise<unknown> = Promise.resolve();

  /** One step at a time: what it checks against the cursor must still be true when it commits. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = turn.then(work, work);
    turn = mine.catch(() => undefined);
    return mine;
  }

  async function commit(step: Step): Promise<void> {
    try {
      cursor = await commitStep(relational, network, cursor, step);
    } catch (error) {
      // It may have been committed all the same, or another process was first: what is stored decides.
      if (error instanceof RetryableError) cursor = await loadCursor(relational, network).catch(() => cursor);
      throw error;
    }
    if (step.retract !== undefined) observer.reorged(step.retract.to - step.retract.from + 1);
    if (step.append !== undefined && step.append.length > 0) observer.committed(step.append, cursor);
  }

  async function holdGenesis(): Promise<void> {
    while (cursor.genesisHash === null) {
      const hash = await reader.findGenesisHash();
      // No endpoint gives block 0 (pruned), or none answers: the chain id alone must do until one does.
      if (hash === undefined) return;
      await pinGenesis(relational, network, hash);
      cursor = await loadCursor(relational, network);
      observer.started(cursor);
    }
  }

  async function followHead(reading: HeadReading): Promise<void> {
    const { head, endpoint } = reading;
    const live = cursor.synced.at(-1);
    const far = live === undefined || head.number - live.to > endpoint.appetite().blocks;
    if (far) await anchorAt(reading);
    else await extend(reading, live);
    const tip = cursor.synced.at(-1)?.to;
    // Finality is only taken over when we stand on the chain of the endpoint that told it.
    const finalized = reading.finalizedNumber ?? Math.max(0, head.number - options.confirmations);
    if (tip === head.number && finalized > (cursor.finalizedNumber ?? -1)) await inTurn(() => commit({ finalizedNumber: finalized }));
    observer.followed(head, cursor);
  }

  /** Starts a new interval at the head: the first block ever held, or the first after we were away; backfill fills below it. */
  async function anchorAt({ head }: HeadReading): Promise<void> {
    const { blocks } = await reader.readBlocks({ from: head.number, to: head.number }, 'head');
    await inTurn(() => commit({ append: blocks }));
  }

  async function extend({ head, endpoint }: HeadReading, live: Interval): Promise<void> {
    if (head.number <= live.to && (await findHash(head.number)) === head.hash) {
      if (head.number === live.to) shorterPolls = 0;
      else await considerShorter(head, live);
      return;
    }
    shorterPolls = 0;
    if (head.number > live.to) {
      const { blocks, endpoint: server } = await reader.readBlocks({ from: live.to + 1, to: head.number }, 'head');
      if (blocks[0]?.parentHash === (await findHash(live.to))) {
        await inTurn(() => commit({ append: blocks }));
        return;
      }
      await reorganise(server, live);
      return;
    }
    await reorganise(endpoint, live);
  }

  /** The head is a block of ours, but not our last: either a node is behind, or the chain was cut back. */
  async function considerShorter(head: Header, live: Interval): Promise<void> {
    if (++shorterPolls < shorterPollsMin) return;
    for (const endpoint of reader.endpoints) {
      if (endpoint.availableAtMs() > performance.now()) continue;
      const [header] = await reader.readHeaders(endpoint, [live.to]);
      if (header !== undefined) return;
    }
    shorterPolls = 0;
    log.warn({ network, head: head.number, tip: live.to }, 'chain was cut back');
    await inTurn(() => commit({ retract: { from: head.number + 1, to: live.to } }));
  }

  /**
   * The endpoint's chain is not ours at our tip: finds the last common block and replaces what is above it, in one commit.
   * A fork below a finalized block, or from another genesis, is no reorg but another chain: the endpoint is refused.
   */
  async function reorganise(endpoint: Endpoint, live: Interval): Promise<void> {
    await reader.verify(endpoint);
    const finalized = cursor.finalizedNumber ?? -1;
    const common = await findCommon(endpoint, { from: Math.max(live.from, finalized), to: live.to });
    if (common === undefined && finalized >= live.from) {
      const fault = new EndpointFault(
        'wrong_chain',
        `its block ${finalized} is not the one that was final here: another chain, or one that broke its finality`,
      );
      reader.blame(endpoint, fault);
      throw fault;
    }
    if (common === undefined) {
      log.warn({ network, from: live.from, to: live.to }, 'reorg replaced everything held above finality');
      await inTurn(() => commit({ retract: live }));
      return;
    }
    const from = common + 1;
    const { head } = await reader.readHead();
    const to = Math.min(head.number, from + options.blocksPerCommitMax - 1);
    const { blocks } = from <= to ? await reader.readBlocks({ from, to }, 'head') : { blocks: [] };
    await inTurn(async () => {
      // The chain moved on while we read it: the next poll starts from what is true then.
      if (blocks[0] !== undefined && blocks[0].parentHash !== (await findHash(common))) return;
      if (blocks[0] === undefined && head.number !== common) return;
      const depth = live.to - common;
      await commit({ retract: depth > 0 ? { from, to: live.to } : undefined, append: blocks });
      log.info({ network, endpoint: endpoint.host, depth, common }, 'reorg');
    });
  }

  /** The highest block of a held range that the endpoint has too, searched downwards in growing steps; undefined when it has none. */
  async function findCommon(endpoint: Endpoint, held: Interval): Promise<number | undefined> {
    let step = 8;
    for (let to = held.to; to >= held.from; step = Math.min(forkStepMax, step * 2)) {
      const from = Math.max(held.from, to - step + 1);
      const numbers = Array.from({ length: to - from + 1 }, (_, at) => to - at);
      const ours = await readHashes(relational, network, { from, to });
      const theirs = await reader.readHeaders(endpoint, numbers);
      const common = numbers.find((number, at) => theirs[at] !== undefined && theirs[at].hash === ours.get(number));
      if (common !== undefined) return common;
      to = from - 1;
    }
    return undefined;
  }

  async function findHash(number: number): Promise<Hex | undefined> {
    return (await readHashes(relational, network, { from: number, to: number })).get(number);
  }

  async function headLoop(): Promise<void> {
    let failures = 0;
    while (!signal.aborted) {
      const from = performance.now();
      try {
        await holdGenesis();
        await followHead(await reader.readHead());
        failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        failures++;
        reportFailure(error);
      }
      const waitMs = failures === 0 ? options.intervalMs : Math.min(backoffMaxMs, options.intervalMs * 2 ** Math.min(failures - 1, 6));
      await pause(Math.max(0, waitMs - (performance.now() - from)));
    }
  }

  async function backfillLoop(): Promise<void> {
    let failures = 0;
    while (!signal.aborted) {
      const gap = nextGap();
      if (gap === undefined) {
        await pause(options.intervalMs);
        continue;
      }
      try {
        await fill(gap);
        failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        reportFailure(error);
        await pause(Math.min(backoffMaxMs, 250 * 2 ** Math.min(failures++, 6)));
      }
    }
  }

  /** The highest gap below what is held: recent blocks are worth more than old ones. */
  function nextGap(): Interval | undefined {
    const [lowest, live] = [cursor.synced[0], cursor.synced.at(-1)];
    if (lowest === undefined || live === undefined) return undefined;
    const start = options.startBlock ?? 0;
    // Counted from the first head we saw, so that the goal does not move with the head.
    lowestWanted ??= options.historyBlocks === undefined ? start : Math.max(start, live.to - options.historyBlocks);
    return gapsIn(cursor.synced, { from: lowestWanted, to: live.to }).at(-1);
  }

  /**
   * Fills a gap from its upper end down. Ranges are read in parallel, but committed in order, each only when its last block is
   * the parent of the block above: a chain of hashes from the head down, whatever endpoint served a range.
   */
  async function fill(gap: Interval): Promise<void> {
    const reads: { range: Interval; blocks: Promise<{ endpoint: Endpoint; blocks: readonly Block[] }> }[] = [];
    let nextTo = gap.to;
    for (;;) {
      while (nextTo >= gap.from && reads.length < readsAhead()) {
        const range = { from: Math.max(gap.from, nextTo - blocksPerRead() + 1), to: nextTo };
        const blocks = reader.readBlocks(range, 'backfill');
        // A later read may fail while an earlier one is awaited; it is thrown when its turn comes.
        blocks.catch(() => undefined);
        reads.push({ range, blocks });
        nextTo = range.from - 1;
      }
      const next = reads.shift();
      if (next === undefined) return;
      const { endpoint, blocks } = await next.blocks;
      await joinBelow(next.range, endpoint, blocks);
    }
  }

  function readsAhead(): number {
    const now = performance.now();
    const usable = reader.endpoints.filter((each) => each.availableAtMs() <= now);
    return Math.max(1, Math.min(12, usable.reduce((sum, each) => sum + each.appetite().inFlight, 0)));
  }

  function blocksPerRead(): number {
    const sizes = reader.endpoints.filter((each) => each.admitted).map((each) => each.appetite().blocks);
    return Math.max(1, Math.min(options.blocksPerCommitMax, ...(sizes.length > 0 ? [Math.max(...sizes)] : [])));
  }

  async function joinBelow(range: Interval, endpoint: Endpoint, blocks: readonly Block[]): Promise<void> {
    const stale = await inTurn(async () => {
      const expected = await findParentHash(relational, network, range.to + 1);
      if (expected === undefined) throw new Error('the block above was retracted meanwhile');
      if (blocks.at(-1)?.hash !== expected) {
        if ((cursor.finalizedNumber ?? -1) > range.to) {
          reader.blame(endpoint, new EndpointFault('bad_answer', `its block ${range.to} is not the parent of the final block above it`));
        }
        throw new Error(`block ${range.to} of ${endpoint.host} does not join the block above it`);
      }
      const below = findIntervalOf(cursor.synced, range.from - 1);
      if (below !== undefined) {
        if ((await findHash(below.to)) !== blocks[0]?.parentHash) return below;
      }
      await commit({ append: blocks });
      return undefined;
    });
    if (stale !== undefined) await dropStaleTop(stale, endpoint);
  }

  /** The interval below ends in blocks that were orphaned while we were away: they go, and the gap grows down to the fork. */
  async function dropStaleTop(below: Interval, endpoint: Endpoint): Promise<void> {
    const common = await findCommon(endpoint, below);
    const retract = { from: common === undefined ? below.from : common + 1, to: below.to };
    if (retract.from > retract.to) return;
    log.info({ network, ...retract }, 'dropping blocks that were orphaned while the network was not followed');
    await inTurn(() => commit({ retract }));
    throw new Error('the gap grew: it is planned anew');
  }

  function reportFailure(error: unknown): void {
    const reason = describeError(error);
    observer.failed(reason);
    // An endpoint's own fault is logged where it happens; this is the rest.
    if (!(error instanceof NoEndpoint) && !(error instanceof EndpointFault)) log.debug({ network, reason }, 'sync step failed');
  }

  async function pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal }).catch(() => undefined);
  }

  await Promise.all([headLoop(), backfillLoop()]);
}
