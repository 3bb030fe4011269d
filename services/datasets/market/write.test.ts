import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { readGaps } from './gaps.ts';
import { maintainPartitions } from './partitions.ts';
import { readCounts, readRecordPage } from './read.ts';
import {
  batchOf,
  buildDepth,
  buildGap,
  buildSnapshot,
  buildTicker,
  buildTrade,
  emptyRecord,
  type MarketStore,
  noonMs,
  openMarketStore,
} from './read-fixtures.ts';
import { type MarketRecord, recordKinds } from './record.ts';
import { addCounts, writeRecords } from './write.ts';

let store: MarketStore;
beforeAll(async () => {
  store = await openMarketStore();
  await maintainPartitions(store.relational, { now: noonMs, aheadDays: 1, retentionDays: 10 });
});
afterAll(() => store[Symbol.asyncDispose]());
beforeEach(() => store.relational.query('TRUNCATE market.records, market.gaps, market.counts'));

describe(writeRecords, () => {
  test('writes records of every kind as they are, digit by digit', async () => {
    const records = [
      buildDepth(1, { bid: null, bidSize: null, bids: '[]' }),
      buildTicker(2, { bid: '0.00000100', askSize: '100000' }),
      buildTrade(3, { price: '12345678901234567890.123456789012345678900000', buyerIsMaker: true }),
      buildSnapshot(4, { bidFloor: null }),
      buildSnapshot(4, { kind: 'checkpoint', bids: '[["1","2"],\n ["0.50","3.00"]]' }),
    ];
    expect(await writeRecords(store.relational, batchOf(records))).toMatchObject({ inserted: 5, duplicates: 0 });
    expect(await readAll('BTCUSDT')).toEqual(records);
  });

  test('gives back any record that was written', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(anyRecord, { selector: keyOf, maxLength: 20 }), async (records) => {
        await store.relational.query('TRUNCATE market.records');
        await writeRecords(store.relational, batchOf(records));
        const found = (await Promise.all(symbols.map(readAll))).flat();
        expect(found.map(keyOf).sort()).toEqual(records.map(keyOf).sort());
        expect(found).toEqual(expect.arrayContaining(records));
      }),
      { numRuns: 60 },
    );
  });

  test('holds a record once however often it is written, and says how many were new', async () => {
    const first = [buildDepth(1), buildDepth(2), buildTrade(2), buildDepth(1, { symbol: 'ETHUSDT' })];
    await writeRecords(store.relational, batchOf(first));
    const again = await writeRecords(store.relational, batchOf([...first, buildDepth(3)]));
    expect(again).toEqual({ inserted: 1, duplicates: 4, symbols: new Map([['BTCUSDT', [1, 0, 0, 0, 0]]]) });
    const third = await writeRecords(store.relational, batchOf([buildDepth(3), buildDepth(4)]), {
      expectDuplicates: true,
    });
    expect(third).toMatchObject({ inserted: 1, duplicates: 1 });
    expect((await readAll('BTCUSDT')).map((record) => record.updateId)).toEqual([1, 2, 2, 3, 4]);
  });

  test('holds each record once that several collectors write at the same time', async () => {
    const records = Array.from({ length: 500 }, (_, at) => buildDepth(at, { symbol: symbols[at % 3] ?? '' }));
    const written = await Promise.all([1, 2, 3].map(() => writeAgain(records)));
    expect(written.reduce((sum, each) => sum + each.inserted, 0)).toBe(500);
    const [row] = await store.relational.query<{ count: string }>('SELECT count(*) FROM market.records');
    expect(row?.count).toBe('500');
  });

  test('holds the same update once more when it was seen at another time, as a ticker without a time of its own is', async () => {
    const later = noonMs + 5_000;
    await writeRecords(store.relational, batchOf([buildTicker(1), buildTicker(1, { eventTimeMs: later })]));
    expect(await readAll('BTCUSDT')).toHaveLength(2);
  });

  test('writes nothing of a batch with a row that PostgreSQL refuses', async () => {
    const batch = batchOf([buildDepth(1), buildDepth(2, { bid: 'many' })], [buildGap()]);
    await expect(writeRecords(store.relational, batch)).rejects.toMatchObject({ code: '22P02' });
    expect(await readAll('BTCUSDT')).toEqual([]);
    expect(await gapsOf('BTCUSDT')).toEqual([]);
  });

  test('keeps a gap closed, in whichever order it is told', async () => {
    const opened = buildGap();
    const closed = buildGap({ toUpdateId: 20, closedAtMs: noonMs + 500, detail: 'update 12 after 10; 3 updates lost' });
    await writeRecords(store.relational, batchOf([], [opened]));
    expect(await gapsOf('BTCUSDT')).toEqual([opened]);
    await writeRecords(store.relational, batchOf([], [opened, closed, opened]));
    await writeRecords(store.relational, batchOf([], [opened]));
    expect(await gapsOf('BTCUSDT')).toEqual([closed]);
  });

  test('notifies when the records can be read', async () => {
    const seen = Promise.withResolvers<number>();
    const stop = await store.relational.listen('market', () => {
      readAll('BTCUSDT').then((records) => seen.resolve(records.length), seen.reject);
    });
    await writeRecords(store.relational, batchOf([buildDepth(1)]));
    expect(await seen.promise).toBe(1);
    await stop();
  });
});

describe(addCounts, () => {
  test('adds up what was written by hour, symbol and kind', async () => {
    const { relational } = store;
    const { symbols: written } = await writeRecords(relational, batchOf([buildDepth(1), buildTrade(2), buildTrade(3)]));
    await addCounts(relational, noonMs, written);
    await addCounts(relational, noonMs + 60_000, written);
    await addCounts(relational, noonMs - 1, new Map([['ETHUSDT', [7, 0, 0, 0, 0]]]));
    const ofNoon = [
      { symbol: 'BTCUSDT', kind: 'depth', rows: 2 },
      { symbol: 'BTCUSDT', kind: 'trade', rows: 4 },
    ];
    expect(await readCounts(relational, noonMs + 59 * 60_000)).toEqual(ofNoon);
    expect(await readCounts(relational, 0)).toEqual([...ofNoon, { symbol: 'ETHUSDT', kind: 'depth', rows: 7 }]);
  });
});

const symbols = ['BTCUSDT', 'ETHUSDT', '1000SATS', 'a\tb\\N'];

/** A deadlock is a retryable error like any other. */
async function writeAgain(records: readonly MarketRecord[]): Promise<{ inserted: number }> {
  for (;;) {
    try {
      return await writeRecords(store.relational, batchOf(records));
    } catch (error) {
      if (!(error instanceof Error && error.name === 'RetryableError')) throw error;
    }
  }
}

function readAll(symbol: string): Promise<MarketRecord[]> {
  return readRecordPage(store.relational, {
    symbol,
    fromMs: 0,
    toMs: Date.UTC(2100, 0, 1),
    kinds: recordKinds,
    order: 'oldest first',
    limit: 1000,
  });
}

function gapsOf(symbol: string) {
  return readGaps(store.relational, { symbol, fromMs: 0, toMs: noonMs * 2, limit: 100 });
}

function keyOf(record: MarketRecord): string {
  return JSON.stringify([record.symbol, record.kind, record.eventTimeMs, record.updateId]);
}

const decimal = fc
  .tuple(fc.bigInt(0n, 10n ** 20n), fc.integer({ min: 0, max: 12 }), fc.nat({ max: 999_999 }))
  .map(([whole, places, digits]) => (places === 0 ? `${whole}` : `${whole}.${String(digits).padEnd(places, '0')}`));
const optionalDecimal = fc.option(decimal);
const levels = fc.option(fc.array(fc.tuple(decimal, decimal), { maxLength: 60 }).map((each) => JSON.stringify(each)));
const anyRecord: fc.Arbitrary<MarketRecord> = fc.record({
  symbol: fc.constantFrom(...symbols),
  kind: fc.constantFrom(...recordKinds),
  updateId: fc.nat(Number.MAX_SAFE_INTEGER),
  firstUpdateId: fc.option(fc.nat(Number.MAX_SAFE_INTEGER)),
  previousUpdateId: fc.option(fc.nat(Number.MAX_SAFE_INTEGER)),
  eventTimeMs: fc.integer({ min: 0, max: Date.UTC(2090, 0, 1) }),
  receivedAtMs: fc.integer({ min: noonMs, max: noonMs + 3_000 }),
  bid: optionalDecimal,
  bidSize: optionalDecimal,
  ask: optionalDecimal,
  askSize: optionalDecimal,
  price: optionalDecimal,
  size: optionalDecimal,
  buyerIsMaker: fc.option(fc.boolean()),
  bids: levels,
  asks: levels,
  bidFloor: optionalDecimal,
  askCeiling: fc.constant(emptyRecord.askCeiling),
});
