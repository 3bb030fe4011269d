import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadCatalog } from '../../catalog/load.ts';
import { shardsOf } from '../../catalog/shards.ts';
import { syncShardsOf } from './chain-sync-need.ts';
import { demandOf } from './demand.ts';
import { shardingOf } from './sharding.ts';

const catalog = loadCatalog(join(import.meta.dirname, '..', '..', 'catalog'));

describe(syncShardsOf, () => {
  it('are those that the generator makes of the same networks', () => {
    const service = catalog.services.find(({ id }) => id === 'chain-sync');
    const { networks } = demandOf({ networks: 48, pairs: 1 });
    const own = catalog.networks.filter(({ id }) => networks.some((network) => network.id === id));
    const rendered = shardsOf(service ?? {}, { networks: own, pairs: [] });
    const size = service?.shards?.size ?? 0;
    expect(
      syncShardsOf(
        networks.filter(({ id }) => own.some((network) => network.id === id)),
        size,
      ).map(({ id, networks }) => [id, networks.map((network) => network.id).sort()]),
    ).toEqual(
      rendered.map(({ id, catalog }) => [id, 'networks' in catalog ? catalog.networks.map(({ id }) => id).sort() : []]),
    );
  });
});

describe(shardingOf, () => {
  it('moves few networks when one is added, and changes two workloads at most', () => {
    const { shards, largest, movedMax, changedMax } = shardingOf(demandOf({ networks: 1000, pairs: 1 }).networks, 50);
    expect(shards).toBeGreaterThanOrEqual(20);
    expect(largest).toBeLessThanOrEqual(50);
    expect(movedMax).toBeLessThan(50);
    expect(changedMax).toBeLessThanOrEqual(2);
  });
});
