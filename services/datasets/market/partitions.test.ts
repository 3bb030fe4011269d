import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { RetryableError } from '../../runtime/errors.ts';
import { readGaps } from './gaps.ts';
import { maintainPartitions } from './partitions.ts';
import {
  batchOf,
  buildDepth,
  buildGap,
  type MarketStore,
  migrateMarket,
  noonMs,
  openMarketStore,
} from './read-fixtures.ts';
import { writeRecords } from './write.ts';

const dayMs = 86_400_000;
let store: MarketStore;
beforeAll(async () => {
  store = await openMarketStore();
});
afterAll(() => store[Symbol.asyncDispose]());
beforeEach(async () => {
  await store.relational.query("DROP SCHEMA market CASCADE; DELETE FROM defimon_migrations WHERE dataset = 'market'");
  await migrateMarket(store.relational);
});

describe(maintainPartitions, () => {
  test('makes today and the days ahead, and nothing the second time', async () => {
    expect(await maintain(noonMs)).toEqual({
      made: ['20261121', '20261122', '20261123', '20261124'],
      dropped: [],
      moved: 0,
    });
    expect(await maintain(noonMs)).toEqual({ made: [], dropped: [], moved: 0 });
    expect(await maintain(noonMs + dayMs)).toMatchObject({ made: ['20261125'] });
  });

  test('puts each record into the UTC day of its event, on both sides of midnight', async () => {
    await maintain(noonMs);
    const midnight = Date.UTC(2026, 10, 22);
    const times = [midnight - 1, midnight, midnight + 1, midnight + dayMs - 1, midnight + dayMs];
    await writeRecords(store.relational, batchOf(times.map((eventTimeMs, id) => buildDepth(id, { eventTimeMs }))));
    expect(await idsByTable()).toEqual({ records_20261121: [0], records_20261122: [1, 2, 3], records_20261123: [4] });
  });

  test('loses no record of a day without a partition, and moves it into its day as soon as it may have one', async () => {
    await maintain(noonMs);
    const records = [
      buildDepth(1, { eventTimeMs: noonMs - 5 * dayMs }),
      buildDepth(2, { eventTimeMs: noonMs + 9 * dayMs }),
      buildDepth(3, { eventTimeMs: Date.UTC(1970, 0, 1) }),
      buildDepth(4),
      buildDepth(5, { eventTimeMs: Date.UTC(2021, 0, 1), receivedAtMs: noonMs }),
    ];
    await writeRecords(store.relational, batchOf(records));
    expect(await idsByTable()).toEqual({ records_20261121: [4], records_default: [1, 2, 3, 5] });
    expect(await maintain(noonMs)).toEqual({ made: ['20261116'], dropped: [], moved: 1 });
    // One is gone like its day, by when it came too; the other is of a recording that was replayed today.
    expect(await idsByTable()).toEqual({ records_20261116: [1], records_20261121: [4], records_default: [2, 5] });
    await maintain(noonMs + 7 * dayMs);
    expect(await idsByTable()).toMatchObject({ records_20261130: [2] });
    expect(await writeRecords(store.relational, batchOf(records))).toMatchObject({ duplicates: 3, inserted: 2 });
    await maintain(noonMs + 11 * dayMs);
    expect(await idsByTable()).toEqual({ records_20261130: [2] });
  });

  test('drops the days that are out of retention with all that is written of them, and no other', async () => {
    await maintain(noonMs);
    const gap = { closedAtMs: noonMs, toUpdateId: 11 };
    await writeRecords(
      store.relational,
      batchOf(
        [buildDepth(1), buildDepth(2, { eventTimeMs: noonMs + dayMs })],
        [buildGap(gap), buildGap({ symbol: 'ETHUSDT' })],
      ),
    );
    expect((await maintain(noonMs + 10 * dayMs)).dropped).toEqual([]);
    expect((await maintain(noonMs + 11 * dayMs)).dropped).toEqual(['20261121']);
    expect(await idsByTable()).toEqual({ records_20261122: [2] });
    const range = { fromMs: 0, toMs: noonMs + dayMs, limit: 10 };
    expect(await readGaps(store.relational, { ...range, symbol: 'BTCUSDT' })).toEqual([]);
    // It lasts, as of a pair that nobody collects any more.
    expect(await readGaps(store.relational, { ...range, symbol: 'ETHUSDT' })).toEqual([]);
  });

  test('drops a day that a killed process had only detached', async () => {
    await maintain(noonMs);
    await store.relational.query('ALTER TABLE market.records DETACH PARTITION market.records_20261121');
    expect((await maintain(noonMs + 11 * dayMs)).dropped).toEqual(['20261121']);
  });

  test('drops some days at a time, and with them what is written of them, so that a wrong clock does not take all', async () => {
    for (const day of [0, 4]) await maintain(noonMs + day * dayMs);
    const gaps = [0, 3].map((day) => {
      const openedAtMs = noonMs + day * dayMs;
      return buildGap({ openedAtMs, closedAtMs: openedAtMs + 1, toUpdateId: 11 });
    });
    await writeRecords(store.relational, batchOf([buildDepth(1)], gaps));
    const range = { symbol: 'BTCUSDT', fromMs: 0, toMs: noonMs + 9 * dayMs, limit: 10 };
    const nextYear = noonMs + 365 * dayMs;
    expect(await maintainPartitions(store.relational, { ...retention, now: nextYear, keepsAll: true })).toMatchObject({
      dropped: [],
    });
    expect(await readGaps(store.relational, range)).toEqual(gaps);
    expect((await maintain(nextYear)).dropped).toEqual(['20261121', '20261122', '20261123']);
    expect(await readGaps(store.relational, range)).toEqual([gaps[1]]);
    expect((await maintain(nextYear)).dropped).toEqual(['20261124', '20261125', '20261126']);
    expect(await readGaps(store.relational, range)).toEqual([]);
  });

  test('is done once by several processes at the same time', async () => {
    const done = await Promise.all([1, 2, 3, 4].map(() => maintain(noonMs)));
    expect(done.flatMap((each) => each.made).sort()).toEqual(['20261121', '20261122', '20261123', '20261124']);
    const dropped = await Promise.all([1, 2, 3, 4].map(() => maintain(noonMs + 12 * dayMs)));
    expect([...new Set(dropped.flatMap((each) => each.dropped))].sort()).toEqual(['20261121', '20261122']);
  });

  test('gives up what others keep locked instead of standing in the way, and does it the next time', async () => {
    await maintain(noonMs);
    await store.relational.transaction(async (tx) => {
      await tx.query('LOCK TABLE market.records IN SHARE MODE');
      await expect(maintain(noonMs + 11 * dayMs)).rejects.toBeInstanceOf(RetryableError);
    });
    expect((await maintain(noonMs + 11 * dayMs)).dropped).toContain('20261121');
  });
});

const retention = { aheadDays: 3, retentionDays: 10 };

function maintain(now: number) {
  return maintainPartitions(store.relational, { ...retention, now });
}

async function idsByTable(): Promise<Record<string, number[]>> {
  const rows = await store.relational.query<{ table: string; id: string }>(
    "SELECT split_part(tableoid::regclass::text, '.', 2) AS table, update_id AS id FROM market.records ORDER BY 1, 2",
  );
  const tables: Record<string, number[]> = {};
  for (const row of rows) {
    tables[row.table] ??= [];
    tables[row.table]?.push(Number(row.id));
  }
  return tables;
}
