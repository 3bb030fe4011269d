import { describe, expect, test } from 'vitest';
import type { RecordingEntry } from '../testing/recording.ts';
import { seededRandom } from '../testing/seeded-random.ts';
import type { BookTicker, DepthDiff, DepthSnapshot, Market } from './binance/messages.ts';
import { replayRecording } from './replay-recording.ts';
import { createExchangeSymbol } from './symbol-book-fixtures.ts';

const addresses = {
  spot: { stream: 'wss://stream.binance.com:9443/stream', depth: 'https://api.binance.com/api/v3/depth' },
  usdm: { stream: 'wss://fstream.binance.com/stream', depth: 'https://fapi.binance.com/fapi/v1/depth' },
  coinm: { stream: 'wss://dstream.binance.com/stream', depth: 'https://dapi.binance.com/dapi/v1/depth' },
};

describe(replayRecording, () => {
  test.each(['spot', 'usdm', 'coinm'] as const)('finds the books of a sound recording of %s right', async (market) => {
    const [replay, ...others] = await replayRecording({ entries: record(market) });
    expect(others).toEqual([]);
    expect(replay).toMatchObject({ symbol: 'X', state: 'live', diffs: 200, snapshots: 1, garbage: 0 });
    expect(replay).toMatchObject({ mismatches: [], disagreements: [], gaps: [] });
    expect(replay?.applied).toBeGreaterThanOrEqual(180);
    expect(replay?.compared).toBeGreaterThan(150);
  });

  test('shows the gap where a message is missing', async () => {
    const entries = record('usdm');
    entries.splice(
      entries.findIndex((entry, at) => at > 150 && isOf(entry, 'depthUpdate')),
      1,
    );
    const [replay] = await replayRecording({ entries });
    expect(replay?.gaps).toMatchObject([{ reason: 'sequence', closedAtMs: null }]);
    expect(replay).toMatchObject({ state: 'waiting', mismatches: [] });
  });

  test('shows where the ticker contradicts', async () => {
    const entries = record('spot');
    const at = entries.findIndex((entry, index) => index > 150 && isOf(entry, 'bookTicker'));
    const ticker = entries[at] as RecordingEntry & { kind: 'message' };
    entries[at] = { ...ticker, text: ticker.text.replace(/"B":"[^"]*"/, '"B":"123456.7"') };
    const [replay] = await replayRecording({ entries });
    expect(replay?.mismatches).toEqual([]);
    expect(replay?.disagreements.length).toBeGreaterThan(0);
    expect(replay?.gaps[0]).toMatchObject({ reason: 'ticker' });
  });

  test('says which snapshot cannot be read, and that it needs a market', async () => {
    const entries = record('spot');
    const broken = entries.map((entry) => (entry.kind === 'response' ? { ...entry, body: '{}' } : entry));
    await expect(replayRecording({ entries: broken })).rejects.toThrow(/^recording:\d+: the snapshot of X$/);
    await expect(replayRecording({ entries: entries.slice(2) })).rejects.toThrow('recording:3: no line before it');
    expect(await replayRecording({ entries: entries.slice(2), market: 'spot' })).toMatchObject([{ state: 'live' }]);
  });
});

function isOf(entry: RecordingEntry, event: string): boolean {
  return entry.kind === 'message' && entry.text.includes(event);
}

/** 200 diffs of one symbol with their tickers, a few other events, and a snapshot after twenty. */
function record(market: Market): RecordingEntry[] {
  const exchange = createExchangeSymbol(market, seededRandom(3));
  const entries: RecordingEntry[] = [];
  const at = () => `recording:${entries.length + 1}`;
  const message = (stream: string, data: object) =>
    entries.push({ kind: 'message', atMs: exchange.nowMs, text: JSON.stringify({ stream, data }), at: at() });
  entries.push({ kind: 'configuration', text: '{}', at: at() });
  entries.push({
    kind: 'connect',
    atMs: exchange.nowMs,
    url: `${addresses[market].stream}?streams=x@depth@100ms`,
    at: at(),
  });
  for (let step = 0; step < 200; step++) {
    const { diff, tickers } = exchange.step(1 + (step % 3));
    for (const ticker of tickers) message('x@bookTicker', tickerData(market, ticker));
    message('x@depth@100ms', depthData(diff));
    message('x@kline_1m', { e: 'kline', s: 'X', k: {} });
    if (step !== 20) continue;
    const url = `${addresses[market].depth}?symbol=X&limit=1000`;
    const body = snapshotBody(exchange.snapshot(exchange.lastId - 2));
    entries.push({ kind: 'response', atMs: exchange.nowMs, url, body, at: at() });
  }
  return entries;
}

function depthData({
  symbol,
  firstUpdateId,
  lastUpdateId,
  previousUpdateId,
  eventTimeMs,
  bids,
  asks,
}: DepthDiff): object {
  const ids = { U: firstUpdateId, u: lastUpdateId, pu: previousUpdateId };
  return { e: 'depthUpdate', E: eventTimeMs, s: symbol, ...ids, b: JSON.parse(bids), a: JSON.parse(asks) };
}

function tickerData(market: Market, { updateId, bid, bidSize, ask, askSize }: BookTicker): object {
  const name = market === 'spot' ? {} : { e: 'bookTicker', E: 1 };
  return { ...name, u: updateId, s: 'X', b: bid, B: bidSize, a: ask, A: askSize };
}

function snapshotBody({ lastUpdateId, bids, asks }: DepthSnapshot): string {
  return `{"lastUpdateId":${lastUpdateId},"bids":${bids},"asks":${asks}}`;
}
