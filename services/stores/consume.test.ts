import { pino } from 'pino';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { RetryableError } from '../runtime/errors.ts';
import type { Batch, Bus } from './bus.ts';
import { consume, type DeadLetter, type ParsedBatch } from './consume.ts';
import { createEmbeddedBus } from './embedded/bus.ts';

describe(consume, () => {
  it('handles what can be read, and puts the rest aside with its reason', async () => {
    const { bus, letters, handled, metrics } = await consuming();
    await bus.publish('numbers', [1, 'two', 3].map(message));
    expect(handled).toEqual([[1, 3]]);
    expect(letters).toEqual([
      {
        reason: 'two is no number',
        topic: 'numbers',
        partition: 0,
        offset: '1',
        key: 'a',
        value: 'two',
        publishedAt: expect.stringMatching(/^\d{4}-.*Z$/),
        at: '2026-01-02T03:04:05.678Z',
      },
    ]);
    expect(await metrics.metrics()).toContain(
      'defimon_bus_dead_letters_total{topic="numbers",group="sums",reason="unreadable"} 1',
    );
  });

  it('finds those that the store refuses, and takes in all others in their order', async () => {
    const { bus, letters, handled } = await consuming({ refuses: [2, 5, 6] });
    await bus.publish('numbers', [1, 2, 3, 4, 5, 6, 7].map(message));
    expect(handled.flat()).toEqual([1, 3, 4, 7]);
    expect(letters.map(({ value, reason }) => [value, reason])).toEqual([2, 5, 6].map((n) => [n, 'refused']));
  });

  it('gives parts of a batch names of their own, the same ones when it is given again', async () => {
    const { bus, ids, batches } = await consuming({ refuses: [2] });
    await bus.publish('numbers', [1, 2, 3, 'four'].map(message));
    const once = [...ids];
    expect(new Set(once).size).toBe(once.length);
    expect(once).not.toContain(batches[0]?.id);
    await bus.again(batches[0] as Batch);
    expect(ids).toEqual([...once, ...once]);
  });

  it('keeps the name of a batch that is handled whole', async () => {
    const { bus, ids, batches } = await consuming();
    await bus.publish('numbers', [1, 2].map(message));
    expect(ids).toEqual([batches[0]?.id]);
  });

  it('passes on what is the trouble of the store, and puts nothing aside for it', async () => {
    const { bus, letters } = await consuming({ fails: new RetryableError('away') });
    await expect(bus.publish('numbers', [1, 'two'].map(message))).rejects.toThrow('away');
    expect(letters).toEqual([]);
  });

  it('acknowledges nothing before the dead letters are kept', async () => {
    const { bus } = await consuming();
    await bus.subscribe('numbers.dead', 'broken', () => Promise.reject(new RetryableError('no disk')));
    await expect(bus.publish('numbers', [message('two')])).rejects.toThrow('no disk');
  });

  it('puts aside the beginning of what is too large for its topic', async () => {
    const { bus, letters } = await consuming({ largest: 50_000 });
    const long = 'x'.repeat(60_000);
    await bus.publish('numbers', [message('two'), message(long)]);
    expect(letters.map(({ value }) => String(value).length)).toEqual([3, 10_000]);
  });
});

interface Trouble {
  refuses?: readonly number[];
  fails?: Error;
  /** Characters of a dead letter that its topic has room for. */
  largest?: number;
}

async function consuming({ refuses = [], fails, largest = Number.POSITIVE_INFINITY }: Trouble = {}) {
  const { bus: embedded } = createEmbeddedBus();
  const metrics = new Registry();
  const letters: DeadLetter[] = [];
  const batches: Batch[] = [];
  const handled: number[][] = [];
  const ids: string[] = [];
  let again: (batch: Batch) => Promise<void> = async () => {};
  const bus: Bus & { again(batch: Batch): Promise<void> } = {
    ...embedded,
    publish: async (topic, messages) => {
      if (topic.endsWith('.dead') && messages.some(({ value }) => JSON.stringify(value).length > largest))
        throw new RangeError('too large');
      await embedded.publish(topic, messages);
    },
    subscribe: (topic, group, handle) => {
      if (group === 'sums') again = handle;
      return embedded.subscribe(topic, group, handle);
    },
    again: (batch) => again(batch),
  };
  await embedded.subscribe('numbers.dead', 'letters', async ({ messages }) => {
    letters.push(...messages.map(({ value }) => value as DeadLetter));
  });
  await embedded.subscribe('numbers', 'watch', async (batch) => void batches.push(batch));
  await consume(bus, {
    topic: 'numbers',
    group: 'sums',
    parse: (value) => {
      if (typeof value !== 'number') throw new Error(`${String(value)} is no number`);
      return value;
    },
    handle: async ({ messages, id }: ParsedBatch<number>) => {
      ids.push(id);
      if (fails !== undefined) throw fails;
      const values = messages.map(({ value }) => value);
      if (values.some((value) => refuses.includes(value))) throw new Error('refused');
      handled.push(values);
    },
    isRefused: (error) => error instanceof Error && error.message === 'refused',
    log: pino({ level: 'silent' }),
    metrics,
    clock: () => Date.parse('2026-01-02T03:04:05.678Z'),
  });
  return { bus, letters, handled, ids, batches, metrics };
}

function message(value: unknown): { key: string; value: unknown } {
  return { key: 'a', value };
}
