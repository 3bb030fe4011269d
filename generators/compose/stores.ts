import type { StoreKind } from '../../catalog/schema/common.ts';
import type { JsonObject } from '../emit/yaml.ts';
import { storeImages, storeVersions } from '../stores/images.ts';

interface Password {
  /** What stands in the compose file. */
  readonly text: string;
  readonly help: string;
  readonly standIn: string;
}

/**
 * What `.env` may set. The stand-ins are known to everyone and guard nothing: ports are open to this machine alone, and what is behind
 * them is made up. Names are the brief's.
 */
export const passwords: Readonly<Record<string, Password>> = Object.fromEntries(
  [
    ['POSTGRES_PASSWORD', 'of user defimon; a volume keeps the one that it was made with', 'local-only'],
    [
      'CLICKHOUSE_PASSWORD',
      'of user defimon: letters, digits and hyphens, since it stands in an address',
      'local-only',
    ],
    ['GRAFANA_PASSWORD', 'of user admin', 'local-only'],
    [
      'JWT_SECRET',
      'signs tokens, 32 characters or more: letters, digits and hyphens',
      'local-only-and-no-secret-of-anyone',
    ],
    ['API_SECRET_KEY', 'guards what changes state, 32 characters or more', 'local-only-and-no-secret-of-anyone'],
  ].map(([name = '', help = '', standIn = '']) => [name, { text: `\${${name}:-${standIn}}`, help, standIn }]),
);

/** The container that stands for each kind of store. */
export const storeServices: Partial<Record<StoreKind, string>> = {
  relational: 'postgres',
  timeseries: 'clickhouse',
  cache: 'redis',
  bus: 'kafka',
};

/** Kafka's port for services; 9092 is for programs of this machine, which know it by another name. */
const kafkaInside = 29092;

/** The four stores, each on its brief's port. */
export function renderStores(
  publish: (port: number) => string,
  limitsOf: (limits: { cpu: string; memory: string }) => JsonObject,
): Record<string, JsonObject> {
  const check = (test: readonly string[], more: JsonObject = {}): JsonObject => ({
    test: [...test],
    interval: '10s',
    timeout: '5s',
    retries: 6,
    start_period: '1m',
    start_interval: '2s',
    ...more,
  });
  const usual = { restart: 'unless-stopped', stop_grace_period: '1m' };
  return {
    postgres: {
      ...usual,
      // The release that clusters run.
      image: `docker.io/library/postgres:${/:([\d.]+)/.exec(storeImages.postgresql)?.[1]}`,
      environment: {
        POSTGRES_USER: 'defimon',
        POSTGRES_DB: 'defimon',
        POSTGRES_PASSWORD: passwords.POSTGRES_PASSWORD?.text,
      },
      ports: [publish(5432)],
      volumes: ['postgres-data:/var/lib/postgresql'],
      healthcheck: check(['CMD', 'pg_isready', '-h', '127.0.0.1', '-U', 'defimon', '-d', 'defimon']),
      deploy: limitsOf({ cpu: '2', memory: '2Gi' }),
    },
    clickhouse: {
      ...usual,
      image: storeImages.clickhouse,
      environment: { CLICKHOUSE_USER: 'defimon', CLICKHOUSE_PASSWORD: passwords.CLICKHOUSE_PASSWORD?.text },
      ports: [publish(8123)],
      volumes: ['clickhouse-data:/var/lib/clickhouse'],
      ulimits: { nofile: { soft: 262_144, hard: 262_144 } },
      healthcheck: check(['CMD', 'wget', '-q', '-O', '/dev/null', 'http://127.0.0.1:8123/ping']),
      deploy: limitsOf({ cpu: '2', memory: '4Gi' }),
    },
    redis: {
      ...usual,
      image: `docker.io/library/redis:${/:v([\d.]+)/.exec(storeImages.redis)?.[1]}`,
      // It keeps copies alone: what does not fit goes.
      command: ['redis-server', '--maxmemory', '256mb', '--maxmemory-policy', 'allkeys-lru', '--appendonly', 'no'],
      ports: [publish(6379)],
      volumes: ['redis-data:/data'],
      healthcheck: check(['CMD', 'redis-cli', 'ping']),
      deploy: limitsOf({ cpu: '1', memory: '384Mi' }),
    },
    kafka: {
      ...usual,
      image: `docker.io/apache/kafka:${storeVersions.kafka}`,
      environment: kafkaSettings,
      ports: [publish(9092)],
      volumes: ['kafka-data:/var/lib/kafka/data'],
      // Asking starts a Java of its own, which takes a second or two.
      healthcheck: check(
        ['CMD', '/opt/kafka/bin/kafka-broker-api-versions.sh', '--bootstrap-server', `127.0.0.1:${kafkaInside}`],
        { interval: '30s', timeout: '20s', start_interval: '5s' },
      ),
      deploy: limitsOf({ cpu: '2', memory: '2Gi' }),
    },
  };
}

/** Of the stores. */
export const storeVolumes = ['postgres-data', 'clickhouse-data', 'redis-data', 'kafka-data'];

/** One node, broker and controller, in KRaft mode. Topics are made by the services, of the catalog's table. */
const kafkaSettings: Readonly<Record<string, string>> = {
  KAFKA_NODE_ID: '1',
  KAFKA_PROCESS_ROLES: 'broker,controller',
  KAFKA_CONTROLLER_QUORUM_VOTERS: '1@127.0.0.1:9093',
  KAFKA_LISTENERS: `SERVICES://:${kafkaInside},MACHINE://:9092,CONTROLLER://127.0.0.1:9093`,
  KAFKA_ADVERTISED_LISTENERS: `SERVICES://kafka:${kafkaInside},MACHINE://127.0.0.1:9092`,
  KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'SERVICES:PLAINTEXT,MACHINE:PLAINTEXT,CONTROLLER:PLAINTEXT',
  KAFKA_INTER_BROKER_LISTENER_NAME: 'SERVICES',
  KAFKA_CONTROLLER_LISTENER_NAMES: 'CONTROLLER',
  KAFKA_LOG_DIRS: '/var/lib/kafka/data',
  KAFKA_AUTO_CREATE_TOPICS_ENABLE: 'false',
  KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: '1',
  KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR: '1',
  KAFKA_TRANSACTION_STATE_LOG_MIN_ISR: '1',
  KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: '0',
  KAFKA_HEAP_OPTS: '-Xms512m -Xmx1g',
};
