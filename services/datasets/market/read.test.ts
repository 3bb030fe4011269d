import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { findGapBetween, readGaps, readOpenGaps } from './gaps.ts';
import { maintainPartitions } from './partitions.ts';
import {
  countRecent,
  countUpTo,
  loadLastRecorded,
  readExtents,
  readRecordPage,
  readStorage,
  readSymbols,
  readTail,
  streamRecordPages,
} from './read.ts';
import { findBookHistory } from './read-book.ts';
import {
  batchOf,
  buildDepth,
  buildGap,
  buildSnapshot,
  buildTicker,
  buildTrade,
  type MarketStore,
  noonMs,
  openMarketStore,
} from './read-fixtures.ts';
import { type Gap, type MarketRecord, recordKinds } from './record.ts';
import { writeRecords } from './write.ts';

const hourMs = 3_600_000;
const all = { symbol: 'BTCUSDT', fromMs: 0, toMs: noonMs * 2, kinds: recordKinds } as const;
let store: MarketStore;
beforeAll(async () => {
  store = await openMarketStore();
  await maintainPartitions(store.relational, { now: noonMs, aheadDays: 1, retentionDays: 10 });
});
afterAll(() => store[Symbol.asyncDispose]());
beforeEach(() => store.relational.query('TRUNCATE market.records, market.gaps'));

describe(readRecordPage, () => {
  test('gives every record of the range once and in order, in either direction, whatever the pages and the partitions', async () => {
    // Few times and ids, so that many records share them; some days have no partition.
    const some = fc.uniqueArray(
      fc.record({
        kind: fc.constantFrom(...recordKinds),
        updateId: fc.nat(5),
        eventTimeMs: fc.integer({ min: -3, max: 3 }).map((at) => noonMs + at * 9 * hourMs),
      }),
      { selector: (each) => JSON.stringify(each), maxLength: 40 },
    );
    await fc.assert(
      fc.asyncProperty(
        some,
        fc.integer({ min: 1, max: 7 }),
        fc.boolean(),
        fc.subarray([...recordKinds], { minLength: 1 }),
        async (parts, pageRows, isOldestFirst, kinds) => {
          await store.relational.query('TRUNCATE market.records');
          const records = parts.map(({ updateId, ...rest }) => buildTicker(updateId, rest));
          await write([...records, buildTicker(3, { symbol: 'ETHUSDT' })]);
          const [fromMs, toMs] = [noonMs - 20 * hourMs, noonMs + 18 * hourMs];
          const expected = records
            .filter((each) => kinds.includes(each.kind) && each.eventTimeMs >= fromMs && each.eventTimeMs <= toMs)
            .sort(compare);
          if (!isOldestFirst) expected.reverse();
          const order = isOldestFirst ? 'oldest first' : 'newest first';
          const found: MarketRecord[] = [];
          const query = { symbol: 'BTCUSDT', fromMs, toMs, kinds, order, limit: pageRows } as const;
          for (let page: MarketRecord[]; ; found.push(...page)) {
            page = await readRecordPage(store.relational, { ...query, after: found.at(-1) });
            if (page.length === 0) break;
          }
          expect(found).toEqual(expected);
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe(streamRecordPages, () => {
  test('gives what is between two records and themselves, also where others share their times', async () => {
    const records = [1, 2, 3, 4, 5, 6].map((id) => buildDepth(id, { eventTimeMs: noonMs + Math.floor(id / 3) }));
    const trade = buildTrade(1, { eventTimeMs: noonMs + 1 });
    await write([...records, trade]);
    for (const order of ['oldest first', 'newest first'] as const) {
      const [first, last] = order === 'oldest first' ? [1, 5] : [5, 1];
      const ends = { first: records[first - 1] ?? trade, last: records[last - 1] ?? trade };
      const found: string[] = [];
      for await (const page of streamRecordPages(store.relational, { ...all, order, ...ends }, 2))
        found.push(...page.map(({ kind, updateId }) => `${kind} ${updateId}`));
      const expected = ['depth 1', 'depth 2', 'depth 3', 'depth 4', 'depth 5'];
      expect(found).toEqual(order === 'oldest first' ? expected : expected.reverse());
    }
  });
});

describe(readTail, () => {
  test('gives what came after each place, in the order of ids, up to the limit of each', async () => {
    await write([
      ...[1, 2, 3, 4, 5].map((id) => buildDepth(id)),
      ...[1, 2].map((id) => buildTrade(id)),
      ...[7, 8].map((id) => buildDepth(id, { symbol: 'ETHUSDT' })),
      buildDepth(9, { symbol: 'SOLUSDT' }),
    ]);
    const found = await readTail(
      store.relational,
      [placeOf(buildDepth(1)), placeOf(buildTrade(1)), placeOf(buildDepth(7, { symbol: 'ETHUSDT' }))],
      3,
    );
    expect(found.map((each) => [each.symbol, each.kind, each.updateId])).toEqual([
      ['BTCUSDT', 'depth', 2],
      ['BTCUSDT', 'depth', 3],
      ['BTCUSDT', 'depth', 4],
      ['BTCUSDT', 'trade', 2],
      ['ETHUSDT', 'depth', 8],
    ]);
  });

  test('finds what is earlier by its clock than the record before it', async () => {
    await write([buildDepth(1), buildDepth(2, { eventTimeMs: noonMs - 1_000 })]);
    const found = await readTail(store.relational, [placeOf(buildDepth(1))], 10);
    expect(found.map((each) => each.updateId)).toEqual([2]);
  });

  test('asks nothing for no places', async () => {
    expect(await readTail(store.relational, [], 10)).toEqual([]);
  });
});

describe(findBookHistory, () => {
  test('starts from the last snapshot or checkpoint and gives the depth after it up to the time', async () => {
    await write([
      buildSnapshot(10),
      ...[11, 12, 13, 14, 15, 16].map((id) => buildDepth(id)),
      buildSnapshot(13, { kind: 'checkpoint' }),
      buildTicker(14),
      buildDepth(14, { symbol: 'ETHUSDT' }),
    ]);
    expect(await historyOf(noonMs + 15)).toEqual({ start: ['checkpoint', 13], depth: [14, 15], gap: undefined });
    expect(await historyOf(noonMs + 12)).toEqual({ start: ['snapshot', 10], depth: [11, 12], gap: undefined });
    expect(await findBookHistory(store.relational, 'BTCUSDT', noonMs + 9)).toBeUndefined();
  });

  test('takes the updates that follow a snapshot though they came before it', async () => {
    await write([
      ...[1, 2, 3, 4].map((id) => buildDepth(id)),
      buildSnapshot(2, { eventTimeMs: noonMs + 2_000 }),
      buildDepth(5, { eventTimeMs: noonMs + 3_000 }),
    ]);
    expect(await historyOf(noonMs + 4_000)).toMatchObject({ start: ['snapshot', 2], depth: [3, 4, 5] });
  });

  test('keeps the order of ids where the clock was set back, whatever the pages', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 4_000 }), { minLength: 1, maxLength: 30 }),
        fc.integer({ min: 1, max: 6 }),
        async (offsets, pageRows) => {
          await store.relational.query('TRUNCATE market.records');
          const depth = offsets.map((offset, at) =>
            buildDepth(at + 2, { eventTimeMs: noonMs + 5_000 + at * 700 - offset }),
          );
          await write([buildSnapshot(1, { eventTimeMs: noonMs + 100 }), ...depth]);
          const found = await historyOf(noonMs + hourMs, pageRows);
          expect(found?.depth).toEqual(depth.map((each) => each.updateId));
        },
      ),
      { numRuns: 25 },
    );
  });

  test('ends at the first gap that the start does not end itself', async () => {
    const ended = buildGap({ fromUpdateId: 7, toUpdateId: 10, openedAtMs: noonMs + 30, closedAtMs: noonMs + 31 });
    const later = buildGap({ fromUpdateId: 12, openedAtMs: noonMs + 34 });
    await write([buildSnapshot(10), ...[11, 12, 13, 14].map((id) => buildDepth(id))], [ended, later]);
    expect(await historyOf(noonMs + 33)).toMatchObject({
      depth: [11, 12, 13, 14].filter((id) => id <= 33),
      gap: undefined,
    });
    expect(await historyOf(noonMs + 50)).toEqual({ start: ['snapshot', 10], depth: [11, 12], gap: later });
  });
});

describe(findGapBetween, () => {
  // A run that ended with update 101; the next one opened the gap at the time of that update, which is before it came.
  const last = buildDepth(101);
  const restart = buildGap({
    reason: 'restart',
    fromUpdateId: 101,
    toUpdateId: 200,
    openedAtMs: last.eventTimeMs,
    closedAtMs: noonMs + 20_000,
  });
  const find = (start: MarketRecord) => findGapBetween(store.relational, start, noonMs + hourMs);

  test('finds the gap of a restart, which opens when the last record that is held happened', async () => {
    await write([], [restart]);
    expect(await find(last)).toEqual(restart);
    expect(await find(buildDepth(100))).toEqual(restart);
    expect(await find(buildSnapshot(101, { kind: 'checkpoint' }))).toEqual(restart);
    expect(await find(buildSnapshot(200, { eventTimeMs: noonMs + 19_990 }))).toBeUndefined();
    expect(await find(buildDepth(201, { eventTimeMs: noonMs + 20_100 }))).toBeUndefined();
  });

  test('takes ids that began anew for what they are', async () => {
    const anew = { ...restart, toUpdateId: 7 };
    const before = buildGap({ fromUpdateId: 60, toUpdateId: 80, openedAtMs: noonMs + 60, closedAtMs: noonMs + 70 });
    await write([], [before, anew]);
    expect(await find(last)).toEqual(anew);
    expect(await find(buildSnapshot(7, { eventTimeMs: noonMs + 19_990 }))).toBeUndefined();
    expect(await find(buildDepth(9, { eventTimeMs: noonMs + 20_100 }))).toBeUndefined();
  });
});

describe(readGaps, () => {
  test('gives those that overlap the range, page by page, and those that last', async () => {
    const gaps = [
      buildGap({ openedAtMs: noonMs, closedAtMs: noonMs + 10, toUpdateId: 20 }),
      buildGap({ openedAtMs: noonMs + 20, closedAtMs: noonMs + 30, toUpdateId: 40, fromUpdateId: 30 }),
      buildGap({ openedAtMs: noonMs + 20, fromUpdateId: 31 }),
      buildGap({ openedAtMs: noonMs + 90, fromUpdateId: 50 }),
    ] as const;
    await write([], gaps);
    const query = { symbol: 'BTCUSDT', fromMs: noonMs + 11, toMs: noonMs + 89 };
    expect(await readGaps(store.relational, { ...query, limit: 10 })).toEqual([gaps[1], gaps[2]]);
    expect(await readGaps(store.relational, { ...query, limit: 1, after: gaps[1] })).toEqual([gaps[2]]);
    expect(await readOpenGaps(store.relational)).toEqual([gaps[2], gaps[3]]);
    const ofTrades = { ...gaps[2], stream: 'trades' } as const;
    await write([], [ofTrades]);
    expect(await readGaps(store.relational, { ...query, limit: 1, after: gaps[2] })).toEqual([ofTrades]);
  });
});

describe('what is held', () => {
  test('tells how far books are recorded, from when to when there are records, and how many', async () => {
    await write([
      buildDepth(5),
      buildSnapshot(9, { eventTimeMs: noonMs - 30 * hourMs }),
      buildTrade(900, { eventTimeMs: noonMs + 40 * hourMs }),
      buildTicker(1, { symbol: 'ETHUSDT' }),
    ]);
    const symbols = ['ETHUSDT', 'BTCUSDT', 'NEWUSDT'];
    expect(await loadLastRecorded(store.relational, symbols)).toEqual(
      // Ids may have begun anew: the last one by time.
      new Map([['BTCUSDT', { updateId: 5, eventTimeMs: noonMs + 5 }]]),
    );
    expect(await readSymbols(store.relational)).toEqual(['BTCUSDT', 'ETHUSDT']);
    expect(await readExtents(store.relational, symbols)).toEqual([
      { symbol: 'BTCUSDT', firstMs: noonMs - 30 * hourMs, lastMs: noonMs + 40 * hourMs },
      { symbol: 'ETHUSDT', firstMs: noonMs + 1, lastMs: noonMs + 1 },
    ]);
    expect(await countRecent(store.relational, noonMs + 60_005)).toEqual([
      { symbol: 'BTCUSDT', last1m: 1, last5m: 1 },
      { symbol: 'ETHUSDT', last1m: 0, last5m: 1 },
    ]);
    expect(await countUpTo(store.relational, ['BTCUSDT', 'NEWUSDT'], 1)).toEqual([
      { symbol: 'BTCUSDT', kind: 'depth', rows: 1 },
      { symbol: 'BTCUSDT', kind: 'trade', rows: 1 },
      { symbol: 'BTCUSDT', kind: 'snapshot', rows: 1 },
    ]);
    await store.relational.query('ANALYZE market.records');
    expect(await readStorage(store.relational)).toEqual({ days: 3, rows: 4, bytes: expect.any(Number) });
  });
});

async function write(records: readonly MarketRecord[], gaps: readonly Gap[] = []): Promise<void> {
  await writeRecords(store.relational, batchOf(records, gaps));
}

function placeOf({ symbol, kind, updateId, eventTimeMs }: MarketRecord) {
  return { symbol, kind, updateId, eventTimeMs };
}

async function historyOf(atMs: number, pageRows = 2) {
  const found = await findBookHistory(store.relational, 'BTCUSDT', atMs);
  if (found === undefined) return undefined;
  const depth: number[] = [];
  for await (const record of found.depth(pageRows)) depth.push(record.updateId);
  return { start: [found.start.kind, found.start.updateId], depth, gap: found.gap };
}

function compare(a: MarketRecord, b: MarketRecord): number {
  const kind = recordKinds.indexOf(a.kind) - recordKinds.indexOf(b.kind);
  return a.eventTimeMs - b.eventTimeMs || kind || a.updateId - b.updateId;
}
