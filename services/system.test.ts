import { join } from 'node:path';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { loadEnvironment } from '../catalog/environment.ts';
import { loadCatalog } from '../catalog/load.ts';
import { catalogSourceOf } from './runtime/catalog-source.ts';
import { type Config, decideConfig, parseFlags } from './runtime/config.ts';
import { startOrder } from './runtime/modules.ts';
import { createRecentErrors } from './runtime/recent-errors.ts';
import { readSettings } from './runtime/settings.ts';
import {
  adminPorts,
  apiPorts,
  createSystem,
  deafServices,
  marketApiPorts,
  missingSettings,
  readinessOf,
  targets,
  targetsOf,
} from './system.ts';

const root = join(import.meta.dirname, '..');
const catalog = loadCatalog(join(root, 'catalog'));

describe(createSystem.name, () => {
  it('starts the consumers of the in-process bus before the relay that feeds it', () => {
    const order = orderOf(configOf('local'));

    expect(order.indexOf('chain-relay')).toBeGreaterThan(order.indexOf('stream-processor'));
    expect(order.indexOf('market-collector')).toBeGreaterThan(order.indexOf('market-stream'));
  });

  it('stores bars where they are told if the bus is in process, and elsewhere if it is not', () => {
    const flags = ['--target', 'market-collector'];

    expect(orderOf(configOf('local', flags))).toEqual(expect.arrayContaining(['timeseries', 'market-stream']));
    expect(orderOf(configOf('staging', flags))).not.toContain('timeseries');
    expect(orderOf(configOf('staging', ['--target', 'stream-processor']))).toContain('market-stream');
    expect(orderOf(configOf('staging', ['--target', 'stream-processor']))).not.toContain('market-tables');
  });

  it('gives each target only what it needs', () => {
    expect(orderOf(configOf('local', ['--target', 'chain-sync']))).toEqual([
      'ops',
      'catalog',
      'children',
      'relational',
      'chain-tables',
      'chain-sync',
    ]);
  });

  it('names every target as the catalog names the service', () => {
    const services = catalog.services.map((service) => service.id);

    for (const target of targets) expect(services).toContain(target);
  });

  it('listens where the catalog says the APIs are, and opens the stores it says a service needs', () => {
    const api = catalog.services.find((service) => service.id === 'analytics-api');

    const marketApi = catalog.services.find((service) => service.id === 'market-api');

    expect(api?.ports.map((port) => port.port)).toEqual(apiPorts);
    expect(marketApi?.ports.map((port) => port.port)).toEqual(marketApiPorts);
    const admin = catalog.services.find((service) => service.id === 'admin');
    expect(admin?.ports.map((port) => port.port)).toEqual(adminPorts);
    for (const service of catalog.services.filter((each) => each.released)) {
      const order: readonly string[] = orderOf(configOf('staging', ['--target', service.id]));
      const networked: readonly string[] = ['relational', 'timeseries'];
      const stores = networked.filter((store) => order.includes(store));
      const needs = service.needs.filter((store) => networked.includes(store));
      expect(new Set(needs), service.id).toEqual(new Set(stores));
    }
  });
});

describe(readinessOf.name, () => {
  it.each<[string, readonly string[]]>([
    ['analytics-api', ['timeseries']],
    ['market-api', []],
    ['market-api,analytics-api', ['timeseries']],
    ['stream-processor', ['bus', 'timeseries']],
    ['chain-sync', ['bus', 'timeseries']],
  ])('waits for what %s cannot do without', async (target, waitedFor) => {
    const away = { ok: false, detail: 'no answer' };
    const config = configOf('staging', ['--target', target]);
    const health = async () => ({ relational: { ok: true }, bus: away, timeseries: away });

    const modules = await readinessOf({ config, health })();

    const notReady = Object.entries(modules ?? {}).filter(([, { ok }]) => !ok);
    expect(notReady.map(([name]) => name)).toEqual(waitedFor);
  });
});

describe(deafServices.name, () => {
  it('names who would wait for a chain-sync that is in another process, while the bus is in this one', () => {
    expect(deafServices(configOf('local', ['--target', 'analytics-api,market-api']))).toEqual(['analytics-api']);
    expect(deafServices(configOf('local'))).toEqual([]);
    expect(deafServices(configOf('local', ['--target', 'market-collector,market-api']))).toEqual([]);
    expect(deafServices(configOf('staging', ['--target', 'analytics-api']))).toEqual([]);
  });
});

describe(missingSettings.name, () => {
  it('asks only for the stores that the targets open', () => {
    const sync = configOf('staging', ['--target', 'chain-sync']);
    const api = configOf('staging', ['--target', 'analytics-api']);

    expect(missingSettings(sync, orderOf(sync))).toEqual([
      expect.stringContaining('DATABASE_URL'),
      expect.stringContaining('KAFKA_BROKERS'),
    ]);
    expect(missingSettings(api, orderOf(api))).toHaveLength(4);
    expect(missingSettings(configOf('local'), orderOf(configOf('local')))).toEqual([]);
  });
});

function configOf(environment: string, flags: readonly string[] = []): Config {
  const file = join(root, 'environments', environment, 'environment.yaml');
  const parsed = parseFlags(['--environment', environment, ...flags]);
  return decideConfig(
    parsed,
    readSettings({}).settings,
    catalogSourceOf(join(root, 'catalog')),
    file,
    loadEnvironment(file, catalog),
  );
}

function orderOf(config: Config) {
  const context = {
    config,
    log: pino({ level: 'silent' }),
    metrics: new Registry(),
    version: '0',
    startedAt: 0,
    recentErrors: createRecentErrors(),
    health: () => undefined,
    fail: () => undefined,
  };
  return startOrder(createSystem(context), targetsOf(config));
}
