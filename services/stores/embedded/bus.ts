import { randomUUID } from 'node:crypto';
import { RetryableError } from '../../runtime/errors.ts';
import type { Batch, Bus, Handle, Message } from '../bus.ts';

interface Group {
  readonly members: { handle: Handle; last: Promise<void> }[];
}

/**
 * A bus inside the process. `publish` resolves once every group's handlers have resolved, so a slow consumer slows its
 * publisher, and a publisher that moves its durable cursor after `publish` loses nothing when the process dies.
 * A handler that throws makes `publish` reject: there is no redelivery here, as the publisher sends the batch again from its
 * cursor. Nothing is kept for a group that has not subscribed yet: start consumers before publishers.
 * The members of a group are its partitions.
 */
export function createEmbeddedBus(): { bus: Bus; stop(): Promise<void> } {
  const topics = new Map<string, Map<string, Group>>();
  const running = new Set<Promise<void>>();
  /** Offsets begin anew with each process, so batches of different ones are told apart by this. */
  const run = randomUUID();
  let published = 0;
  let stopped = false;

  const deliver = (member: Group['members'][number], batch: Batch): Promise<void> => {
    // One batch at a time for each member: that keeps the order of every key across overlapping calls of publish.
    const result = member.last.then(() => member.handle(batch));
    member.last = result.catch(() => {});
    running.add(member.last);
    void member.last.then(() => running.delete(member.last));
    return result;
  };

  const subscribe: Bus['subscribe'] = async (topic, group, handle) => {
    if (stopped) throw new RetryableError(`the bus has stopped: cannot subscribe to ${topic}`);
    const groups = topics.get(topic) ?? new Map<string, Group>();
    topics.set(topic, groups);
    const { members } = groups.get(group) ?? { members: [] };
    groups.set(group, { members });
    // A new member takes keys over from the others, so it begins after what they have in hand.
    const member = { handle, last: Promise.all(members.map((other) => other.last)).then(() => {}) };
    members.push(member);
    const unsubscribe = async (): Promise<void> => {
      const at = members.indexOf(member);
      if (at >= 0) {
        members.splice(at, 1);
        for (const other of members) other.last = Promise.all([other.last, member.last]).then(() => {});
        if (members.length === 0) groups.delete(group);
      }
      await member.last;
    };
    const owns = (key: string): boolean => members.length > 0 && members[memberOf(key, members.length)] === member;
    return Object.assign(unsubscribe, { owns });
  };

  const bus: Bus = {
    publish: async (topic, messages) => {
      if (stopped) throw new RetryableError(`the bus has stopped: cannot publish to ${topic}`);
      if (messages.length === 0) return;
      const timestampMs = Date.now();
      // Through JSON, as over a network: consumers never share objects with the publisher, and a value that Kafka
      // could not carry fails here too.
      const sent = messages.map(({ key, value }) => ({
        key,
        value: JSON.parse(jsonOf(topic, value)) as unknown,
        offset: String(published++),
        timestampMs,
      }));
      const deliveries: Promise<void>[] = [];
      for (const group of topics.get(topic)?.values() ?? []) {
        for (const [partition, part] of shareByKey(sent, group.members.length)) {
          const member = group.members[partition];
          // Groups share the same messages between different numbers of members.
          const share = `${partition}of${group.members.length}`;
          const id = `${run}/${part[0]?.offset}-${part.at(-1)?.offset}/${share}`;
          if (member !== undefined) deliveries.push(deliver(member, { topic, partition, messages: part, id }));
        }
      }
      const failed = (await Promise.allSettled(deliveries)).filter((result) => result.status === 'rejected');
      if (failed.length === 1) throw failed[0]?.reason;
      if (failed.length > 1) {
        const errors = failed.map((result) => result.reason as unknown);
        throw new AggregateError(errors, `${failed.length} handlers of ${topic} failed`);
      }
    },
    subscribe,
    follow: (topic, group, handle) =>
      subscribe(topic, `${group}.${randomUUID()}`, (batch) => handle(batch).catch(() => undefined)),
  };
  return {
    bus,
    stop: async () => {
      stopped = true;
      await Promise.all(running);
      topics.clear();
    },
  };
}

function jsonOf(topic: string, value: unknown): string {
  const text: string | undefined = JSON.stringify(value);
  if (text === undefined)
    throw new TypeError(`a message of ${topic} has no JSON form: publish null instead of undefined`);
  return text;
}

function shareByKey(messages: readonly Message[], members: number): Map<number, Message[]> {
  const shares = new Map<number, Message[]>();
  for (const message of messages) {
    const at = memberOf(message.key, members);
    const share = shares.get(at);
    if (share === undefined) shares.set(at, [message]);
    else share.push(message);
  }
  return shares;
}

function memberOf(key: string, members: number): number {
  return members <= 1 ? 0 : hashOf(key) % members;
}

/** FNV-1a, 32 bits. */
function hashOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}
