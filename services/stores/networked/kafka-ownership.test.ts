import { describe, expect, it } from 'vitest';
import { createKeyOwnership } from './kafka-ownership.ts';
import { partitionOf } from './kafka-partition.ts';

const keys = Array.from({ length: 200 }, (_, n) => `network-${n}`);

describe(createKeyOwnership, () => {
  it('owns the keys of its partitions, of as many as brokers say there are', async () => {
    const { ownership, settled } = ownershipOf(12);
    expect(keys.some(ownership.owns)).toBe(false);
    ownership.assign([0, 5]);
    await settled();
    expect(keys.filter(ownership.owns)).toEqual(keys.filter((key) => [0, 5].includes(partitionOf(key, 12))));
  });

  it('shares the keys anew after partitions were added, and holds what it was until brokers have answered', async () => {
    const { ownership, settled, brokers } = ownershipOf(12);
    ownership.assign([0, 5]);
    await settled();
    const before = keys.filter(ownership.owns);
    // One that fails, and one that has not heard of them yet.
    brokers.answers = [Promise.reject(new Error('away')), Promise.resolve(12)];
    brokers.partitions = 24;
    ownership.assign([0, 17]);
    expect(keys.filter(ownership.owns)).toEqual(before);
    await settled();
    expect(keys.filter(ownership.owns)).toEqual(keys.filter((key) => [0, 17].includes(partitionOf(key, 24))));
  });

  it('owns nothing once it has left, whatever brokers answer then', async () => {
    const { ownership, brokers } = ownershipOf(12);
    const late = Promise.withResolvers<number>();
    brokers.answers = [late.promise];
    ownership.assign([0, 5]);
    ownership.assign([]);
    late.resolve(12);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(keys.some(ownership.owns)).toBe(false);
  });
});

function ownershipOf(partitions: number) {
  const brokers: { partitions: number; answers: Promise<number>[]; asked: number } = {
    partitions,
    answers: [],
    asked: 0,
  };
  const ownership = createKeyOwnership(async () => {
    const answer = await (brokers.answers.shift() ?? brokers.partitions);
    if (answer === brokers.partitions) brokers.asked += 1;
    return answer;
  }, 1);
  /** Brokers have said how many there are, and that has been heard. */
  const settled = async (): Promise<void> => {
    const before = brokers.asked;
    await expect.poll(() => brokers.asked, { timeout: 30_000 }).toBeGreaterThan(before);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { ownership, brokers, settled };
}
