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

  it('lets in the gateway to public ports, and Prometheus and the dashboard to the ops port', () => {
    const monitoring = { from: [fromNamespace('monitoring')], ports: [tcp(9464)] };
    const dashboard = { ...fromNamespace('analytics'), podSelector: { matchLabels: nameOf('admin') } };
    expect(ingressOf('analytics-api')).toEqual([
      { from: [fromNamespace('gateway')], ports: [tcp(8000), tcp(8002)] },
      monitoring,
      { from: [dashboard], ports: [tcp(8002), tcp(9464)] },
    ]);
    expect(ingressOf('chain-sync')).toEqual([monitoring, { from: [dashboard], ports: [tcp(9464)] }]);
    expect(ingressOf('market-collector')).toEqual([monitoring]);
  });

  it('lets the dashboard out to whom it asks, at the ports that it asks, and to nobody else in the cluster', () => {
    const released = staging.catalog.services.filter((one) => one.pool === 'analytics' && one.released);
    const asked = egressOf('admin').flatMap(({ to, ports }) => {
      const name = to[0]?.podSelector?.matchLabels['app.kubernetes.io/name'];
      return name === undefined ? [] : [[name, ports.map(({ port }) => port)]];
    });
    expect(Object.fromEntries(asked)).toEqual(
      Object.fromEntries(released.map(({ id }) => [id, id === 'analytics-api' ? [8002, 9464] : [9464]])),
    );
  });

  it('meets both sides: whoever may be called knows the caller', () => {
    const inputs = stagingWith('auth', { calls: [{ env: 'BILLING_URL', service: 'billing', port: 'http' }] });
    const [rule] = egressOf('auth', inputs).filter(
      ({ to }) => to[0]?.podSelector?.matchLabels['app.kubernetes.io/name'],
    );
    expect(rule).toEqual({
      to: [{ ...fromNamespace('social-analytics'), podSelector: { matchLabels: nameOf('billing') } }],
      ports: [tcp(8005)],
    });
    expect(ingressOf('billing', inputs).at(-1)).toEqual({
      from: [{ ...fromNamespace('social-analytics'), podSelector: { matchLabels: nameOf('auth') } }],
      ports: [tcp(8005)],
    });
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

function ingressOf(id: string, inputs = staging) {
  return only(objectsOf(id, inputs), 'NetworkPolicy').spec.ingress;
}

function nameOf(id: string): Record<string, string> {
  return { 'app.kubernetes.io/name': id };
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
