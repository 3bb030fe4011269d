import { windowSizes } from '../datasets/chain/window-size.ts';
import { costs } from './costs.ts';
import type { NetworkLoad } from './demand.ts';
import { createEventQueue } from './event-queue.ts';
import { partitionsAtATime, relayLingerSeconds, statementsAtATime } from './program.ts';
import { createRandom } from './random.ts';
import { createGroup } from './simulate-group.ts';
import { type Behaviour, type Change, startSources, usual } from './simulate-sources.ts';

export interface SimulationOptions {
  readonly networks: readonly NetworkLoad[];
  /** The workloads of chain-sync, each with its relay: ids of their networks. */
  readonly shards: readonly (readonly string[])[];
  readonly partitions: number;
  readonly replicas: number;
  /** Of time, what windows of all networks take of the members' statements: each has one of three sizes under way at most. */
  readonly windowsBusy: number;
  readonly seconds: number;
  readonly seed?: number;
  readonly behaviour?: Behaviour;
  /** One member is killed at `atSeconds`, and there again `backAfterSeconds` later. */
  readonly kill?: { readonly atSeconds: number; readonly backAfterSeconds: number };
}

/**
 * Seconds from a commit in PostgreSQL to the acknowledgement of its rows and marks in ClickHouse: windows follow. One that waits at the end counts with
 * what it has waited.
 */
export interface Lag {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export interface SimulationResult {
  /** That were stored, of those after a warm-up. */
  readonly commits: number;
  readonly lag: Lag;
  /** Of the batches that members may have in hand. */
  readonly utilisation: number;
  /** Of its time, the busiest partition, and the one in the middle. */
  readonly hottest: number;
  readonly middle: number;
  /** Commits that are not stored at the end. */
  readonly left: number;
  /** After a kill: until whatever is stored was committed at most five seconds before. */
  readonly recoverySeconds: number | undefined;
}

const warmUpSeconds = 30;
const fineLagSeconds = 5;

/**
 * Blocks of all networks from their commits over relay and bus into the store, event by event. The same options give the same result.
 * ClickHouse is as fast however many ask it: it must be given the cores that the plan says.
 */
export function simulate(options: SimulationOptions): SimulationResult {
  const { networks, partitions, replicas, seconds, kill, behaviour = usual } = options;
  const random = createRandom(options.seed ?? 1);
  const queue = createEventQueue();
  const lags: number[] = [];
  let lastLateAt = 0;
  const windowsOfMember = Math.min(windowSizes.length, options.windowsBusy / replicas);

  const group = createGroup({
    ...{ partitions, members: replicas, queue },
    serviceSeconds: (batch, inHand) => {
      // As the model's, but that commits of one network in one batch share their inserts, and all of it its marks; and around that mean.
      const of = new Set(batch.map(({ network }) => network)).size;
      const txs = batch.reduce((sum, change) => sum + change.txs, 0);
      const { stream, clickhouse } = costs;
      const ms =
        stream.markMs.value +
        clickhouse.markMs.value +
        of * (stream.commitMs.value + clickhouse.commitMs.value) +
        txs * (stream.txMs.value + clickhouse.txMs.value);
      // What is under way takes turns.
      const turns = Math.max(1, (inHand + windowsOfMember) / statementsAtATime);
      return (ms / 1000) * turns * (0.7 + random.exponential(0.3));
    },
    onStored: ({ committedAt }, now) => {
      if (committedAt < warmUpSeconds) return;
      const lag = now - committedAt;
      lags.push(lag);
      if (lag > fineLagSeconds) lastLateAt = now;
    },
  });

  const relays = options.shards.map(() => ({ pending: [] as Change[], busy: false }));
  const relayOf = new Map(options.shards.flatMap((ids, at) => ids.map((id) => [id, at] as const)));

  function relay(at: number, now: number): void {
    const one = relays[at];
    if (one === undefined || one.busy || one.pending.length === 0) return;
    const changes = one.pending.splice(0);
    one.busy = true;
    const txs = changes.reduce((sum, change) => sum + change.txs, 0);
    const { relay: node, postgres } = costs;
    const ms =
      changes.length * (node.commitMs.value + postgres.commitMs.value) + txs * (node.txMs.value + postgres.txMs.value);
    queue.at(now + ms / 1000, (published) => {
      for (const change of changes) group.publish(change, published);
      queue.at(published + relayLingerSeconds, (rested) => {
        one.busy = false;
        relay(at, rested);
      });
    });
  }

  startSources({
    ...{ networks, behaviour, queue, random },
    commit: (change) => {
      const at = relayOf.get(change.network) ?? 0;
      relays[at]?.pending.push(change);
      relay(at, change.committedAt);
    },
  });
  if (kill !== undefined) {
    queue.at(kill.atSeconds, (now) => group.kill(0, now));
    queue.at(kill.atSeconds + kill.backAfterSeconds, (now) => group.revive(0, now));
  }
  queue.runUntil(seconds);

  const left = group.waiting();
  const stored = lags.length;
  for (const { committedAt } of left) if (committedAt >= warmUpSeconds) lags.push(seconds - committedAt);
  const busy = group.busy().toSorted((a, b) => a - b);
  return {
    commits: stored,
    lag: lagOf(lags),
    utilisation: busy.reduce((sum, one) => sum + one, 0) / (seconds * replicas * partitionsAtATime),
    hottest: (busy.at(-1) ?? 0) / seconds,
    middle: (busy[busy.length >> 1] ?? 0) / seconds,
    left: left.length,
    recoverySeconds: kill === undefined ? undefined : Math.max(0, lastLateAt - kill.atSeconds),
  };
}

function lagOf(lags: readonly number[]): Lag {
  const sorted = lags.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  return { p50: at(0.5), p99: at(0.99), max: sorted.at(-1) ?? 0 };
}
