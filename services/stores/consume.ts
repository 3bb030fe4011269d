import { createHash } from 'node:crypto';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { metrics as catalogMetrics } from '../../catalog/metrics.ts';
import { describeError } from '../runtime/errors.ts';
import { counterOf } from '../runtime/metrics.ts';
import type { Batch, Bus, Message, Subscription } from './bus.ts';

/** A message whose value was read. */
export type Parsed<T> = Omit<Message, 'value'> & { readonly value: T };

/** What is handled at once: messages of one partition in their order, maybe not all of a batch. */
export interface ParsedBatch<T> extends Omit<Batch, 'messages'> {
  readonly messages: readonly Parsed<T>[];
}

/** A record of a topic of dead letters: what was not taken in, and why. */
export interface DeadLetter {
  readonly reason: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
  readonly key: string;
  /** As it was, or the first characters of its JSON if it has no room in the topic. */
  readonly value: unknown;
  /** Set where only its beginning is here. */
  readonly isExcerpt?: true;
  /** When it was published, and when it was put aside: ISO 8601. */
  readonly publishedAt: string;
  readonly at: string;
}

export interface ConsumeOptions<T> {
  readonly topic: string;
  readonly group: string;
  /** `<topic>.dead` by default. */
  readonly deadLetters?: string;
  /** Reads what a producer of any version wrote; throws if it cannot. */
  readonly parse: (value: unknown) => T;
  /** Resolves once the batch is durable. Must be safe to run twice, also on the same messages in other batches. */
  readonly handle: (batch: ParsedBatch<T>) => Promise<void>;
  /** Whether an error is the fault of what is in some message, so that trying again is no use. Any other is tried again for ever. */
  readonly isRefused: (error: unknown) => boolean;
  readonly log: Logger;
  readonly metrics?: Registry;
  readonly clock?: () => number;
}

/** Of a letter's value that has no room in its topic; and of any reason, which may quote what it is about. */
const excerptCharacters = 10_000;
const reasonCharacters = 1_000;

/**
 * Subscribes to a topic as `group`, and puts aside what can never be taken in: messages that cannot be read, and those that
 * the store refuses for what is in them, found by halving the batch. The others of the batch are handled, in their order.
 * What is put aside goes to the dead letters before the batch is acknowledged; a batch that is given again after that writes
 * them a second time, with the same topic, partition and offset.
 */
export async function consume<T>(bus: Bus, options: ConsumeOptions<T>): Promise<Subscription> {
  const { topic, group, parse, handle, isRefused, log, metrics, clock = Date.now } = options;
  const { deadLetters = `${topic}.dead` } = options;
  const counter = metrics === undefined ? undefined : counterOf(metrics, catalogMetrics.busDeadLetters);

  const putAside = async (dead: readonly Dead[], { partition }: Batch): Promise<void> => {
    const at = new Date(clock()).toISOString();
    const letters = dead.map(({ message: { key, value, offset, timestampMs }, reason }) => {
      const publishedAt = new Date(timestampMs).toISOString();
      return { key, value: { reason, topic, partition, offset, key, value, publishedAt, at } satisfies DeadLetter };
    });
    try {
      await bus.publish(deadLetters, letters);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      // A message that filled its topic has no room beside the reason.
      for (const { key, value } of letters) {
        const text = JSON.stringify(value.value).slice(0, excerptCharacters);
        await bus.publish(deadLetters, [{ key, value }]).catch((reason: unknown) => {
          if (!(reason instanceof RangeError)) throw reason;
          return bus.publish(deadLetters, [
            { key, value: { ...value, value: text, isExcerpt: true } satisfies DeadLetter },
          ]);
        });
      }
    }
    for (const { kind } of dead) counter?.inc({ topic, group, reason: kind });
    const reasons = [...new Set(dead.map(({ reason }) => reason))].slice(0, 3);
    const offsets = dead.slice(0, 10).map(({ message }) => message.offset);
    log.error(
      { topic, group, partition, count: dead.length, offsets, reasons },
      'messages cannot be taken in: put aside',
    );
  };

  return bus.subscribe(topic, group, async (batch) => {
    const { readable, dead } = readAll(batch.messages, parse);

    /** The guilty ones among these, after the others were handled. */
    const take = async (messages: readonly Parsed<T>[]): Promise<void> => {
      if (messages.length === 0) return;
      try {
        await handle({ ...batch, messages, id: idOf(batch, messages) });
      } catch (error) {
        if (!isRefused(error)) throw error;
        const [first] = messages;
        if (messages.length === 1 && first !== undefined) {
          const message = batch.messages.find(({ offset }) => offset === first.offset) as Message;
          dead.push({ message, reason: reasonOf(error), kind: 'refused' });
          return;
        }
        const middle = Math.ceil(messages.length / 2);
        await take(messages.slice(0, middle));
        await take(messages.slice(middle));
      }
    };
    await take(readable);
    if (dead.length > 0) await putAside(dead, batch);
  });
}

interface Dead {
  readonly message: Message;
  readonly reason: string;
  readonly kind: 'unreadable' | 'refused';
}

function readAll<T>(
  messages: readonly Message[],
  parse: (value: unknown) => T,
): { readable: Parsed<T>[]; dead: Dead[] } {
  const readable: Parsed<T>[] = [];
  const dead: Dead[] = [];
  for (const message of messages) {
    try {
      readable.push({ ...message, value: parse(message.value) });
    } catch (error) {
      dead.push({ message, reason: reasonOf(error), kind: 'unreadable' });
    }
  }
  return { readable, dead };
}

function reasonOf(error: unknown): string {
  return describeError(error).slice(0, reasonCharacters);
}

/** A part of a batch has a name of its own, by what is in it: a later version may read more of the same batch. */
function idOf<T>(batch: Batch, messages: readonly Parsed<T>[]): string {
  if (messages.length === batch.messages.length) return batch.id;
  const offsets = messages.map(({ offset }) => offset).join();
  return `${batch.id}/${createHash('sha256').update(offsets).digest('hex').slice(0, 16)}`;
}
