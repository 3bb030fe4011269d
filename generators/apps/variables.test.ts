import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { rpcKeyPrefix } from '../../catalog/rpc-keys.ts';
import { objectsOf, staging } from './testing/render-service.ts';
import { variablesOf } from './variables.ts';

interface Variable {
  readonly name: string;
  readonly value?: string;
}

describe(variablesOf.name, () => {
  it('gives a released service no variable that the program does not know', () => {
    // Generators and services never import each other: they meet in these names.
    const settings = readFileSync(join(import.meta.dirname, '../../services/runtime/settings.ts'), 'utf8');
    const known = new Set([...settings.matchAll(/^ {4}name: '([A-Z0-9_]+)',$/gm)].map(([, name]) => name));
    expect(known).toContain('KAFKA_BROKERS');
    for (const { id, workload } of staging.catalog.services.filter(({ released }) => released)) {
      if (workload?.kind === 'kong') continue;
      const given = environmentOf(id).map(({ name }) => name);
      const unknown = given.filter((name) => !known.has(name) && !name.startsWith(rpcKeyPrefix) && name !== 'TMPDIR');
      expect(unknown, id).toEqual([]);
    }
  });

  it('leads a service of a pool that borrows the bus to the lender, by TLS and as a user of its own', () => {
    const plain = environmentOf('market-collector').filter(({ value }) => value !== undefined);
    expect(plain).toEqual(
      expect.arrayContaining([
        { name: 'KAFKA_BROKERS', value: 'kafka.analytics.staging.highfunk.uk:9094' },
        { name: 'KAFKA_TLS', value: 'true' },
        { name: 'KAFKA_USERNAME', value: 'market-collector' },
      ]),
    );
    expect(environmentOf('market-collector').filter(({ name }) => name === 'KAFKA_BROKERS')).toHaveLength(1);
    expect(environmentOf('chain-sync').map(({ name }) => name)).not.toContain('KAFKA_TLS');
  });

  it('tells the dashboard where everybody is: in its cluster by their Services, in another by its public host', () => {
    const plain = Object.fromEntries(environmentOf('admin').map(({ name, value }) => [name, value]));
    expect(plain).toMatchObject({
      ANALYTICS_API_URL: 'http://analytics-api.analytics.svc:8002',
      MARKET_API_URL: 'https://market.staging.highfunk.uk',
      GRAFANA_URL: 'https://grafana.analytics.staging.highfunk.uk',
      REPOSITORY_URL: 'https://gitlab.com/api/v4/projects/highfunk%2Fdefimon',
      REPOSITORY_REF: 'main',
    });
    const released = staging.catalog.services.filter((one) => one.pool === 'analytics' && one.released);
    const services = plain.OPS_URLS?.split(',').map((url) => new URL(url).hostname.split('.')[0]);
    expect(services).toEqual(released.map(({ id, ports }) => (ports.length === 0 ? id : `${id}-ops`)));
    // From the secret store alone.
    expect(plain).toHaveProperty('REPOSITORY_TOKEN', undefined);
  });

  it('tells who stands behind the gateway whose word of a caller it takes: pods of its own cluster', () => {
    const proxiesOf = (id: string) => environmentOf(id).find(({ name }) => name === 'TRUSTED_PROXIES')?.value;
    const told = staging.catalog.services.flatMap((service) => {
      const proxies = service.workload?.kind === 'kong' ? undefined : proxiesOf(service.id);
      expect(proxies !== undefined, service.id).toBe(service.routes.length > 0 && service.pool !== 'ml');
      return proxies === undefined ? [] : [[service.id, proxies]];
    });
    expect(Object.fromEntries(told)).toEqual({
      admin: '10.31.0.0/16',
      'analytics-api': '10.31.0.0/16',
      'market-api': '10.21.0.0/16',
      auth: '10.40.64.0/18,10.40.128.0/18',
      billing: '10.40.64.0/18,10.40.128.0/18',
      'social-integrator': '10.40.64.0/18,10.40.128.0/18',
    });
  });
});

/** The variables of a service's container, of its first workload. */
function environmentOf(id: string): Variable[] {
  const workload = objectsOf(id).find(({ kind }) => kind === 'Deployment' || kind === 'StatefulSet');
  return workload?.spec.template.spec.containers[0].env ?? [];
}
