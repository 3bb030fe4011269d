import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createEventQueue } from './event-queue.ts';

describe(createEventQueue, () => {
  it('runs what was put in by time, and what is of one moment in the order it came', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 20 })), (times) => {
        const queue = createEventQueue();
        const ran: [number, number][] = [];
        for (const [index, seconds] of times.entries()) queue.at(seconds, () => ran.push([seconds, index]));
        queue.runUntil(20);
        expect(ran).toEqual(
          times.map((time, index) => [time, index]).sort(([a = 0, i = 0], [b = 0, j = 0]) => a - b || i - j),
        );
      }),
    );
  });

  it('runs what comes in while it runs, and leaves what is later', () => {
    const queue = createEventQueue();
    const ran: number[] = [];
    const every = (now: number): void => {
      ran.push(now);
      queue.at(now + 1, every);
    };
    queue.at(0, every);
    queue.runUntil(3);
    expect(ran).toEqual([0, 1, 2, 3]);
    queue.runUntil(4);
    expect(ran).toEqual([0, 1, 2, 3, 4]);
  });
});
