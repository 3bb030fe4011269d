import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { findBookHistory } from './read-book.ts';
import {
  batchOf,
  buildDepth,
  buildGap,
  buildSnapshot,
  type MarketStore,
  noonMs,
  openMarketStore,
} from './read-fixtures.ts';
import type { Gap, MarketRecord } from './record.ts';
import { writeRecords } from './write.ts';

const secondMs = 1000;
const hourMs = 3_600_000;
let store: MarketStore;
beforeAll(async () => {
  store = await openMarketStore();
});
afterAll(() => store[Symbol.asyncDispose]());
beforeEach(() => store.relational.query('TRUNCATE market.records, market.gaps'));

// Times are seconds after noon by the exchange's clock; ours, where a test tells it apart, is the last argument.
describe(findBookHistory, () => {
  test('sees a gap that lasts, though a checkpoint was written within it', async () => {
    const doubt = buildGap({ reason: 'ticker', fromUpdateId: 101, openedAtMs: at(0) });
    await write([snapshot(100, -1), depth(102, 0.02), checkpoint(102, 0.02, 600)], [doubt]);
    expect(await historyOf(660)).toMatchObject({ gap: { fromUpdateId: 101 } });
  });

  test('sees the gap of a restart behind a checkpoint of a quiet symbol', async () => {
    const restart = buildGap({ reason: 'restart', fromUpdateId: 101, openedAtMs: at(-600) });
    await write([snapshot(100, -3600), depth(101, -600), checkpoint(101, -600, 0)], [restart]);
    expect(await historyOf(3600)).toMatchObject({ start: ['checkpoint', 101], gap: { fromUpdateId: 101 } });
  });

  test('knows no book from the last update before a lost stream on, whenever the loss was noticed', async () => {
    const lost = buildGap({ fromUpdateId: 101, toUpdateId: 500, openedAtMs: at(0), closedAtMs: at(31) });
    await write([snapshot(100, -1), depth(101, 0), snapshot(500, 31)], [lost]);
    expect(await historyOf(20)).toEqual({ start: ['snapshot', 100], depth: [101], gap: lost });
    expect(await historyOf(31)).toEqual({ start: ['snapshot', 500], depth: [], gap: undefined });
  });

  test('takes the newest book by update id where the time of a snapshot is by a clock of ours that is late', async () => {
    const gap = buildGap({ fromUpdateId: 101, toUpdateId: 500, openedAtMs: at(0.05), closedAtMs: at(3) });
    for (const lateMs of [5 * secondMs, hourMs]) {
      await store.relational.query('TRUNCATE market.records, market.gaps');
      await write([checkpoint(100, 0), depth(101, 0.05), snapshot(500, 3 - lateMs / 1000), depth(501, 3.1)], [gap]);
      expect(await historyOf(60)).toEqual({ start: ['snapshot', 500], depth: [501], gap: undefined });
    }
  });

  test('sees a gap that is over by the ids of its rows, whatever our clock said', async () => {
    const gap = buildGap({ fromUpdateId: 101, toUpdateId: 500, openedAtMs: at(0.05), closedAtMs: at(3) });
    await write([checkpoint(100, 0, 3600), depth(101, 0.05, 3600), snapshot(500, 3, 3)], [gap]);
    expect(await historyOf(2.5)).toMatchObject({ start: ['checkpoint', 100], gap: { fromUpdateId: 101 } });
    expect(await historyOf(3.5)).toMatchObject({ start: ['snapshot', 500], gap: undefined });
  });

  test('reads the updates that follow a snapshot by their ids, though our clock was a minute ahead of theirs', async () => {
    await write([snapshot(100, 61), depth(101, 0.5), depth(102, 1.5)]);
    expect(await historyOf(120)).toEqual({ start: ['snapshot', 100], depth: [101, 102], gap: undefined });
  });

  test('follows ids that begin anew, and mixes them with none from before', async () => {
    const before = buildGap({ fromUpdateId: 900_000, toUpdateId: 999_000, openedAtMs: at(-90), closedAtMs: at(-80) });
    const anew = buildGap({ fromUpdateId: 1_000_001, toUpdateId: 50, openedAtMs: at(0), closedAtMs: at(60) });
    await write(
      [checkpoint(1_000_000, -60), depth(1_000_001, 0), snapshot(50, 60), depth(51, 60.1), checkpoint(51, 60.1)],
      [before, anew],
    );
    expect(await historyOf(45)).toEqual({ start: ['checkpoint', 1_000_000], depth: [1_000_001], gap: anew });
    expect(await historyOf(60)).toEqual({ start: ['snapshot', 50], depth: [], gap: undefined });
    expect(await historyOf(61)).toEqual({ start: ['checkpoint', 51], depth: [], gap: undefined });
  });

  test('minds no gap of trades', async () => {
    const trades = buildGap({ stream: 'trades', fromUpdateId: 7, openedAtMs: at(0) });
    await write([snapshot(100, 0), depth(101, 1)], [trades]);
    expect(await historyOf(60)).toMatchObject({ depth: [101], gap: undefined });
  });
});

function at(seconds: number): number {
  return noonMs + seconds * secondMs;
}

function depth(updateId: number, seconds: number, receivedAt = seconds): MarketRecord {
  return buildDepth(updateId, { eventTimeMs: at(seconds), receivedAtMs: at(receivedAt) });
}

function snapshot(updateId: number, seconds: number, receivedAt = seconds): MarketRecord {
  return buildSnapshot(updateId, { eventTimeMs: at(seconds), receivedAtMs: at(receivedAt) });
}

function checkpoint(updateId: number, seconds: number, receivedAt = seconds): MarketRecord {
  return { ...snapshot(updateId, seconds, receivedAt), kind: 'checkpoint' };
}

async function write(records: readonly MarketRecord[], gaps: readonly Gap[] = []): Promise<void> {
  await writeRecords(store.relational, batchOf(records, gaps));
}

async function historyOf(seconds: number) {
  const found = await findBookHistory(store.relational, 'BTCUSDT', at(seconds));
  if (found === undefined) return undefined;
  const ids: number[] = [];
  for await (const record of found.depth(2)) ids.push(record.updateId);
  return { start: [found.start.kind, found.start.updateId], depth: ids, gap: found.gap };
}
