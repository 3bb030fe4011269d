import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Block, BlockRef, Hex } from '../datasets/chain/block.ts';
import { countOf, findIntervalOf, gapsIn, type Interval } from '../datasets/chain/intervals.ts';
import type { ChainStore, FinalitySeen, Step } from '../datasets/chain/write.ts';
import type { Cursor } from '../datasets/chain/write-cursor.ts';
import { ConfigurationError, describeError, RetryableError } from '../runtime/errors.ts';
import type { BlocksReading, EvmReader, HeadReading } from './evm/evm-reader.ts';
import type { Header } from './evm/parse-block.ts';
import type { Endpoint } from './rpc/endpoint.ts';
import { EndpointFault, type FaultKind } from './rpc/fault.ts';

/** Where a network stands, as its sync sees it. */
export interface SyncProgress {
  readonly cursor: Cursor;
  /** Blocks below the head that are wanted, may be had, and are not held yet. */
  readonly remaining: number;
}

/** What happens while a network syncs, for metrics and the status. */
export interface SyncObserver {
  /** The cursor was read, or moved by a commit of `blocks` (none when only finality moved or blocks were retracted). */
  moved(progress: SyncProgress, blocks: readonly Block[]): void;
  reorged(depth: number): void;
  /** The head was asked for, and what is held follows it. */
  followed(reading: HeadReading, progress: SyncProgress): void;
  /** The head could not be followed this time; it is tried again. */
  headFailed(reason: string): void;
  /** Older blocks could not be had; undefined once they can again. */
  historyFailed(reason: string | undefined): void;
}

export interface NetworkSyncOptions {
  readonly network: string;
  readonly store: ChainStore;
  readonly reader: EvmReader;
  readonly log: Logger;
  readonly observer: SyncObserver;
  readonly signal: AbortSignal;
  /** How often the head is asked for. */
  readonly intervalMs: number;
  /** Blocks in one commit: L2_BATCH_SIZE. */
  readonly blocksPerCommitMax: number;
  /** The hash of block 0 by the catalog; taken from the endpoints when undefined. */
  readonly genesisHash: Hex | undefined;
  /** The first block to hold; the genesis block when undefined. */
  readonly startBlock: number | undefined;
  /** How many blocks below the first head to back-fill; all down to startBlock when undefined. */
  readonly historyBlocks: number | undefined;
  /** The chain has a finality tag: nothing is final but by it. */
  readonly hasFinalityTag: boolean;
  /** Blocks on top of a final one, where the chain has no finality tag. */
  readonly confirmations: number;
}

/** A chain that ends earlier than what we hold is believed after this many polls; until then its node may just be behind. */
const shorterPollsMin = 3;
const unsettledPollsMax = 3;
/** A fork that is deeper, on a chain that tells no finality, is no reorg but another chain. */
const forkDepthMax = 10_000;
const forkStepMax = 128;
/** Looks at finality that are further apart than so many polls do not tell when it moved. */
const finalityPollsMax = 3;
const finalityGapMinMs = 10_000;
const historyBackoffMinMs = 250;
const historyBackoffMaxMs = 60_000;
/** Reads that wait for those above them to be committed, and reads in flight: the two bound what a network holds in memory. */
const readsWaitingMax = 4;
const readsInFlightMax = 8;

/**
 * Follows one network until the signal aborts: the head by polling, the gaps below it by backfill, both under one cursor.
 * Blocks are read outside a turn and committed in one; whatever takes blocks away is decided and committed in the same turn.
 * The store checks every step against what is held, so the rows are one chain at every moment.
 * Throws ConfigurationError when the catalog's genesis is not that of the stored chain.
 */
export async function syncNetwork(options: NetworkSyncOptions): Promise<void> {
  const { network, store, reader, log, observer, signal } = options;
  let cursor = await store.loadCursor();
  // The lowest block wanted. Unknown until the first head, and fixed then: the goal does not move with the head.
  let wantedFrom: number | undefined;
  let shorterPolls = 0;
  let unsettledPolls = 0;
  /** When the heads were last read, by the wall's clock and by one that never jumps. */
  let headsReadAt = { wallMs: 0, steadyMs: 0 };
  let lastFinality: { number: number; steadyMs: number } | undefined;
  let turn: Promise<unknown> = Promise.resolve();
  let onMoved = (): void => undefined;

  await openChain();
  observer.moved(progress(), []);
  await Promise.all([headLoop(), backfillLoop()]);

  /** One at a time: what is checked against the cursor must still be true when it commits. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = turn.then(work);
    turn = mine.catch(() => undefined);
    return mine;
  }

  async function commit(step: Step): Promise<void> {
    try {
      cursor = await store.commitStep(cursor, step);
    } catch (error) {
      // It may have been committed all the same, or another process was first: what is stored decides.
      if (error instanceof RetryableError) cursor = await store.loadCursor();
      throw error;
    }
    if (step.finalizedNumber !== undefined) await trustKnown();
    if (step.retract !== undefined) observer.reorged(step.retract.to - step.retract.from + 1);
    observer.moved(progress(), step.append ?? []);
    onMoved();
  }

  function progress(): SyncProgress {
    return { cursor, remaining: countOf(gaps()) };
  }

  // ---- identity -----------------------------------------------------------------------------------------------------

  async function openChain(): Promise<void> {
    const { genesisHash } = options;
    if (genesisHash !== undefined && cursor.genesisHash === null) await recordGenesis(genesisHash);
    if (genesisHash !== undefined && cursor.genesisHash !== genesisHash) {
      throw new ConfigurationError(
        `network ${network}: the catalog's genesis is ${genesisHash}, but blocks of a chain with genesis ${cursor.genesisHash} are stored: ` +
          `correct the catalog, or drop the stored chain with --forget ${network}`,
      );
    }
    await trustKnown();
  }

  async function recordGenesis(hash: Hex): Promise<void> {
    await store.pinGenesis(hash);
    cursor = await store.loadCursor();
  }

  /** Endpoints are held to the genesis and to the last final block that we hold. */
  async function trustKnown(): Promise<void> {
    const known: BlockRef[] = [];
    if (cursor.genesisHash !== null) known.push({ number: 0, hash: cursor.genesisHash });
    const finalized = cursor.finalizedNumber;
    const hash = finalized === null ? undefined : await findHash(finalized);
    if (finalized !== null && finalized > 0 && hash !== undefined) known.push({ number: finalized, hash });
    reader.trust(known);
  }

  /** Takes the genesis that most endpoints tell, the catalog's order deciding a tie; returns the readings that agree with it. */
  async function agreeOnGenesis(readings: readonly HeadReading[]): Promise<readonly HeadReading[]> {
    if (cursor.genesisHash === null) {
      const votes = new Map<Hex, number>();
      for (const { genesisHash } of reader.endpoints) {
        if (genesisHash !== null) votes.set(genesisHash, (votes.get(genesisHash) ?? 0) + 1);
      }
      const [winner] = [...votes].sort(([, a], [, b]) => b - a);
      // Where no endpoint has block 0, the chain id alone must do.
      if (winner === undefined) return readings;
      await inTurn(() => recordGenesis(winner[0]));
      await trustKnown();
    }
    return readings.filter(
      ({ endpoint }) => endpoint.genesisHash === null || endpoint.genesisHash === cursor.genesisHash,
    );
  }

  // ---- head ---------------------------------------------------------------------------------------------------------

  async function headLoop(): Promise<void> {
    while (!signal.aborted) {
      const from = performance.now();
      let again = false;
      try {
        again = await poll();
      } catch (error) {
        if (signal.aborted) return;
        observer.headFailed(describeError(error));
      }
      if (!again) await pause(Math.max(1, options.intervalMs - (performance.now() - from)));
    }
  }

  /** Follows the best head that can be followed. True when there is more to read at once. */
  async function poll(): Promise<boolean> {
    const heads = await reader.readHeads();
    headsReadAt = { wallMs: Date.now(), steadyMs: performance.now() };
    const readings = await agreeOnGenesis(heads);
    const ours = await tipHash();
    // Nodes of one chain may differ in their last blocks for a while: of equal heights, ours is not left for another.
    const highest = readings[0]?.head.number;
    const agreeing = readings.filter(({ head }) => head.number === highest && head.hash === ours);
    const reasons: string[] = [];
    let onlyMissing = true;
    for (const reading of [...agreeing, ...readings.filter((each) => !agreeing.includes(each))]) {
      try {
        const again = await follow(reading);
        unsettledPolls = 0;
        for (const { endpoint, head } of readings) if (head.hash === reading.head.hash) endpoint.proved();
        observer.followed(reading, progress());
        return again;
      } catch (error) {
        if (!(error instanceof EndpointFault)) throw error;
        reasons.push(`${reading.endpoint.host}: ${error.message}`);
        onlyMissing &&= error.kind === 'missing';
      }
    }
    // A head that is gone when its block is read: the chain moved meanwhile, or a balancer asked another node.
    if (reasons.length > 0 && onlyMissing && ++unsettledPolls < unsettledPollsMax) return false;
    throw new Error(reasons.join('; ') || 'no endpoint serves the chain that is stored');
  }

  async function follow(reading: HeadReading): Promise<boolean> {
    const { head } = reading;
    const start = options.startBlock ?? 0;
    const live = cursor.synced.at(-1);
    let again = false;
    if (live === undefined && head.number < start) return false;
    if (live === undefined || head.number > live.to + options.blocksPerCommitMax) await anchorAt(reading);
    else if (head.number > live.to) again = await extend(reading, live);
    else if ((await findHash(head.number)) !== head.hash) again = await considerFork(reading, live);
    else await considerShorter(reading, live);
    if (wantedFrom === undefined) {
      wantedFrom = options.historyBlocks === undefined ? start : Math.max(start, head.number - options.historyBlocks);
      onMoved();
    }
    await advanceFinality(reading);
    return again;
  }

  /** Starts a new interval at the head: the first block ever held, or the first after we were away; backfill fills below it. */
  async function anchorAt({ head, endpoint }: HeadReading): Promise<void> {
    const blocks = await reader.readTop(endpoint, { from: head.number, to: head.number });
    // Nothing held touches this block, so nothing but the endpoint's identity speaks for it.
    await reader.verify(endpoint);
    await inTurn(() => commit({ append: blocks }));
  }

  async function extend({ head, endpoint }: HeadReading, live: Interval): Promise<boolean> {
    shorterPolls = 0;
    const blocks = await reader.readTop(endpoint, { from: live.to + 1, to: head.number });
    return inTurn(async () => {
      if (blocks[0]?.parentHash !== (await findHash(live.to))) return reorganise(head, endpoint);
      await commit({ append: blocks });
      return false;
    });
  }

  async function considerFork({ head, endpoint }: HeadReading, live: Interval): Promise<boolean> {
    // A node that is behind may stand on a block that was replaced since.
    if (head.number < live.to && ++shorterPolls < shorterPollsMin) return false;
    return inTurn(() => reorganise(head, endpoint));
  }

  /** The highest head is a block of ours, but not our last: either all nodes are behind, or the chain was cut back. */
  async function considerShorter({ head, endpoint }: HeadReading, live: Interval): Promise<void> {
    if (head.number === live.to) shorterPolls = 0;
    else if (++shorterPolls >= shorterPollsMin) {
      if (head.number < (cursor.finalizedNumber ?? -1)) {
        throw behindFinality(endpoint, head);
      }
      shorterPolls = 0;
      await inTurn(async () => {
        const top = cursor.synced.at(-1);
        if (top === undefined || top.to <= head.number || (await findHash(head.number)) !== head.hash) return;
        log.warn({ network, head: head.number, tip: top.to }, 'chain was cut back');
        await commit({ retract: { from: Math.max(top.from, head.number + 1), to: top.to } });
      });
    }
  }

  /**
   * The endpoint's chain is not ours at our tip: finds the last common block and replaces what is above it, in one commit.
   * A fork below a final block, or from another genesis, is no reorg but another chain: the endpoint is refused.
   * Runs in a turn. True when there is more to read.
   */
  async function reorganise(head: Header, endpoint: Endpoint): Promise<boolean> {
    await reader.verify(endpoint);
    const live = cursor.synced.at(-1);
    if (live === undefined) return false;
    const finalized = cursor.finalizedNumber ?? -1;
    const floor = Math.max(live.from, finalized, live.to - forkDepthMax);
    const common = head.number < floor ? undefined : await findCommon(endpoint, { from: floor, to: live.to });
    if (common === undefined) {
      if (floor === finalized && head.number < floor) throw behindFinality(endpoint, head);
      if (floor === finalized) {
        throw blame(
          endpoint,
          'wrong_chain',
          `its block ${floor} is not the one that was final here: another chain, or one that broke its finality`,
        );
      }
      if (floor > live.from)
        throw blame(endpoint, 'wrong_chain', `it shares none of our last ${forkDepthMax} blocks: another chain`);
      log.warn({ network, ...live }, 'reorg replaced everything held above the last gap');
      await commit({ retract: live });
      return true;
    }
    const from = common + 1;
    const to = Math.min(head.number, common + options.blocksPerCommitMax);
    const blocks = from <= to ? await reader.readTop(endpoint, { from, to }) : [];
    // The chain moved on while we read it: the next poll starts from what is true then.
    if (blocks[0] !== undefined && blocks[0].parentHash !== (await findHash(common))) return false;
    const depth = live.to - common;
    await commit({ retract: depth > 0 ? { from, to: live.to } : undefined, append: blocks });
    shorterPolls = 0;
    if (depth > 0) log.info({ network, endpoint: endpoint.host, depth, common }, 'reorg');
    return to < head.number;
  }

  function behindFinality(endpoint: Endpoint, head: Header): EndpointFault {
    return blame(
      endpoint,
      'missing',
      `its chain ends at block ${head.number}, below the final block ${cursor.finalizedNumber}`,
    );
  }

  /** Writes down at an endpoint what only we could see. Returns the fault, to be thrown. */
  function blame(endpoint: Endpoint, kind: FaultKind, message: string): EndpointFault {
    const fault = new EndpointFault(kind, message);
    reader.blame(endpoint, fault);
    return fault;
  }

  /** The highest block of a held range that the endpoint has too, searched downwards in growing steps; undefined when it has none. */
  async function findCommon(endpoint: Endpoint, held: Interval): Promise<number | undefined> {
    let step = 8;
    for (let to = held.to; to >= held.from; step = Math.min(forkStepMax, step * 2)) {
      const from = Math.max(held.from, to - step + 1);
      const numbers = Array.from({ length: to - from + 1 }, (_, at) => to - at);
      const ours = await store.readHashes({ from, to });
      const theirs = await reader.readHeaders(endpoint, numbers);
      const common = numbers.find((number, at) => theirs[at] !== undefined && theirs[at].hash === ours.get(number));
      if (common !== undefined) return common;
      if (from === held.from && theirs.at(-1) === undefined) {
        throw blame(endpoint, 'missing', `it has no block ${from}, so where its chain forks cannot be told`);
      }
      to = from - 1;
    }
    return undefined;
  }

  /** Moves finality up to a block that we hold, on the word of an endpoint that has the same block there. */
  async function advanceFinality({ head, finalized }: HeadReading): Promise<void> {
    await inTurn(async () => {
      const now = cursor.finalizedNumber ?? -1;
      if (options.hasFinalityTag) {
        if (finalized === null) return;
        const finalitySeen = lookAtFinality(finalized.number);
        if (finalized.number <= now || (await findHash(finalized.number)) !== finalized.hash) return;
        await commit({ finalizedNumber: finalized.number, finalitySeen });
        return;
      }
      const number = head.number - options.confirmations;
      const finalitySeen = lookAtFinality(number);
      const live = findIntervalOf(cursor.synced, head.number);
      if (number <= now || live === undefined || number < live.from || (await findHash(head.number)) !== head.hash)
        return;
      await commit({ finalizedNumber: number, finalitySeen });
    });
  }

  /** Notes what is final by the heads read last; gives when that changed if the look before was not long ago. */
  function lookAtFinality(number: number): FinalitySeen | undefined {
    const before = lastFinality;
    const { wallMs, steadyMs } = headsReadAt;
    // A node that is behind says less than another has said.
    lastFinality = { number: Math.max(number, before?.number ?? number), steadyMs };
    const gapMaxMs = Math.max(finalityGapMinMs, finalityPollsMax * options.intervalMs);
    if (before === undefined || steadyMs - before.steadyMs > gapMaxMs) return undefined;
    return { fromNumber: before.number + 1, observedAtMs: wallMs };
  }

  async function findHash(number: number): Promise<Hex | undefined> {
    return (await store.readHashes({ from: number, to: number })).get(number);
  }

  async function tipHash(): Promise<Hex | undefined> {
    const tip = cursor.synced.at(-1)?.to;
    return tip === undefined ? undefined : findHash(tip);
  }

  // ---- backfill -----------------------------------------------------------------------------------------------------

  async function backfillLoop(): Promise<void> {
    let failures = 0;
    while (!signal.aborted) {
      const gap = gaps().at(-1);
      if (gap === undefined) {
        await moved();
        continue;
      }
      try {
        await fill(gap);
        failures = 0;
        observer.historyFailed(undefined);
      } catch (error) {
        if (signal.aborted) return;
        const reason = describeError(error);
        observer.historyFailed(reason);
        log.debug({ network, ...gap, reason }, 'backfill stopped, trying again');
        await pause(
          Math.min(
            historyBackoffMaxMs,
            Math.min(historyBackoffMinMs, options.intervalMs) * 2 ** Math.min(failures++, 8),
          ),
        );
      }
    }
  }

  /** What is wanted below the head and may be had, ascending. */
  function gaps(): readonly Interval[] {
    const live = cursor.synced.at(-1);
    if (live === undefined || wantedFrom === undefined) return [];
    return gapsIn(cursor.synced, { from: Math.max(wantedFrom, reader.historyFrom()), to: live.to });
  }

  interface Read extends Interval {
    readonly done: Promise<BlocksReading>;
    reading: BlocksReading | undefined;
  }

  /**
   * Fills a gap from its upper end down, recent blocks being worth more than old ones. Ranges are read in parallel, but
   * committed in order, each only when its last block is the parent of the block above: a chain of hashes from the head down,
   * whatever endpoint served a range.
   */
  async function fill(gap: Interval): Promise<void> {
    const stop = new AbortController();
    const onAbort = (): void => stop.abort(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    const reads: Read[] = [];
    let inFlight = 0;
    let nextTo = gap.to;

    function readAhead(): void {
      while (
        nextTo >= gap.from &&
        !stop.signal.aborted &&
        inFlight < readsInFlight() &&
        reads.length < inFlight + readsWaitingMax
      ) {
        const range = { from: Math.max(gap.from, nextTo - blocksPerRead() + 1), to: nextTo };
        const done = reader.readHistory(range, stop.signal);
        const read: Read = { ...range, done, reading: undefined };
        inFlight++;
        // One that fails is thrown when its turn comes, which may be later.
        done.then(
          (reading) => {
            read.reading = reading;
            inFlight--;
            readAhead();
          },
          () => inFlight--,
        );
        reads.push(read);
        nextTo = range.from - 1;
      }
    }

    try {
      for (;;) {
        readAhead();
        const next = reads.shift();
        if (next === undefined) return;
        const readings = [await next.done];
        // What was read meanwhile and follows goes into the same commit.
        let blocks = readings[0]?.blocks.length ?? 0;
        for (
          let after = reads[0];
          after?.reading !== undefined && blocks + after.reading.blocks.length <= options.blocksPerCommitMax;
          after = reads[0]
        ) {
          reads.shift();
          readings.push(after.reading);
          blocks += after.reading.blocks.length;
        }
        await inTurn(() => joinBelow(readings));
      }
    } finally {
      signal.removeEventListener('abort', onAbort);
      stop.abort(new Error('the gap is planned anew'));
    }
  }

  function readsInFlight(): number {
    const now = performance.now();
    const usable = reader.endpoints.filter((each) => each.availableAtMs() <= now);
    const allowed = usable.reduce((sum, each) => sum + each.appetite().inFlight, 0);
    return Math.max(1, Math.min(readsInFlightMax, allowed));
  }

  function blocksPerRead(): number {
    const sizes = reader.endpoints.filter((each) => each.admitted).map((each) => each.appetite().blocks);
    return Math.max(1, Math.min(options.blocksPerCommitMax, ...(sizes.length > 0 ? [Math.max(...sizes)] : [])));
  }

  /** Commits readings, from the top down, below the block that is held there. Runs in a turn. */
  async function joinBelow(readings: readonly BlocksReading[]): Promise<void> {
    const top = readings[0]?.blocks.at(-1)?.number ?? 0;
    let expected = await store.findParentHash(top + 1);
    if (expected === undefined) throw new Error(`block ${top + 1} was retracted meanwhile`);
    for (const { blocks, endpoint } of readings) {
      const [first, last] = [blocks[0], blocks.at(-1)];
      if (first === undefined || last === undefined) continue;
      if (last.hash !== expected) {
        await reader.verify(endpoint);
        const reason = `its block ${last.number} is not the parent of block ${last.number + 1}`;
        blame(endpoint, 'bad_answer', reason);
        throw new Error(`${endpoint.host}: ${reason}`);
      }
      expected = first.parentHash;
    }
    const lowest = readings.at(-1);
    const bottom = lowest?.blocks[0];
    if (lowest === undefined || bottom === undefined) return;
    const below = findIntervalOf(cursor.synced, bottom.number - 1);
    if (below !== undefined && (await findHash(below.to)) !== bottom.parentHash) {
      await dropStaleTop(below, lowest.endpoint);
      throw new Error('the gap grew');
    }
    await commit({
      append: readings
        .flatMap(({ blocks }) => (blocks.length > 0 ? [blocks] : []))
        .reverse()
        .flat(),
    });
  }

  /** The interval below ends in blocks that were orphaned while we were away: they go, and the gap grows down to the fork. */
  async function dropStaleTop(below: Interval, endpoint: Endpoint): Promise<void> {
    await reader.verify(endpoint);
    const common = await findCommon(endpoint, below);
    const retract = { from: common === undefined ? below.from : common + 1, to: below.to };
    if (retract.from > retract.to) return;
    log.info({ network, ...retract }, 'dropping blocks that were orphaned while the network was not followed');
    await commit({ retract });
  }

  // ---- waiting ------------------------------------------------------------------------------------------------------

  /** Resolves at the next change of what is held, a poll later at the latest. */
  function moved(): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        onMoved = () => undefined;
        resolve();
      };
      const timer = setTimeout(done, options.intervalMs);
      signal.addEventListener('abort', done, { once: true });
      onMoved = done;
    });
  }

  async function pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal }).catch(() => undefined);
  }
}
