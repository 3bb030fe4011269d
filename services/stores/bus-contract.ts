import { setTimeout as delay } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { RetryableError } from '../runtime/errors.ts';
import type { Started } from '../runtime/modules.ts';
import type { Batch, Bus, Handle, Message } from './bus.ts';
import { until } from './contract.ts';

/** What a bus promises, whatever stands behind it: every adapter runs this suite. */
export function busContract(name: string, open: () => Promise<Started<Bus>>): void {
  describe(`bus: ${name}`, () => {
    let started: Started<Bus>;
    let bus: Bus;

    beforeEach(async () => {
      started = await open();
      bus = started.part;
      return () => started.stop();
    });

    it('gives every message to each group', async () => {
      const [first, second]: [unknown[], unknown[]] = [[], []];
      await bus.subscribe('blocks', 'first', collectIn(first));
      await bus.subscribe('blocks', 'second', collectIn(second));
      await bus.publish('blocks', [{ key: 'a', value: { n: 1, big: '2' } }]);
      await bus.publish('other', [{ key: 'a', value: 'not for them' }]);
      await until(() => first.length === 1 && second.length === 1);
      expect([first, second]).toEqual([[{ n: 1, big: '2' }], [{ n: 1, big: '2' }]]);
    });

    it('keeps the order of each key, one batch at a time, across overlapping publishers', async () => {
      const seen: { key: string; value: unknown }[] = [];
      let running = 0;
      const handle = async ({ messages }: Batch): Promise<void> => {
        expect(++running).toBe(1);
        await delay(Math.random() * 3);
        seen.push(...messages);
        running--;
      };
      await bus.subscribe('blocks', 'one', handle);
      const batches = Array.from({ length: 20 }, (_, n) => ['a', 'b', 'c'].map((key) => ({ key, value: n })));
      await Promise.all(batches.map((batch) => bus.publish('blocks', batch)));
      await until(() => seen.length === 60);
      for (const key of ['a', 'b', 'c']) {
        expect(seen.filter((message) => message.key === key).map(({ value }) => value)).toEqual(
          batches.map((_, n) => n),
        );
      }
    });

    it('shares the messages of a group by key', async () => {
      const [left, right]: [Message[], Message[]] = [[], []];
      await bus.subscribe('blocks', 'one', async ({ messages }) => void left.push(...messages));
      await bus.subscribe('blocks', 'one', async ({ messages }) => void right.push(...messages));
      const messages = Array.from({ length: 100 }, (_, n) => ({ key: `key ${n % 10}`, value: n }));
      await bus.publish('blocks', messages);
      await until(() => left.length + right.length === 100);
      const [keysLeft, keysRight] = [new Set(left.map(({ key }) => key)), new Set(right.map(({ key }) => key))];
      expect([...keysLeft].filter((key) => keysRight.has(key))).toEqual([]);
      expect(keysLeft.size).toBeGreaterThan(0);
      expect(keysRight.size).toBeGreaterThan(0);
    });

    it('gives nothing after the subscription stopped, which waits for the batch in hand', async () => {
      const seen: unknown[] = [];
      const begun = Promise.withResolvers<void>();
      const stop = await bus.subscribe('blocks', 'one', async ({ messages }) => {
        begun.resolve();
        await delay(30);
        seen.push(...messages.map(({ value }) => value));
      });
      const published = bus.publish('blocks', [{ key: 'a', value: 1 }]);
      await begun.promise;
      await stop();
      expect(seen).toEqual([1]);
      await published;
      await bus.publish('blocks', [{ key: 'a', value: 2 }]);
      await delay(30);
      expect(seen).toEqual([1]);
    });

    it('refuses a value that has no JSON', async () => {
      await expect(bus.publish('blocks', [{ key: 'a', value: 1n }])).rejects.toBeInstanceOf(TypeError);
      await expect(bus.publish('blocks', [{ key: 'a', value: undefined }])).rejects.toBeInstanceOf(TypeError);
    });

    it('refuses to publish once it has stopped', async () => {
      await started.stop();
      await expect(bus.publish('blocks', [{ key: 'a', value: 1 }])).rejects.toBeInstanceOf(RetryableError);
    });
  });
}

function collectIn(values: unknown[]): Handle {
  return async ({ messages }) => {
    values.push(...messages.map(({ value }) => value));
  };
}
