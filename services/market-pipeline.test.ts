import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { exchangeSymbolOf, type Pair } from '../catalog/schema/pair.ts';
import { type MarketStores, openMarketStores } from './market-api/api-fixture.ts';
import { findHoles, type MarketPipeline, startMarket, startMarketPipeline } from './market-pipeline-fixture.ts';
import type { ExchangeCore } from './testing/exchange/exchange-core.ts';
import type { ExchangeServer } from './testing/exchange/exchange-server.ts';

// From an exchange into real stores and out of the API, through what can go wrong between them.

const waiting = { timeout: 60_000, interval: 50 };

let stores: MarketStores;
beforeAll(async () => {
  stores = await openMarketStores();
});
afterAll(() => stores[Symbol.asyncDispose]());

describe('the market, from the exchange to the API', () => {
  test('holds what the exchange holds, through faults of every kind, on spot and on futures', async () => {
    const spot = await startMarket('spot', ['AAA', 'BBB', 'CCC', 'DDD', 'EEE', 'FFF']);
    const usdm = await startMarket('usdm', ['AAA', 'BBB', 'GGG']);
    await using _spot = spot.exchange;
    await using _usdm = usdm.exchange;
    const pairs = [...spot.pairs, ...usdm.pairs];
    await using pipeline = await startMarketPipeline({
      ...stores,
      pairs,
      exchanges: { spot: spot.exchange, usdm: usdm.exchange },
    });
    await live(pipeline, pairs.length);

    for (const { exchange } of [spot, usdm]) {
      exchange.faults.injectStream({ kind: 'drop', share: 0.02 });
      exchange.faults.injectStream({ kind: 'duplicate', afterMs: 120, share: 0.05 });
      exchange.faults.injectStream({ kind: 'swap', share: 0.02 });
      exchange.faults.injectStream({ kind: 'garbage', share: 0.005 });
      exchange.faults.injectStream({ kind: 'corrupt', share: 0.01 });
      exchange.faults.injectSnapshot({ kind: 'status', status: 503, times: 3 });
      exchange.faults.injectSnapshot({ kind: 'half', times: 1 });
    }
    await pause(2500);
    spot.exchange.cut('reset');
    usdm.exchange.cut('reset');
    await pause(2500);
    for (const { exchange } of [spot, usdm]) exchange.faults.clear();
    await pause(500);
    // What the ids cannot tell of the past is mended by a new stream: from here on all is well.
    spot.exchange.cut('reset');
    usdm.exchange.cut('reset');

    await settled(pipeline, pairs);
    await expectSameBooks(pipeline, spot.exchange, spot.pairs);
    await expectSameBooks(pipeline, usdm.exchange, usdm.pairs);
    const { gaps } = await pipeline.get<{ gaps: { closedAt: number | null; reason: string }[] }>(
      `/gaps/AAAUSDT?limit=1000`,
    );
    expect(gaps.length).toBeGreaterThan(1);
    expect(gaps.filter(({ closedAt }) => closedAt === null)).toEqual([]);
    for (const { symbol } of spot.pairs) {
      expect((await findHoles(stores.relational, symbol)).unexplained, symbol).toEqual([]);
    }
    expect(spot.exchange.counts().violations).toEqual({});
    expect(usdm.exchange.counts().violations).toEqual({});
  });

  test('leaves the others alone when one pair is garbage, one unknown and one halted', async () => {
    const { exchange, pairs } = await startMarket('spot', ['QAA', 'QBB', 'QCC', 'QDD', 'QEE', 'QFF']);
    await using _exchange = exchange;
    exchange.source.remove('QBBUSDT');
    exchange.source.setStatus('QCCUSDT', 'HALT');
    await using pipeline = await startMarketPipeline({ ...stores, pairs, exchanges: { spot: exchange } });
    await live(pipeline, 5);
    exchange.faults.injectStream({ kind: 'garbage', symbols: ['QAAUSDT'] });
    await pause(3000);

    const reports = pipeline.collector.reports().flatMap(({ symbols }) => symbols);
    const others = reports.filter(({ symbol }) => ['QDDUSDT', 'QEEUSDT', 'QFFUSDT'].includes(symbol));
    expect(others.map(({ state }) => state)).toEqual(['live', 'live', 'live']);
    for (const { symbol } of others) {
      const { gaps } = await pipeline.get<{ gaps: unknown[] }>(`/gaps/${symbol}`);
      expect(gaps, symbol).toEqual([]);
    }
    expect((await pipeline.health()).detail).toMatch(/not traded: QBBUSDT \(unknown\), QCCUSDT \(halted\)/);
    const { gaps } = await pipeline.get<{ gaps: { reason: string }[] }>('/gaps/QAAUSDT');
    expect(gaps[0]?.reason).toBe('garbage');
    exchange.faults.clear();
    await live(pipeline, 5);
  });

  test('follows a pair that is added to the catalog, and forgets one that is taken away, without a restart', async () => {
    const { exchange, pairs } = await startMarket('spot', ['RAA', 'RBB', 'RCC']);
    await using _exchange = exchange;
    const [first, second, third] = pairs as [Pair, Pair, Pair];
    await using pipeline = await startMarketPipeline({
      ...stores,
      pairs: [first, second],
      exchanges: { spot: exchange },
    });
    await live(pipeline, 2);

    pipeline.change([first, third]);

    await vi.waitFor(() => expect(statesOf(pipeline)).toEqual({ RAAUSDT: 'live', RCCUSDT: 'live' }), waiting);
    await vi.waitFor(async () => expect((await pipeline.get<Book>('/book/RCCUSDT')).state).toBe('live'), waiting);
    // Another name of ours for the same of the exchange.
    pipeline.change([first, { ...third, symbol: 'RCCUSDT.S', exchangeSymbol: 'RCCUSDT' }]);
    await vi.waitFor(() => expect(statesOf(pipeline)).toEqual({ RAAUSDT: 'live', 'RCCUSDT.S': 'live' }), waiting);
    const { gaps } = await pipeline.get<{ gaps: unknown[] }>('/gaps/RAAUSDT');
    expect(gaps).toEqual([]);
  });

  test('puts on record what it missed while it was away', async () => {
    const { exchange, pairs } = await startMarket('spot', ['SAA']);
    await using _exchange = exchange;
    const dataDir = mkdtempSync(join(tmpdir(), 'defimon-market-restart-'));
    const options = { ...stores, pairs, exchanges: { spot: exchange }, dataDir };
    const first = await startMarketPipeline(options);
    await live(first, 1);
    await pause(1000);
    await first.stop();
    await pause(500);

    await using second = await startMarketPipeline(options);
    await live(second, 1);
    await vi.waitFor(async () => {
      const { gaps } = await second.get<{ gaps: Record<string, unknown>[] }>('/gaps/SAAUSDT');
      expect(gaps).toMatchObject([{ reason: 'restart', closedAt: expect.any(Number) }]);
    }, waiting);
    await settled(second, pairs);
    await expectSameBooks(second, exchange, pairs);
    await second.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  test('candles are those of the trades that were recorded', async () => {
    const { exchange, pairs } = await startMarket('spot', ['TAA', 'TBB'], { eventsPerUpdate: 20 });
    await using _exchange = exchange;
    await using pipeline = await startMarketPipeline({ ...stores, pairs, exchanges: { spot: exchange } });
    await live(pipeline, 2);
    await pause(5000);
    await pipeline.stop();
    await using reader = await startMarketPipeline({ ...stores, pairs: [], exchanges: {} });
    reader.change(pairs);
    for (const { symbol } of pairs) {
      const { records } = await reader.get<{ records: Trade[] }>(`/data/${symbol}?kind=trade&limit=10000`);
      const { candles } = await reader.get<{ candles: Candle[] }>(`/candles/${symbol}?interval=1s&limit=1000`);
      const expected = new Map<number, { trades: number; volume: number }>();
      for (const { eventTime, size } of records) {
        const time = Math.floor(eventTime / 1000) * 1000;
        const { trades, volume } = expected.get(time) ?? { trades: 0, volume: 0 };
        expected.set(time, { trades: trades + 1, volume: volume + Math.round(Number(size) * 1000) });
      }
      expect(records.length).toBeGreaterThan(10);
      const traded = candles.filter(({ trades }) => trades > 0);
      expect(
        new Map(
          traded.map(({ time, trades, volume }) => [time, { trades, volume: Math.round(Number(volume) * 1000) }]),
        ),
      ).toEqual(expected);
    }
  });
});

interface Book {
  readonly state: string;
  readonly lastUpdateId: number;
  readonly bids: [string, string][];
  readonly asks: [string, string][];
  readonly bidFloor: string | null;
  readonly askCeiling: string | null;
}
interface Trade {
  readonly eventTime: number;
  readonly size: string;
}
interface Candle {
  readonly time: number;
  readonly trades: number;
  readonly volume: string;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function statesOf(pipeline: MarketPipeline): Record<string, string> {
  const symbols = pipeline.collector.reports().flatMap((report) => report.symbols);
  return Object.fromEntries(symbols.map(({ symbol, state }) => [symbol, state]));
}

/** Waits until so many books are live. */
async function live(pipeline: MarketPipeline, count: number): Promise<void> {
  await vi.waitFor(() => {
    const states = statesOf(pipeline);
    expect(Object.values(states).filter((state) => state === 'live').length, JSON.stringify(states)).toBe(count);
  }, waiting);
}

/** Waits until all pairs are live once their streams are. */
async function settled(pipeline: MarketPipeline, pairs: readonly Pair[]): Promise<void> {
  await pause(1000);
  await live(pipeline, pairs.length);
}

/** Stops the market, and waits until the API has every book as the exchange has it. */
async function expectSameBooks(
  pipeline: MarketPipeline,
  exchange: ExchangeServer<ExchangeCore>,
  pairs: readonly Pair[],
): Promise<void> {
  for (const pair of pairs) exchange.source.setStatus(exchangeSymbolOf(pair), 'HALT');
  for (const pair of pairs) {
    await vi.waitFor(async () => {
      const book = await pipeline.get<Book>(`/book/${pair.symbol}?depth=5000`);
      const truth = exchange.source.truth(exchangeSymbolOf(pair));
      expect(book.lastUpdateId, pair.symbol).toBe(truth?.lastUpdateId);
      expect(book.state).toBe('live');
      const { bidFloor, askCeiling } = book;
      const isBid = ([price]: readonly [string, string]): boolean =>
        bidFloor === null || Number(price) >= Number(bidFloor);
      const isAsk = ([price]: readonly [string, string]): boolean =>
        askCeiling === null || Number(price) <= Number(askCeiling);
      expect(book.bids.filter(isBid)).toEqual(truth?.bids.filter(isBid));
      expect(book.asks.filter(isAsk)).toEqual(truth?.asks.filter(isAsk));
    }, waiting);
  }
}
