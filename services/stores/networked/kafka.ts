import type { Logger } from 'pino';
import type { Topic } from '../../../catalog/schema/topic.ts';
import { ConfigurationError } from '../../runtime/errors.ts';
import type { Watchable } from '../../runtime/watch-store.ts';
import type { Bus } from '../bus.ts';
import type { KafkaSettings } from '../stores-config.ts';

export async function openKafkaBus(_options: {
  readonly kafka: KafkaSettings;
  readonly topics: () => readonly Topic[];
  readonly log: Logger;
}): Promise<Watchable<Bus>> {
  throw new ConfigurationError('KAFKA_BROKERS: not yet');
}
