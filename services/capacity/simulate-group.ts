import { partitionOf } from '../stores/networked/kafka-partition.ts';
import type { EventQueue } from './event-queue.ts';
import { partitionsAtATime, sessionTimeoutSeconds } from './program.ts';
import type { Change } from './simulate-sources.ts';

/** A group of consumers on a topic: its members, who has which partition, and what waits. */
export interface Group {
  publish(change: Change, now: number): void;
  /** A member is killed: its partitions are nobody's until the broker notices, then all members rest while they share anew. */
  kill(member: number, now: number): void;
  /** It is there again: all rest once more. */
  revive(member: number, now: number): void;
  /** Seconds in which each partition had a batch in hand. */
  busy(): readonly number[];
  /** Changes that wait, or are in hand. */
  waiting(): readonly Change[];
}

/** kafkajs stops all members of a group while partitions are given out. */
const rebalanceSeconds = 3;
/** Commits that one batch holds at most: a fetch of a partition. */
const changesPerBatchMax = 50;

export function createGroup(options: {
  readonly partitions: number;
  readonly members: number;
  readonly queue: EventQueue;
  /** How long a batch takes, of so many that its member has in hand. */
  readonly serviceSeconds: (batch: readonly Change[], inHand: number) => number;
  readonly onStored: (change: Change, now: number) => void;
}): Group {
  const { partitions, queue, serviceSeconds, onStored } = options;
  const members = Array.from({ length: options.members }, () => ({ alive: true, inHand: 0, lanes: [] as number[] }));
  const lanes = Array.from({ length: partitions }, () => ({ queue: [] as Change[], inHand: false, busy: 0, owner: 0 }));
  let restingUntil = 0;
  /** Batches of before are not acknowledged after it: their partitions may be others'. */
  let generation = 0;
  share(0);

  function share(now: number): void {
    generation++;
    const alive = members.flatMap(({ alive }, at) => (alive ? [at] : []));
    for (const [at, lane] of lanes.entries()) {
      lane.owner = alive.length === 0 ? -1 : (alive[at % alive.length] ?? -1);
      lane.inHand = false;
    }
    for (const [owner, member] of members.entries()) {
      member.inHand = 0;
      member.lanes = lanes.flatMap((lane, at) => (lane.owner === owner ? [at] : []));
    }
    for (let at = 0; at < lanes.length; at++) start(at, now);
  }

  function start(at: number, now: number): void {
    const lane = lanes[at];
    const member = lane === undefined ? undefined : members[lane.owner];
    if (lane === undefined || member?.alive !== true || lane.inHand || lane.queue.length === 0) return;
    if (member.inHand >= partitionsAtATime || now < restingUntil) return;
    const batch = lane.queue.slice(0, changesPerBatchMax);
    const mine = generation;
    const { owner } = lane;
    lane.inHand = true;
    member.inHand++;
    const seconds = serviceSeconds(batch, member.inHand);
    queue.at(now + seconds, (then) => {
      if (mine !== generation || !member.alive) return;
      lane.queue.splice(0, batch.length);
      lane.inHand = false;
      lane.busy += seconds;
      member.inHand--;
      for (const change of batch) onStored(change, then);
      startNext(owner, at, then);
    });
  }

  /** A member's partitions in turn: none starves another. */
  function startNext(owner: number, after: number, now: number): void {
    const own = members[owner]?.lanes ?? [];
    const from = own.indexOf(after) + 1;
    for (const at of [...own.slice(from), ...own.slice(0, from)]) start(at, now);
  }

  function rest(from: number): void {
    queue.at(from, (now) => {
      restingUntil = now + rebalanceSeconds;
      generation++;
      queue.at(restingUntil, share);
    });
  }

  return {
    publish: (change, now) => {
      const at = partitionOf(change.network, partitions);
      lanes[at]?.queue.push(change);
      start(at, now);
    },
    kill: (member, now) => {
      const one = members[member];
      if (one !== undefined) one.alive = false;
      rest(now + sessionTimeoutSeconds);
    },
    revive: (member, now) => {
      const one = members[member];
      if (one !== undefined) one.alive = true;
      rest(now);
    },
    busy: () => lanes.map(({ busy }) => busy),
    waiting: () => lanes.flatMap((lane) => lane.queue),
  };
}
