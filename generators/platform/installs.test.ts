import { describe, expect, it } from 'vitest';
import type { Json } from '../emit/yaml.ts';
import { inputsOf } from '../testing/project.ts';
import { callerOf } from './caller-address.ts';
import { installsOf } from './installs.ts';

const inputs = inputsOf('production');
const installs = installsOf(inputs);

describe(installsOf.name, () => {
  it('puts the same charts on every cluster of a pool, and none where there is no cluster', () => {
    const byCluster = Map.groupBy(installs, ({ cluster }) => cluster);
    const idsOn = (cluster: string) => byCluster.get(cluster)?.map(({ component }) => component.id);
    expect(idsOn('defimon-social-eu-west-1')).toContain('eck-operator');
    expect(idsOn('defimon-social-eu-west-1')).toEqual(idsOn('defimon-social-us-east-1'));
    expect(byCluster.has('defimon-ml')).toBe(false);
  });

  it('asks for CPU and memory wherever it states one of them, with limits', () => {
    for (const { component, values } of installs) {
      for (const resources of findAll(values, 'requests')) {
        expect(Object.keys(resources).sort(), component.id).toEqual(['limits', 'requests']);
        for (const kind of ['requests', 'limits']) {
          const amounts = resources[kind];
          // A disk has a size and no limit.
          if (isObject(amounts)) expect(Object.keys(amounts).sort(), component.id).toEqual(['cpu', 'memory']);
        }
      }
    }
  });

  it('takes sizes of what the pool states as workloads from there', () => {
    const values = JSON.stringify(valuesOn('defimon-market', 'kube-prometheus-stack'));
    expect(values).toContain('"requests":{"cpu":"200m","memory":"512Mi"}');
    expect(values).toContain('"service":{"port":3001}');
    expect(values).toContain('"root_url":"https://grafana.market.highfunk.uk/"');
  });

  it('runs Kong at the size of the service it does the work of, its admin API inside', () => {
    const kong = valuesOn('defimon-analytics', 'kong');
    expect(kong).toMatchObject({
      admin: { type: 'ClusterIP', http: { enabled: false }, tls: { containerPort: 8444 } },
      autoscaling: { minReplicas: 2, maxReplicas: 4 },
      env: { database: 'off' },
      proxy: { tls: { containerPort: 8443 } },
    });
    expect(valuesOn('defimon-market', 'kong')).not.toHaveProperty('autoscaling');
  });

  describe.each([
    ['hetzner', 'defimon-analytics', 'load-balancer.hetzner.cloud/', 'uses-proxyprotocol', '10.30.0.0/16,10.31.0.0/16'],
    [
      'digitalocean',
      'defimon-market',
      'service.beta.kubernetes.io/do-loadbalancer-',
      'enable-proxy-protocol',
      '10.20.0.0/20,10.21.0.0/16',
    ],
  ])('Kong at %s', (_, cluster, prefix, uses, nets) => {
    it('is told by the load balancer whose a connection is, and believes no other', () => {
      expect(valuesOn(cluster, 'kong')).toMatchObject({
        env: { real_ip_header: 'proxy_protocol', trusted_ips: nets },
        proxy: {
          annotations: { [`${prefix}${uses}`]: 'true', [`${prefix}hostname`]: expect.stringMatching(/highfunk\.uk$/) },
          http: { parameters: ['proxy_protocol'] },
          tls: { parameters: ['http2', 'proxy_protocol'] },
        },
      });
    });
  });

  it('compresses answers at every gateway, and takes nobody at his own word of where he is', () => {
    const gateways = installs.filter(({ component }) => component.id === 'kong');
    expect(gateways.length).toBeGreaterThan(3);
    for (const { cluster, values } of gateways) {
      expect(values, cluster).toMatchObject({
        env: {
          nginx_proxy_gzip: 'on',
          nginx_proxy_gzip_min_length: '1024',
          nginx_proxy_gzip_proxied: 'any',
          nginx_proxy_gzip_types: expect.stringMatching(/\bapplication\/json\b.*\btext\/css\b.*\btext\/csv\b/),
          nginx_proxy_gzip_vary: 'on',
          nginx_proxy_more_clear_input_headers: expect.stringContaining('X-Forwarded-For X-Forwarded-Host'),
        },
      });
    }
  });

  it.each(['aws', 'gcp'] as const)('lets Kong see callers as they came at %s', (provider) => {
    const { environment, catalog } = inputs;
    const [pool] = catalog.pools;
    if (pool === undefined) throw new Error('the catalog has no pool');
    const caller = callerOf({ environment, pool: { ...pool, provider } });
    expect(caller).toMatchObject({ service: { externalTrafficPolicy: 'Local' }, listen: [], env: {} });
    const type = { 'service.beta.kubernetes.io/aws-load-balancer-type': 'nlb' };
    expect(caller.service.annotations).toEqual(provider === 'aws' ? type : undefined);
  });

  it('gives Reloader rights in the namespaces of services alone', () => {
    const reloader = installs.filter(({ component }) => component.id === 'reloader');
    expect(reloader.map(({ pool, namespaces }) => [pool, ...namespaces].join(' '))).toContain('market reloader market');
    for (const { values } of reloader) expect(values).toMatchObject({ reloader: { watchGlobally: false } });
    expect(valuesOn('defimon-market', 'reloader')).toMatchObject({ reloader: { namespaces: ['market'] } });
  });

  it('gives Grafana the plugin and the source of a ClickHouse where there is one', () => {
    expect(JSON.stringify(valuesOn('defimon-analytics', 'kube-prometheus-stack'))).toContain(
      '"host":"clickhouse-clickhouse.analytics"',
    );
    expect(JSON.stringify(valuesOn('defimon-market', 'kube-prometheus-stack'))).not.toContain('clickhouse');
  });

  it('holds no password', () => {
    // The name of a key, or of a variable, is none.
    expect(JSON.stringify(installs.map(({ values }) => values))).not.toMatch(
      /"[a-z]*[pP]assword":"(?!admin-password|\$[A-Z_]+")/,
    );
  });
});

function valuesOn(cluster: string, id: string) {
  return installs.find((install) => install.cluster === cluster && install.component.id === id)?.values;
}

/** Every object below that has this key. */
function findAll(value: Json | undefined, key: string): { readonly [key: string]: Json | undefined }[] {
  if (Array.isArray(value)) return value.flatMap((each: Json) => findAll(each, key));
  if (!isObject(value)) return [];
  const here = isObject(value[key]) && 'cpu' in value[key] ? [value] : [];
  return [...here, ...Object.values(value).flatMap((each) => findAll(each, key))];
}

function isObject(value: unknown): value is { readonly [key: string]: Json | undefined } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
