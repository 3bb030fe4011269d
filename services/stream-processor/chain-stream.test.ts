import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chainTopic, readPending } from '../datasets/chain/changes.ts';
import { buildChain, type ChainStores, openChainStores, openChainWriter } from '../datasets/chain/read-fixtures.ts';
import { readWindows } from '../datasets/chain/windows.ts';
import { createEmbeddedBus } from '../stores/embedded/bus.ts';
import type { Timeseries } from '../stores/timeseries.ts';
import { createChainStream } from './chain-stream.ts';

const catalog = { current: () => ({ catalog: { protocols: [] } }) as never, subscribe: () => () => undefined };
let stores: ChainStores;
beforeAll(async () => {
  stores = await openChainStores();
});
afterAll(() => stores[Symbol.asyncDispose]());

describe(createChainStream, () => {
  test('acknowledges changes once the timeseries store has them, and measures how well it packs them', async () => {
    const { bus } = createEmbeddedBus();
    const metrics = new Registry();
    const deps = { bus, timeseries: stores.timeseries, catalog, log: pino({ level: 'silent' }), metrics };
    const first = await createChainStream(deps);
    const { commit } = await openChainWriter(stores, 'processed');
    await commit({ append: buildChain(undefined, 20, () => ({ txs: [{ logCount: 2 }, {}] })) });
    const pending = await readPending(stores.relational, 'processed', 100, 1000);
    await bus.publish(
      chainTopic,
      (pending?.events ?? []).map((value) => ({ key: 'processed', value })),
    );
    const [counts] = await stores.timeseries.query(
      `SELECT (SELECT count() FROM chain_blocks FINAL) AS blocks, (SELECT count() FROM chain_txs FINAL) AS txs, (SELECT count() FROM chain_logs FINAL) AS logs`,
    );
    expect(counts).toEqual({ blocks: '20', txs: '40', logs: '40' });
    await first.stop();

    const second = await createChainStream(deps);
    await second.stop();
    expect(await metrics.getSingleMetricAsString('defimon_compression_ratio')).toMatch(/\{table="chain_txs"\} [0-9.]+/);
  });

  test('puts aside what cannot be read, and computes the minutes of the rest', async () => {
    const { bus } = createEmbeddedBus();
    const letters: unknown[] = [];
    await bus.subscribe('chain.blocks.dead', 'test', async ({ messages }) => {
      letters.push(...messages.map(({ value }) => value));
    });
    const metrics = new Registry();
    const { timeseries } = stores;
    const stream = await createChainStream({ bus, timeseries, catalog, log: pino({ level: 'silent' }), metrics });
    const { commit } = await openChainWriter(stores, 'mixed');
    await commit({ append: buildChain(undefined, 70, () => ({ txs: [{}] })) });
    const events = (await readPending(stores.relational, 'mixed', 100, 1000))?.events ?? [];
    const torn = { ...events[69], number: -1 };
    await bus.publish(
      chainTopic,
      [...events.slice(0, 69), torn].map((value) => ({ key: 'mixed', value })),
    );
    expect(letters).toEqual([
      expect.objectContaining({ reason: expect.stringContaining('number: -1 is not a whole number'), value: torn }),
    ]);
    const minutes = { network: 'mixed', size: 'minute', from: 0, to: 2e9 } as const;
    const counts = async () =>
      (await readWindows(timeseries, minutes)).map(({ blocks, transactions }) => [blocks, transactions]);
    const whole = [
      [40, 40],
      [29, 29],
    ];
    await expect.poll(counts, { timeout: 30_000 }).toEqual(whole);
    const computed = 'defimon_chain_windows_total{network="mixed",size="minute"} 2';
    await expect.poll(() => metrics.metrics(), { timeout: 30_000 }).toContain(computed);
    const text = await metrics.metrics();
    expect(text).toContain('defimon_chain_watermark_timestamp_seconds{network="mixed"} 1700000068');
    await stream.stop();
  });

  test('refuses changes that the store does not take, so that they are sent again', async () => {
    const { bus } = createEmbeddedBus();
    const broken: Timeseries = { ...stores.timeseries, insert: () => Promise.reject(new Error('disk full')) };
    const processor = await createChainStream({
      bus,
      timeseries: broken,
      catalog,
      log: pino({ level: 'silent' }),
      metrics: new Registry(),
    });
    const { commit } = await openChainWriter(stores, 'refused');
    await commit({ append: buildChain(undefined, 1) });
    const pending = await readPending(stores.relational, 'refused', 100, 1000);
    const publishing = bus.publish(
      chainTopic,
      (pending?.events ?? []).map((value) => ({ key: 'refused', value })),
    );
    await expect(publishing).rejects.toThrow('disk full');
    await processor.stop();
  });
});
