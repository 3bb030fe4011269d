import { type Kafka, Partitioners, type Producer } from 'kafkajs';
import type { Topic } from '../../../catalog/schema/topic.ts';
import { RetryableError } from '../../runtime/errors.ts';
import { driverRetry } from './kafka-client.ts';
import { findProtocolType, kafkaError } from './kafka-errors.ts';
import { type KafkaTopics, maxRecordBytes } from './kafka-topics.ts';

/** What a request holds at most, unless one record is larger: enough to lose little on its way there and back. */
const requestBytes = 1 << 20;

/** More than Kafka adds to a record, and to the first of a batch: RecordBatch's header has 61 bytes, a record's at most 21. */
const recordOverheadBytes = 128;

interface Outgoing {
  readonly key: string;
  readonly value: string;
  readonly bytes: number;
}

interface Publication {
  readonly topic: Topic;
  readonly messages: readonly Outgoing[];
  sent: number;
  resolve(): void;
  reject(error: Error): void;
}

export interface KafkaProducer {
  /** Resolves once every replica in sync has them. Rejects within a minute while brokers are away. */
  publish(topic: string, messages: readonly { readonly key: string; readonly value: unknown }[]): Promise<void>;
  stop(): Promise<void>;
}

/**
 * An idempotent producer with one request on its way at a time: what is published meanwhile waits, and goes together with the
 * next one of its topic, in the order of publishing.
 *
 * kafkajs takes a number of the sequence back when a request fails, and gives it to the next one. If the failed one had
 * arrived after all, brokers would take the next for its duplicate and drop it, in silence. So no request goes while another
 * one is being repeated, and a producer whose request failed for good is replaced: its successor has numbers of its own.
 */
export function createKafkaProducer(deps: {
  readonly client: () => Kafka;
  readonly topics: KafkaTopics;
  readonly onPublished?: (topic: string, count: number) => void;
}): KafkaProducer {
  const { client, topics, onPublished } = deps;
  const waiting: Publication[] = [];
  let producer: Producer | undefined;
  let sending: Promise<void> | undefined;
  let stopped = false;

  const connected = async (): Promise<Producer> => {
    if (producer !== undefined) return producer;
    const fresh = client().producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      // Given, so that kafkajs does not warn of having changed its default; it is the one of Kafka's own clients.
      createPartitioner: Partitioners.DefaultPartitioner,
      retry: driverRetry,
    });
    try {
      await fresh.connect();
    } catch (error) {
      await fresh.disconnect().catch(() => {});
      throw error;
    }
    producer = fresh;
    return fresh;
  };

  const replace = async (): Promise<void> => {
    const old = producer;
    producer = undefined;
    await old?.disconnect().catch(() => {});
  };

  /** The next request: messages of one topic, from the front of what waits, at most as many as fit. */
  const next = (): { topic: Topic; messages: Outgoing[]; of: Publication[] } | undefined => {
    const topic = waiting[0]?.topic;
    if (topic === undefined) return undefined;
    const limit = Math.min(requestBytes, maxRecordBytes(topic));
    const messages: Outgoing[] = [];
    const of: Publication[] = [];
    let bytes = 0;
    for (const publication of waiting) {
      if (publication.topic.id !== topic.id) break;
      of.push(publication);
      for (; publication.sent < publication.messages.length; publication.sent++) {
        const message = publication.messages[publication.sent] as Outgoing;
        if (messages.length > 0 && bytes + message.bytes > limit) return { topic, messages, of };
        messages.push(message);
        bytes += message.bytes;
      }
    }
    return { topic, messages, of };
  };

  const sendAll = async (): Promise<void> => {
    for (let request = next(); request !== undefined; request = next()) {
      const { topic, messages, of } = request;
      try {
        await (await connected()).send({
          topic: topic.id,
          acks: -1,
          messages: messages.map(({ key, value }) => ({ key, value })),
        });
        onPublished?.(topic.id, messages.length);
        for (const publication of of) {
          if (publication.sent < publication.messages.length) break;
          waiting.shift();
          publication.resolve();
        }
      } catch (error) {
        const reason = kafkaError(error, `publishing to ${topic.id}`);
        if (findProtocolType(error) === 'UNKNOWN_TOPIC_OR_PARTITION') topics.forget(topic.id);
        await replace();
        // Nothing overtakes what failed, and nobody waits for an outage to be found out once more.
        const failed = waiting.splice(0, reason instanceof RetryableError ? waiting.length : of.length);
        for (const publication of failed) publication.reject(reason);
      }
    }
    sending = undefined;
  };

  return {
    publish: async (id, messages) => {
      const refusal = () => new RetryableError(`the bus has stopped: cannot publish to ${id}`);
      if (stopped) throw refusal();
      const values = messages.map(({ key, value }) => outgoingOf(id, key, value));
      if (values.length === 0) return;
      // All who publish to a topic wait for the same promise, which keeps their order.
      const topic = await topics.ready(id);
      if (stopped) throw refusal();
      const limit = maxRecordBytes(topic);
      const large = values.find(({ bytes }) => bytes > limit);
      if (large !== undefined)
        throw new RangeError(`a record of ${id} has ${large.bytes} bytes (key ${large.key}): its topic takes ${limit}`);
      await new Promise<void>((resolve, reject) => {
        waiting.push({ topic, messages: values, sent: 0, resolve, reject });
        sending ??= sendAll();
      });
    },
    stop: async () => {
      stopped = true;
      await sending;
      await replace();
    },
  };
}

function outgoingOf(topic: string, key: string, value: unknown): Outgoing {
  const text: string | undefined = JSON.stringify(value);
  if (text === undefined)
    throw new TypeError(`a message of ${topic} has no JSON form: publish null instead of undefined`);
  return { key, value: text, bytes: Buffer.byteLength(key) + Buffer.byteLength(text) + recordOverheadBytes };
}
