import type { PoolSettings } from './pool-settings.ts';
import type { Secret } from './settings.ts';

export const saslMechanisms = ['scram-sha-512', 'scram-sha-256', 'plain'] as const;
export type SaslMechanism = (typeof saslMechanisms)[number];

/** How Kafka is reached. */
export interface KafkaSettings {
  /** `host:port`. */
  readonly brokers: readonly string[];
  readonly sasl?: {
    readonly mechanism: SaslMechanism;
    readonly username: string;
    readonly password: Secret;
  };
  readonly tls: boolean;
  /** The certificate of the brokers' authority, as PEM; without it the system's are trusted. */
  readonly ca?: Secret | undefined;
  /** Whether topics of the catalog that are missing are made; where an operator makes them, they are waited for. */
  readonly createsTopics: boolean;
}

/**
 * Where each store is: in this process, under `dataDir`, or at an address. The address is undefined where none is set: a
 * process that opens that store cannot start.
 */
export interface StoresConfig {
  readonly dataDir: string;
  readonly relational:
    | Embedded
    | (Networked<Secret> & {
        /** The certificate of PostgreSQL's authority, as PEM. */
        readonly ca?: Secret | undefined;
        readonly pool?: PoolSettings;
      });
  readonly timeseries: Embedded | Networked<Secret>;
  readonly cache: Embedded | Networked<Secret>;
  readonly bus: Embedded | Networked<KafkaSettings>;
}

interface Embedded {
  readonly kind: 'embedded';
}

interface Networked<Address> {
  readonly kind: 'networked';
  readonly address: Address | undefined;
}

/** The environment variable that an address is set by. */
export const addressVariables = {
  relational: 'DATABASE_URL',
  timeseries: 'CLICKHOUSE_URL',
  cache: 'REDIS_URL',
  bus: 'KAFKA_BROKERS',
} as const;

/** All stores in this process. */
export function embeddedStores(dataDir: string): StoresConfig {
  const embedded = { kind: 'embedded' } as const;
  return { dataDir, relational: embedded, timeseries: embedded, cache: embedded, bus: embedded };
}
