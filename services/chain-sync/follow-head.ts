import type { Logger } from 'pino';
import type { Interval } from '../datasets/chain/intervals.ts';
import { describeError } from '../runtime/errors.ts';
import type { HeadsReadAt } from './advance-finality.ts';
import type { ChainIdentity } from './chain-identity.ts';
import type { EvmReader, HeadReading } from './evm/evm-reader.ts';
import type { Forks } from './forks.ts';
import type { HeldChain } from './held-chain.ts';
import { pause } from './pause.ts';
import { EndpointFault } from './rpc/fault.ts';

export interface HeadFollowing {
  readonly network: string;
  readonly held: HeldChain;
  readonly reader: EvmReader;
  readonly identity: ChainIdentity;
  readonly forks: Forks;
  readonly log: Logger;
  readonly signal: AbortSignal;
  readonly intervalMs: number;
  readonly blocksPerCommitMax: number;
  /** The first block to hold. */
  readonly startBlock: number;
  /** What is held was brought to this head, though finality may have moved on. */
  reached(reading: HeadReading): Promise<void>;
  advanceFinality(reading: HeadReading, readAt: HeadsReadAt): Promise<void>;
  followed(reading: HeadReading): void;
  failed(reason: string): void;
}

/** A chain that ends earlier than what we hold is believed after this many polls; until then its node may just be behind. */
const shorterPollsMin = 3;
const unsettledPollsMax = 3;

/** Asks for the head again and again, and lets what is held follow it, until the signal aborts. */
export async function followHead(options: HeadFollowing): Promise<void> {
  const { network, held, reader, forks, log, signal } = options;
  let shorterPolls = 0;
  let unsettledPolls = 0;

  while (!signal.aborted) {
    const from = performance.now();
    let again = false;
    try {
      again = await poll();
    } catch (error) {
      if (signal.aborted) return;
      options.failed(describeError(error));
    }
    if (!again) await pause(Math.max(1, options.intervalMs - (performance.now() - from)), signal);
  }

  /** Follows the best head that can be followed. True when there is more to read at once. */
  async function poll(): Promise<boolean> {
    const heads = await reader.readHeads();
    const readAt = { wallMs: Date.now(), steadyMs: performance.now() };
    const readings = await options.identity.agreeOnGenesis(heads);
    const ours = await held.tipHash();
    // Nodes of one chain may differ in their last blocks for a while: of equal heights, ours is not left for another.
    const highest = readings[0]?.head.number;
    const agreeing = readings.filter(({ head }) => head.number === highest && head.hash === ours);
    const reasons: string[] = [];
    let onlyMissing = true;
    for (const reading of [...agreeing, ...readings.filter((each) => !agreeing.includes(each))]) {
      try {
        const again = await follow(reading, readAt);
        unsettledPolls = 0;
        for (const { endpoint, head } of readings) if (head.hash === reading.head.hash) endpoint.proved();
        options.followed(reading);
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

  async function follow(reading: HeadReading, readAt: HeadsReadAt): Promise<boolean> {
    const { head } = reading;
    const live = held.cursor().synced.at(-1);
    let again = false;
    if (live === undefined && head.number < options.startBlock) return false;
    if (live === undefined || head.number > live.to + options.blocksPerCommitMax) await anchorAt(reading);
    else if (head.number > live.to) again = await extend(reading, live);
    else if ((await held.findHash(head.number)) !== head.hash) again = await considerFork(reading, live);
    else await considerShorter(reading, live);
    await options.reached(reading);
    await options.advanceFinality(reading, readAt);
    return again;
  }

  /** Starts a new interval at the head: the first block ever held, or the first after we were away; backfill fills below it. */
  async function anchorAt({ head, endpoint }: HeadReading): Promise<void> {
    const blocks = await reader.readTop(endpoint, { from: head.number, to: head.number });
    // Nothing held touches this block, so nothing but the endpoint's identity speaks for it.
    await reader.verify(endpoint);
    await held.inTurn(() => held.commit({ append: blocks }));
  }

  async function extend({ head, endpoint }: HeadReading, live: Interval): Promise<boolean> {
    shorterPolls = 0;
    const blocks = await reader.readTop(endpoint, { from: live.to + 1, to: head.number });
    return held.inTurn(async () => {
      if (blocks[0]?.parentHash !== (await held.findHash(live.to))) return forks.reorganise(head, endpoint);
      await held.commit({ append: blocks });
      return false;
    });
  }

  async function considerFork({ head, endpoint }: HeadReading, live: Interval): Promise<boolean> {
    // A node that is behind may stand on a block that was replaced since.
    if (head.number < live.to && ++shorterPolls < shorterPollsMin) return false;
    const { seq } = held.cursor();
    const again = await held.inTurn(() => forks.reorganise(head, endpoint));
    if (held.cursor().seq !== seq) shorterPolls = 0;
    return again;
  }

  /** The highest head is a block of ours, but not our last: either all nodes are behind, or the chain was cut back. */
  async function considerShorter({ head, endpoint }: HeadReading, live: Interval): Promise<void> {
    if (head.number === live.to) shorterPolls = 0;
    else if (++shorterPolls >= shorterPollsMin) {
      if (head.number < (held.cursor().finalizedNumber ?? -1)) throw forks.behindFinality(endpoint, head);
      shorterPolls = 0;
      await held.inTurn(async () => {
        const top = held.cursor().synced.at(-1);
        if (top === undefined || top.to <= head.number || (await held.findHash(head.number)) !== head.hash) return;
        log.warn({ network, head: head.number, tip: top.to }, 'chain was cut back');
        await held.commit({ retract: { from: Math.max(top.from, head.number + 1), to: top.to } });
      });
    }
  }
}
