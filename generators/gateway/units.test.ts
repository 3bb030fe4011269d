import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Manifest } from '../emit/manifest.ts';
import { inputsOf } from '../testing/project.ts';
import { createStrictValidator, whyUnavailable } from '../testing/strict-schemas.ts';
import { hostOf } from './hosts.ts';
import { renderLentKafka } from './lent-kafka.ts';
import { loginPattern } from './lent-store.ts';
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
      const asksToken = tokenOf(metadata) !== undefined;
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
      expect(tokenOf(metadata) !== undefined || named.includes('rate-limit-anonymous')).toBe(true);
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

  it('lets only the user of a borrower through to a lent store, whatever its password', () => {
    const [ingress] = lentDoor();
    const header: string = ingress.metadata.annotations['konghq.com/headers.authorization'];
    expect(header).toBe('~*^Basic (?:bWFya2V0O[ghijklmnopqrstuv])');
    const login = new RegExp(header.slice(2));
    for (const password of ['', 'a', '0'.repeat(32), '~~~', ':'])
      expect(login.test(basic('market', password)), password).toBe(true);
    for (const user of ['defimon', 'grafana', 'default', 'clickhouse_operator', 'market2', 'marke', ''])
      expect(login.test(basic(user, 'market')), user).toBe(false);
    const [transformer] = ofKind('KongPlugin', lentObjects()).filter(({ plugin }) => plugin === 'request-transformer');
    expect(transformer.config.remove.querystring).toEqual(['user', 'password']);
    expect(transformer.config.remove.headers).toContain('X-ClickHouse-User');
  });

  it('limits the calls to a lent store by address, and lets in no other address once they are known', () => {
    const pluginsOf = (egress?: string[]): string[] =>
      lentDoor(egress)[0].metadata.annotations['konghq.com/plugins'].split(',');
    const cluster = ofKind(
      'KongClusterPlugin',
      gatewayUnits(inputsOf('staging'))
        .filter(({ place, name }) => place.pool === 'analytics' && name === 'gateway')
        .flatMap((unit) => unit.render()),
    );
    const limit = cluster.find(({ metadata }) => metadata.name === 'rate-limit-lent-store');
    expect(limit.config).toMatchObject({ minute: 1200, limit_by: 'ip' });
    expect(pluginsOf()).toContain('rate-limit-lent-store');
    expect(pluginsOf()).not.toContain('clickhouse-callers');
    expect(pluginsOf(['198.51.100.7/32'])).toContain('clickhouse-callers');
    const restricted = ofKind('KongPlugin', lentObjects(['198.51.100.7/32']));
    expect(restricted.find(({ plugin }) => plugin === 'ip-restriction').config).toEqual({ allow: ['198.51.100.7/32'] });
  });

  it('reads a token from a cookie for WebSockets and pages alone, and from an address nowhere', () => {
    const token = (name: string) => ofKind('KongClusterPlugin').find(({ metadata }) => metadata.name === name).config;
    expect(token('jwt')).toMatchObject({ cookie_names: [], uri_param_names: [] });
    for (const name of ['jwt-websocket', 'jwt-page'])
      expect(token(name)).toMatchObject({ cookie_names: ['defimon_token'], uri_param_names: [] });
    for (const { metadata, spec } of ofKind('Ingress', routes)) {
      const paths: string[] = spec.rules[0].http.paths.map(({ path }: Path) => path);
      if (tokenOf(metadata) === 'jwt-websocket') expect(paths).toEqual(['/ws']);
      if (tokenOf(metadata) === 'jwt-page') expect(paths).toEqual(['/admin']);
    }
  });

  it('leads a browser to the dashboard with its token in a cookie, its path and its WebSocket kept', () => {
    const [ingress] = ofKind('Ingress', routes).filter(({ metadata }) => metadata.name === 'admin-jwt-page');
    expect(ingress.metadata.annotations).toMatchObject({
      'konghq.com/plugins': 'request-id,jwt-page',
      // Kong passes the upgrade of an https route on, as it does every other header that its service is to see.
      'konghq.com/protocols': 'https',
      'konghq.com/strip-path': 'false',
    });
    expect(ingress.spec.rules[0]).toMatchObject({
      host: 'analytics.highfunk.uk',
      http: { paths: [{ path: '/admin', pathType: 'Prefix' }] },
    });
  });

  it('lets pages of other origins of ours read where the next page of records is', () => {
    const cors = ofKind('KongClusterPlugin').find(({ plugin }) => plugin === 'cors');
    expect(cors.config.exposed_headers).toEqual(expect.arrayContaining(['Link', 'X-Next-Cursor', 'X-Record-Count']));
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

  it.skipIf(whyUnavailable() !== undefined)('fits the strict schemas', () => {
    const validate = createStrictValidator();
    const unique = new Map(
      [...objects, ...lentObjects(['198.51.100.7/32'])].map((object) => [
        `${object.kind} ${object.metadata.name}`,
        object as Manifest,
      ]),
    );
    expect([...unique.values()].flatMap(validate)).toEqual([]);
  });
});

describe(loginPattern.name, () => {
  it('knows each of its users by any password, and nobody else', () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/);
    fc.assert(
      fc.property(
        fc.uniqueArray(name, { minLength: 2, maxLength: 4 }),
        fc.stringMatching(/^[ -~]{0,40}$/),
        (all, password) => {
          const [other = '', ...users] = all;
          const login = new RegExp(loginPattern(users));
          for (const user of users) expect(login.test(basic(user, password))).toBe(true);
          expect(login.test(basic(other, password))).toBe(false);
        },
      ),
    );
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

describe(renderLentKafka.name, () => {
  const place = { environment: 'staging', pool: 'analytics', cluster: 'defimon-analytics', namespace: 'analytics' };
  const host = 'kafka.analytics.example.com';
  const names = [host, 'kafka-0.analytics.example.com', 'kafka-1.analytics.example.com'];

  it('leads each name to the broker that tells it, by one certificate', () => {
    const made = renderLentKafka(place, host, 2, { borrowers: ['market'], egress: [] });
    const [door] = ofKind('TCPIngress', made);
    const backends = ['kafka-kafka-lent-bootstrap', 'kafka-node-lent-0', 'kafka-node-lent-1'];
    expect(door.spec.rules).toEqual(
      names.map((name, index) => ({
        host: name,
        port: 9094,
        backend: { serviceName: backends[index], servicePort: 9094 },
      })),
    );
    const [certificate] = ofKind('Certificate', made);
    expect(certificate.spec.dnsNames).toEqual(names);
    expect(door.spec.tls).toEqual([{ hosts: names, secretName: certificate.spec.secretName }]);
    expect(door.metadata.annotations).not.toHaveProperty(['konghq.com/plugins']);
  });

  it('lets in no other address once those of the borrowers are known', () => {
    const egress = ['198.51.100.7/32'];
    const made = renderLentKafka(place, host, 1, { borrowers: ['market'], egress });
    const [plugin] = ofKind('KongPlugin', made);
    expect([plugin.plugin, plugin.config]).toEqual(['ip-restriction', { allow: egress }]);
    expect(ofKind('TCPIngress', made)[0].metadata.annotations['konghq.com/plugins']).toBe(plugin.metadata.name);
  });

  it('is where a pool borrows the bus, and nowhere else', () => {
    const lent = gatewayUnits(inputsOf('staging')).filter(({ name }) => name === 'lent-kafka');
    expect(lent.map(({ place: { cluster } }) => cluster)).toEqual(['defimon-analytics']);
  });
});

/** The plugin by which a route asks for a token; undefined if it asks for none. */
function tokenOf({ annotations }: { annotations: Record<string, string> }): string | undefined {
  return annotations['konghq.com/plugins']?.split(',').find((plugin) => /^jwt(-websocket|-page)?$/.test(plugin));
}

/** Of staging, with these addresses of the borrower. */
// biome-ignore lint/suspicious/noExplicitAny: as above.
function lentObjects(egress?: string[]): any[] {
  const staging = inputsOf('staging');
  const pools = { ...staging.environment.pools, ...(egress === undefined ? {} : { market: { egress } }) };
  return gatewayUnits({ ...staging, environment: { ...staging.environment, pools } })
    .filter(({ name }) => name === 'lent-clickhouse')
    .flatMap((unit) => unit.render());
}

// biome-ignore lint/suspicious/noExplicitAny: as above.
function lentDoor(egress?: string[]): any[] {
  return ofKind('Ingress', lentObjects(egress));
}

function basic(user: string, password: string): string {
  return `Basic ${btoa(`${user}:${password}`)}`;
}

interface Path {
  readonly path: string;
  readonly backend: { readonly service: { readonly name: string } };
}

// biome-ignore lint/suspicious/noExplicitAny: as above.
function ofKind(kind: string, from: readonly any[] = objects): any[] {
  return from.filter((object) => object.kind === kind);
}
