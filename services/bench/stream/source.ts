import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import type { Bus } from '../../stores/bus.ts';
import { openKafkaBus } from '../../stores/networked/kafka.ts';
import { readCatalog, type StreamInput } from './input.ts';

export interface Source {
  /** As a service opens it, but for its groups, which begin anew. */
  readonly bus: Bus;
  /** Resolves when handlers have resolved for all messages of the topic. */
  readonly handled: Promise<void>;
  close(): Promise<void>;
}

/** The bus, and when the whole topic has gone through it. */
export async function openSource(input: StreamInput): Promise<Source> {
  const { brokers, messages } = input;
  const { topics } = readCatalog(input);
  const opened = await openKafkaBus({
    kafka: { brokers, tls: false, createsTopics: true },
    topics: () => topics,
    log: pino({ level: 'silent' }),
  });
  const all = Promise.withResolvers<void>();
  let count = 0;
  const bus: Bus = {
    ...opened.part,
    subscribe: (topic, group, handle) =>
      opened.part.subscribe(topic, `${group}.${randomUUID()}`, async (batch) => {
        await handle(batch).catch((error: unknown) => {
          // A failure that is tried again would only look slow.
          all.reject(error);
          throw error;
        });
        count += batch.messages.length;
        if (count >= messages) all.resolve();
      }),
  };
  return { bus, handled: all.promise, close: opened.stop };
}
