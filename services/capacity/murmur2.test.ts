import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { murmur2, partitionOf } from './murmur2.ts';

describe(murmur2, () => {
  // By kafkajs 2.2.4, murmur2.js of its default partitioner.
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
  ])('hashes %j as the client does', (key, hash) => {
    expect(murmur2(Buffer.from(key))).toBe(hash);
  });
});

describe(partitionOf, () => {
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
