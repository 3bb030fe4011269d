import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Environment, SyncSettings } from '../../catalog/schema/environment.ts';
import type { CatalogSource } from './catalog-source.ts';
import { ConfigurationError } from './errors.ts';
import { type LogLevel, logLevels } from './log.ts';
import { type DatabaseConfig, decideDatabase, decideMarket, type MarketConfig } from './market-config.ts';
import type { Secret, Settings } from './settings.ts';

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

/** Where the stores are: in this process, or at addresses that only the environment's secrets know. */
export type StoresConfig =
  | { readonly kind: 'embedded'; readonly dataDir: string }
  | {
      readonly kind: 'networked';
      readonly databaseUrl: Secret | undefined;
      readonly databaseCa: Secret | undefined;
      readonly clickhouseUrl: Secret | undefined;
      /** Where ClickHouse is in this process although PostgreSQL is not. */
      readonly timeseriesDataDir?: string;
    };

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
    onlyNetworks: settings.networks,
    rpcKeys: settings.rpcKeys,
    logLevel: flags.logLevel,
  };
}

function decideStores(flags: Flags, settings: Settings, environment: Environment, problems: string[]): StoresConfig {
  const { databaseUrl, databaseCa, clickhouseUrl } = settings;
  const networked = { kind: 'networked', databaseUrl, databaseCa, clickhouseUrl } as const;
  if (environment.stores.kind === 'networked') return networked;
  if (databaseUrl === undefined && clickhouseUrl === undefined) return { kind: 'embedded', dataDir: flags.dataDir };
  if (databaseUrl === undefined) problems.push('DATABASE_URL is not set, but CLICKHOUSE_URL is: set both, or it alone');
  // The brief's collector knows of PostgreSQL alone: its bars stay on this machine.
  return clickhouseUrl === undefined ? { ...networked, timeseriesDataDir: flags.dataDir } : networked;
}
