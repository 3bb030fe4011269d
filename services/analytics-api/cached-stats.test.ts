import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  buildChain,
  type ChainStores,
  openChainStores,
  openChainWriter,
  relayChain,
} from '../datasets/chain/read-fixtures.ts';
import type { StatsScope } from '../datasets/chain/stats.ts';
import { RetryableError } from '../runtime/errors.ts';
import { createCachedStats } from './cached-stats.ts';

const newestSharedMs = 250;
const all: StatsScope = { kind: 'all', firstBlock: 0 };

let stores: ChainStores;
beforeAll(async () => {
  stores = await openChainStores();
});
afterAll(async () => {
  await stores?.[Symbol.asyncDispose]();
});

describe(createCachedStats, () => {
  it('looks for the newest block once for all who ask within a moment, and shows a new one after it', async () => {
    const { ask, looks, wait } = open('shared_a');
    const writer = await openChainWriter(stores, 'shared_a');
    const chain = buildChain(undefined, 6, () => ({ txs: [{}] }));
    await writer.commit({ append: chain.slice(0, 5) });
    await relayChain(stores, 'shared_a');
    const window: StatsScope = { kind: 'window', seconds: 3, firstBlock: 0 };
    const readings = await Promise.all([ask(all), ask(all), ask(window)]);
    expect(readings.map((reading) => reading?.counted?.stats.blocks)).toEqual([5, 5, 3]);
    expect(looks()).toBe(1);

    await writer.commit({ append: chain.slice(5) });
    await relayChain(stores, 'shared_a');
    wait(newestSharedMs - 1);
    expect((await ask(all))?.asOf.hash).toBe(chain[4]?.hash);
    expect(looks()).toBe(1);
    wait(1);
    expect(await ask(all)).toMatchObject({ asOf: { hash: chain[5]?.hash }, counted: { stats: { blocks: 6 } } });
    expect(looks()).toBe(2);
  });

  it('gives figures of the chain that there is to who shares a look from before a reorg', async () => {
    const { ask } = open('shared_b');
    const writer = await openChainWriter(stores, 'shared_b');
    const chain = buildChain(undefined, 5, () => ({ txs: [{}] }));
    await writer.commit({ append: chain });
    await relayChain(stores, 'shared_b');
    await ask(all);
    const fork = buildChain(chain[2], 3, () => ({ salt: 'fork', txs: [{}, {}] }));
    await writer.commit({ retract: { from: 3, to: 4 }, append: fork });
    await relayChain(stores, 'shared_b');
    const reading = await ask({ kind: 'range', fromBlock: 1, toBlock: 9 });
    expect(reading).toMatchObject({
      asOf: { hash: fork[2]?.hash },
      counted: { stats: { blocks: 5, transactions: 8 } },
    });
  });

  it('looks again after a failure', async () => {
    const { ask, fail } = open('shared_c');
    fail();
    await expect(ask(all)).rejects.toBeInstanceOf(RetryableError);
    expect(await ask(all)).toBeUndefined();
  });
});

/** Statistics of a network, by a clock of ours, and how often the newest block was looked for. */
function open(network: string) {
  let now = 0;
  let looks = 0;
  let failures = 0;
  const { timeseries, cache } = stores;
  const read = createCachedStats({
    timeseries: {
      ...timeseries,
      query: (sql, params) => {
        if (sql.trimStart().startsWith('SELECT number, hash, seq') && !sql.includes('AND true')) looks += 1;
        if (failures-- > 0) return Promise.reject(new RetryableError('away'));
        return timeseries.query(sql, params);
      },
    },
    cache,
    version: 'test',
    newestSharedMs,
    now: () => now,
  });
  return {
    ask: (scope: StatsScope) => read({ network, scope, finalHash: undefined }),
    looks: () => looks,
    wait: (ms: number) => {
      now += ms;
    },
    fail: () => {
      failures = 1;
    },
  };
}
