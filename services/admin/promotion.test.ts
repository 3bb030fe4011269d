import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Catalog } from '../../catalog/schema/catalog.ts';
import type { Network } from '../../catalog/schema/network.ts';
import type { Pair } from '../../catalog/schema/pair.ts';
import type { Service } from '../../catalog/schema/service.ts';
import { catalog, environmentFiles, imagesText } from './admin-fixture.ts';
import { createEnvironmentsReader, type EnvironmentState } from './environments/environment-state.ts';
import { createFolderReader } from './environments/folder.ts';
import { comparePromotion } from './promotion.ts';
import { slicesOf } from './slices.ts';

const root = join(import.meta.dirname, '..', '..');

describe(comparePromotion.name, () => {
  it('finds nothing to do where both hold the same', async () => {
    const { nothingToDo, possible, services, entries } = await compared(catalog);

    expect([nothingToDo, possible]).toEqual([true, true]);
    expect(services.every(({ effect, before, after }) => effect === 'none' && before === after)).toBe(true);
    expect(entries).toEqual({ added: [], changed: [], removed: [] });
  });

  it('lets a changed network be read again by those that read networks, in its own shard alone', async () => {
    const base = catalog.networks.find(({ id }) => id === 'base') as Network;
    const { services } = await compared(withNetworks((one) => (one === base ? { ...one, name: 'Base 2' } : one)));

    const effects = effectsOf(services);
    expect(effects.get('analytics-api/')).toBe('reload');
    expect(effects.get('market-api/')).toBe('none');
    const ofSync = services.filter(({ id }) => id === 'chain-sync');
    expect(ofSync.length).toBeGreaterThan(1);
    expect(ofSync.filter(({ effect }) => effect === 'reload')).toHaveLength(1);
    expect(services.find(({ id }) => id === 'analytics-api')?.why).toEqual(['slice of the catalog']);
  });

  it('restarts a shard whose endpoints ask for another key', async () => {
    const base = catalog.networks.find(({ id }) => id === 'base') as Network;
    const rpc = base.rpc.map((one, index) => (index === 0 ? { ...one, secretRef: 'another/token' } : one));
    const { services } = await compared(withNetworks((one) => (one === base ? { ...one, rpc } : one)));

    const restarted = services.filter(({ effect }) => effect === 'restart');
    expect(restarted.map(({ id, why }) => [id, why])).toEqual([['chain-sync', ['its variables']]]);
  });

  it('restarts all that is released for another image, and a service alone for its resources', async () => {
    const image = await compared(catalog, imagesText('0.2.0'));
    const effects = new Set(image.services.map(({ id, effect }) => `${effect} ${isReleased(id)}`));
    expect(effects).toEqual(new Set(['restart true', 'none false']));
    expect(image.images).toMatchObject([{ name: 'defimon', after: expect.stringContaining('0.2.0') }]);

    const sized = withServices((one) =>
      one.id === 'market-api' ? { ...one, resources: { requests: { cpu: '1', memory: '1Gi' } } } : one,
    );
    const { services } = await compared(sized);
    expect(services.filter(({ effect }) => effect === 'restart').map(({ id, why }) => [id, why])).toEqual([
      ['market-api', ['its resources']],
    ]);
    const scaled = withServices((one) =>
      one.id === 'market-api' ? { ...one, scaling: { ...one.scaling, max: 3 } } : one,
    );
    expect(effectsOf((await compared(scaled)).services).get('market-api/')).toBe('none');
  });

  it('tells what starts and what stops', async () => {
    const after = withServices((one) =>
      one.id === 'market-api' ? { ...one, released: false } : one.id === 'auth' ? { ...one, released: true } : one,
    );
    const effects = effectsOf((await compared(after)).services);

    expect([effects.get('market-api/'), effects.get('auth/')]).toEqual(['stop', 'start']);
  });

  it('costs each pool at the machines of both', async () => {
    const pools = catalog.pools.map((pool) =>
      pool.id === 'analytics'
        ? {
            ...pool,
            nodeGroups: pool.nodeGroups.map((group) => ({ ...group, min: group.min + 1, max: group.max + 1 })),
          }
        : pool,
    );
    const { costs } = await compared({ ...catalog, pools });

    const changed = costs.filter(({ before, after }) => JSON.stringify(before) !== JSON.stringify(after));
    expect(changed.map(({ pool }) => pool)).toEqual(['analytics']);
  });

  it('says why a promotion would be refused', async () => {
    const [dev, staging, production] = await readAll({ files: allFiles(catalog) });
    const reasonOf = (from: EnvironmentState | undefined, to: EnvironmentState | undefined) =>
      comparePromotion(from as EnvironmentState, to as EnvironmentState).reason;

    expect(reasonOf(staging, production)).toBeNull();
    expect(reasonOf(dev, production)).toBe('production takes only what staging has held');
    expect(reasonOf(dev, staging)).toBe('staging follows the catalog: no promotion changes it');
    expect(reasonOf(staging, dev)).toBe('nothing is promoted to dev');
  });

  it('stays quick to read with 500 networks and 2,000 pairs', async () => {
    const [network, pair] = [catalog.networks[0] as Network, catalog.pairs[0] as Pair];
    const many = {
      ...catalog,
      networks: Array.from({ length: 500 }, (_, index) => ({ ...network, id: `network_${index}` })),
      pairs: Array.from({ length: 2_000 }, (_, index) => ({ ...pair, symbol: `P${String(index).padStart(4, '0')}` })),
      protocols: [],
      channels: [],
    };
    const changed = { ...many, pairs: many.pairs.map((one) => ({ ...one, priority: 3 })) };
    const { entries } = await compared(changed, undefined, many);

    expect(entries.changed).toHaveLength(2_000);
    expect(entries.changed[0]?.fields).toEqual([{ path: 'priority', before: pair.priority, after: 3 }]);
  });
});

describe(slicesOf.name, () => {
  it("gives each workload the slice that its environment's files give it", async () => {
    const states = await createEnvironmentsReader(createFolderReader(root))();
    const read = createFolderReader(root);
    for (const state of states) {
      const sized = state.held?.sized as Catalog;
      const released = slicesOf(sized).filter(({ service }) => service.released && service.pool === 'analytics');
      for (const { service, shard, digest } of released) {
        const name = `${service.id}${shard === null ? '' : `-${shard}`}`;
        const cluster = `environments/${state.name}/defimon-analytics`;
        const text = await read(`${cluster}/${service.id}/configmap-${name}.yaml`);
        expect(text, `${state.name} ${name}`).toContain(`"digest": "${digest}"`);
      }
    }
  });
});

function withNetworks(change: (network: Network) => Network): Catalog {
  return { ...catalog, networks: catalog.networks.map(change) };
}

function withServices(change: (service: Service) => Service): Catalog {
  return { ...catalog, services: catalog.services.map(change) };
}

function isReleased(id: string): boolean {
  return catalog.services.find((service) => service.id === id)?.released === true;
}

function effectsOf(services: ReturnType<typeof comparePromotion>['services']): Map<string, string> {
  return new Map(services.map(({ id, shard, effect }) => [`${id}/${shard ?? ''}`, effect]));
}

function allFiles(held: Catalog) {
  return Object.assign({}, ...['dev', 'staging', 'production'].map((name) => environmentFiles(name, held)));
}

function readAll({ files }: { files: Record<string, string | undefined> }): Promise<EnvironmentState[]> {
  return createEnvironmentsReader(async (path) => files[path])();
}

/** Staging holds the one, production the other. */
async function compared(after: Catalog, images = imagesText('0.1.0'), before = catalog) {
  const [staging, production] = await readAll({
    files: {
      ...environmentFiles('staging', after, { 'images.lock.yaml': images }),
      ...environmentFiles('production', before),
    },
  });
  return comparePromotion(staging as EnvironmentState, production as EnvironmentState);
}
