import { rpcKeyPrefix } from '../../catalog/rpc-keys.ts';
import type { SyncSettings } from '../../catalog/schema/environment.ts';
import { type DatabaseParts, databaseUrlOf, sslModes } from './database-url.ts';
import { isProxyName } from './proxies.ts';
import { type SaslMechanism, saslMechanisms } from './stores-config.ts';

/** A value that must not be shown: it prints as stars, in JSON and in templates too. `reveal` gives it to the one who uses it. */
export interface Secret {
  reveal(): string;
  toString(): string;
  toJSON(): string;
}

export function secretOf(value: string): Secret {
  const stars = (): string => '********';
  return { reveal: () => value, toString: stars, toJSON: stars };
}

/** What environment variables may set. The names are the brief's. */
export interface Settings {
  readonly sync: Partial<SyncSettings>;
  readonly market: {
    readonly symbolsChunkSize?: number;
    readonly weightShare?: number;
    readonly apiKey?: Secret;
    readonly secretKey?: Secret;
  };
  readonly networks: readonly string[] | undefined;
  /** DATABASE_URL, or what the variables of its parts make. */
  readonly databaseUrl: Secret | undefined;
  /** The certificate of PostgreSQL's authority, as PEM. */
  readonly databaseCa: Secret | undefined;
  readonly clickhouseUrl: Secret | undefined;
  readonly redisUrl: Secret | undefined;
  /** Parts of how Kafka is reached, as far as they are set. */
  readonly kafka: {
    readonly brokers?: readonly string[];
    readonly username?: string;
    readonly password?: Secret;
    readonly mechanism?: SaslMechanism;
    readonly tls?: boolean;
    readonly ca?: Secret;
  };
  /** Between two computations of the windows of a network, of any size, at least. */
  readonly windowPaceSeconds: number | undefined;
  /** Of one caller of the analytics API, a minute. */
  readonly requestsPerMinute: number | undefined;
  /** WebSockets that one process takes of each API. */
  readonly socketsMax: number | undefined;
  /** Addresses and networks whose X-Forwarded-For is believed. */
  readonly trustedProxies: readonly string[];
  /** Of the admin service: where it finds the others, as far as that is set. */
  readonly admin: AdminSettings;
  readonly jwtSecret: Secret | undefined;
  readonly apiSecretKey: Secret | undefined;
  /** Keys of RPC endpoints, by the name of their variable. */
  readonly rpcKeys: ReadonlyMap<string, Secret>;
}

export interface AdminSettings {
  /** Addresses of the APIs whose reads it passes on, without a slash at the end. */
  readonly analyticsUrl?: string;
  readonly marketUrl?: string;
  /** Of the ops ports of all processes; a name with several addresses is several of them. */
  readonly opsUrls?: readonly string[];
  /** The project in GitLab's API, which has what environments hold. */
  readonly repositoryUrl?: string;
  readonly repositoryRef?: string;
  readonly repositoryToken?: Secret;
  /** Where people find the dashboards. */
  readonly grafanaUrl?: string;
}

/** One environment variable: what it is for, how its text is read (throwing what is wrong with it), and where it goes. */
export interface Variable {
  readonly name: string;
  readonly help: string;
  readonly secret: boolean;
  read(text: string, into: MutableSettings): void;
}

interface MutableSettings extends Pick<Settings, 'rpcKeys'> {
  sync: { -readonly [Key in keyof SyncSettings]?: SyncSettings[Key] };
  market: { -readonly [Key in keyof Settings['market']]: Settings['market'][Key] };
  database: DatabaseParts;
  networks: readonly string[] | undefined;
  databaseUrl: Secret | undefined;
  databaseCa: Secret | undefined;
  clickhouseUrl: Secret | undefined;
  redisUrl: Secret | undefined;
  kafka: { -readonly [Key in keyof Settings['kafka']]: Settings['kafka'][Key] };
  windowPaceSeconds: number | undefined;
  requestsPerMinute: number | undefined;
  socketsMax: number | undefined;
  trustedProxies: readonly string[];
  admin: { -readonly [Key in keyof AdminSettings]: AdminSettings[Key] };
  jwtSecret: Secret | undefined;
  apiSecretKey: Secret | undefined;
}

export const variables: readonly Variable[] = [
  {
    name: 'L2_NETWORKS',
    help: 'sync only these networks, by id, separated by commas, whatever their priority and phase',
    secret: false,
    read: (text, into) => {
      into.networks = listOf(text);
    },
  },
  {
    name: 'L2_SYNC_INTERVAL',
    help: 'seconds between two looks at a head',
    secret: false,
    read: (text, into) => {
      into.sync.intervalSeconds = numberOf(text, 0.1, 3600);
    },
  },
  {
    name: 'L2_BATCH_SIZE',
    help: 'blocks in one batch at the most',
    secret: false,
    read: (text, into) => {
      into.sync.batchSize = integerOf(text, 1, 10_000);
    },
  },
  {
    name: 'L2_MAX_CONCURRENT_REQUESTS',
    help: 'RPC requests in flight at the most, of the whole process',
    secret: false,
    read: (text, into) => {
      into.sync.maxConcurrentRequests = integerOf(text, 1, 1000);
    },
  },
  {
    name: 'L2_PRIORITY_THRESHOLD',
    help: 'networks of a lower priority are not synced',
    secret: false,
    read: (text, into) => {
      into.sync.priorityThreshold = integerOf(text, 1, 10);
    },
  },
  {
    name: 'DATABASE_URL',
    help: 'PostgreSQL: postgres://user:password@host:5432/database; left out, an embedded one is started',
    secret: true,
    read: (text, into) => {
      into.databaseUrl = secretOf(urlOf(text, ['postgres:', 'postgresql:']));
    },
  },
  {
    name: 'DATABASE_CA',
    help: "certificate of PostgreSQL's authority, as PEM text: the server is then checked against it",
    secret: true,
    read: (text, into) => {
      into.databaseCa = secretOf(certificateOf(text));
    },
  },
  {
    name: 'DB_HOST',
    help: "PostgreSQL's host, with the DB_ variables below in place of DATABASE_URL",
    secret: false,
    read: (text, into) => {
      into.database.host = text;
    },
  },
  {
    name: 'DB_PORT',
    help: "PostgreSQL's port; default 5432",
    secret: false,
    read: (text, into) => {
      into.database.port = integerOf(text, 1, 65_535);
    },
  },
  {
    name: 'DB_NAME',
    help: 'the database',
    secret: false,
    read: (text, into) => {
      into.database.name = text;
    },
  },
  {
    name: 'DB_USER',
    help: 'who logs in',
    secret: false,
    read: (text, into) => {
      into.database.user = text;
    },
  },
  {
    name: 'DB_PASSWORD',
    help: 'and the password',
    secret: true,
    read: (text, into) => {
      into.database.password = text;
    },
  },
  {
    name: 'DB_SSLMODE',
    help: `TLS: ${sslModes.join(', ')}; left out: on at *.ondigitalocean.com (verified if there is DB_SSLROOTCERT), else off`,
    secret: false,
    read: (text, into) => {
      if (!sslModes.includes(text)) throw new Error(`must be one of ${sslModes.join(', ')}`);
      into.database.sslMode = text;
    },
  },
  {
    name: 'DB_SSLROOTCERT',
    help: "file with the certificate of the server's authority",
    secret: false,
    read: (text, into) => {
      into.database.sslRootCert = text;
    },
  },
  {
    name: 'CLICKHOUSE_URL',
    help: 'ClickHouse: http://user:password@host:8123/database; left out, an embedded one is opened',
    secret: true,
    read: (text, into) => {
      into.clickhouseUrl = secretOf(urlOf(text, ['http:', 'https:']));
    },
  },
  {
    name: 'REDIS_URL',
    help: 'Redis: redis://:password@host:6379, rediss:// with TLS; left out, values are cached in the process',
    secret: true,
    read: (text, into) => {
      into.redisUrl = secretOf(urlOf(text, ['redis:', 'rediss:']));
    },
  },
  {
    name: 'KAFKA_BROKERS',
    help: 'Kafka: host:port, more of them separated by commas; left out, the bus is in the process',
    secret: false,
    read: (text, into) => {
      into.kafka.brokers = brokersOf(text);
    },
  },
  {
    name: 'KAFKA_USERNAME',
    help: 'who logs in at Kafka; left out, nobody has to',
    secret: false,
    read: (text, into) => {
      into.kafka.username = text;
    },
  },
  {
    name: 'KAFKA_PASSWORD',
    help: 'and the password',
    secret: true,
    read: (text, into) => {
      into.kafka.password = secretOf(text);
    },
  },
  {
    name: 'KAFKA_MECHANISM',
    help: `how: ${saslMechanisms.join(', ')}; default ${saslMechanisms[0]}`,
    secret: false,
    read: (text, into) => {
      const mechanism = saslMechanisms.find((known) => known === text.toLowerCase());
      if (mechanism === undefined) throw new Error(`must be one of ${saslMechanisms.join(', ')}`);
      into.kafka.mechanism = mechanism;
    },
  },
  {
    name: 'KAFKA_TLS',
    help: 'true: by TLS; default false, and true with KAFKA_CA',
    secret: false,
    read: (text, into) => {
      if (text !== 'true' && text !== 'false') throw new Error('must be true or false');
      into.kafka.tls = text === 'true';
    },
  },
  {
    name: 'KAFKA_CA',
    help: "certificate of the brokers' authority, as PEM text; left out, the system's authorities are trusted",
    secret: true,
    read: (text, into) => {
      into.kafka.ca = secretOf(certificateOf(text));
    },
  },
  {
    name: 'WINDOW_PACE_SECONDS',
    help: 'seconds between two computations of the minutes, hours and days of a network, at least; by default each has its own',
    secret: false,
    read: (text, into) => {
      into.windowPaceSeconds = numberOf(text, 0.1, 3600);
    },
  },
  {
    name: 'SYMBOLS_CHUNK_SIZE',
    help: 'pairs of one stream of the exchange',
    secret: false,
    read: (text, into) => {
      into.market.symbolsChunkSize = integerOf(text, 1, 340);
    },
  },
  {
    name: 'BINANCE_WEIGHT_SHARE',
    help: "part of this address's request weight that this process may spend: 1/4 of four; default 1",
    secret: false,
    read: (text, into) => {
      into.market.weightShare = shareOf(text);
    },
  },
  {
    name: 'BINANCE_API_KEY',
    help: 'sent with requests to Binance; its market data needs none',
    secret: true,
    read: (text, into) => {
      into.market.apiKey = secretOf(text);
    },
  },
  {
    name: 'BINANCE_SECRET_KEY',
    help: 'for signed requests to Binance; market data needs none, and nothing here makes any',
    secret: true,
    read: (text, into) => {
      into.market.secretKey = secretOf(text);
    },
  },
  {
    name: 'RATE_LIMIT_PER_MINUTE',
    help: 'requests of one caller of the analytics API a minute; left out or 0, as many as the gateway lets through',
    secret: false,
    read: (text, into) => {
      into.requestsPerMinute = integerOf(text, 0, 1_000_000) || undefined;
    },
  },
  {
    name: 'WEBSOCKETS_MAX',
    help: 'WebSockets that an API takes in this process; left out, 500. Each takes some 32 KiB, more while it is not read',
    secret: false,
    read: (text, into) => {
      into.socketsMax = integerOf(text, 1, 100_000);
    },
  },
  {
    name: 'TRUSTED_PROXIES',
    help: 'gateways whose X-Forwarded-For tells the caller: addresses, networks (10.0.0.0/8), loopback or uniquelocal, by commas',
    secret: false,
    read: (text, into) => {
      into.trustedProxies = proxiesOf(text);
    },
  },
  {
    name: 'ANALYTICS_API_URL',
    help: 'admin: the analytics API; left out, that of the same process',
    secret: false,
    read: (text, into) => {
      into.admin.analyticsUrl = addressOf(text);
    },
  },
  {
    name: 'MARKET_API_URL',
    help: 'admin: the market API; left out, that of the same process',
    secret: false,
    read: (text, into) => {
      into.admin.marketUrl = addressOf(text);
    },
  },
  {
    name: 'OPS_URLS',
    help: 'admin: ops ports of all processes, http://host:9464 by commas; a name with more addresses is as many; left out, its own',
    secret: false,
    read: (text, into) => {
      into.admin.opsUrls = text.split(',').map((url) => addressOf(url.trim()));
    },
  },
  {
    name: 'REPOSITORY_URL',
    help: "admin: the project in GitLab's API, https://gitlab.com/api/v4/projects/group%2Fproject; on a laptop its own folder",
    secret: false,
    read: (text, into) => {
      into.admin.repositoryUrl = addressOf(text);
    },
  },
  {
    name: 'REPOSITORY_REF',
    help: 'admin: branch that environments are read from; default main',
    secret: false,
    read: (text, into) => {
      into.admin.repositoryRef = text;
    },
  },
  {
    name: 'REPOSITORY_TOKEN',
    help: 'admin: token of GitLab that may read the repository; a public one needs none',
    secret: true,
    read: (text, into) => {
      into.admin.repositoryToken = secretOf(text);
    },
  },
  {
    name: 'GRAFANA_URL',
    help: 'admin: where a browser finds the dashboards; left out, no link is shown',
    secret: false,
    read: (text, into) => {
      into.admin.grafanaUrl = addressOf(text);
    },
  },
  {
    name: 'JWT_SECRET',
    help: 'signs the tokens between services, 32 characters or more',
    secret: true,
    read: (text, into) => {
      into.jwtSecret = secretOf(longEnough(text));
    },
  },
  {
    name: 'API_SECRET_KEY',
    help: 'guards what changes state, 32 characters or more',
    secret: true,
    read: (text, into) => {
      into.apiSecretKey = secretOf(longEnough(text));
    },
  },
];

/**
 * Reads the environment variables of the table. An empty one counts as not set, as a compose file leaves it.
 * Returns all problems at once, each with the name and what to write instead; the values of secrets are never in them.
 */
export function readSettings(env: Readonly<Record<string, string | undefined>>): {
  settings: Settings;
  problems: string[];
} {
  const settings: MutableSettings = {
    sync: {},
    market: {},
    database: {},
    networks: undefined,
    databaseUrl: undefined,
    databaseCa: undefined,
    clickhouseUrl: undefined,
    redisUrl: undefined,
    kafka: {},
    windowPaceSeconds: undefined,
    requestsPerMinute: undefined,
    socketsMax: undefined,
    trustedProxies: [],
    admin: {},
    jwtSecret: undefined,
    apiSecretKey: undefined,
    rpcKeys: new Map(
      Object.entries(env).flatMap(([name, text]): [string, Secret][] => {
        const key = name.startsWith(rpcKeyPrefix) ? text?.trim() : undefined;
        return key === undefined || key === '' ? [] : [[name, secretOf(key)]];
      }),
    ),
  };
  const problems: string[] = [];
  for (const variable of variables) {
    const text = env[variable.name]?.trim();
    if (text === undefined || text === '') continue;
    try {
      variable.read(text, settings);
    } catch (error) {
      const shown = variable.secret ? '' : `=${JSON.stringify(text)}`;
      problems.push(
        `${variable.name}${shown}: ${error instanceof Error ? error.message : String(error)} (${variable.help})`,
      );
    }
  }
  const { database, ...rest } = settings;
  const composed = databaseUrlOf(database, problems);
  // A misspelt name would be silently without effect.
  for (const name of Object.keys(env)) {
    if (name.startsWith('L2_') && !variables.some((variable) => variable.name === name)) {
      const known = variables.filter((variable) => variable.name.startsWith('L2_')).map((variable) => variable.name);
      problems.push(`${name}: no such setting; known: ${known.join(', ')}`);
    }
  }
  return {
    settings: {
      ...rest,
      databaseUrl: settings.databaseUrl ?? (composed === undefined ? undefined : secretOf(composed)),
    },
    problems,
  };
}

function numberOf(text: string, min: number, max: number): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value < min || value > max) throw new Error(`must be a number from ${min} to ${max}`);
  return value;
}

function integerOf(text: string, min: number, max: number): number {
  const value = numberOf(text, min, max);
  if (!Number.isInteger(value)) throw new Error(`must be a whole number from ${min} to ${max}`);
  return value;
}

function listOf(text: string): string[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.some((name) => !/^[a-z][a-z0-9_]*$/.test(name))) throw new Error('must be network ids separated by commas');
  return names;
}

function urlOf(text: string, protocols: readonly string[]): string {
  if (!URL.canParse(text) || !protocols.includes(new URL(text).protocol)) {
    throw new Error(`must be a URL that starts with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`);
  }
  return text;
}

/** An address that paths are added to. */
function addressOf(text: string): string {
  const { search, hash, username, password } = new URL(urlOf(text, ['http:', 'https:']));
  if (search !== '' || hash !== '') throw new Error('must be a URL without ? and #');
  if (username !== '' || password !== '') throw new Error('must be a URL without name and password');
  return text.replace(/\/+$/, '');
}

function certificateOf(text: string): string {
  if (!text.startsWith('-----BEGIN CERTIFICATE-----')) throw new Error('must be a certificate as PEM text');
  return text;
}

function proxiesOf(text: string): string[] {
  const proxies = text.split(',').map((proxy) => proxy.trim());
  if (!proxies.every(isProxyName))
    throw new Error('must be addresses or networks separated by commas, like 10.0.0.0/8');
  return proxies;
}

function brokersOf(text: string): string[] {
  const brokers = text.split(',').map((broker) => broker.trim());
  const port = /:(\d{1,5})$/;
  const isAddress = (broker: string) => /^[^\s/@:]+:\d{1,5}$/.test(broker) && Number(port.exec(broker)?.[1]) <= 65_535;
  if (!brokers.every(isAddress)) throw new Error('must be host:port, more of them separated by commas');
  return brokers;
}

/** `1/4` or `0.25`. */
function shareOf(text: string): number {
  const [part = '', whole = '1', ...more] = text.split('/');
  const share = Number(part) / Number(whole);
  const isNumber = part.trim() !== '' && whole.trim() !== '' && more.length === 0;
  if (!isNumber || !(share > 0 && share <= 1)) throw new Error('must be more than 0 and at most 1, like 1/4 or 0.25');
  return share;
}

function longEnough(text: string): string {
  if (text.length < 32) throw new Error('must have 32 characters or more');
  return text;
}
