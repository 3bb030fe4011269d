import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { maintainPartitions } from '../datasets/market/partitions.ts';
import { type MarketStore, openMarketStore } from '../datasets/market/read-fixtures.ts';
import { startMaintenance } from './recorder-maintenance.ts';

const dayMs = 86_400_000;
let store: MarketStore;
beforeAll(async () => {
  store = await openMarketStore();
});
afterAll(() => store[Symbol.asyncDispose]());

describe(startMaintenance, () => {
  test('removes nothing while our clock is not that of PostgreSQL, whichever is wrong', async () => {
    await maintainPartitions(store.relational, { now: Date.now() - 8 * dayMs, aheadDays: 0, retentionDays: 10 });
    const [old] = await days();
    for (const aheadMs of [400 * dayMs, -2 * 3_600_000]) {
      const { trouble, skews } = await maintain(aheadMs);
      expect(trouble).toContain('no old records are removed');
      expect(skews).toBe(1);
      // Today and the days ahead are those of PostgreSQL, which has to take the rows.
      expect(await days()).toEqual([old, ...[0, 1, 2, 3].map((day) => nameOf(Date.now() + day * dayMs))]);
    }
    expect(await maintain(60_000)).toEqual({ trouble: undefined, skews: 0 });
    expect(await days()).not.toContain(old);
  });
});

async function maintain(aheadMs: number): Promise<{ trouble: string | undefined; skews: number }> {
  let skews = 0;
  const maintenance = await startMaintenance({
    relational: store.relational,
    retentionDays: 5,
    clock: () => Date.now() + aheadMs,
    onSkew: () => {
      skews += 1;
    },
    log: pino({ level: 'silent' }),
  });
  maintenance.stop();
  return { trouble: maintenance.trouble, skews };
}

async function days(): Promise<string[]> {
  const rows = await store.relational.query<{ name: string }>(
    "SELECT substring(relname FROM 9) AS name FROM pg_class WHERE relkind = 'r' AND relname ~ '^records_[0-9]{8}$' ORDER BY 1",
  );
  return rows.map(({ name }) => name);
}

function nameOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10).replaceAll('-', '');
}
