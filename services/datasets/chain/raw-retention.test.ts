import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BlockAppended, ChainEvent } from './changes.ts';
import { findProtocolWindowsBehind } from './protocol-behind.ts';
import { protocolsOn } from './protocol-fixtures.ts';
import { keepRawFor, rawKeptFrom, readGoneTo } from './raw-retention.ts';
import { buildBlock, type ChainStores, openChainStores } from './read-fixtures.ts';
import { processChanges, recomputeStale } from './span-fixtures.ts';
import { writeChainEvents } from './timeseries.ts';
import { markTouched } from './touched-minutes.ts';
import { modelOf } from './window-model.ts';
import { findStaleWindows, planWindows } from './window-plan.ts';
import { windowSeconds, windowSizes } from './window-size.ts';
import { readWindows, recomputeWindows } from './windows.ts';

const day = 86_400;
/** A Monday at midnight: where a fortnight ends. */
const boundary = Date.UTC(2026, 0, 19) / 1000;
let stores: ChainStores;
let networks = 0;
beforeAll(async () => {
  stores = await openChainStores();
});
afterAll(() => stores[Symbol.asyncDispose]());

describe(rawKeptFrom, () => {
  test('is within what is kept, and not before what is gone', () => {
    expect(rawKeptFrom(undefined, boundary * 1000)).toBe(0);
    expect(rawKeptFrom(31, boundary * 1000)).toBe(boundary - 30 * day);
    expect(rawKeptFrom(31, boundary * 1000, boundary - 5)).toBe(boundary - 5);
    expect(rawKeptFrom(undefined, boundary * 1000, 7)).toBe(7);
  });
});

describe(keepRawFor, () => {
  test('drops what is older, and never what was computed of it', async () => {
    const { timeseries } = stores;
    const network = `retention_${networks++}`;
    const now = Math.floor(Date.now() / 1000);
    const events = chainOf(network, [now - 200 * day, 10, 100 * day, 60 * day, 39 * day]);
    await processChanges(timeseries, [...events, finalOf(network, 6, 0, 4, (now - 199 * day) * 1000)]);
    const before = await readMinutes(network);
    const times = async (table: string): Promise<number> =>
      (await timeseries.query(`SELECT * FROM ${table} FINAL WHERE network = {network:String}`, { network })).length;

    expect(await keepRawFor(timeseries, 50, now * 1000)).toHaveLength(5);
    // Blocks of a chain with a clock of its own, far from any other; its times must not begin again in 1970.
    await writeChainEvents(timeseries, chainOf('far', [2 ** 32 - 2]));
    for (const table of tables) await timeseries.command(`OPTIMIZE TABLE ${table} FINAL`);
    await expect.poll(() => times('chain_blocks'), { timeout: 60_000 }).toBe(2);
    expect([await times('chain_txs'), await times('chain_logs'), await times('chain_finality')]).toEqual([2, 2, 0]);
    expect(await times('chain_touched')).toBe(2);
    expect(await readMinutes(network)).toEqual(before);
    expect(await timeseries.query(`SELECT number FROM chain_blocks FINAL WHERE network = 'far'`)).toHaveLength(1);

    expect(await keepRawFor(timeseries, 50, now * 1000)).toEqual([]);
    expect(await readGoneTo(timeseries)).toBe(0);
    // Longer: what went is gone.
    await Promise.all([keepRawFor(timeseries, 400, now * 1000), keepRawFor(timeseries, 400, now * 1000)]);
    expect(await readGoneTo(timeseries)).toBe(now - 49 * day);
    expect(await keepRawFor(timeseries, undefined, now * 1000)).toHaveLength(5);
    expect(await readGoneTo(timeseries)).toBe(now - 49 * day);
    expect(await keepRawFor(timeseries, undefined, now * 1000)).toEqual([]);
  }, 120_000);

  test('has all parts of a fortnight go at once, and blocks before what is of them', async () => {
    const { timeseries } = stores;
    const network = `together_${networks++}`;
    await keepRawFor(timeseries, 10_000, boundary * 1000);
    for (const event of chainOf(network, [boundary, 13 * day])) await processChanges(timeseries, [event]);
    await writeChainEvents(timeseries, [finalOf(network, 3, 0, 1, (boundary + 13 * day) * 1000)]);
    const rows = await timeseries.query<{ table: string; ends: number[] }>(
      `SELECT table, arraySort(groupUniqArray(toUnixTimestamp(delete_ttl_info_max))) AS ends FROM system.parts
        WHERE database = currentDatabase() AND active AND partition = '2026-01-19' GROUP BY table`,
    );
    await keepRawFor(timeseries, undefined, boundary * 1000);
    const end = boundary + (14 + 10_000) * day;
    expect(new Map(rows.map(({ table, ends }) => [table, ends]))).toEqual(
      new Map(tables.toSorted().map((table) => [table, [table === 'chain_blocks' ? end : end + day]])),
    );
  });

  test('lets a block go before its successor of another fortnight, at every moment', async () => {
    const { timeseries } = stores;
    const kept: { network: string; blocks: object[] }[] = [];
    const history = fc.array(fc.record({ retract: fc.nat(3), append: fc.array(fc.nat(200), { maxLength: 3 }) }), {
      minLength: 1,
      maxLength: 6,
    });
    await fc.assert(
      fc.asyncProperty(history, async (steps) => {
        const network = `boundary_${networks++}`;
        const events = acrossBoundary(network, steps);
        // Each change by itself: at no moment do two blocks of a height stand in the two fortnights.
        for (const [at, event] of events.entries()) {
          await writeChainEvents(timeseries, [event]);
          const canonical = modelBlocks(events.slice(0, at + 1));
          expect(await readBlocks(network)).toEqual(canonical);
          const after = canonical.filter(({ timestamp }) => timestamp >= boundary);
          expect(await readBlocks(network, `timestamp >= toDateTime(${boundary})`)).toEqual(after);
        }
        await markTouched(timeseries, events);
        await recomputeStale(timeseries, network);
        for (const size of windowSizes)
          expect(
            (await readWindows(timeseries, { network, size, from: 0, to: 2 ** 32 - 1 })).map(
              ({ version: _, ...window }) => window,
            ),
          ).toEqual([...modelOf(events).windows(windowSeconds[size]).values()].sort((a, b) => a.start - b.start));
        kept.push({ network, blocks: modelBlocks(events).filter(({ timestamp }) => timestamp >= boundary) });
      }),
      { numRuns: 4, seed: 9 },
    );
    // What a TTL does to the older fortnight.
    for (const table of tables.slice(0, 3))
      await timeseries.command(
        `ALTER TABLE ${table} DELETE WHERE network LIKE 'boundary%' AND timestamp < toDateTime(${boundary}) SETTINGS mutations_sync = 2`,
      );
    for (const { network, blocks } of kept) expect(await readBlocks(network)).toEqual(blocks);
  }, 240_000);
});

describe('windows of which raw rows may be gone', () => {
  test('stay as they are, whatever touches them', async () => {
    const { timeseries } = stores;
    const network = `guarded_${networks++}`;
    const events = chainOf(network, [boundary + 30, 10, 3600, 2 * day]);
    await processChanges(timeseries, events);
    const before = await readMinutes(network);
    const days = await readWindows(timeseries, { network, size: 'day', from: 0, to: 2 ** 32 - 1 });
    await timeseries.command(
      `ALTER TABLE chain_blocks DELETE WHERE network = '${network}' AND number < 2 SETTINGS mutations_sync = 2`,
    );
    const late: ChainEvent[] = events
      .slice(0, 3)
      .map((event, at) => ({ ...event, seq: events.length + 1 + at, hash: `0x${'f'.repeat(64)}` }));
    // In the middle of the day: the hour of the third block is whole, and its day is not.
    const keptFrom = boundary + 3600;
    await writeChainEvents(timeseries, late);
    const [touched] = await markTouched(timeseries, late, keptFrom);
    expect(touched).toMatchObject({ tooOld: 1, starts: [boundary + 3600, boundary + 2 * day + 3600] });
    expect(await findStaleWindows(timeseries, network, 'minute', 10, keptFrom)).toEqual(touched?.starts.toReversed());
    expect(await findStaleWindows(timeseries, network, 'day', 10, keptFrom)).toEqual([boundary + 2 * day]);
    for (const size of windowSizes) {
      const seconds = windowSeconds[size];
      const starts = [boundary, boundary + 3600, boundary + 2 * day].map((at) => at - (at % seconds));
      const plan = await planWindows(timeseries, network, size, starts, keptFrom);
      expect(plan.starts.every((at) => at >= keptFrom)).toBe(true);
      await recomputeWindows(timeseries, plan);
    }
    expect((await readMinutes(network))[0]).toEqual(before[0]);
    expect((await readWindows(timeseries, { network, size: 'day', from: 0, to: 2 ** 32 - 1 }))[0]).toEqual(days[0]);

    const behind = async (size: 'minute' | 'day', from: number): Promise<number[]> =>
      (await findProtocolWindowsBehind(timeseries, protocolsOn(network), network, size, 100, from)).map(
        ({ start }) => start,
      );
    expect(await behind('minute', keptFrom)).toEqual([boundary + 2 * day + 3600, boundary + 3600]);
    expect(await behind('day', keptFrom)).toEqual([boundary + 2 * day]);
    expect(await behind('day', 0)).toEqual([boundary + 2 * day, boundary]);
  }, 60_000);
});

describe(writeChainEvents, () => {
  // Last, as all else would look into each of these partitions.
  test('takes blocks of any times at once, and the same batch once', async () => {
    const { timeseries } = stores;
    const network = `ages_${networks++}`;
    const events = chainOf(network, [0, ...Array.from({ length: 150 }, () => 20 * day)]);
    for (const _ of ['once', 'again']) await writeChainEvents(timeseries, events, 'a batch');
    for (const table of tables.slice(0, 3))
      expect(
        await timeseries.query(
          `SELECT toUInt32(count()) AS n, uniqExact(_partition_id) > 140 AS apart FROM ${table} WHERE network = {network:String}`,
          { network },
        ),
      ).toEqual([{ n: 151, apart: 1 }]);
  });
});

const tables = ['chain_blocks', 'chain_txs', 'chain_logs', 'chain_finality', 'chain_touched'];

async function readMinutes(network: string): Promise<object[]> {
  return readWindows(stores.timeseries, { network, size: 'minute', from: 0, to: 2 ** 32 - 1 });
}

async function readBlocks(network: string, where = 'true'): Promise<object[]> {
  return stores.timeseries.query(
    `SELECT toUInt32(number) AS number, hash, toUnixTimestamp(timestamp) AS timestamp FROM chain_blocks FINAL
      WHERE network = {network:String} AND ${where} ORDER BY number`,
    { network },
  );
}

/** One block after the other, each so many seconds after the one before. */
function chainOf(network: string, after: readonly number[]): BlockAppended[] {
  let timestamp = 0;
  return after.map((seconds, number) => {
    timestamp += seconds;
    return appendedOf(network, number + 1, number, timestamp);
  });
}

function appendedOf(network: string, seq: number, number: number, timestamp: number): BlockAppended {
  const block = buildBlock({ number, timestamp, salt: seq, txs: [{ logCount: 1 }] });
  const { hash, gasLimit, gasUsed, baseFeePerGas, logs } = block;
  const txs = block.txs.map(({ from: sender, to: recipient, ...tx }) => ({ ...tx, sender, recipient }));
  return { kind: 'appended', network, seq, number, hash, timestamp, gasLimit, gasUsed, baseFeePerGas, txs, logs };
}

function finalOf(network: string, seq: number, fromNumber: number, number: number, observedAtMs: number): ChainEvent {
  return { kind: 'finalized', network, seq, number, fromNumber, observedAtMs };
}

/** A chain that is about to enter another fortnight and is reorganised there, so that blocks of a height are on both sides. */
function acrossBoundary(
  network: string,
  steps: readonly { readonly retract: number; readonly append: readonly number[] }[],
): ChainEvent[] {
  const events: ChainEvent[] = [];
  const chain: BlockAppended[] = [];
  const append = (timestamp: number): void => {
    const block = appendedOf(network, events.length + 1, (chain.at(-1)?.number ?? 6) + 1, timestamp);
    chain.push(block);
    events.push(block);
  };
  append(boundary - 150);
  for (const step of steps) {
    for (let gone = 0; gone < step.retract && chain.length > 1; gone++) {
      const { number, hash, timestamp, txs, logs } = chain.pop() as BlockAppended;
      const counts = { txCount: txs.length, logCount: logs.length };
      events.push({ kind: 'retracted', network, seq: events.length + 1, number, hash, timestamp, ...counts });
    }
    for (const after of step.append) append((chain.at(-1)?.timestamp ?? boundary) + after);
  }
  return events;
}

function modelBlocks(events: readonly ChainEvent[]): { number: number; hash: string; timestamp: number }[] {
  const blocks = new Map<number, { number: number; hash: string; timestamp: number }>();
  for (const event of events) {
    if (event.kind === 'appended') {
      const { number, hash, timestamp } = event;
      blocks.set(number, { number, hash, timestamp });
    } else if (event.kind === 'retracted') blocks.delete(event.number);
  }
  return [...blocks.values()].sort((a, b) => a.number - b.number);
}
