import { describe, expect, it } from 'vitest';
import { createPace } from './pace.ts';

describe(createPace, () => {
  it('tells nothing before it has seen a minute, and then the transactions of the last one', () => {
    const pace = createPace();
    for (let second = 100; second < 160; second++) pace.add(second, 3);
    expect(pace.tps()).toBeNull();
    pace.add(160, 63);
    expect(pace.tps()).toBe(4);
  });

  it('counts the minute before the newest block that is left after a reorganisation', () => {
    const pace = createPace();
    for (let second = 0; second <= 200; second += 2) pace.add(second, 6);
    for (let second = 200; second > 180; second -= 2) pace.remove(second, 6);
    expect(pace.tps()).toBe(3);
    pace.add(181, 0);
    expect(pace.tps()).toBe(3);
  });

  it('knows of blocks of the same second apart, and tells nothing of a minute that it does not know any more', () => {
    const pace = createPace();
    for (let second = 0; second <= 300; second++) for (const txs of [1, 2]) pace.add(second, txs);
    pace.remove(300, 2);
    expect(pace.tps()).toBe(Math.round((178 / 60) * 1000) / 1000);
    for (let second = 300; second > 200; second--) for (const txs of [1, 2]) pace.remove(second, txs);
    expect(pace.tps()).toBeNull();
  });
});
