import { describe, expect, it } from 'vitest';
import type { Manifest } from '../emit/manifest.ts';
import { inputsOf } from '../testing/project.ts';
import { at, nameOf, ofKind, sized } from './testing/rendered-stores.ts';
import { storeUnits } from './units.ts';

const staging = sized(inputsOf('staging'));

describe('policies of stores', () => {
  it('let in only services of the pool that need the store', () => {
    for (const unit of storeUnits(staging)) {
      const { pool } = unit.place;
      const store = staging.catalog.pools
        .find(({ id }) => id === pool)
        ?.stores.find(({ engine }) => engine === unit.name);
      const wanted = staging.catalog.services
        .filter((service) => service.pool === pool && service.needs.includes(store?.kind ?? 'bus'))
        .filter((service) => service.workload?.kind !== 'kong')
        .map(({ id }) => id);
      const policy = unit
        .render()
        .find(({ kind, metadata }) => kind === 'NetworkPolicy' && metadata.name === unit.name);
      const letIn = [
        ...JSON.stringify(policy).matchAll(/"app.kubernetes.io\/name","operator":"In","values":\[([^\]]*)\]/g),
      ]
        .flatMap(([, list = '']) => list.split(','))
        .map((quoted) => quoted.replaceAll('"', ''))
        .filter((id) => id !== 'mlflow');
      expect([...new Set(letIn)].sort(), `${pool}/${unit.name}`).toEqual(wanted.sort());
    }
  });

  it('let nobody in where no service needs the store, rather than everyone', () => {
    const catalog = { ...staging.catalog, services: staging.catalog.services.map((each) => ({ ...each, needs: [] })) };
    for (const policy of ofKind({ ...staging, catalog }, 'NetworkPolicy')) {
      const rules = [...list(policy, 'ingress', 'from'), ...list(policy, 'egress', 'to')];
      for (const peers of rules) expect(peers, nameOf(policy)).not.toEqual([]);
    }
  });

  it('keep everyone from the credentials of the cloud', () => {
    for (const policy of ofKind(staging, 'NetworkPolicy')) {
      for (const [, cidr, except] of JSON.stringify(policy).matchAll(/"cidr":"(0[^"]*)","except":\[([^\]]*)\]/g)) {
        expect([cidr, except]).toEqual(['0.0.0.0/0', expect.stringContaining('169.254.0.0/16')]);
      }
    }
  });
});

/** The peers of each rule of a policy. */
function list(policy: Manifest, direction: string, peers: string): unknown[] {
  const rules = at(policy.spec, direction);
  return Array.isArray(rules) ? rules.map((rule) => at(rule, peers)) : [];
}
