import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildDepth, buildGap, buildSnapshot, noonMs } from '../../datasets/market/read-fixtures.ts';
import type { MarketRecord } from '../../datasets/market/record.ts';
import { type BookEvent, createLiveBook } from './live-book.ts';

const spot = { symbol: 'BTCUSDT', market: 'spot' } as const;
const futures = { symbol: 'BTCUSDT.P', market: 'usdm' } as const;

describe(createLiveBook, () => {
  it('waits for a whole book, then takes each update once and in order', () => {
    const live = createLiveBook(spot);
    expect(told(live.takeRecords([buildDepth(5)], true))).toEqual([]);
    expect(live.state).toBe('waiting');
    const events = live.takeRecords([buildDepth(12), buildDepth(9), buildDepth(11), buildSnapshot(10)], true);
    expect(told(events)).toEqual(['replaced', 'diff 11 after 10', 'diff 12 after 11']);
    expect(told(live.takeRecords([buildDepth(11), buildDepth(12)], true))).toEqual([]);
    expect(live).toMatchObject({
      state: 'live',
      lastUpdateId: 12,
      eventTimeMs: noonMs + 12,
      receivedAtMs: noonMs + 32,
    });
  });

  it('is to be built again where updates are missing, by the ids of its market', () => {
    const live = createLiveBook(spot);
    live.takeRecords([buildSnapshot(10)], true);
    const missing = [buildDepth(11), buildDepth(13), buildDepth(14)];
    expect(told(live.takeRecords(missing, true))).toEqual(['diff 11 after 10', 'rebuild']);
    live.giveUp('not stored');
    expect(live).toMatchObject({ state: 'gap', lastUpdateId: 11, gap: { reason: 'sequence', detail: 'not stored' } });
    expect(told(live.takeRecords([buildDepth(12)], true))).toEqual([]);
    expect(told(live.takeRecords([buildSnapshot(20)], true))).toEqual(['replaced']);
    expect(live).toMatchObject({ state: 'live', gap: undefined });

    const other = createLiveBook(futures);
    other.takeRecords([buildSnapshot(10)], true);
    // Ids of futures jump; each names the one before it, and the first may reach back before the snapshot.
    const jumps = [buildDepth(12, { previousUpdateId: 8 }), buildDepth(20, { previousUpdateId: 12 })];
    expect(told(other.takeRecords(jumps, true))).toEqual(['diff 12 after 10', 'diff 20 after 12']);
    expect(told(other.takeRecords([buildDepth(30, { previousUpdateId: 25 })], true))).toEqual(['rebuild']);
  });

  it('tells of a gap after the updates before it, and stays as it was until the next whole book', () => {
    const live = createLiveBook(futures);
    live.takeRecords([buildSnapshot(10)], true);
    const gap = buildGap({ fromUpdateId: 12, openedAtMs: noonMs + 100 });
    expect(told(live.takeGaps([gap]))).toEqual([]);
    const events = live.takeRecords([buildDepth(20), buildDepth(12), buildDepth(11)], true);
    expect(told(events)).toEqual(['diff 11 after 10', 'diff 12 after 11', 'gap open']);
    expect(live).toMatchObject({ state: 'gap', lastUpdateId: 12, gap });
    expect(told(live.takeGaps([{ ...gap, closedAtMs: noonMs + 200, toUpdateId: 30 }]))).toEqual(['gap closed']);
    expect(live.state).toBe('gap');
    const whole = buildSnapshot(30, { receivedAtMs: noonMs + 200 });
    expect(told(live.takeRecords([whole, buildDepth(31)], true))).toEqual(['replaced', 'diff 31 after 30']);
  });

  it('takes the gap of a restart by its update ids: it opened before the checkpoint was made that it follows', () => {
    const live = createLiveBook(futures);
    live.takeRecords([buildSnapshot(101, { kind: 'checkpoint', receivedAtMs: noonMs + 900 })], true);
    expect(live.takeGaps([buildGap({ reason: 'restart', fromUpdateId: 101, openedAtMs: noonMs + 101 })])).toEqual([]);
    expect(told(live.takeRecords([], true))).toEqual(['gap open']);
    expect(live.state).toBe('gap');
  });

  it('begins a gap once nothing more is there to read, though updates before it never came', () => {
    const live = createLiveBook(spot);
    live.takeRecords([buildSnapshot(10)], true);
    live.takeGaps([buildGap({ fromUpdateId: 50, openedAtMs: noonMs + 100 })]);
    expect(told(live.takeRecords([buildDepth(11)], false))).toEqual(['diff 11 after 10']);
    expect(told(live.takeRecords([], true))).toEqual(['gap open']);
  });

  it('is not made live by a checkpoint while its gap lasts, and is built again once that is over', () => {
    const live = createLiveBook(spot);
    live.takeRecords([buildSnapshot(10), buildDepth(11)], true);
    const gap = buildGap({ reason: 'ticker', fromUpdateId: 11, openedAtMs: noonMs + 11 });
    live.takeGaps([gap]);
    expect(told(live.takeRecords([buildSnapshot(13, { kind: 'checkpoint' })], true))).toEqual(['gap open']);
    expect(live).toMatchObject({ state: 'gap', lastUpdateId: 11 });
    live.takeGaps([{ ...gap, toUpdateId: 13, closedAtMs: noonMs + 13 }]);
    expect(told(live.takeRecords([], true))).toEqual(['rebuild']);
  });

  it('knows of a gap that lasts, whenever it began', () => {
    const live = createLiveBook(spot);
    live.takeRecords([buildSnapshot(10)], true);
    live.takeGaps([buildGap({ fromUpdateId: 5, openedAtMs: noonMs - 3_600_000 })]);
    expect(told(live.takeRecords([], true))).toEqual(['gap open']);
  });

  it('passes over gaps that ended before its whole book, and whole books that it holds already', () => {
    const live = createLiveBook(spot);
    live.takeRecords([buildSnapshot(10, { receivedAtMs: noonMs + 500 })], true);
    live.takeGaps([buildGap({ fromUpdateId: 5, openedAtMs: noonMs + 499, toUpdateId: 10, closedAtMs: noonMs + 510 })]);
    expect(told(live.takeRecords([buildDepth(11), buildSnapshot(11, { kind: 'checkpoint' })], true))).toEqual([
      'diff 11 after 10',
    ]);
    // One that was asked for because it reaches deeper.
    const deeper = buildSnapshot(9, { receivedAtMs: noonMs + 600 });
    expect(told(live.takeRecords([deeper], true))).toEqual(['rebuild']);
  });

  it('gives way to levels that cannot be read', () => {
    const live = createLiveBook(spot);
    live.takeRecords([buildSnapshot(10)], true);
    expect(told(live.takeRecords([buildDepth(11, { bids: '[["x"]]' })], true))).toEqual(['rebuild']);
    expect(live.lastUpdateId).toBe(10);
  });

  it('is the same book however the records are cut into calls', () => {
    fc.assert(
      fc.property(
        fc.array(anyChange, { maxLength: 40 }),
        fc.array(fc.boolean(), { maxLength: 40 }),
        (changes, cuts) => {
          const records = changes.map(([bids, asks], at) => buildDepth(11 + at, { bids, asks }));
          const [whole, pieces] = [createLiveBook(spot), createLiveBook(spot)];
          whole.takeRecords([buildSnapshot(10), ...records].reverse(), true);
          let part: MarketRecord[] = [buildSnapshot(10)];
          for (const [at, record] of records.entries()) {
            if (cuts[at] === true) pieces.takeRecords(part.splice(0), true);
            part.push(record);
          }
          pieces.takeRecords(part, true);
          part = [];
          for (const side of ['bid', 'ask'] as const)
            expect(pieces.book.levelsText(side)).toBe(whole.book.levelsText(side));
          expect(pieces.lastUpdateId).toBe(10 + records.length);
        },
      ),
    );
  });
});

const anyLevels = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 0, max: 3 })), { maxLength: 4 })
  .map((levels) => JSON.stringify(levels.map(([price, size]) => [`${price}.00`, `${size}.0`])));
const anyChange = fc.tuple(anyLevels, anyLevels);

function told(events: readonly BookEvent[]): string[] {
  return events.map((event) => {
    if (event.kind === 'diff') return `diff ${event.record.updateId} after ${event.previousUpdateId}`;
    if (event.kind === 'gap') return `gap ${event.gap.closedAtMs === null ? 'open' : 'closed'}`;
    return event.kind;
  });
}
