import { describe, expect, it } from 'vitest';
import { costs } from './costs.ts';
import { windowNeed } from './window-need.ts';

const taken = (costs.stream.windowMs.value + costs.clickhouse.windowMs.value) / 1000;

describe(windowNeed, () => {
  it('computes windows of a size once a commit where the pace is faster, and at the pace where it is not', () => {
    const slow = { id: 'quiet', tier: 'background', blockSeconds: 60, txsPerBlock: 0 } as const;
    expect(windowNeed([slow], { minute: 5, hour: 10, day: 15 }).perSecond).toBeCloseTo(3 / 60);
    expect(windowNeed([slow], { minute: 5, hour: 90, day: 300 }).perSecond).toBeCloseTo(
      1 / 60 + 1 / (90 + taken) + 1 / (300 + taken),
    );
  });

  it('bounds what one network takes, however busy it is', () => {
    const { busy } = windowNeed([{ id: 'busy', tier: 'critical', blockSeconds: 1, txsPerBlock: 100_000 }]);
    expect(busy.day).toBeCloseTo(1 / 21);
    expect(busy.hour).toBeCloseTo(1 / 21);
  });
});
