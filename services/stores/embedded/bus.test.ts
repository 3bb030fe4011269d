import { describe, expect, it } from 'vitest';
import type { Batch } from '../bus.ts';
import { createEmbeddedBus } from './bus.ts';

describe(createEmbeddedBus.name, () => {
  it('resolves publish only once every group is done', async () => {
    const { bus } = createEmbeddedBus();
    const gate = Promise.withResolvers<void>();
    await bus.subscribe('blocks', 'slow', () => gate.promise);
    let published = false;
    const publishing = bus.publish('blocks', [{ key: 'a', value: 1 }]).then(() => {
      published = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(published).toBe(false);
    gate.resolve();
    await publishing;
  });

  it('rejects publish with what a handler threw, after the other groups have their messages', async () => {
    const { bus } = createEmbeddedBus();
    const seen: unknown[] = [];
    const failure = new Error('no disk');
    await bus.subscribe('blocks', 'broken', () => Promise.reject(failure));
    await bus.subscribe('blocks', 'sound', async ({ messages }) => {
      await new Promise((resolve) => setTimeout(resolve, 10));
      seen.push(...messages.map(({ value }) => value));
    });
    await expect(bus.publish('blocks', [{ key: 'a', value: 1 }])).rejects.toBe(failure);
    expect(seen).toEqual([1]);
    await bus.subscribe('blocks', 'broken too', () => Promise.reject(new Error('no memory')));
    await expect(bus.publish('blocks', [{ key: 'a', value: 2 }])).rejects.toBeInstanceOf(AggregateError);
  });

  it('goes on with the next batch after a handler threw', async () => {
    const { bus } = createEmbeddedBus();
    const seen: unknown[] = [];
    await bus.subscribe('blocks', 'one', async ({ messages }) => {
      if (seen.push(messages[0]?.value) === 1) throw new Error('once');
    });
    const results = await Promise.allSettled([1, 2].map((value) => bus.publish('blocks', [{ key: 'a', value }])));
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
    expect(seen).toEqual([1, 2]);
  });

  it('waits for the batches in hand when it stops', async () => {
    const { bus, stop } = createEmbeddedBus();
    let done = false;
    await bus.subscribe('blocks', 'one', async () => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      done = true;
    });
    const published = bus.publish('blocks', [{ key: 'a', value: 1 }]);
    await stop();
    expect(done).toBe(true);
    await published;
  });

  it('keeps the order of a key while members of its group come and go', async () => {
    const { bus } = createEmbeddedBus();
    const seen: unknown[] = [];
    const handle = async ({ messages }: Batch): Promise<void> => {
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 4));
      seen.push(...messages.map(({ value }) => value));
    };
    const published: Promise<void>[] = [];
    const publish = (from: number): void => {
      for (let n = from; n < from + 10; n++) published.push(bus.publish('blocks', [{ key: 'a', value: n }]));
    };
    const stopFirst = await bus.subscribe('blocks', 'one', handle);
    publish(0);
    await bus.subscribe('blocks', 'one', handle);
    await bus.subscribe('blocks', 'one', handle);
    publish(10);
    const stopped = stopFirst();
    publish(20);
    await Promise.all([stopped, ...published]);
    expect(seen).toEqual(Array.from({ length: 30 }, (_, n) => n));
  });
});
