import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chainTopic, readPending } from '../datasets/chain/changes.ts';
import { buildChain, type ChainStores, openChainStores, openChainWriter } from '../datasets/chain/read-fixtures.ts';
import { createEmbeddedBus } from '../stores/embedded/bus.ts';
import type { Timeseries } from '../stores/timeseries.ts';
import { createChainStream } from './chain-stream.ts';

let stores: ChainStores;
beforeAll(async () => {
  stores = await openChainStores();
});
afterAll(() => stores[Symbol.asyncDispose]());

describe(createChainStream, () => {
  test('acknowledges changes once the timeseries store has them, and measures how well it packs them', async () => {
    const { bus } = createEmbeddedBus();
    const metrics = new Registry();
    const deps = { bus, timeseries: stores.timeseries, log: pino({ level: 'silent' }), metrics };
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
    expect(await metrics.getSingleMetricAsString('defimon_compression_ratio')).toMatch(
      /network="processed",table="chain_txs"\} [0-9.]+/,
    );
  });

  test('refuses changes that the store does not take, so that they are sent again', async () => {
    const { bus } = createEmbeddedBus();
    const broken: Timeseries = { ...stores.timeseries, insert: () => Promise.reject(new Error('disk full')) };
    const processor = await createChainStream({
      bus,
      timeseries: broken,
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
