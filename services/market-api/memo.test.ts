import { describe, expect, it } from 'vitest';
import { memoize } from './memo.ts';

describe(memoize, () => {
  it('reads once for all who ask until it settles and is old', async () => {
    const time = { now: 0 };
    const readings: PromiseWithResolvers<number>[] = [];
    const read = memoize(
      5000,
      () => time.now,
      () => {
        const reading = Promise.withResolvers<number>();
        readings.push(reading);
        return reading.promise;
      },
    );
    const asked = [];
    for (; time.now < 30_000; time.now += 5000) asked.push(read());
    expect(readings).toHaveLength(1);
    readings[0]?.resolve(1);
    expect(await Promise.all(asked)).toEqual(asked.map(() => 1));
    const next = read();
    time.now += 4999;
    expect(read()).toBe(next);
    readings[1]?.reject(new Error('away'));
    await expect(next).rejects.toThrow('away');
    void read();
    expect(readings).toHaveLength(3);
  });
});
