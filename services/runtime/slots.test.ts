import { describe, expect, it } from 'vitest';
import { createSlots } from './slots.ts';

describe(createSlots, () => {
  it('does so much at one time, the rest in turn, also after failures', async () => {
    const slots = createSlots({ max: 2 });
    let [busy, most] = [0, 0];
    const begun: number[] = [];
    const work = (at: number) => async () => {
      begun.push(at);
      busy += 1;
      most = Math.max(most, busy);
      await new Promise((resolve) => setImmediate(resolve));
      busy -= 1;
      if (at % 3 === 0) throw new Error('failed');
      return at;
    };
    const outcomes = await Promise.allSettled(Array.from({ length: 9 }, (_, at) => slots.run(work(at))));
    expect(outcomes.map(({ status }) => status === 'fulfilled')).toEqual(outcomes.map((_, at) => at % 3 !== 0));
    expect([most, begun]).toEqual([2, [0, 1, 2, 3, 4, 5, 6, 7, 8]]);
  });

  it('refuses where too many wait', async () => {
    const slots = createSlots({ max: 1, waitingMax: 1, full: () => new Error('full') });
    const gate = Promise.withResolvers<void>();
    const [first, second] = [slots.run(() => gate.promise), slots.run(async () => 2)];
    await expect(slots.run(async () => 3)).rejects.toThrow('full');
    gate.resolve();
    expect([await first, await second, await slots.run(async () => 4)]).toEqual([undefined, 2, 4]);
  });

  it('lets others go before what can wait, which comes in the end all the same', async () => {
    const slots = createSlots({ max: 1 });
    const begun: string[] = [];
    const work = (name: string) => async () => {
      begun.push(name);
    };
    const gate = Promise.withResolvers<void>();
    const all = [slots.run(() => gate.promise), slots.runLater(work('later')), slots.runLater(work('last'))];
    for (let at = 0; at < 10; at++) all.push(slots.run(work(String(at))));
    gate.resolve();
    await Promise.all(all);
    expect(begun).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', 'later', '8', '9', 'last']);
    await slots.runLater(work('alone'));
    expect(begun.at(-1)).toBe('alone');
  });
});
