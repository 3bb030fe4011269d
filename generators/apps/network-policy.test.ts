import { describe, expect, it } from 'vitest';
import { renderNetworkPolicy } from './network-policy.ts';
import { objectsOf, only, staging, stagingWith } from './testing/render-service.ts';

interface Rule {
  readonly ports: readonly { readonly port: number }[];
  readonly to: readonly {
    readonly ipBlock?: { readonly cidr: string; readonly except?: string[] };
    readonly podSelector?: { readonly matchLabels: Record<string, string> };
  }[];
}

describe(renderNetworkPolicy.name, () => {
  it('opens the stores that the service needs, where their engines listen, and no other', () => {
    expect(storesOf('chain-sync')).toEqual({ relational: [5432], bus: [9092, 9093] });
    expect(storesOf('analytics-api')).toEqual({
      relational: [5432],
      timeseries: [8123, 8443],
      cache: [6379],
      bus: [9092, 9093],
    });
    expect(storesOf('data-processor')).toEqual({ document: [27017], search: [9200], bus: [9092, 9093] });
  });

  it('reaches a rented store on private nets alone, at the port of its provider', () => {
    const [rule] = egressOf('market-api').filter(({ to }) => to.some(({ ipBlock }) => ipBlock !== undefined));
    expect(rule?.ports.map(({ port }) => port)).toEqual([25060]);
    expect(rule?.to.map(({ ipBlock }) => ipBlock?.cidr)).toEqual(['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16']);
  });

  it('lets out to the world those that the catalog says call it, and nobody to private nets or cloud credentials', () => {
    for (const { id, internet, needs, pool } of staging.catalog.services.filter(({ id }) => id !== 'gateway')) {
      const world = egressOf(id).filter(({ to }) => to.some(({ ipBlock }) => ipBlock?.cidr === '0.0.0.0/0'));
      const callsS3 = needs.includes('objects') && pool === 'social';
      const borrows = needs.includes('timeseries') && pool === 'market';
      const borrowsBus = needs.includes('bus') && pool === 'market';
      expect(world.length, id).toBe(internet === true || callsS3 || borrows ? 1 : 0);
      for (const rule of world) {
        expect(
          rule.ports.map(({ port }) => port),
          id,
        ).toEqual(borrowsBus ? [443, 9094] : [443]);
        for (const { ipBlock } of rule.to) {
          expect(ipBlock?.except).toContain(ipBlock?.cidr === '::/0' ? 'fc00::/7' : '169.254.0.0/16');
        }
      }
    }
  });

  it('opens the port of an endpoint that listens elsewhere', () => {
    const networks = staging.catalog.networks.map((network) =>
      network.id === 'base' ? { ...network, rpc: [{ url: 'https://rpc.example.com:8545/v1' }] } : network,
    );
    const inputs = { ...staging, catalog: { ...staging.catalog, networks } };
    const ports = egressOf('chain-sync', inputs).map((rule) => rule.ports.map(({ port }) => port));
    expect(ports.at(-1)).toEqual([443, 8545]);
  });

  it('opens the port of an exchange that listens elsewhere', () => {
    const market = { exchange: { spot: { rest: 'https://x.example.com', stream: 'wss://x.example.com:9443' } } };
    const inputs = { ...staging, environment: { ...staging.environment, market } };
    const ports = egressOf('market-collector', inputs).map((rule) => rule.ports.map(({ port }) => port));
    expect(ports.at(-1)).toEqual([443, 9094, 9443]);
  });

  it('lets in the gateway to public ports and Prometheus to the ops port', () => {
    const { ingress } = only(objectsOf('analytics-api'), 'NetworkPolicy').spec;
    expect(ingress).toEqual([
      { from: [fromNamespace('gateway')], ports: [tcp(8000), tcp(8002)] },
      { from: [fromNamespace('monitoring')], ports: [tcp(9464)] },
    ]);
    expect(only(objectsOf('chain-sync'), 'NetworkPolicy').spec.ingress).toHaveLength(1);
  });

  it('covers the pods of every shard', () => {
    const objects = objectsOf('chain-sync');
    const { matchLabels } = only(objects, 'NetworkPolicy').spec.podSelector;
    for (const { spec } of objects.filter(({ kind }) => kind === 'Deployment')) {
      expect(spec.template.metadata.labels).toMatchObject(matchLabels);
    }
  });

  it('refuses a store that the pool has not', () => {
    const inputs = stagingWith('market-api', { needs: ['cache'] });
    expect(() => objectsOf('market-api', inputs)).toThrow('needs the cache store, which pool/market has not');
  });
});

function egressOf(id: string, inputs = staging): Rule[] {
  return only(objectsOf(id, inputs), 'NetworkPolicy').spec.egress;
}

/** Ports by kind of store, of the stores that run in the cluster. */
function storesOf(id: string): Record<string, number[]> {
  return Object.fromEntries(
    egressOf(id).flatMap(({ to, ports }) => {
      const kind = to[0]?.podSelector?.matchLabels['defimon.highfunk.uk/store'];
      return kind === undefined ? [] : [[kind, ports.map(({ port }) => port)]];
    }),
  );
}

function fromNamespace(name: string) {
  return { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } } };
}

function tcp(port: number) {
  return { port, protocol: 'TCP' };
}
