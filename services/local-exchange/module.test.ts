import { once } from 'node:events';
import { pino } from 'pino';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import type { Pair } from '../../catalog/schema/pair.ts';
import type { Started } from '../runtime/modules.ts';
import { createLocalExchange, type LocalExchange } from './module.ts';

const running: Started<LocalExchange>[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((exchange) => exchange.stop()));
});

describe(createLocalExchange, () => {
  it('serves the active pairs of each market under the names of the exchange', async () => {
    const { part, health } = await start([
      pairOf('BTCUSDT'),
      pairOf('BTCUSDT.P', { market: 'usdm', exchangeSymbol: 'BTCUSDT' }),
      pairOf('BTCUSD_PERP', { market: 'coinm', quote: 'USD' }),
      pairOf('OLDUSDT', { status: 'retired' }),
    ]);
    const listed = part.markets.map(({ source }) => [source.market, source.symbols()]);
    expect(listed).toEqual([
      ['spot', ['BTCUSDT']],
      ['usdm', ['BTCUSDT']],
      ['coinm', ['BTCUSD_PERP']],
    ]);
    expect((await health?.())?.detail).toContain('spot: 1 symbols, 0 connections');
    const best = part.markets[0]?.source.truth('BTCUSDT')?.bids[0]?.[0];
    expect(Number(best)).toBeCloseTo(110_000, -3);
  });

  it('speaks at its address, and more of a snapshot is there than is shown', async () => {
    const { part } = await start([pairOf('BTCUSDT')], { updatesPerSecond: 10 });
    const [{ restUrl, streamUrl }] = part.markets as [LocalExchange['markets'][number]];
    const answer = await fetch(`${restUrl}/api/v3/depth?symbol=BTCUSDT&limit=1000`);
    expect(((await answer.json()) as { bids: unknown[] }).bids.length).toBe(1000);
    const socket = new WebSocket(`${streamUrl}/ws/btcusdt@depth@100ms`);
    const [message] = await once(socket, 'message');
    expect(JSON.parse(String(message))).toMatchObject({ e: 'depthUpdate', s: 'BTCUSDT' });
    socket.terminate();
  });

  it('lists a pair that comes to the catalog', async () => {
    const { part } = await start([pairOf('BTCUSDT')], { updatesPerSecond: 10 });
    part.setPairs([pairOf('BTCUSDT'), pairOf('NEWUSDT')]);
    const spot = part.markets[0];
    expect(spot?.source.symbols()).toEqual(['BTCUSDT', 'NEWUSDT']);
    await vi.waitFor(() => expect(spot?.source.truth('NEWUSDT')?.bids.length).toBeGreaterThan(0), { timeout: 90_000 });
  });

  it('refuses an address that is not of this machine, and leaves nothing behind', async () => {
    const exchange = { ...addresses, coinm: { rest: 'https://dapi.binance.com', stream: 'wss://dstream.binance.com' } };
    await expect(start([], { exchange })).rejects.toThrow(
      'local exchange: market.exchange.coinm is https://dapi.binance.com/, which is not this machine',
    );
  });
});

const free = { rest: 'http://127.0.0.1:0', stream: 'ws://127.0.0.1:0' };
const addresses = { spot: free, usdm: free, coinm: free };

async function start(pairs: readonly Pair[], deps: Partial<Parameters<typeof createLocalExchange>[0]> = {}) {
  const exchange = await createLocalExchange({ pairs, exchange: addresses, log: pino({ level: 'silent' }), ...deps });
  running.push(exchange);
  return exchange;
}

function pairOf(symbol: string, other: Partial<Pair> = {}): Pair {
  return {
    symbol,
    base: 'BTC',
    quote: 'USDT',
    tickSize: '0.01',
    stepSize: '0.00001',
    category: 'top10',
    exchange: 'binance',
    market: 'spot',
    owner: 'market',
    priority: 10,
    status: 'active',
    ...other,
  };
}
