import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createControlPacer } from './control-pacer.ts';

describe(createControlPacer, () => {
  it('never lets a request make more frames in a second than are allowed, pongs and pings included', () => {
    // A pong now and then, as the exchange pings; requests whenever there is room.
    const pongs = fc.uniqueArray(fc.nat(10_000), { maxLength: 8, selector: (at) => Math.floor(at / 1_100) });
    fc.assert(
      fc.property(pongs, fc.integer({ min: 3, max: 10 }), (pongTimes, perSecond) => {
        let now = 0;
        const pacer = createControlPacer(perSecond, () => now);
        const times: number[] = [];
        for (; now < 10_000; now += 10) {
          const pongsNow = pongTimes.filter((at) => at >= now && at < now + 10);
          for (const _ of pongsNow) send();
          if (pacer.waitMs() === 0) send();
        }
        function send(): void {
          pacer.sent();
          times.push(now);
        }
        for (const from of times) {
          expect(times.filter((at) => at >= from && at < from + 1000).length).toBeLessThanOrEqual(perSecond);
        }
        expect(times.length).toBeGreaterThan((perSecond - 2) * 7);
      }),
      { numRuns: 50 },
    );
  });
});
