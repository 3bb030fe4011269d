import { describe, expect, it } from 'vitest';
import { blockIntervalMs } from './pace.ts';

describe(blockIntervalMs.name, () => {
  it('keeps full pace for a new chain, and for a while after each start of an old one', () => {
    expect(blockIntervalMs({ fullPaceMs: 1_000, height: 1_799, blocksSinceStart: 1_799 })).toBe(1_000);
    expect(blockIntervalMs({ fullPaceMs: 2_000, height: 50_000, blocksSinceStart: 299 })).toBe(2_000);
  });

  it('halves the pace again and again, down to a block in five minutes', () => {
    const interval = (height: number) => blockIntervalMs({ fullPaceMs: 1_000, height, blocksSinceStart: 300 });
    expect([1_800, 3_600, 8_999, 1_000_000].map(interval)).toEqual([2_000, 4_000, 16_000, 300_000]);
  });

  it('never waits less than full pace, however slow that is', () => {
    expect(blockIntervalMs({ fullPaceMs: 400_000, height: 9_000, blocksSinceStart: 9_000 })).toBe(400_000);
  });

  it('lets a chain left running for a week grow to some 15,000 blocks', () => {
    let height = 0;
    for (let ms = 0; ms < 7 * 24 * 3_600_000; height++) {
      ms += blockIntervalMs({ fullPaceMs: 1_000, height, blocksSinceStart: height });
    }
    expect(height).toBeGreaterThan(14_000);
    expect(height).toBeLessThan(16_000);
  });
});
