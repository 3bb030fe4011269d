import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Registry } from 'prom-client';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { readGaps } from '../datasets/market/gaps.ts';
import { readRecordPage } from '../datasets/market/read.ts';
import { buildDepth, buildGap, buildSnapshot, buildTrade, noonMs } from '../datasets/market/read-fixtures.ts';
import type { Gap } from '../datasets/market/record.ts';
import type { Relational } from '../stores/relational.ts';
import { createRecorder, type Recorder } from './recorder.ts';
import {
  type FrailDatabase,
  openFrailDatabase,
  openTestRecorder,
  type RecorderParts,
  until,
} from './recorder-fixtures.ts';

let database: FrailDatabase;
let dir: string;
const stops: (() => Promise<void>)[] = [];
beforeAll(async () => {
  database = await openFrailDatabase();
});
afterAll(() => database[Symbol.asyncDispose]());
beforeEach(async () => {
  dir = mkdtempSync(path.join(tmpdir(), 'defimon-recorder-'));
  await database.relational.query('TRUNCATE market.records, market.gaps, market.counts');
});
afterEach(async () => {
  database.reconnect();
  for (const stop of stops.splice(0)) await stop();
  rmSync(dir, { recursive: true, force: true });
});

describe(createRecorder, () => {
  test('writes what comes, once each and in order, also from within a flush', async () => {
    const metrics = new Registry();
    const recorder = await open({ metrics });
    for (let id = 1; id <= 250; id++) recorder.record(buildDepth(id));
    recorder.gap(buildGap());
    await recorder.flush();
    for (let id = 251; id <= 300; id++) recorder.record(buildDepth(id));
    await recorder.flush();
    expect(await idsOf('BTCUSDT')).toEqual(range(1, 300));
    expect(await gapsOf('BTCUSDT')).toEqual([buildGap()]);
    expect(await metricOf(metrics, 'records_inserted_total')).toBe(300);
  });

  test('writes after the interval by itself, and adds what it wrote to the counts when it stops', async () => {
    const recorder = await open();
    recorder.record(buildDepth(1));
    await until(async () => (await idsOf('BTCUSDT')).length === 1);
    recorder.record(buildTrade(2));
    await stops.pop()?.();
    expect(await idsOf('BTCUSDT')).toEqual([1, 2]);
    const counts = await database.relational.query('SELECT symbol, kind, rows FROM market.counts ORDER BY kind');
    expect(counts).toEqual([
      { symbol: 'BTCUSDT', kind: 'depth', rows: '1' },
      { symbol: 'BTCUSDT', kind: 'trade', rows: '1' },
    ]);
  });

  test('loses and doubles nothing when the server crashes under load and is back later', async () => {
    const recorder = await open();
    const load = startLoad(recorder);
    await until(() => load.last > 500);
    await database.crash();
    const atCrash = load.last;
    await until(() => recorder.stats().spillBatches > 3 && load.last > atCrash + 1_000);
    await database.start();
    const atRecovery = load.last;
    await until(() => load.last > atRecovery + 500);
    const last = await load.stop();
    await allWritten(recorder);
    expect(recorder.stats().isDropping).toBe(false);
    for (const symbol of loadSymbols) expect(await idsOf(symbol)).toEqual(range(1, last));
  });

  test('loses and doubles nothing when connections break in the middle, again and again', async () => {
    const recorder = await open();
    const load = startLoad(recorder);
    for (let round = 0; round < 10; round++) {
      const from = load.last;
      await until(() => load.last > from + 50);
      database.disconnect();
      await delay(round * 5);
      database.reconnect();
    }
    const last = await load.stop();
    await allWritten(recorder);
    expect(recorder.stats().isDropping).toBe(false);
    for (const symbol of loadSymbols) expect(await idsOf(symbol)).toEqual(range(1, last));
  });

  test('goes to disk when the network says nothing any more, and goes on when it is back', async () => {
    const recorder = await open({ writeTimeoutMs: 300 });
    const load = startLoad(recorder);
    await until(() => load.last > 100);
    database.hang();
    await until(() => recorder.stats().spillBatches > 3);
    database.reconnect();
    const last = await load.stop();
    await allWritten(recorder);
    expect(recorder.stats().isDropping).toBe(false);
    for (const symbol of loadSymbols) expect(await idsOf(symbol)).toEqual(range(1, last));
  });

  test('keeps no connection of a write that it gave up', async () => {
    const metrics = new Registry();
    const recorder = await open({ writeTimeoutMs: 50, metrics });
    const waiting = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
    await database.relational.transaction(async (tx) => {
      await tx.query('LOCK TABLE market.records IN SHARE MODE');
      recorder.record(buildDepth(1));
      await until(async () => (await metricOf(metrics, 'collector_errors_total')) > 4);
      expect((await database.relational.query(waiting)).length).toBeLessThanOrEqual(1);
    });
    await until(async () => (await idsOf('BTCUSDT')).length === 1);
  });

  test('goes to disk when PostgreSQL is slower than what comes', async () => {
    const recorder = await open({ batchSize: 10, bufferSize: 20_000 });
    await database.relational.transaction(async (tx) => {
      await tx.query('LOCK TABLE market.records IN SHARE MODE');
      for (let id = 1; id <= 21_000; id++) recorder.record(buildDepth(id));
      await until(() => recorder.stats().spillBatches > 0);
    });
    await allWritten(recorder);
    expect(await idsOf('BTCUSDT')).toEqual(range(1, 21_000));
  });

  test('drops nothing while there is room on disk, however slow PostgreSQL is and however much comes at once', async () => {
    const relational: Relational = {
      ...database.relational,
      transaction: async (work, options) => {
        await delay(200);
        return database.relational.transaction(work, options);
      },
    };
    const metrics = new Registry();
    const recorder = await open({ relational, metrics, batchSize: 50, bufferSize: 200 });
    // Between two turns of the event loop comes many times what memory may hold.
    for (let id = 1; id <= 20_000; id++) {
      recorder.record(buildDepth(id));
      if (id % 4_000 === 0) await delay(1);
    }
    await until(() => recorder.stats().spillBatches > 0);
    await allWritten(recorder);
    expect(await metricOf(metrics, 'defimon_market_dropped_rows_total')).toBe(0);
    expect(await idsOf('BTCUSDT')).toEqual(range(1, 20_000));
    expect(await gapsOf('BTCUSDT')).toEqual([]);
  });

  test('goes to disk while a write takes long, though little waits', async () => {
    const recorder = await open();
    await database.relational.transaction(async (tx) => {
      await tx.query('LOCK TABLE market.records IN SHARE MODE');
      recorder.record(buildDepth(1));
      await until(() => recorder.stats().spillBatches > 0);
    });
    await allWritten(recorder);
    expect(await idsOf('BTCUSDT')).toEqual([1]);
  });

  test('writes a snapshot together with the end of the gap that it closes', async () => {
    const recorder = await open({ batchSize: 1 });
    const halves: unknown[] = [];
    recorder.gap(buildGap());
    await recorder.flush();
    recorder.record(buildSnapshot(40));
    recorder.gap(buildGap({ toUpdateId: 40, closedAtMs: noonMs + 40 }));
    await until(async () => {
      const [row] = await database.relational.query<{ rows: string; ends: string }>(
        'SELECT (SELECT count(*) FROM market.records) AS rows, (SELECT count(closed_at) FROM market.gaps) AS ends',
      );
      if (row?.rows !== row?.ends) halves.push(row);
      return row?.rows === '1';
    });
    expect(halves).toEqual([]);
  });

  test('ends the gaps of a symbol that was forgotten once it is recorded again', async () => {
    const recorder = await open();
    recorder.record(buildDepth(10));
    recorder.gap(buildGap());
    recorder.gap(buildGap({ stream: 'trades', fromUpdateId: 900 }));
    recorder.gap(buildGap({ symbol: 'ETHUSDT' }));
    recorder.forget('BTCUSDT');
    recorder.record(buildTrade(905));
    recorder.record(buildSnapshot(40));
    recorder.record(buildSnapshot(40, { symbol: 'ETHUSDT' }));
    await recorder.flush();
    const ends = (await gapsOf('BTCUSDT')).map(({ stream, toUpdateId, closedAtMs }) => [
      stream,
      toUpdateId,
      closedAtMs,
    ]);
    expect(ends).toEqual([
      ['book', 40, noonMs + 40],
      ['trades', 905, noonMs + 905],
    ]);
    // Whoever records it ends it.
    expect(await gapsOf('ETHUSDT')).toMatchObject([{ toUpdateId: null }]);
  });

  test('tells the newest place where ids began anew, though it waits on disk', async () => {
    const recorder = await open();
    recorder.record(buildDepth(5_000));
    await recorder.flush();
    database.disconnect();
    recorder.record(buildSnapshot(7, { eventTimeMs: noonMs + 6_000 }));
    await stops.pop()?.();
    database.reconnect();
    const next = await open();
    const place = { updateId: 7, eventTimeMs: noonMs + 6_000 };
    expect((await next.loadLastRecorded(['BTCUSDT'])).get('BTCUSDT')).toEqual(place);
    await until(() => !next.stats().isSpilling);
    expect((await next.loadLastRecorded(['BTCUSDT'])).get('BTCUSDT')).toEqual(place);
  });

  test('leaves on disk what PostgreSQL does not take when it stops, for the next one', async () => {
    const recorder = await open();
    recorder.record(buildDepth(1));
    await recorder.flush();
    database.disconnect();
    recorder.record(buildDepth(2));
    recorder.gap(buildGap());
    await stops.pop()?.();
    database.reconnect();
    const next = await open();
    next.record(buildDepth(3));
    await next.flush();
    await until(() => !next.stats().isSpilling);
    expect(await idsOf('BTCUSDT')).toEqual([1, 2, 3]);
    expect(await gapsOf('BTCUSDT')).toEqual([buildGap()]);
  });

  test('tells where the earlier one was, disk included, and closes the gaps that it left open', async () => {
    const recorder = await open();
    recorder.record(buildDepth(1));
    recorder.record(buildDepth(5, { symbol: 'ETHUSDT' }));
    recorder.gap(buildGap());
    await recorder.flush();
    database.disconnect();
    recorder.record(buildDepth(2));
    recorder.record(buildTrade(900));
    recorder.gap(buildGap({ symbol: 'ETHUSDT', fromUpdateId: 5 }));
    await stops.pop()?.();
    database.reconnect();
    const next = await open();
    expect(await next.loadLastRecorded(['BTCUSDT', 'ETHUSDT', 'NEWUSDT'])).toEqual(
      new Map([
        ['BTCUSDT', { updateId: 2, eventTimeMs: noonMs + 2 }],
        ['ETHUSDT', { updateId: 5, eventTimeMs: noonMs + 5 }],
      ]),
    );
    next.record(buildSnapshot(40));
    next.record(buildSnapshot(50, { symbol: 'ETHUSDT' }));
    await next.flush();
    await until(() => !next.stats().isSpilling);
    expect(await gapsOf('BTCUSDT')).toMatchObject([{ fromUpdateId: 10, toUpdateId: 40 }]);
    expect(await gapsOf('ETHUSDT')).toMatchObject([{ fromUpdateId: 5, toUpdateId: 50 }]);
  });

  test('drops the newest when memory and disk are full, and has a gap of each symbol on record', async () => {
    const wanted: string[][] = [];
    const metrics = new Registry();
    const recorder = await open({
      ...{ batchSize: 10, bufferSize: 50, spillMB: 0.05, metrics },
      wantCheckpoints: (symbols) => wanted.push([...symbols].sort()),
    });
    database.disconnect();
    const load = startLoad(recorder);
    await until(() => recorder.stats().isDropping);
    await expectNotOk();
    const last = await load.stop();
    recorder.gap(buildGap({ symbol: 'ETHUSDT' }));
    database.reconnect();
    await until(async () => {
      await recorder.flush();
      return !recorder.stats().isDropping && !recorder.stats().isSpilling;
    });
    expect(wanted.at(-1)).toEqual([...loadSymbols].sort());
    for (const symbol of loadSymbols) {
      const ids = await idsOf(symbol);
      const end = ids.at(-1) ?? 0;
      expect(ids).toEqual(range(1, end));
      expect(end).toBeLessThan(last);
      expect(await gapsOf(symbol)).toMatchObject([{ reason: 'spill', fromUpdateId: end, toUpdateId: null }]);
      recorder.record(buildSnapshot(last + 10, { symbol, kind: 'checkpoint' }));
    }
    await recorder.flush();
    for (const symbol of loadSymbols) {
      const [gap] = await gapsOf(symbol);
      expect(gap).toMatchObject({ toUpdateId: last + 10, detail: expect.stringMatching(/ records lost$/) });
    }
    // That of the collector itself was not lost with the records that it came with.
    expect(await gapsOf('ETHUSDT')).toMatchObject([{ reason: 'sequence' }]);
    const kept = await database.relational.query('SELECT FROM market.records');
    const dropped = await metricOf(metrics, 'defimon_market_dropped_rows_total');
    expect(dropped).toBe((last + 1) * loadSymbols.length - kept.length);
  });

  test('writes straight from memory when the folder for the disk fails', async () => {
    const recorder = await open();
    rmSync(dir, { recursive: true });
    database.disconnect();
    for (let id = 1; id <= 500; id++) recorder.record(buildDepth(id));
    await until(() => recorder.stats().isSpilling);
    database.reconnect();
    await until(() => !recorder.stats().isSpilling);
    expect(await idsOf('BTCUSDT')).toEqual(range(1, 500));
    mkdirSync(dir);
  });

  test.runIf(canMount())('takes a full disk for a full queue', async () => {
    execFileSync('/bin/mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', dir]);
    try {
      const recorder = await open({ batchSize: 10, bufferSize: 50 });
      database.disconnect();
      const load = startLoad(recorder);
      await until(() => recorder.stats().isDropping);
      const last = await load.stop();
      database.reconnect();
      await until(async () => {
        await recorder.flush();
        return !recorder.stats().isDropping && !recorder.stats().isSpilling;
      });
      for (const symbol of loadSymbols) {
        const ids = await idsOf(symbol);
        const end = ids.at(-1) ?? 0;
        expect(ids).toEqual(range(1, end));
        expect(end).toBeLessThan(last);
        expect(await gapsOf(symbol)).toMatchObject([{ reason: 'spill', fromUpdateId: end }]);
      }
      await stops.pop()?.();
    } finally {
      execFileSync('/bin/umount', [dir]);
    }
  });

  test('puts aside what PostgreSQL refuses for good, writes the rest, and wants a checkpoint of a book that misses an update', async () => {
    const wanted: (readonly string[])[] = [];
    const recorder = await open({ wantCheckpoints: (symbols) => wanted.push(symbols) });
    for (let id = 1; id <= 60; id++) {
      recorder.record(buildDepth(id, id === 33 ? { bids: '[["1","2"]' } : {}));
      recorder.record(buildTrade(id, { symbol: 'ETHUSDT', ...(id === 7 ? { price: 'NUL\0' } : {}) }));
    }
    recorder.gap(buildGap({ symbol: 'SOLUSDT', openedAtMs: Number.NaN }));
    recorder.gap(buildGap({ symbol: 'ETHUSDT' }));
    await flushToStore(recorder);
    expect(await idsOf('BTCUSDT')).toEqual(range(1, 60).filter((id) => id !== 33));
    expect(await idsOf('ETHUSDT')).toEqual(range(1, 60).filter((id) => id !== 7));
    expect(await gapsOf('ETHUSDT')).toHaveLength(1);
    const lines = readFileSync(path.join(dir, 'refused.ndjson'), 'utf8').trim().split('\n');
    const refused = lines
      .map((line): { reason: string } => JSON.parse(line))
      .sort((a, b) => (a.reason < b.reason ? -1 : 1));
    expect(refused).toEqual([
      { at: expect.any(String), reason: expect.stringContaining('Invalid time'), what: expect.anything() },
      { at: expect.any(String), reason: expect.stringContaining('22021'), what: expect.stringContaining('NUL') },
      { at: expect.any(String), reason: expect.stringContaining('22P02'), what: expect.stringContaining('[["1","2"]') },
    ]);
    expect(wanted).toEqual([['BTCUSDT']]);
    recorder.record(buildSnapshot(70, { kind: 'checkpoint' }));
    await flushToStore(recorder);
    const gap = {
      reason: 'garbage',
      fromUpdateId: 32,
      toUpdateId: 70,
      openedAtMs: noonMs + 33,
      closedAtMs: noonMs + 70,
    };
    expect(await gapsOf('BTCUSDT')).toMatchObject([gap]);
  });

  test('blames no record for a table that is missing, and waits for it', async () => {
    const recorder = await open();
    await database.relational.query('ALTER TABLE market.records RENAME TO elsewhere');
    for (let id = 1; id <= 500; id++) recorder.record(buildDepth(id));
    await until(() => recorder.stats().spillBatches > 0);
    await database.relational.query('ALTER TABLE market.elsewhere RENAME TO records');
    await until(() => !recorder.stats().isSpilling);
    expect(await idsOf('BTCUSDT')).toEqual(range(1, 500));
    expect(readdirSync(dir)).not.toContain('refused.ndjson');
  });

  test('has on record that a damaged batch on disk may have held records of every symbol', async () => {
    const recorder = await open();
    for (const symbol of ['BTCUSDT', 'ETHUSDT']) recorder.record(buildDepth(1, { symbol }));
    await recorder.flush();
    database.disconnect();
    for (let id = 2; id <= 4; id++) {
      recorder.record(buildDepth(id));
      await recorder.flush();
    }
    await stops.pop()?.();
    database.reconnect();
    const [, second] = readdirSync(dir)
      .filter((name) => name.endsWith('.batch'))
      .sort();
    const file = path.join(dir, second ?? '');
    writeFileSync(file, readFileSync(file).subarray(0, -3));
    const wanted: (readonly string[])[] = [];
    const next = await open({ wantCheckpoints: (symbols) => wanted.push(symbols) });
    await next.loadLastRecorded(['BTCUSDT', 'ETHUSDT']);
    await until(() => !next.stats().isSpilling);
    await next.flush();
    expect(await idsOf('BTCUSDT')).toEqual([1, 2, 4]);
    expect(wanted).toEqual([['BTCUSDT', 'ETHUSDT']]);
    for (const symbol of ['BTCUSDT', 'ETHUSDT']) {
      expect(await gapsOf(symbol)).toMatchObject([{ reason: 'spill', fromUpdateId: 1, toUpdateId: null }]);
    }
  });
});

const loadSymbols = ['BTCUSDT', 'SOLUSDT', 'XRPUSDT'];

async function open(parts: Partial<RecorderParts> = {}): Promise<Recorder> {
  const opened = await openTestRecorder({ relational: database.relational, dir, ...parts });
  stops.push(opened.stop);
  health = opened.health;
  return opened.part;
}

let health: Awaited<ReturnType<typeof openTestRecorder>>['health'];

/** A database that takes its time, as on a busy machine, leaves what waits to the disk first. */
async function flushToStore(recorder: Recorder): Promise<void> {
  await recorder.flush();
  await until(() => !recorder.stats().isSpilling);
}

async function expectNotOk(): Promise<void> {
  expect(await health()).toMatchObject({ ok: false });
}

/** Records ids 1, 2, … of every symbol, some each millisecond, until stopped: then tells the last. */
function startLoad(recorder: Recorder): { readonly last: number; stop(): Promise<number> } {
  let last = 0;
  let isOn = true;
  const run = async (): Promise<number> => {
    for (; isOn; await delay(1)) {
      for (let some = 0; some < 2; some++) {
        last += 1;
        for (const symbol of loadSymbols) recorder.record(buildDepth(last, { symbol }));
      }
    }
    return last;
  };
  const done = run();
  return {
    get last() {
      return last;
    },
    stop: () => {
      isOn = false;
      return done;
    },
  };
}

async function allWritten(recorder: Recorder): Promise<void> {
  await recorder.flush();
  await until(() => !recorder.stats().isSpilling);
}

async function idsOf(symbol: string): Promise<number[]> {
  const records = await readRecordPage(database.relational, {
    ...{ symbol, fromMs: 0, toMs: noonMs * 2, limit: 1_000_000 },
    kinds: ['depth', 'trade'],
    order: 'oldest first',
  });
  return records.map((record) => record.updateId);
}

function gapsOf(symbol: string): Promise<Gap[]> {
  return readGaps(database.relational, { symbol, fromMs: 0, toMs: noonMs * 2, limit: 100 });
}

async function metricOf(registry: Registry, name: string): Promise<number> {
  const metric = await registry.getSingleMetric(name)?.get();
  return metric?.values.reduce((sum, { value }) => sum + value, 0) ?? Number.NaN;
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, at) => from + at);
}

function canMount(): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
  const at = mkdtempSync(path.join(tmpdir(), 'defimon-mount-'));
  try {
    execFileSync('/bin/mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', at], { stdio: 'ignore' });
    execFileSync('/bin/umount', [at], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  } finally {
    rmSync(at, { recursive: true, force: true });
  }
}
