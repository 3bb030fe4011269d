import { describe, expect, it } from 'vitest';
import { buildChain } from '../../datasets/chain/read-fixtures.ts';
import { until } from '../../runtime/socket/testing/socket-client.ts';
import { liveCatalogOf } from '../../runtime/testing/live-catalog.ts';
import type { ChainReads } from './chain-reads.ts';
import { liveChainLimits, openLiveChain } from './live-chain.ts';
import { appendedOf, createHandBus, createModelChain, networkOf, silent } from './live-fixtures.ts';

const network = 'net_a';

describe(openLiveChain, () => {
  it('holds nothing of networks that are not in the catalog, nor of names that are none', async () => {
    const model = createModelChain(network);
    await model.grow(3);
    model.relay(Number.POSITIVE_INFINITY);
    const { chain, catalog, give } = await openChain(model.reads);
    await give(model.log);
    expect(chain.after(network, 0)).toHaveLength(3);

    catalog.put({ networks: [networkOf('net_b')] });
    await until(() => chain.after(network, 0) === undefined);
    // A poisoned message names whom it likes.
    await give([{ network: 'no_network' }]);
    expect(chain.snapshot('no_network')).toBeUndefined();
    await chain.stop();
  });

  it('asks a store that is behind the bus for good no more than a few times a second', async () => {
    let reads = 0;
    const { chain, give } = await openChain({
      look: async () => ({ reported: new Map(), newest: new Map(), cursors: new Map() }),
      ends: async () => {
        reads += 1;
        return [{ network, seq: 1, finalized: null, blocks: [] }];
      },
    });
    const blocks = buildChain(undefined, 3);
    await give(blocks.map((block, at) => appendedOf(network, 100 + at, block)));
    for (let time = 0; time < 3; time++) await chain.open(network, undefined);
    expect(chain.snapshot(network)).toBeUndefined();
    // Each took its pause, however fast the store answers.
    expect(reads).toBe(3);
    await chain.stop();
  });
});

async function openChain(reads: ChainReads) {
  const { bus, give } = createHandBus();
  const catalog = liveCatalogOf({ networks: [networkOf(network)] });
  const chain = await openLiveChain({
    ...{ bus, reads, catalog, busHealth: async () => ({ ok: true }), clock: Date.now, log: silent },
    limits: { ...liveChainLimits, lookMs: 10 },
  });
  return { chain, catalog, give };
}
