import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { firstEventMs, writeInput } from '../../bench/books/write-input.ts';
import { recordsOf } from '../../bench/ingest/records.ts';
import { type Bar, type BarTrades, depthBps } from '../../datasets/market/bar.ts';
import { parseBar } from '../../datasets/market/bar-message.ts';
import { maintainPartitions } from '../../datasets/market/partitions.ts';
import { writeBars } from '../../datasets/market/timeseries.ts';
import { writeRecords } from '../../datasets/market/write.ts';
import { createBatchBuilder } from '../../datasets/market/write-batch.ts';
import { openEmbeddedTimeseries } from '../../stores/embedded/chdb.ts';
import { migrateRelational, migrateTimeseries } from '../../stores/migrate.ts';
import { createRandom, type Random } from '../random.ts';
import { type MeasureOptions, tellBytes, tellCompressed } from './measure-chain.ts';

const tables = join(import.meta.dirname, '..', '..', 'datasets', 'market');
const mergeMs = 1500;
const recordsPerBatch = 3000;

/** Records into PostgreSQL, and bars into ClickHouse, which is part of this process here. */
export async function measureMarket({ stores, meter, folder, tell }: MeasureOptions): Promise<void> {
  const { relational } = stores;
  await migrateRelational(relational, 'market', join(tables, 'relational'));
  const { part: timeseries, stop } = await openEmbeddedTimeseries({ dataDir: join(folder, 'embedded-market') });
  await migrateTimeseries(timeseries, 'market', join(tables, 'timeseries'));
  const random = createRandom(3);
  const from = Math.floor(Date.now() / 60_000) * 60_000 - 600_000;
  for (const [pairs, seconds] of [
    [200, 30],
    [1, 60],
  ] as const) {
    const told = Array.from({ length: seconds }, (_, second) =>
      Array.from({ length: pairs }, (_, pair) => madeUpBar(`COIN${pair}USDT`, from + second * 1000, random)),
    );
    const texts = told.flat().map((bar) => JSON.stringify(bar));
    tell(`${'message of a bar'.padEnd(64)} bytes: ${(texts.join('').length / texts.length).toFixed(0)}`);
    tell(await meter.spend('bar, parsed', texts.length, async () => texts.map((text) => parseBar(JSON.parse(text)))));
    const write = async (): Promise<void> => {
      for (const [at, bars] of told.entries()) await writeBars(timeseries, bars, `${pairs}/${at}`);
      await sleep(mergeMs);
    };
    tell(await meter.spend(`insert of ${pairs} bars and their minutes, store here`, seconds, write));
  }
  await tellCompressed(timeseries, tell, ['market_bars_1s', 'market_bars_1m']);
  await stop();

  await maintainPartitions(relational, { now: firstEventMs, aheadDays: 1, retentionDays: 10_000 });
  const input = await writeInput(folder, { market: 'spot', symbols: 200, seed: 4, messages: 60_000 });
  const records = [...recordsOf(input, firstEventMs + 500)];
  const copy = async (): Promise<void> => {
    for (let at = 0; at < records.length; at += recordsPerBatch) {
      const batch = createBatchBuilder();
      for (const record of records.slice(at, at + recordsPerBatch)) batch.add(record);
      await writeRecords(relational, batch.take());
    }
  };
  tell(await meter.spend('record, by COPY', records.length, copy));
  const [found] = await relational.query<{ bytes: string; rows: string }>(
    `SELECT sum(pg_total_relation_size(inhrelid)) AS bytes, (SELECT count(*) FROM market.records) AS rows
       FROM pg_inherits WHERE inhparent = 'market.records'::regclass`,
  );
  tellBytes(tell, 'PostgreSQL market.records, updates that are not joined', found);
}

/** Digits at random: no real market has so little in common from one second to the next. */
function madeUpBar(symbol: string, timeMs: number, random: Random): Bar {
  const decimal = (digits: number, scale: number): string =>
    (Math.floor(random.next() * 10 ** digits) / 10 ** scale).toFixed(scale);
  const [price, size] = [() => decimal(7, 2), () => decimal(9, 5)];
  const firstId = Math.floor(timeMs / 20);
  const traded: BarTrades = {
    ...{ count: 20, firstId, lastId: firstId + 19, open: price(), high: price(), low: price(), close: price() },
    ...{ volume: size(), quoteVolume: size(), takerBuyVolume: size(), takerBuyQuoteVolume: size() },
  };
  const depths = depthBps.map(() => ({ bid: size(), ask: size(), bidQuote: size(), askQuote: size() }));
  return {
    ...{
      symbol,
      timeMs,
      traded: random.next() < 0.6 ? traded : null,
      isTradesWhole: true,
      isBookWhole: true,
      revision: 1,
    },
    book: { bid: price(), bidSize: size(), ask: price(), askSize: size(), depths },
  };
}
