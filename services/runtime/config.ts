import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Environment, SyncSettings } from '../../catalog/schema/environment.ts';
import type { CatalogSource } from './catalog-source.ts';
import { ConfigurationError } from './errors.ts';
import { type LogLevel, logLevels } from './log.ts';
import { type DatabaseConfig, decideDatabase, decideMarket, type MarketConfig } from './market-config.ts';
import type { AdminSettings, Settings } from './settings.ts';
import type { KafkaSettings, StoresConfig } from './stores-config.ts';

/** What the command line asks for, checked for form only. */
export interface Flags {
  /** A folder of environments/, unless a file is given. */
  readonly environment: string;
  /** A file in its place, wherever it is: what a cluster mounts. */
  readonly environmentFile: string | undefined;
  readonly targets: readonly string[];
  readonly catalog: string | undefined;
  readonly dataDir: string;
  readonly host: string;
  readonly portOffset: number;
  readonly live: boolean;
  readonly logLevel: LogLevel;
  readonly forget: string | undefined;
  readonly mode: 'run' | 'list' | 'check' | 'print-config' | 'help';
}

/** All that the process runs by, decided once before anything starts. */
export interface Config {
  readonly environment: Environment;
  readonly targets: readonly string[];
  readonly source: CatalogSource;
  readonly environmentFile: string;
  readonly stores: StoresConfig;
  readonly dataDir: string;
  readonly host: string;
  readonly portOffset: number;
  readonly live: boolean;
  readonly sync: SyncSettings;
  readonly market: MarketConfig;
  readonly database: DatabaseConfig;
  readonly windowPaceSeconds: number | undefined;
  readonly requestsPerMinute: number | undefined;
  readonly socketsMax: number | undefined;
  readonly trustedProxies: readonly string[];
  readonly admin: AdminSettings;
  readonly onlyNetworks: readonly string[] | undefined;
  readonly rpcKeys: Settings['rpcKeys'];
  readonly logLevel: LogLevel;
}

const options = {
  environment: { type: 'string' },
  'environment-file': { type: 'string' },
  target: { type: 'string', default: 'all' },
  catalog: { type: 'string' },
  'data-dir': { type: 'string', default: '.data' },
  host: { type: 'string', default: '127.0.0.1' },
  'port-offset': { type: 'string', default: '0' },
  live: { type: 'boolean', default: false },
  'log-level': { type: 'string', default: 'info' },
  forget: { type: 'string' },
  list: { type: 'boolean', default: false },
  check: { type: 'boolean', default: false },
  'print-config': { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

/** The local chains listen above 18,000, and ports end at 65,535. */
const portOffsetMax = 45_000;

/** Reads the command line. Throws ConfigurationError with all that is wrong with it. */
export function parseFlags(args: readonly string[]): Flags {
  let values: ReturnType<typeof parseArgs<{ options: typeof options; args: string[] }>>['values'];
  try {
    values = parseArgs({ options, args: [...args], allowPositionals: false, strict: true }).values;
  } catch (error) {
    throw new ConfigurationError(
      `${error instanceof Error ? error.message : String(error)}; npm start -- --help shows the options`,
    );
  }
  const problems: string[] = [];
  const portOffset = Number(values['port-offset']);
  if (!Number.isInteger(portOffset) || portOffset < 0 || portOffset > portOffsetMax) {
    problems.push(`--port-offset ${values['port-offset']}: must be a whole number from 0 to ${portOffsetMax}`);
  }
  const logLevel = logLevels.find((level) => level === values['log-level']);
  if (logLevel === undefined)
    problems.push(`--log-level ${values['log-level']}: must be one of ${logLevels.join(', ')}`);
  const { environment = 'local', 'environment-file': environmentFile } = values;
  if (!/^[a-z]+$/.test(environment)) problems.push(`--environment ${environment}: must be a folder of environments/`);
  if (values.environment !== undefined && environmentFile !== undefined)
    problems.push('--environment and --environment-file say the same: give one of the two');
  const modes = (['help', 'list', 'check', 'print-config'] as const).filter((mode) => values[mode]);
  if (problems.length > 0) throw new ConfigurationError(problems.join('\n'));
  return {
    environment,
    environmentFile: environmentFile === undefined ? undefined : resolve(environmentFile),
    targets: values.target.split(',').map((target) => target.trim()),
    catalog: values.catalog,
    dataDir: resolve(values['data-dir']),
    host: values.host,
    portOffset,
    live: values.live,
    logLevel: logLevel ?? 'info',
    forget: values.forget,
    mode: modes[0] ?? 'run',
  };
}

/**
 * Decides the configuration: environment.yaml, overridden by environment variables. Throws ConfigurationError with every problem
 * that only the whole shows.
 */
export function decideConfig(
  flags: Flags,
  settings: Settings,
  source: CatalogSource,
  environmentFile: string,
  environment: Environment,
): Config {
  const problems: string[] = [];
  const stores = decideStores(flags, settings, environment, problems);
  if (flags.live && environment.name !== 'local')
    problems.push('--live is for environment local; elsewhere networks are always live');
  const market = decideMarket(
    environment,
    settings.market,
    // Addresses of a file of the user's own are meant as they are.
    { isReal: flags.live, portOffset: flags.environmentFile === undefined ? flags.portOffset : 0 },
    problems,
  );
  if (problems.length > 0) throw new ConfigurationError(problems.join('\n'));
  return {
    environment,
    targets: flags.targets,
    source,
    environmentFile,
    stores,
    dataDir: flags.dataDir,
    host: flags.host,
    portOffset: flags.portOffset,
    live: flags.live || environment.name !== 'local',
    sync: { ...environment.sync, ...settings.sync },
    market,
    database: decideDatabase(environment),
    windowPaceSeconds: settings.windowPaceSeconds,
    requestsPerMinute: settings.requestsPerMinute,
    socketsMax: settings.socketsMax,
    trustedProxies: settings.trustedProxies,
    admin: settings.admin,
    onlyNetworks: settings.networks,
    rpcKeys: settings.rpcKeys,
    logLevel: flags.logLevel,
  };
}

/** In environment local a store is elsewhere if its address is set; in all others each of them is. */
function decideStores(flags: Flags, settings: Settings, environment: Environment, problems: string[]): StoresConfig {
  const { databaseUrl, databaseCa, clickhouseUrl, redisUrl } = settings;
  const isLocal = environment.stores.kind === 'embedded';
  const isHere = (address: unknown): boolean => isLocal && address === undefined;
  const kafka = decideKafka(settings.kafka, environment, problems);
  const embedded = { kind: 'embedded' } as const;
  return {
    dataDir: flags.dataDir,
    relational: isHere(databaseUrl)
      ? embedded
      : { kind: 'networked', address: databaseUrl, ca: databaseCa, pool: decideDatabase(environment) },
    timeseries: isHere(clickhouseUrl) ? embedded : { kind: 'networked', address: clickhouseUrl },
    cache: isHere(redisUrl) ? embedded : { kind: 'networked', address: redisUrl },
    bus: isHere(kafka) ? embedded : { kind: 'networked', address: kafka },
  };
}

function decideKafka(
  { brokers, username, password, mechanism = 'scram-sha-512', tls, ca }: Settings['kafka'],
  environment: Environment,
  problems: string[],
): KafkaSettings | undefined {
  if ((username === undefined) !== (password === undefined))
    problems.push(`${username === undefined ? 'KAFKA_USERNAME' : 'KAFKA_PASSWORD'} is not set: set both, or neither`);
  if (tls === false && ca !== undefined)
    problems.push('KAFKA_CA is for TLS, and KAFKA_TLS is false: take one of them out');
  if (brokers === undefined) return undefined;
  return {
    brokers,
    ...(username === undefined || password === undefined ? {} : { sasl: { mechanism, username, password } }),
    tls: tls ?? ca !== undefined,
    ca,
    // Elsewhere Strimzi makes them, of the catalog's table too.
    createsTopics: environment.name === 'local',
  };
}
