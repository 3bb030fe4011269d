import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { partitionOf } from './kafka-partition.ts';

describe(partitionOf, () => {
  // Of Kafka's own murmur2, whose hashes are signed.
  it.each([
    ['', 275646681],
    ['a', -1563381124],
    ['ab', 316155434],
    ['abc', 479470107],
    ['base', 458921683],
    ['BTCUSDT', -841713390],
    ['optimism', -1151177720],
    ['arbitrum_one', 886852004],
    ['arbitrum_nova', -164757660],
  ])('puts %j where its hash says', (key, hash) => {
    for (const partitions of [1, 12, 96, 1000])
      expect(partitionOf(key, partitions)).toBe((hash & 0x7fffffff) % partitions);
  });

  it('is always one of the partitions', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 1, max: 1000 }), (key, partitions) => {
        const partition = partitionOf(key, partitions);
        expect(partition).toBeGreaterThanOrEqual(0);
        expect(partition).toBeLessThan(partitions);
      }),
    );
  });
});
