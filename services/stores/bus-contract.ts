import { setTimeout as delay } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { RetryableError } from '../runtime/errors.ts';
import type { Started } from '../runtime/modules.ts';
import type { Batch, Bus, Handle } from './bus.ts';
import { until } from './contract.ts';

export interface OpenedBus extends Started<Bus> {
  /** Two topics that no other test uses, with several partitions where there are some. */
  readonly topics: readonly [string, string];
  /** The same bus from another process, or as if it were one. Stopped by its opener. */
  again?(): Promise<Started<Bus>>;
}

export interface BusTraits {
  /**
   * Whether it keeps messages: for a group that comes later, and to give them again when a handler failed. One that does not
   * rejects what is published, and its publisher sends it again.
   */
  readonly keeps: boolean;
}

/** Generous: a member that was killed is given up after ten seconds, on a machine that has other things to do. */
const patienceMs = 90_000;

/** What a bus promises, whatever stands behind it: every adapter runs this suite. */
export function busContract(name: string, traits: BusTraits, open: () => Promise<OpenedBus>): void {
  describe(`bus: ${name}`, () => {
    let started: OpenedBus;
    let bus: Bus;
    let [blocks, other] = ['', ''];

    beforeEach(async () => {
      started = await open();
      bus = started.part;
      [blocks, other] = started.topics;
      return () => started.stop();
    });

    const published = (values: readonly number[], key: (value: number) => string = () => 'a'): Promise<void> =>
      bus.publish(
        blocks,
        values.map((value) => ({ key: key(value), value })),
      );

    it('gives every message to each group', async () => {
      const [first, second]: [unknown[], unknown[]] = [[], []];
      await bus.subscribe(blocks, 'first', collectIn(first));
      await bus.subscribe(blocks, 'second', collectIn(second));
      await bus.publish(blocks, [{ key: 'a', value: { n: 1, big: '2' } }]);
      await bus.publish(other, [{ key: 'a', value: 'not for them' }]);
      await until(() => first.length === 1 && second.length === 1, patienceMs);
      expect([first, second]).toEqual([[{ n: 1, big: '2' }], [{ n: 1, big: '2' }]]);
    });

    it('keeps the order of each key, one batch of a partition at a time, across overlapping publishers', async () => {
      const seen: { key: string; value: unknown }[] = [];
      const running = new Set<number>();
      await bus.subscribe(blocks, 'one', async ({ partition, messages }) => {
        expect(running.has(partition)).toBe(false);
        running.add(partition);
        await delay(Math.random() * 3);
        seen.push(...messages);
        running.delete(partition);
      });
      const batches = Array.from({ length: 20 }, (_, n) => ['a', 'b', 'c'].map((key) => ({ key, value: n })));
      await Promise.all(batches.map((batch) => bus.publish(blocks, batch)));
      await until(() => seen.length === 60, patienceMs);
      for (const key of ['a', 'b', 'c']) {
        expect(seen.filter((message) => message.key === key).map(({ value }) => value)).toEqual(
          batches.map((_, n) => n),
        );
      }
    });

    it('names each batch by its messages', async () => {
      const seen: Batch[] = [];
      for (const group of ['first', 'second', 'second'])
        await bus.subscribe(blocks, group, async (batch) => void seen.push(batch));
      for (let n = 0; n < 5; n++) await published(numbers(10, n * 10), (value) => `key ${value}`);
      await until(() => seen.flatMap(({ messages }) => messages).length === 100, patienceMs);
      const contents = new Map<string, string>();
      for (const { id, topic, messages } of seen) {
        const content = JSON.stringify(messages);
        expect([topic, contents.get(id) ?? content]).toEqual([blocks, content]);
        contents.set(id, content);
      }
      expect(contents.size).toBe(new Set(contents.values()).size);
    });

    it('shares the messages of a group by key', async () => {
      const [left, right]: [Set<string>, Set<string>] = [new Set(), new Set()];
      let count = 0;
      const subscribe = (keys: Set<string>) =>
        bus.subscribe(blocks, 'one', async ({ messages }) => {
          for (const { key } of messages) keys.add(key);
          count += messages.length;
        });
      const members = [await subscribe(left), await subscribe(right)];
      const all = numbers(10).map((n) => `key ${n}`);
      await until(() => members.every(({ owns }) => all.some(owns)), patienceMs);
      await published(numbers(100), (n) => `key ${n % 10}`);
      await until(() => count === 100, patienceMs);
      expect([...left].filter((key) => right.has(key))).toEqual([]);
      expect([left.size > 0, right.size > 0]).toEqual([true, true]);
    });

    it('tells each member which keys are its own, and those of one that left to who has them now', async () => {
      const keys = numbers(20).map((n) => `key ${n}`);
      const [left, right]: [Set<string>, Set<string>] = [new Set(), new Set()];
      const collect =
        (seen: Set<string>): Handle =>
        async ({ messages }) => {
          for (const { key } of messages) seen.add(key);
        };
      const first = await bus.subscribe(blocks, 'one', collect(left));
      await until(() => keys.every(first.owns), patienceMs);
      const second = await bus.subscribe(blocks, 'one', collect(right));
      await until(
        () => keys.some(second.owns) && keys.every((key) => first.owns(key) !== second.owns(key)),
        patienceMs,
      );
      await published(numbers(20), (n) => `key ${n}`);
      await until(() => left.size + right.size === 20, patienceMs);
      expect([keys.filter(first.owns), keys.filter(second.owns)].map((owned) => owned.sort())).toEqual(
        [left, right].map((seen) => [...seen].sort()),
      );
      await first();
      expect(keys.some(first.owns)).toBe(false);
      await until(() => keys.every(second.owns), patienceMs);
    });

    it('loses nothing and keeps the order of each key while members of a group come and go', async () => {
      const seen: { key: string; value: unknown }[] = [];
      const handle: Handle = async ({ messages }) => {
        await delay(Math.random() * 5);
        seen.push(...messages);
      };
      const stops = [await bus.subscribe(blocks, 'one', handle)];
      let n = 0;
      let publishing = true;
      const publisher = (async () => {
        for (; publishing; n += 10) {
          await published(numbers(10, n), (value) => `key ${value % 10}`);
          await delay(20);
        }
      })();
      for (const step of ['join', 'join', 'leave', 'join', 'leave', 'leave'] as const) {
        if (step === 'join') stops.push(await bus.subscribe(blocks, 'one', handle));
        else await stops.shift()?.();
      }
      publishing = false;
      await publisher;
      await until(() => new Set(seen.map(({ value }) => value)).size === n, patienceMs);
      for (let key = 0; key < 10; key++) {
        const values = seen.filter((message) => message.key === `key ${key}`).map(({ value }) => value);
        // What is given again comes after what it was given with: the first sight of each is in order.
        expect([...new Set(values)]).toEqual(numbers(n / 10).map((step) => step * 10 + key));
      }
    });

    it('gives nothing after the subscription stopped, which waits for the batch in hand', async () => {
      const seen: unknown[] = [];
      const begun = Promise.withResolvers<void>();
      const stop = await bus.subscribe(blocks, 'one', async ({ messages }) => {
        begun.resolve();
        await delay(30);
        seen.push(...messages.map(({ value }) => value));
      });
      const publishing = published([1]);
      await begun.promise;
      await stop();
      expect(seen).toEqual([1]);
      await publishing;
      await published([2]);
      await delay(30);
      expect(seen).toEqual([1]);
    });

    it('gives every message from now on to each who follows, and leaves out what they cannot handle', async () => {
      await published([1]);
      const [first, second, tried]: [unknown[], unknown[], unknown[]] = [[], [], []];
      await bus.follow(blocks, 'one', collectIn(first));
      const stop = await bus.follow(blocks, 'one', async ({ messages }) => {
        for (const { value } of messages) {
          tried.push(value);
          if (value === 3) throw new Error('three');
          second.push(value);
        }
      });
      // One by one: what comes in a batch with what fails is left out with it.
      for (const n of [2, 3, 4]) {
        await published([n]);
        await until(() => first.includes(n) && tried.includes(n), patienceMs);
      }
      await stop();
      await published([5]);
      await until(() => first.includes(5), patienceMs);
      expect([first, second]).toEqual([
        [2, 3, 4, 5],
        [2, 4],
      ]);
    });

    it('refuses a value that has no JSON', async () => {
      await expect(bus.publish(blocks, [{ key: 'a', value: 1n }])).rejects.toBeInstanceOf(TypeError);
      await expect(bus.publish(blocks, [{ key: 'a', value: undefined }])).rejects.toBeInstanceOf(TypeError);
    });

    it('refuses to publish once it has stopped', async () => {
      await started.stop();
      await expect(published([1])).rejects.toBeInstanceOf(RetryableError);
    });

    if (traits.keeps) keepingContract(() => started);
    else {
      it('rejects what is published while a handler fails or is stuck on it', async () => {
        const stuck = Promise.withResolvers<void>();
        await bus.subscribe(blocks, 'one', () => stuck.promise);
        let isDone = false;
        const publishing = published([1]).finally(() => {
          isDone = true;
        });
        await delay(20);
        expect(isDone).toBe(false);
        stuck.reject(new Error('no disk'));
        await expect(publishing).rejects.toThrow('no disk');
      });
    }
  });
}

/** What a bus promises that keeps its messages. */
function keepingContract(opened: () => OpenedBus): void {
  let bus: Bus;
  let blocks = '';
  beforeEach(() => {
    bus = opened().part;
    [blocks] = opened().topics;
  });

  const published = (values: readonly number[], key: (value: number) => string = () => 'a'): Promise<void> =>
    bus.publish(
      blocks,
      values.map((value) => ({ key: key(value), value })),
    );

  it('gives a group that comes later what was published before', async () => {
    await published([1, 2, 3]);
    const seen: unknown[] = [];
    await bus.subscribe(blocks, 'late', collectIn(seen));
    await until(() => seen.length === 3, patienceMs);
    expect(seen).toEqual([1, 2, 3]);
  });

  it('gives those who follow what was published shortly before, if they ask for it', async () => {
    await published([1]);
    const seen: unknown[] = [];
    await bus.follow(blocks, 'one', collectIn(seen), { sinceMs: 60_000 });
    await published([2]);
    await until(() => seen.length === 2, patienceMs);
    expect(seen).toEqual([1, 2]);
  });

  it('gives a batch again when its handler failed, the same one, and what comes after it later', async () => {
    const seen: { id: string; values: unknown[] }[] = [];
    await bus.subscribe(blocks, 'one', async ({ id, messages }) => {
      seen.push({ id, values: messages.map(({ value }) => value) });
      if (seen.length <= 2) throw new Error('the store is away');
    });
    await published([1, 2, 3]);
    await until(() => seen.length === 1, patienceMs);
    await published([4]);
    await until(() => seen.at(-1)?.values.includes(4) ?? false, patienceMs);
    const [first, second, third] = seen;
    expect(first?.values).toEqual([1, 2, 3]);
    expect([second, third]).toEqual([first, first]);
    expect(seen.slice(2).flatMap(({ values }) => values)).toEqual([1, 2, 3, 4]);
  });

  it('goes on with other partitions and other groups while one is stuck, and gives it no second batch', async () => {
    const stuck = Promise.withResolvers<void>();
    const [given, rest, others]: [number[], unknown[], unknown[]] = [[], [], []];
    let partitionOfA: number | undefined;
    await bus.subscribe(blocks, 'one', async ({ partition, messages }) => {
      const ofA = messages.filter(({ key }) => key === 'a').length;
      if (ofA > 0) {
        partitionOfA = partition;
        given.push(ofA);
        await stuck.promise;
      } else if (partition !== partitionOfA) rest.push(...messages.map(({ value }) => value));
    });
    await bus.subscribe(blocks, 'two', collectIn(others));
    await published([0]);
    await until(() => given.length === 1, patienceMs);
    for (let n = 1; n <= 10; n++) await published([n], (value) => (value % 2 === 0 ? 'a' : `key ${value}`));
    await until(() => others.length === 11 && rest.length > 0, patienceMs);
    expect(given).toEqual([1]);
    stuck.resolve();
    await until(() => given.reduce((sum, count) => sum + count, 0) === 6, patienceMs);
  });

  it('does not give again what was done before its member left', async () => {
    const [first, second]: [unknown[], unknown[]] = [[], []];
    const stop = await bus.subscribe(blocks, 'one', collectIn(first));
    await published(numbers(20), (n) => `key ${n}`);
    await until(() => first.length === 20, patienceMs);
    await stop();
    await published([20]);
    await bus.subscribe(blocks, 'one', collectIn(second));
    await until(() => second.length > 0, patienceMs);
    expect(second).toEqual([20]);
  });

  it('gives what is in hand of a member that stops to no other, once it is done', async () => {
    const again = await opened().again?.();
    if (again === undefined) throw new Error('a bus that keeps messages can be opened again');
    const begun = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    const [first, second]: [unknown[], unknown[]] = [[], []];
    await again.part.subscribe(blocks, 'one', async ({ messages }) => {
      begun.resolve();
      await gate.promise;
      first.push(...messages.map(({ value }) => value));
    });
    await published([1]);
    await begun.promise;
    const stopping = again.stop();
    gate.resolve();
    await stopping;
    await published([2]);
    await bus.subscribe(blocks, 'one', collectIn(second));
    await until(() => second.length > 0, patienceMs);
    expect([first, second]).toEqual([[1], [2]]);
  });
}

function numbers(count: number, from = 0): number[] {
  return Array.from({ length: count }, (_, at) => from + at);
}

function collectIn(values: unknown[]): Handle {
  return async ({ messages }) => {
    values.push(...messages.map(({ value }) => value));
  };
}
