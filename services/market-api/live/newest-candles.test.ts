import { setTimeout as delay } from 'node:timers/promises';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CandleNews } from '../../contracts/market-messages.ts';
import { type BarStore, buildBar, buildTrades, midnightMs, openBarStore } from '../../datasets/market/bar-fixtures.ts';
import { writeBars } from '../../datasets/market/timeseries.ts';
import { misfitsOf } from '../../runtime/socket/testing/misfits.ts';
import type { Timeseries } from '../../stores/timeseries.ts';
import { createCandleFeed, pollMsOf } from './candle-feed.ts';
import { createCandleReader } from './newest-candles.ts';

const minute = midnightMs + 120_000;
let stores: BarStore;
beforeAll(async () => {
  stores = await openBarStore();
});
afterAll(async () => {
  await stores?.[Symbol.asyncDispose]();
});

describe(createCandleReader, () => {
  it('gives the last two candles of each symbol, of all in one query', async () => {
    const { timeseries } = stores;
    const bars = [-61, -2, -1, 0, 1].flatMap((second) =>
      ['AUSDT', 'BUSDT'].map((symbol) =>
        buildBar(symbol, 120 + second, { traded: buildTrades(500 + second, 100 + second) }),
      ),
    );
    await writeBars(timeseries, bars, 'first');
    let queries = 0;
    const counted: Timeseries = {
      ...timeseries,
      query: (sql, params) => {
        queries += 1;
        return timeseries.query(sql, params);
      },
    };
    const read = createCandleReader(counted, () => minute + 1500);
    const candles = (await read(['AUSDT', 'BUSDT', 'NONEUSDT'], '1s')).filter(({ symbol }) => symbol === 'AUSDT');
    expect(candles.map(({ timeMs }) => timeMs)).toEqual([minute, minute + 1000]);
    expect(JSON.parse(`{${candles[1]?.text}}`)).toEqual({
      time: minute + 1000,
      until: minute + 2000,
      open: '101',
      high: '101',
      low: '101',
      close: '101',
      volume: '2',
      quoteVolume: '202',
      trades: 1,
    });
    const told = candles.map(({ symbol, text }) =>
      JSON.parse(`{"type":"candle","symbol":"${symbol}","interval":"1s",${text}}`),
    );
    expect(misfitsOf(told, () => CandleNews)).toEqual([]);
    expect(queries).toBe(1);
  });
});

describe(createCandleFeed, () => {
  it('calls back with what there is, and with what changes', async () => {
    const clock = { now: 0 };
    const read = { texts: ['"n":1'], asked: [] as string[] };
    const feed = createCandleFeed({
      read: async (symbols, interval) => {
        read.asked.push(`${symbols.join()} ${interval}`);
        return read.texts.map((text, at) => ({ symbol: 'AUSDT', timeMs: at, text }));
      },
      tickMs: 5,
      clock: () => clock.now,
      log: pino({ level: 'silent' }),
    });
    const told: string[] = [];
    const stop = feed.follow('AUSDT', '1m', ({ text }) => told.push(text));
    await until(() => told.length === 1);
    await delay(20);
    expect(read.asked).toEqual(['AUSDT 1m']);
    // Others are read at once, and all again when it is time.
    feed.follow('BUSDT', '1m', () => undefined);
    await until(() => read.asked.length === 2);
    expect(read.asked).toEqual(['AUSDT 1m', 'BUSDT 1m']);
    clock.now += pollMsOf('1m');
    read.texts = ['"n":2', '"n":3'];
    await until(() => told.length === 3);
    await delay(20);
    expect(told).toEqual(['"n":1', '"n":2', '"n":3']);
    expect(read.asked.slice(2)).toEqual(['AUSDT,BUSDT 1m']);
    const late: string[] = [];
    feed.follow('AUSDT', '1m', ({ text }) => late.push(text))();
    expect(late).toEqual(['"n":2', '"n":3']);
    stop();
    await delay(20);
    const asked = read.asked.length;
    clock.now += pollMsOf('1m');
    await until(() => read.asked.length > asked);
    expect(read.asked.at(-1)).toBe('BUSDT 1m');
    await feed.stop();
  });
});

async function until(isTrue: () => boolean): Promise<void> {
  for (const end = Date.now() + 90_000; !isTrue(); await delay(5)) {
    if (Date.now() > end) throw new Error(`waited too long for ${isTrue}`);
  }
}
