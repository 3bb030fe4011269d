import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { MarketRecord } from '../datasets/market/record.ts';
import { createConsolidator } from './consolidate.ts';

describe(createConsolidator, () => {
  test('gives the same book at the end of each joined update as the updates themselves', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ afterMs: fc.integer({ min: 0, max: 400 }), bids: levels, asks: levels }), {
          maxLength: 40,
        }),
        fc.integer({ min: 0, max: 1000 }),
        (updates, intervalMs) => {
          let nowMs = 0;
          const records = updates.map(({ afterMs, bids, asks }, at) => {
            nowMs += afterMs;
            return depthOf(at + 1, nowMs, JSON.stringify(bids), JSON.stringify(asks));
          });
          const consolidator = createConsolidator(intervalMs);

          const stored = [...records.flatMap((record) => consolidator.push(record)), ...consolidator.flush()];

          const books = booksOf(records);
          expect(booksOf(stored)).toEqual(new Map([...booksOf(stored).keys()].map((id) => [id, books.get(id)])));
          expect(stored.at(-1)?.updateId).toBe(records.at(-1)?.updateId);
          // Each continues the one before it.
          for (const [at, record] of stored.entries()) {
            expect(record.firstUpdateId).toBe((stored[at - 1]?.updateId ?? 0) + 1);
            expect(record.previousUpdateId).toBe(stored[at - 1]?.updateId ?? 0);
          }
        },
      ),
    );
  });

  test('joins what comes within the interval, and lets go by the clock of what nothing follows', () => {
    const consolidator = createConsolidator(1000);
    expect(consolidator.push(depthOf(1, 0, '[["1","5"]]', '[]'))).toEqual([]);
    expect(consolidator.push(depthOf(2, 900, '[["1","0"],["2","3"]]', '[]'))).toEqual([]);
    expect(consolidator.due(999)).toEqual([]);
    const [record] = consolidator.due(1000);
    expect(record).toMatchObject({ firstUpdateId: 1, updateId: 2, bids: '[["1","0"],["2","3"]]', receivedAtMs: 900 });
    expect(consolidator.flush()).toEqual([]);
  });

  test('holds nothing back for as long as the clock was set back', () => {
    const consolidator = createConsolidator(1000);
    consolidator.push(depthOf(1, 3_600_000, '[]', '[]'));
    expect(consolidator.due(100)).toHaveLength(1);
    consolidator.push(depthOf(2, 3_600_000, '[]', '[]'));
    expect(consolidator.push(depthOf(3, 100, '[]', '[]')).map(({ updateId }) => updateId)).toEqual([2]);
    expect(consolidator.due(1100).map(({ updateId }) => updateId)).toEqual([3]);
  });

  test('never lets an update pass a snapshot', () => {
    const consolidator = createConsolidator(1000);
    consolidator.push(depthOf(1, 0, '[]', '[]'));
    const snapshot: MarketRecord = { ...depthOf(9, 10, '[]', '[]'), kind: 'snapshot', firstUpdateId: null };
    expect(consolidator.push(snapshot).map(({ updateId }) => updateId)).toEqual([1, 9]);
  });

  test('keeps the last ticker of an interval and every trade', () => {
    const consolidator = createConsolidator(1000);
    const of = (kind: 'ticker' | 'trade', id: number, atMs: number): MarketRecord => ({
      ...depthOf(id, atMs, '[]', '[]'),
      kind,
    });
    expect(consolidator.push(of('ticker', 1, 0))).toEqual([]);
    expect(consolidator.push(of('trade', 7, 100))).toHaveLength(1);
    expect(consolidator.push(of('ticker', 2, 200))).toEqual([]);
    expect(consolidator.push(of('ticker', 3, 1200)).map(({ updateId }) => updateId)).toEqual([2]);
  });

  test('passes everything on at an interval of 0', () => {
    const record = depthOf(1, 0, '[]', '[]');
    expect(createConsolidator(0).push(record)).toEqual([record]);
  });
});

const levels = fc.array(
  fc.tuple(fc.constantFrom('1', '1.0', '2', '3', '4'), fc.constantFrom('0', '1', '2', '5')).map((each) => [...each]),
  { maxLength: 4 },
);

function booksOf(records: readonly MarketRecord[]): Map<number, unknown> {
  const book = { bids: new Map<number, string>(), asks: new Map<number, string>() };
  const books = new Map<number, unknown>();
  for (const record of records) {
    for (const side of ['bids', 'asks'] as const) {
      for (const [price, size] of JSON.parse(record[side] ?? '[]') as [string, string][]) {
        if (Number(size) === 0) book[side].delete(Number(price));
        else book[side].set(Number(price), size);
      }
    }
    books.set(record.updateId, { bids: [...book.bids].sort(), asks: [...book.asks].sort() });
  }
  return books;
}

function depthOf(id: number, atMs: number, bids: string, asks: string): MarketRecord {
  return {
    symbol: 'BTCUSDT',
    kind: 'depth',
    updateId: id,
    firstUpdateId: id,
    previousUpdateId: id - 1,
    eventTimeMs: atMs,
    receivedAtMs: atMs,
    ...{ bid: null, bidSize: null, ask: null, askSize: null, price: null, size: null, buyerIsMaker: null },
    bids,
    asks,
    bidFloor: null,
    askCeiling: null,
  };
}
