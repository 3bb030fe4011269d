import { describe, expect, it } from 'vitest';
import { balancePool, sum } from './capacity.ts';
import { loadCatalog } from './load.ts';
import type { Component } from './schema/component.ts';

const catalog = loadCatalog(import.meta.dirname);

describe(balancePool.name, () => {
  it('counts what components ask for, on the cluster and on each of its nodes', () => {
    const without = askedOf([]);
    const component = { requests: { cpu: '100m', memory: '64Mi' }, nodeRequests: { cpu: '10m', memory: '16Mi' } };
    const withOne = askedOf([certManager(component)]);
    // Two nodes at rest.
    expect(withOne.cpuMillis - without.cpuMillis).toBe(100 + 2 * 10);
    expect(withOne.memoryMiB - without.memoryMiB).toBe(64 + 2 * 16);
  });

  it('counts no component that the cluster does not run', () => {
    expect(askedOf([{ ...certManager({ requests: { cpu: '1', memory: '1Gi' } }), id: 'eck-operator' }])).toEqual(
      askedOf([]),
    );
  });
});

/** What a pool of two nodes and nothing else is asked for. */
function askedOf(components: readonly Component[]) {
  const [pool] = catalog.pools.filter(({ id }) => id === 'market');
  if (pool === undefined) throw new Error('the catalog has no market pool');
  const two = { ...pool, stores: [], nodeGroups: pool.nodeGroups.map((group) => ({ ...group, min: 2, max: 2 })) };
  const [balance] = balancePool(two, { ...catalog, components }, 'rest');
  return sum(balance?.asked ?? []);
}

function certManager(overrides: Partial<Component>): Component {
  const [found] = catalog.components.filter(({ id }) => id === 'cert-manager');
  if (found === undefined) throw new Error('the catalog has no cert-manager');
  const { requests: _, ...rest } = found;
  return { ...rest, ...overrides };
}
