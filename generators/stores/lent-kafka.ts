import type { Environment } from '../../catalog/schema/environment.ts';
import type { Pool } from '../../catalog/schema/pool.ts';
import { hostOf } from '../gateway/hosts.ts';

/**
 * The way to a bus that other pools borrow: a name for whoever asks first, and one for each broker, as Kafka's clients go to the
 * broker that leads a partition. All of them lead to the pool's gateway, which tells them apart by the name in the TLS greeting.
 */
export const lentKafka = {
  /** The listener, and the port of the gateway: behind it is the same. */
  listener: 'lent',
  port: 9094,
  /** Services that Strimzi makes for a listener of type `cluster-ip`. */
  bootstrapService: 'kafka-kafka-lent-bootstrap',
  brokerService: (broker: number) => `kafka-node-lent-${broker}`,
} as const;

/** The name by which borrowers know the bus of a pool: `kafka.analytics.highfunk.uk`. */
export function lentKafkaHost(pool: Pick<Pool, 'id' | 'domain'>, environment: Environment): string {
  return `kafka.${hostOf(pool, environment)}`;
}

/** The name of one of its brokers: `kafka-0.analytics.highfunk.uk`. */
export function lentBrokerHost(host: string, broker: number): string {
  return host.replace(/^kafka\./, `kafka-${broker}.`);
}

/** The names of all of it, the first to ask first. */
export function lentKafkaHosts(host: string, brokers: number): string[] {
  return [host, ...Array.from({ length: brokers }, (_, broker) => lentBrokerHost(host, broker))];
}
