import { describe, expect, it } from 'vitest';
import type { Manifest } from '../emit/manifest.ts';
import { inputsOf } from '../testing/project.ts';
import { createStrictValidator, whyUnavailable } from '../testing/strict-schemas.ts';
import { hostOf } from './hosts.ts';
import { gatewayUnits } from './units.ts';

const inputs = inputsOf('production');
const units = gatewayUnits(inputs);
// biome-ignore lint/suspicious/noExplicitAny: every kind has its own shape; a wrong path fails the test.
const objects: any[] = units.flatMap((unit) => unit.render());
const leadsToServices = ({ name }: { name: string }) => name !== 'routes-monitoring' && name !== 'lent-clickhouse';
const routes = units.filter(leadsToServices).flatMap((unit) => unit.render());

describe(gatewayUnits.name, () => {
  it('leads every route of every service to its port, at the host of its pool', () => {
    const wanted = inputs.catalog.services.flatMap(({ id, pool, routes }) =>
      routes.map(({ path }) => `${pool} ${id} ${path}`),
    );
    const found = units
      .filter(leadsToServices)
      .flatMap((unit) =>
        ofKind('Ingress', unit.render()).flatMap(({ spec }) =>
          spec.rules[0].http.paths.map(
            ({ path, backend }: Path) => `${unit.place.pool} ${backend.service.name} ${path}`,
          ),
        ),
      );
    expect(new Set(found)).toEqual(new Set(wanted));
    for (const { spec } of ofKind('Ingress')) expect(spec.tls[0].hosts).toEqual([spec.rules[0].host]);
  });

  it('asks for a token just where the catalog does', () => {
    for (const { metadata, spec } of ofKind('Ingress', routes)) {
      const asksToken = metadata.annotations['konghq.com/plugins'].split(',').includes('jwt');
      const [{ backend }] = spec.rules[0].http.paths;
      const service = inputs.catalog.services.find(({ id }) => id === backend.service.name);
      for (const { path } of spec.rules[0].http.paths) {
        const auth = service?.routes.find((route) => route.path === path)?.auth;
        expect(asksToken, path).toBe(auth === 'jwt');
      }
    }
  });

  it('gives every route a limit: by address without a token, by plan with one', () => {
    const plugins = new Set(ofKind('KongClusterPlugin').map(({ metadata }) => metadata.name));
    for (const { metadata } of ofKind('Ingress', routes)) {
      const named: string[] = metadata.annotations['konghq.com/plugins'].split(',');
      for (const name of named) expect(plugins).toContain(name);
      expect(named.includes('jwt') || named.includes('rate-limit-anonymous')).toBe(true);
    }
    for (const plan of inputs.catalog.plans) {
      const consumer = ofKind('KongConsumer').find(({ username }) => username === plan.id);
      const limit = ofKind('KongClusterPlugin').find(({ metadata }) => metadata.name === `rate-limit-${plan.id}`);
      expect(consumer.metadata.annotations['konghq.com/plugins']).toBe(`rate-limit-${plan.id}`);
      expect(limit.config.minute).toBe(plan.limits.requestsPerMinute);
    }
  });

  it('leads to the Grafana of each cluster by a name of its own', () => {
    const hosts = units
      .filter(({ name }) => name === 'routes-monitoring')
      .flatMap((unit) => ofKind('Ingress', unit.render()));
    const named = new Map(hosts.map(({ spec }) => [spec.rules[0].host, spec.rules[0].http.paths[0].backend.service]));
    expect(named.get('grafana.analytics.highfunk.uk')).toEqual({ name: 'grafana', port: { number: 3001 } });
    expect([...named.keys()]).toContain('grafana-eu-west-1.api.social-analytics.com');
    expect(named.size).toBe(hosts.length);
  });

  it('leads other pools to the ClickHouse that they borrow, in TLS from the first byte', () => {
    const lent = gatewayUnits(inputsOf('staging')).filter(({ name }) => name === 'lent-clickhouse');
    expect(lent.map(({ place }) => place.cluster)).toEqual(['defimon-analytics']);
    const [ingress] = ofKind('Ingress', lent[0]?.render() ?? []);
    expect(ingress.spec.rules[0].host).toBe('clickhouse.analytics.staging.highfunk.uk');
    expect(ingress.spec.rules[0].http.paths[0].backend.service).toEqual({
      name: 'clickhouse-clickhouse',
      port: { number: 8123 },
    });
    expect(ingress.metadata.annotations).toMatchObject({
      'konghq.com/protocols': 'https',
      'konghq.com/https-redirect-status-code': '426',
    });
  });

  it('measures every call, whatever the route', () => {
    const [plugin] = ofKind('KongClusterPlugin').filter(({ plugin }) => plugin === 'prometheus');
    expect(plugin.metadata.labels).toMatchObject({ global: 'true' });
  });

  it('counts calls at the Redis that takes writes, alone or with replicas', () => {
    const hostWith = (replicas: number) => {
      const pools = inputs.catalog.pools.map((pool) => ({
        ...pool,
        stores: pool.stores.map((store) => (store.kind === 'cache' ? { ...store, managed: false, replicas } : store)),
      }));
      const rendered = gatewayUnits({ ...inputs, catalog: { ...inputs.catalog, pools } })
        .filter(({ place, name }) => place.pool === 'analytics' && name === 'gateway')
        .flatMap((each) => each.render());
      const limits = ofKind('KongClusterPlugin', rendered).filter(({ plugin }) => plugin === 'rate-limiting');
      return [...new Set(limits.map(({ config }) => config.redis.host))];
    };
    expect(hostWith(1)).toEqual(['redis.analytics.svc']);
    expect(hostWith(3)).toEqual(['redis-master.analytics.svc']);
  });

  it('reads each consumer’s key from a Secret that the secret store fills', () => {
    const secrets = ofKind('ExternalSecret').map(({ spec }) => spec.target.name);
    for (const { credentials } of ofKind('KongConsumer')) {
      for (const name of credentials) expect(secrets).toContain(name);
    }
    expect(JSON.stringify(objects)).not.toMatch(/"secret":"[^{]/);
  });

  it('has a certificate for each host that an Ingress names', () => {
    const certificates = new Map(ofKind('Certificate').map(({ spec }) => [spec.secretName, spec.dnsNames]));
    for (const { spec } of ofKind('Ingress')) {
      for (const { hosts, secretName } of spec.tls) expect(certificates.get(secretName)).toEqual(hosts);
    }
  });

  it.skipIf(whyUnavailable() !== undefined)('fits the strict schemas', { timeout: 60_000 }, () => {
    const validate = createStrictValidator();
    const unique = new Map(objects.map((object) => [`${object.kind} ${object.metadata.name}`, object as Manifest]));
    expect([...unique.values()].flatMap(validate)).toEqual([]);
  });
});

describe(hostOf.name, () => {
  it('is the pool’s own in production, and below the environment’s elsewhere', () => {
    const pool = { id: 'analytics', domain: 'analytics.highfunk.uk' };
    expect(hostOf(pool, inputs.environment)).toBe('analytics.highfunk.uk');
    expect(hostOf(pool, inputsOf('staging').environment)).toBe('analytics.staging.highfunk.uk');
    expect(hostOf({ id: 'market' }, inputs.environment)).toBe('market.highfunk.uk');
  });
});

interface Path {
  readonly path: string;
  readonly backend: { readonly service: { readonly name: string } };
}

// biome-ignore lint/suspicious/noExplicitAny: as above.
function ofKind(kind: string, from: readonly any[] = objects): any[] {
  return from.filter((object) => object.kind === kind);
}
