import { randomUUID } from 'node:crypto';
import { Kafka, logLevel } from 'kafkajs';
import type { RunContext, Work } from '../bench.ts';
import { flows } from './flows.ts';
import type { StreamInput } from './input.ts';

export interface ConsumeSettings {
  /** Else messages are counted without a look into them. */
  readonly parses: boolean;
}

/** The limit of the client: a consumer of kafkajs as its manual shows it, which counts and stores nothing. */
export async function open(context: RunContext): Promise<Work> {
  const input = context.input as StreamInput;
  const { parses } = context.settings as ConsumeSettings;
  const { topic, countRows, linesOf } = flows[input.flow];
  const consumer = new Kafka({ brokers: [...input.brokers], logLevel: logLevel.NOTHING }).consumer({
    groupId: randomUUID(),
    allowAutoTopicCreation: false,
  });
  const lines: string[] = [];
  return {
    run: async () => {
      const all = Promise.withResolvers<void>();
      let messages = 0;
      let rows = 0;
      consumer.on('consumer.crash', ({ payload }) => all.reject(payload.error));
      await consumer.connect();
      await consumer.subscribe({ topic, fromBeginning: true });
      await consumer.run({
        eachBatch: async ({ batch }) => {
          messages += batch.messages.length;
          if (parses || context.verifying) {
            for (const message of batch.messages) {
              const value: unknown = JSON.parse(message.value?.toString() ?? 'null');
              rows += countRows(value);
              if (context.verifying) lines.push(...linesOf(value));
            }
          }
          if (messages >= input.messages) all.resolve();
        },
      });
      await all.promise;
      return parses ? rows : input.rows;
    },
    rows: async () => lines,
    close: () => consumer.disconnect(),
  };
}
