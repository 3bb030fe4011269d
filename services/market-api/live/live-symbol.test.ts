import { describe, expect, it } from 'vitest';
import { buildDepth, buildGap, buildSnapshot, buildTrade, noonMs } from '../../datasets/market/read-fixtures.ts';
import type { Gap, MarketRecord, RecordKind } from '../../datasets/market/record.ts';
import { createLiveBook } from './live-book.ts';
import { createLiveSymbol } from './live-symbol.ts';

const pair = { symbol: 'BTCUSDT', market: 'spot' } as const;

describe(createLiveSymbol, () => {
  it('tells trades that were read with a deeper snapshot older than the last update, and none twice', () => {
    const { live, trades } = openSymbol();
    const book = createLiveBook(pair);
    const held = [buildSnapshot(90, at(0)), ...Array.from({ length: 10 }, (_, n) => buildDepth(91 + n, at(n * 100)))];
    book.takeRecords(held, true);
    const beginning = (last: MarketRecord, trade: MarketRecord) => ({
      newest: newest({ depth: last, snapshot: buildSnapshot(90, at(0)), checkpoint: undefined, trade }),
      book,
      gaps: [],
    });
    live.begin(beginning(buildDepth(100, at(900)), buildTrade(50, at(900))), noonMs + 1000);
    const records = [
      buildTrade(51, at(1000)),
      buildTrade(52, at(1010)),
      buildSnapshot(98, at(1100)),
      buildDepth(101, at(1000)),
    ];
    expect(live.take(records, [], true, noonMs + 2000)).toBe('rebuild');
    expect(trades).toEqual([51, 52]);
    expect(live.toBegin()).toEqual(['book']);
    expect(live.places.get('trade')?.updateId).toBe(52);
  });

  it('keeps the trades after a gap that ended with a snapshot older than its beginning', () => {
    const { live, trades } = openSymbol();
    live.begin({ newest: newest({ trade: buildTrade(50, at(0)) }), book: undefined, gaps: [] }, noonMs);
    const gap = buildGap({ fromUpdateId: 101, toUpdateId: 99, closedAtMs: noonMs + 900 });
    live.take([buildTrade(51, at(1000))], [gap], true, noonMs + 1000);
    expect(live.toBegin()).toEqual(['trades', 'book']);
    live.take([buildTrade(52, at(1100))], [gap], true, noonMs + 1100);
    // Read before the last trade was.
    live.begin({ newest: newest({ trade: buildTrade(51, at(1000)) }), book: undefined, gaps: [gap] }, noonMs + 1200);
    expect([trades, live.places.get('trade')?.updateId, live.toBegin()]).toEqual([[51, 52], 52, ['book']]);
  });

  it('reads nothing of the old ids where they began anew, however shortly after', () => {
    const { live } = openSymbol();
    live.begin({ newest: newest({ trade: buildTrade(900, at(0)) }), book: undefined, gaps: [] }, noonMs);
    live.take([], [buildGap({ fromUpdateId: 101, toUpdateId: 7, closedAtMs: noonMs + 500 })], true, noonMs + 500);
    live.begin({ newest: newest({ trade: buildTrade(3, at(400)) }), book: undefined, gaps: [] }, noonMs + 600);
    expect(live.places.get('trade')).toMatchObject({ updateId: 3, notBeforeMs: noonMs + 400 });
    live.take([buildTrade(4, at(700))], [], true, noonMs + 700);
    expect(live.places.get('trade')).toMatchObject({ updateId: 4, notBeforeMs: noonMs + 400 });
  });

  it('tells the end of a gap although another feed is begun just after it, but not what was over before all', () => {
    const { live, gaps } = openSymbol();
    const open = buildGap({ openedAtMs: noonMs });
    const [old, between] = [1, 2].map((n) => buildGap({ openedAtMs: noonMs - n, toUpdateId: 9, closedAtMs: noonMs }));
    live.begin({ newest: newest({ trade: undefined }), book: undefined, gaps: given(old) }, noonMs);
    live.take([], [open], true, noonMs);
    const closed = { ...open, toUpdateId: 20, closedAtMs: noonMs + 1000 };
    const all = given(old, between, closed);
    live.begin({ newest: newest({ ticker: undefined }), book: undefined, gaps: all }, noonMs + 1000);
    live.take([], all, true, noonMs + 1000);
    expect(gaps.map(({ state, openedAt }) => [state, openedAt])).toEqual([
      ['open', noonMs],
      ['closed', noonMs - 2],
      ['closed', noonMs],
    ]);
  });

  it('tells gaps of trades, and leaves the book as it is', () => {
    const { live, gaps } = openSymbol();
    const book = createLiveBook(pair);
    book.takeRecords([buildSnapshot(90, at(0))], true);
    const beginning = newest({ depth: undefined, snapshot: buildSnapshot(90, at(0)), checkpoint: undefined });
    live.begin({ newest: beginning, book, gaps: [] }, noonMs);
    const missing = buildGap({ stream: 'trades', fromUpdateId: 800, openedAtMs: noonMs + 100 });
    expect(live.take([], [missing], true, noonMs + 200)).toBe('taken');
    expect(live.take([], [{ ...missing, toUpdateId: 3, closedAtMs: noonMs + 300 }], true, noonMs + 300)).toBe('taken');
    expect([gaps.map(({ state }) => state), book.state]).toEqual([['open', 'closed'], 'live']);
    expect(live.toBegin()).toEqual(['trades']);
  });

  it('tells a gap that lasts to whoever comes later, whatever they follow', () => {
    const { live } = openSymbol();
    live.begin({ newest: newest({ trade: undefined }), book: undefined, gaps: [buildGap()] }, noonMs);
    const late: string[] = [];
    live.followGaps((text) => late.push(text));
    expect(late).toEqual([expect.stringContaining('"state":"open"')]);
  });
});

function openSymbol() {
  const live = createLiveSymbol(pair, noonMs);
  const trades: number[] = [];
  const gaps: { readonly state: string; readonly openedAt: number }[] = [];
  live.follow('trades', (event) => event.kind === 'trade' && trades.push(event.tradeId));
  live.follow('book', () => undefined);
  live.followGaps((text) => gaps.push(JSON.parse(`{${text}}`)));
  return { live, trades, gaps };
}

function newest(records: Partial<Record<RecordKind, MarketRecord | undefined>>) {
  return new Map(Object.entries(records) as [RecordKind, MarketRecord | undefined][]);
}

function given(...gaps: readonly (Gap | undefined)[]): Gap[] {
  return gaps.filter((gap) => gap !== undefined);
}

function at(ms: number) {
  return { eventTimeMs: noonMs + ms, receivedAtMs: noonMs + ms };
}
