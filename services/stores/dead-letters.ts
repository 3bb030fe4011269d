import type { Bus } from './bus.ts';
import type { DeadLetter } from './consume.ts';

/** A letter of a topic of dead letters, and what may be done with it. */
export interface FoundLetter {
  readonly key: string;
  readonly letter: Pick<DeadLetter, 'reason' | 'topic' | 'partition' | 'offset' | 'value' | 'publishedAt' | 'at'>;
  /** Only its beginning was put aside, so it cannot be sent again: its source has to tell it anew. */
  readonly isExcerpt: boolean;
}

/** Reads a record of a topic of dead letters; undefined if it is none. */
export function findLetter(key: string, text: string): FoundLetter | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const found = value as Partial<Record<keyof DeadLetter, unknown>>;
  const { reason, topic, partition, offset, publishedAt, at } = found;
  if (typeof reason !== 'string' || typeof topic !== 'string' || typeof partition !== 'number') return undefined;
  if (typeof offset !== 'string' || typeof publishedAt !== 'string' || typeof at !== 'string') return undefined;
  return {
    key,
    letter: { reason, topic, partition, offset, value: found.value, publishedAt, at },
    isExcerpt: found.isExcerpt === true,
  };
}

/**
 * Publishes letters to `topic` again, where their consumer finds them after all that is there: safe where what is late or told
 * twice is, which every consumer of the bus must bear. Resolves with how many went.
 */
export async function sendLettersAgain(bus: Bus, topic: string, letters: readonly FoundLetter[]): Promise<number> {
  const whole = letters.filter(({ isExcerpt, letter }) => !isExcerpt && letter.topic === topic);
  await bus.publish(
    topic,
    whole.map(({ key, letter }) => ({ key, value: letter.value ?? null })),
  );
  return whole.length;
}
