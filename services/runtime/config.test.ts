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
    expect(config.stores.kind).toBe('embedded');
  });

  it('uses networked stores when both addresses are set, and hides them when printed', () => {
    const config = decide({ DATABASE_URL: 'postgres://u:hunter2@db/d', CLICKHOUSE_URL: 'http://u:hunter2@ch:8123' });

    expect(config.stores.kind).toBe('networked');
    expect(JSON.stringify(config)).not.toContain('hunter2');
  });

  it('keeps ClickHouse in the process where PostgreSQL alone is elsewhere, and asks for PostgreSQL where ClickHouse is', () => {
    const stores = decide({ DATABASE_URL: 'postgres://u:p@db/d' }).stores;
    expect(stores).toMatchObject({ kind: 'networked', timeseriesDataDir: expect.any(String) });
    expect(() => decide({ CLICKHOUSE_URL: 'http://u:p@ch/d' })).toThrow(/DATABASE_URL is not set/);
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
