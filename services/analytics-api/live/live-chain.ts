import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Network } from '../../../catalog/schema/network.ts';
import { type ChainEvent, chainTopic } from '../../datasets/chain/changes.ts';
import { parseChainEvent } from '../../datasets/chain/parse-event.ts';
import { describeError } from '../../runtime/errors.ts';
import type { LiveCatalog } from '../../runtime/live-catalog.ts';
import type { Health } from '../../runtime/modules.ts';
import type { Batch, Bus } from '../../stores/bus.ts';
import { type CatalogChange, watchNetworks } from './catalog-changes.ts';
import { createChainEndLoader } from './chain-end-loader.ts';
import type { ChainReads, StoreLook } from './chain-reads.ts';
import { eventText, type RingEvent } from './event-ring.ts';
import {
  type ChainFeed,
  type ChainFollower,
  chainFeeds,
  createFollowedNetworks,
  emit,
  type Followed,
  type HeldLimits,
  isHeard,
} from './followed-networks.ts';
import { createFreshnessJudge, type Staleness } from './freshness.ts';
import { newestBlocksMax } from './live-network.ts';
import { networkText } from './network-text.ts';
import { type ProtocolAddresses, protocolAddressesOf, protocolsText } from './protocol-calls.ts';

/** All networks as they are now, kept by the bus, for all connections of this process. */
export interface LiveChain {
  /** Tells the state or the fees of the newest block at once, as far as they are known. Returns how to stop that. */
  follow(network: string, feed: ChainFeed, follower: ChainFollower): () => void;
  /** Resolves once `snapshot` and `after` can answer; `seq` is that of a client that wants to go on from there. */
  open(network: string, seq: number | undefined): Promise<void>;
  /** The newest blocks and the change they are of; undefined until `open`, and again when all of them left the chain. */
  snapshot(network: string): { readonly seq: number; readonly text: string } | undefined;
  /** The changes above `seq`; undefined when they cannot be told without a hole, or there is no such change. */
  after(network: string, seq: number): readonly RingEvent[] | undefined;
  /** Undefined while it is live. */
  staleness(network: string): Staleness | undefined;
  /** The same of all that comes over the bus. */
  busStaleness(): Staleness | undefined;
  /** Calls back with each network of which a change has come. */
  followChanges(listener: (network: string) => void): () => void;
  /** Calls back when networks come and go. */
  followCatalog(listener: (change: CatalogChange) => void): () => void;
  stop(): Promise<void>;
}

export interface LiveChainDeps {
  readonly bus: Bus;
  readonly reads: ChainReads;
  readonly catalog: LiveCatalog;
  readonly busHealth: () => Promise<Pick<Health, 'ok'>>;
  readonly clock: () => number;
  readonly log: Logger;
  readonly limits?: LiveChainLimits;
}

export interface LiveChainLimits extends HeldLimits {
  /** How often the store is asked for states, and the bus for its health. */
  readonly lookMs: number;
  /** Of what was published before the start, how much is read again, so that clients of other replicas can go on here. */
  readonly sinceMs: number;
}

const behindPauseMs = 250;
const mebibyte = 1024 * 1024;

export const liveChainLimits: LiveChainLimits = {
  lookMs: 2_000,
  sinceMs: 5 * 60_000,
  eventsMax: 2_000,
  bytesMax: mebibyte,
  bytesMaxOfAll: 64 * mebibyte,
};

/** Follows the changes of all chains. Rejects when the bus cannot be followed or the store cannot be read. */
export async function openLiveChain(deps: LiveChainDeps): Promise<LiveChain> {
  const { reads, catalog, clock, log, limits = liveChainLimits } = deps;
  const networks = createFollowedNetworks(limits);
  const changeListeners = new Set<(network: string) => void>();
  const judge = createFreshnessJudge(clock);
  let look: StoreLook = { reported: new Map(), newest: new Map(), cursors: new Map() };
  let known = new Map<string, Network>();
  let addresses: ProtocolAddresses = new Map();
  let timer: NodeJS.Timeout | undefined;
  let looking: Promise<void> | undefined;
  let stopped = false;

  const loader = createChainEndLoader({
    read: (wanted) => reads.ends(wanted, newestBlocksMax),
    take: (id, end) => networks.get(id).live.load(end ?? { seq: 0, finalized: null, blocks: [] }),
    retryMs: 1_000,
    log,
  });

  function takeEvent(event: ChainEvent): void {
    const followed = networks.get(event.network);
    const taken = followed.live.take(event);
    if (taken === undefined) return;
    if (isHeard(followed, 'blocks'))
      emit(followed, 'blocks', { kind: 'change', event: taken.event, text: eventText(taken.event) });
    networks.trim(followed);
    if (taken.isNewest && followed.live.gas !== undefined)
      emit(followed, 'gas', { kind: 'gas', text: followed.live.gas });
    if (event.kind !== 'appended' || !taken.isRecent || !isHeard(followed, 'protocols')) return;
    const text = protocolsText(event, addresses.get(event.network) ?? new Map());
    if (text !== undefined) emit(followed, 'protocols', { kind: 'protocols', number: event.number, text });
  }

  async function takeBatch({ messages }: Batch): Promise<void> {
    const touched = new Set<string>();
    for (const { key, value, offset } of messages) {
      touched.add(key);
      try {
        takeEvent(parseChainEvent(value));
      } catch (error) {
        log.warn({ network: key, offset, reason: describeError(error) }, 'change of a chain not understood');
        const followed = networks.find(key);
        if (followed === undefined) continue;
        followed.live.breakOff();
        emit(followed, 'blocks', { kind: 'gap' });
      }
    }
    for (const id of touched) {
      for (const listener of changeListeners) listener(id);
      tellState(id);
    }
  }

  /** States change with each block, and are told once for all blocks that came together. */
  function tellState(id: string): void {
    const followed = networks.find(id);
    if (followed === undefined || !isHeard(followed, 'networks')) return;
    const text = stateTextOf(id, followed);
    if (text === undefined || text === followed.stateText) return;
    followed.stateText = text;
    emit(followed, 'networks', { kind: 'state', text });
  }

  function stateTextOf(id: string, { live }: Followed): string | undefined {
    const network = known.get(id);
    if (network === undefined) return undefined;
    return networkText(network, live, { reported: look.reported.get(id), staleness: judge.judge(network) });
  }

  function tellFreshness(): void {
    for (const [id, followed] of networks.entries()) {
      const network = known.get(id);
      if (network === undefined) continue;
      const isStale = judge.judge(network) !== undefined;
      if (isStale !== followed.isStale) {
        followed.isStale = isStale;
        for (const feed of chainFeeds) emit(followed, feed, { kind: 'freshness' });
      }
      tellState(id);
    }
  }

  async function lookAtStore(): Promise<void> {
    try {
      look = await reads.look();
    } catch (error) {
      log.warn({ reason: describeError(error) }, 'states of networks could not be read');
      judge.noteLook(undefined, () => undefined);
      return;
    }
    for (const id of known.keys()) {
      const [cursor, newest] = [look.cursors.get(id), look.newest.get(id)];
      if (cursor !== undefined) networks.get(id).live.ring.reach(cursor.relayedSeq);
      if (newest !== undefined) networks.get(id).live.seed(newest);
    }
    judge.noteLook(look, (id) => networks.find(id)?.live.seq);
  }

  async function lookAround(): Promise<void> {
    const [health] = await Promise.all([deps.busHealth().catch(() => ({ ok: false })), lookAtStore()]);
    judge.noteBus(health);
    networks.forgetBut(known);
    tellFreshness();
  }

  function schedule(): void {
    if (stopped) return;
    timer = setTimeout(() => {
      looking = lookAround()
        .catch((error: unknown) => log.error({ reason: describeError(error) }, 'look at the networks failed'))
        .finally(schedule);
    }, limits.lookMs);
  }

  const changes = watchNetworks(catalog, (current) => {
    known = new Map(current.networks.map((network) => [network.id, network]));
    addresses = protocolAddressesOf(current.catalog);
  });
  const unfollow = await deps.bus
    .follow(chainTopic, 'analytics-api', takeBatch, { sinceMs: limits.sinceMs })
    .catch((error: unknown) => {
      changes.stop();
      throw error;
    });
  // Only now: what the bus was given before the places were known is not waited for.
  await lookAround();
  schedule();

  return {
    follow: (id, feed, follower) => {
      const followed = networks.get(id);
      const set = followed.followers.get(feed);
      set?.add(follower);
      if (feed === 'networks') {
        followed.stateText = stateTextOf(id, followed) ?? '';
        if (followed.stateText !== '') follower({ kind: 'state', text: followed.stateText });
      }
      if (feed === 'gas' && followed.live.gas !== undefined) follower({ kind: 'gas', text: followed.live.gas });
      return () => set?.delete(follower);
    },
    open: async (id, seq = 0) => {
      const { live } = networks.get(id);
      // Another replica may have told what has not come here yet.
      if (!live.isLoaded || live.ring.floor === undefined || seq > live.knownSeq) await loader.load(id);
      // What was read is older than what is held: a store that was set back stays so, and must not be asked without a pause.
      if (!live.isLoaded) await sleep(behindPauseMs, undefined, { ref: false });
    },
    snapshot: (id) => {
      const live = networks.find(id)?.live;
      return live?.isLoaded ? live.snapshot() : undefined;
    },
    after: (id, seq) => {
      const live = networks.find(id)?.live;
      return live === undefined || seq > live.knownSeq ? undefined : live.ring.after(seq);
    },
    staleness: (id) => {
      const network = known.get(id);
      return network === undefined ? undefined : judge.judge(network);
    },
    busStaleness: () => judge.judgeBus(),
    followChanges: (listener) => {
      changeListeners.add(listener);
      return () => changeListeners.delete(listener);
    },
    followCatalog: (listener) => changes.follow(listener),
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      changes.stop();
      await unfollow();
      await loader.stop();
      await looking;
    },
  };
}
