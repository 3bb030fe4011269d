import { describe, expect, it } from 'vitest';
import { createSubscriptionTable } from './subscription-table.ts';

describe(createSubscriptionTable, () => {
  it('has room for so many of a connection, and of all together', () => {
    const all = { subscriptions: 0 };
    const [one, two] = [0, 1].map(() => createSubscriptionTable<number>(limits, all)) as [Table, Table];
    expect([one.refusalOf(3), one.refusalOf(4)]).toEqual([undefined, expect.stringContaining('it has 0')]);
    for (const key of ['a', 'b', 'c']) one.add(key, 1);
    expect([one.refusalOf(0), one.refusalOf(1)]).toEqual([undefined, expect.stringContaining('it has 3')]);
    expect([two.refusalOf(1), two.refusalOf(2)]).toEqual([undefined, expect.stringContaining('all together 4')]);
    expect(one.remove('a')).toBe(true);
    expect(two.refusalOf(2)).toBeUndefined();
  });

  it('counts each key once, and what is not there never', () => {
    const all = { subscriptions: 0 };
    const table = createSubscriptionTable<number>(limits, all);
    table.add('a', 1);
    table.add('a', 2);
    expect([table.find('a'), table.values(), all.subscriptions]).toEqual([2, [2], 1]);
    expect([table.remove('b'), table.remove('a'), table.remove('a'), all.subscriptions]).toEqual([
      ...[false, true, false],
      0,
    ]);
  });
});

type Table = ReturnType<typeof createSubscriptionTable<number>>;

const limits = { subscriptionsMax: 3, subscriptionsMaxOfAll: 4 };
