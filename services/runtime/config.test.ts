import { describe, expect, it } from 'vitest';
import type { Environment } from '../../catalog/schema/environment.ts';
import { decideConfig, parseFlags } from './config.ts';
import { ConfigurationError } from './errors.ts';
import { readSettings } from './settings.ts';

describe(parseFlags.name, () => {
  it('starts everything in environment local by default', () => {
    expect(parseFlags([])).toMatchObject({
      environment: 'local',
      targets: ['all'],
      live: false,
      portOffset: 0,
      mode: 'run',
    });
  });

  it('takes a file for the environment, from wherever it is', () => {
    expect(parseFlags(['--environment-file', '/etc/defimon/config/environment.yaml'])).toMatchObject({
      environmentFile: '/etc/defimon/config/environment.yaml',
    });
    expect(parseFlags(['--environment', 'staging']).environmentFile).toBeUndefined();
    expect(() => parseFlags(['--environment', 'staging', '--environment-file', 'x.yaml'])).toThrow(/one of the two/);
  });

  it('reports all bad values at once', () => {
    expect(() => parseFlags(['--port-offset', 'x', '--log-level', 'loud', '--environment', '../etc'])).toThrow(
      /--port-offset x: .*\n--log-level loud: .*\n--environment \.\.\/etc: /,
    );
  });

  it('refuses an unknown option with a pointer to --help', () => {
    expect(() => parseFlags(['--prot-offset', '1'])).toThrow(/--prot-offset.*--help/);
    expect(() => parseFlags(['--prot-offset', '1'])).toThrow(ConfigurationError);
  });
});

describe(decideConfig.name, () => {
  it('lets environment variables override environment.yaml', () => {
    const config = decide({ L2_SYNC_INTERVAL: '6', L2_NETWORKS: 'base' });

    expect(config.sync).toMatchObject({ intervalSeconds: 6, batchSize: 100 });
    expect(config.onlyNetworks).toEqual(['base']);
    expect(config.stores.relational.kind).toBe('embedded');
  });

  it('uses a store elsewhere where its address is set, and hides what is secret of it when printed', () => {
    const { stores } = decide({
      DATABASE_URL: 'postgres://u:hunter2@db/d',
      KAFKA_BROKERS: 'k1:9092, k2:9092',
      KAFKA_USERNAME: 'me',
      KAFKA_PASSWORD: 'hunter2',
    });

    expect(stores).toMatchObject({
      relational: { kind: 'networked' },
      timeseries: { kind: 'embedded' },
      cache: { kind: 'embedded' },
      bus: {
        kind: 'networked',
        address: {
          brokers: ['k1:9092', 'k2:9092'],
          sasl: { mechanism: 'scram-sha-512', username: 'me' },
          tls: false,
          createsTopics: true,
        },
      },
    });
    expect(JSON.stringify(stores)).not.toContain('hunter2');
  });

  it('takes TLS from an authority, and reports what contradicts itself', () => {
    const ca = '-----BEGIN CERTIFICATE-----\n';
    expect(decide({ KAFKA_BROKERS: 'k:9093', KAFKA_CA: ca }).stores.bus).toMatchObject({ address: { tls: true } });
    expect(() => decide({ KAFKA_BROKERS: 'k:9093', KAFKA_CA: ca, KAFKA_TLS: 'false', KAFKA_USERNAME: 'me' })).toThrow(
      /KAFKA_PASSWORD is not set.*\nKAFKA_CA is for TLS/,
    );
  });
});

function decide(env: Record<string, string>, change: Partial<Environment> = {}) {
  const environment = { ...local, ...change };
  const source = { kind: 'folder', path: 'catalog' } as const;
  return decideConfig(
    parseFlags(['--environment', environment.name]),
    readSettings(env).settings,
    source,
    'environment.yaml',
    environment,
  );
}

const local: Environment = {
  name: 'local',
  domain: 'localhost',
  follow: 'head',
  phases: [1],
  sync: {
    intervalSeconds: 12,
    batchSize: 100,
    maxConcurrentRequests: 20,
    priorityThreshold: 6,
    requestsPerSecond: 25,
    requestTimeoutSeconds: 10,
  },
  stores: { kind: 'embedded' },
};
