import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { describe, expect, test } from 'vitest';
import { foldedColumns, selectFolded, startOf } from './datasets/market/bar-fold.ts';
import { rollUpBars } from './datasets/market/bar-roll-up.ts';
import { readCandles } from './datasets/market/candles.ts';
import { createBarWriter } from './market-collector/bar-writer.ts';
import { createEmbeddedBus } from './stores/embedded/bus.ts';
import { openEmbeddedTimeseries } from './stores/embedded/chdb.ts';
import type { Timeseries } from './stores/timeseries.ts';
import { createMarketStream } from './stream-processor/market-stream.ts';
import { seededRandom } from './testing/seeded-random.ts';

// Bars from a collector's queue over the bus into the store, in a process that is killed, with a store whose answers get lost.

const symbols = ['AAUSDT', 'BBUSDT', 'CCUSDT'];
const startSeconds = Date.UTC(2026, 10, 20) / 1000;

/** Three seconds of a minute, twelve minutes of a day. */
function secondAt(index: number): number {
  return startSeconds + Math.floor(index / 3) * 7200 + (index % 3) * 20;
}

describe('bars on their way to the store', () => {
  test('are each stored once, and made into whole minutes, hours and days, though the process is killed 4 times', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'defimon-bar-kills-'));
    const random = seededRandom(9);
    let next = 0;
    for (let time = 0; time < 4; time++) {
      const child = startChild(dataDir, next, time);
      await child.stored(next + 5);
      await sleep(random() * 300);
      await child.kill();
      // What was not safe is told again, and some that was.
      next = Math.max(0, child.lastSafe() - 3);
    }
    const last = startChild(dataDir, next, 99);
    await last.stored(Math.max(next + 20, 110));
    await last.kill();
    const safe = last.lastSafe();

    const { part: timeseries, stop } = await openEmbeddedTimeseries({ dataDir });
    try {
      await drain(timeseries, dataDir);
      await rollUpBars(timeseries);
      const to = secondAt(safe) + 1;
      for (const symbol of symbols) {
        const [counted] = await timeseries.query(
          `SELECT toUInt32(count()) AS bars, toUInt32(uniqExact(time)) AS seconds, toUInt32(sum(trades_whole_seconds)) AS whole
             FROM market_bars_1s FINAL WHERE symbol = {symbol:String} AND time < toDateTime({to:UInt32}, 'UTC')`,
          { symbol, to },
        );
        expect(counted, symbol).toEqual({ bars: safe + 1, seconds: safe + 1, whole: safe + 1 });
        const range = { symbol, fromMs: 0, toMs: secondAt(safe - 36) * 1000, order: 'asc', limit: 10_000 } as const;
        const minutes = await readCandles(timeseries, { ...range, interval: '1m' });
        expect(new Set(minutes.map(({ trades }) => trades))).toEqual(new Set([6]));
        const [first, second] = await readCandles(timeseries, { ...range, interval: '1d' });
        expect([first?.trades, second?.trades]).toEqual([72, 72]);
      }
      for (const [fine, coarse, seconds] of levels)
        expect(await differences(timeseries, fine, coarse, seconds)).toEqual([]);
    } finally {
      await stop();
      rmSync(dataDir, { recursive: true, force: true });
    }
  }, 400_000);
});

/** Stores what was safe on disk, as the next collector would. */
async function drain(timeseries: Timeseries, dataDir: string): Promise<void> {
  const shared = { log: pino({ level: 'silent' }), metrics: new Registry() };
  const { bus } = createEmbeddedBus();
  const stream = await createMarketStream({ ...shared, bus, timeseries });
  const writer = await createBarWriter({ ...shared, bus, dir: join(dataDir, 'bars') });
  await writer.part.flush();
  expect(writer.health()).toEqual({ ok: true, detail: '0 bars in memory and 0 batches on disk wait' });
  await writer.stop();
  await stream.stop();
}

const levels = [
  ['market_bars_1s', 'market_bars_1m', 60],
  ['market_bars_1m', 'market_bars_1h', 3600],
  ['market_bars_1h', 'market_bars_1d', 86_400],
] as const;

/** Bars that do not say what the finer ones make. Sums of floats depend on the order of their terms. */
function differences(timeseries: Timeseries, fine: string, coarse: string, seconds: number): Promise<object[]> {
  const columns = ['symbol', 'time', ...foldedColumns.filter((column) => !/^(spread_bps|imbalance)_sum$/.test(column))];
  const made = `SELECT ${columns.join(', ')} FROM (${selectFolded(fine, startOf('b.time', seconds), 'true')})`;
  const kept = `SELECT ${columns.join(', ')} FROM ${coarse} FINAL`;
  return timeseries.query(
    `SELECT * FROM (${made} EXCEPT ${kept}) UNION ALL SELECT * FROM (${kept} EXCEPT ${made}) LIMIT 3`,
  );
}

function startChild(dataDir: string, from: number, seed: number) {
  const at = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href);
  const program = `
    import { pino } from 'pino';
    import { Registry } from 'prom-client';
    import { createBarWriter } from ${at('./market-collector/bar-writer.ts')};
    import { RetryableError } from ${at('./runtime/errors.ts')};
    import { createEmbeddedBus } from ${at('./stores/embedded/bus.ts')};
    import { openEmbeddedTimeseries } from ${at('./stores/embedded/chdb.ts')};
    import { migrateTimeseries } from ${at('./stores/migrate.ts')};
    import { createMarketStream } from ${at('./stream-processor/market-stream.ts')};
    import { seededRandom } from ${at('./testing/seeded-random.ts')};
    const { dataDir, from, seed, symbols, startSeconds } = ${JSON.stringify({ dataDir, from, seed, symbols, startSeconds })};
    ${secondAt.toString()}
    const random = seededRandom(seed);
    const { part: store } = await openEmbeddedTimeseries({ dataDir });
    await migrateTimeseries(store, 'market', ${JSON.stringify(join(import.meta.dirname, 'datasets', 'market', 'timeseries'))});
    const lossy = async (work) => {
      if (random() < 0.1) throw new RetryableError('away');
      const answer = await work();
      if (random() < 0.1) throw new RetryableError('answer lost');
      return answer;
    };
    const timeseries = {
      query: (sql, params) => lossy(() => store.query(sql, params)),
      command: (sql, params) => lossy(() => store.command(sql, params)),
      insert: (table, rows, options) => lossy(() => store.insert(table, rows, options)),
    };
    const shared = { log: pino({ level: 'silent' }), metrics: new Registry() };
    const { bus } = createEmbeddedBus();
    await createMarketStream({ ...shared, bus, timeseries, rollUpMs: 200 });
    const writer = await createBarWriter({ ...shared, bus, dir: dataDir + '/bars', flushIntervalMs: 20, batchBars: 50 });
    const tradesOf = (index) => {
      const count = (index % 3) + 1;
      const price = String(100 + (index % 17));
      return { count, firstId: index * 10, lastId: index * 10 + count - 1, open: price, high: price, low: price, close: price,
        volume: String(count), quoteVolume: price, takerBuyVolume: '0', takerBuyQuoteVolume: '0' };
    };
    for (let index = from; ; index++) {
      const bars = symbols.flatMap((symbol) => [1, 2].map((revision) => ({
        symbol, timeMs: secondAt(index) * 1000, traded: tradesOf(index), isTradesWhole: revision === 2,
        book: null, isBookWhole: false, revision,
      })));
      writer.part.write(bars);
      if (index % 5 !== 4) continue;
      await writer.part.flush();
      process.stdout.write('safe ' + index + '\\n');
    }`;
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', program], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit');
  let output = '';
  for (const pipe of [child.stdout, child.stderr]) pipe.on('data', (data) => (output += String(data)));
  const lastSafe = (): number => Math.max(from - 1, ...[...output.matchAll(/safe (\d+)\n/g)].map(([, n]) => Number(n)));
  return {
    lastSafe,
    stored: async (index: number) => {
      const deadline = performance.now() + 60_000;
      while (lastSafe() < index) {
        if (child.exitCode !== null || performance.now() > deadline) throw new Error(`nothing is stored: ${output}`);
        await sleep(5);
      }
    },
    kill: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
