import fc from 'fast-check';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ChainEvent } from '../datasets/chain/changes.ts';
import { type ChainStores, openChainStores } from '../datasets/chain/read-fixtures.ts';
import { type ChainModel, modelOf } from '../datasets/chain/window-model.ts';
import { findStaleWindows } from '../datasets/chain/window-plan.ts';
import { windowSeconds, windowSizes } from '../datasets/chain/window-size.ts';
import { readWindows } from '../datasets/chain/windows.ts';
import { describeError } from '../runtime/errors.ts';
import type { Batch, Bus, Handle } from '../stores/bus.ts';
import type { Timeseries } from '../stores/timeseries.ts';
import { eventsOf, history, logOf, relaying } from './chain-log-fixtures.ts';
import { createChainStream } from './chain-stream.ts';

let stores: ChainStores;
let networks = 0;
beforeAll(async () => {
  stores = await openChainStores();
});
afterAll(() => stores[Symbol.asyncDispose]());

/** Batches as the bus cuts them: how much of the log, from how far back, and where the process is killed in it. */
const deliveries = fc.array(
  fc.record({
    size: fc.integer({ min: 1, max: 15 }),
    back: fc.oneof({ arbitrary: fc.constant(0), weight: 2 }, { arbitrary: fc.nat(12), weight: 1 }),
    crash: fc.option(fc.record({ atInsert: fc.nat(7), isStored: fc.boolean() }), { freq: 2 }),
  }),
  { maxLength: 10 },
);

describe(createChainStream, () => {
  test('ends in what the canonical chain says, whatever relays, cuts and kills make of the way there', async () => {
    await fc.assert(
      fc.asyncProperty(history, relaying, deliveries, async (steps, runs, batches) => {
        const network = `exact_${networks++}`;
        const events = eventsOf(network, steps);
        const log = logOf(events, runs);
        await deliver(network, log, batches);
        const model = modelOf(log);
        // A log with repetitions says the same chain as the outbox.
        expect(numbersOf(model)).toEqual(numbersOf(modelOf(events)));
        expect(await readRaw(network)).toEqual(rawOf(model));
        for (const size of windowSizes) {
          const windows = await readWindows(stores.timeseries, { network, size, from: 0, to: 2 ** 32 - 1 });
          const expected = [...model.windows(windowSeconds[size]).values()].sort((a, b) => a.start - b.start);
          expect(windows.map(({ version: _, ...window }) => window)).toEqual(expected);
        }
      }),
      { numRuns: 10, endOnFailure: true, seed: 5 },
    );
  }, 300_000);
});

async function deliver(
  network: string,
  log: readonly ChainEvent[],
  batches: typeof deliveries extends fc.Arbitrary<infer T> ? T : never,
): Promise<void> {
  const faults: { crash: { atInsert: number; isStored: boolean } | null; isKilled: boolean } = {
    crash: null,
    isKilled: false,
  };
  const timeseries: Timeseries = {
    ...stores.timeseries,
    insert: async (table, rows, options) => {
      const { crash } = faults;
      if (faults.isKilled) throw new Error('killed');
      faults.isKilled = crash !== null && rows.length > 0 && crash.atInsert-- === 0;
      const { isKilled } = faults;
      if (!isKilled || crash?.isStored) await stores.timeseries.insert(table, rows, options);
      if (isKilled) throw new Error('killed');
    },
  };
  let stream = await startStream(timeseries);
  let taken = 0;
  const rest = Array.from({ length: Math.ceil(log.length / 20) }, () => ({ size: 20, back: 0, crash: null }));
  for (const { size, back, crash } of [...batches, ...rest]) {
    const from = Math.max(0, taken - back);
    const messages = log.slice(from, from + size).map((value, at) => ({
      key: network,
      value: JSON.parse(JSON.stringify(value)) as unknown,
      offset: String(from + at),
      timestampMs: 0,
    }));
    if (messages.length === 0) continue;
    faults.crash = crash === null ? null : { ...crash };
    const to = from + messages.length;
    try {
      await stream.handle({ topic: 'chain.blocks', partition: 0, messages, id: `${network}/${from}-${to}` });
      taken = Math.max(taken, to);
    } catch (error) {
      if (!describeError(error).includes('killed')) throw error;
    }
    if (!faults.isKilled) continue;
    // The bus gives it again if it was not acknowledged, to a process that knows nothing of the one before.
    await stream.stop();
    Object.assign(faults, { crash: null, isKilled: false });
    stream = await startStream(timeseries);
  }
  Object.assign(faults, { crash: null, isKilled: false });
  if (taken < log.length) throw new Error('the test did not deliver the whole log');
  await stream.stop();
  stream = await startStream(timeseries);
  for (const size of windowSizes)
    await expect
      .poll(() => findStaleWindows(stores.timeseries, network, size, 100), { timeout: 30_000, interval: 50 })
      .toEqual([]);
  await stream.stop();
}

async function startStream(timeseries: Timeseries): Promise<{ handle: Handle; stop(): Promise<void> }> {
  let handle: Handle = () => Promise.reject(new Error('nobody subscribed'));
  const bus: Bus = {
    publish: () => Promise.reject(new Error('nothing is to be put aside')),
    subscribe: async (_topic, _group, subscriber) => {
      handle = subscriber;
      return Object.assign(async () => {}, { owns: () => true });
    },
    follow: async () => async () => {},
  };
  const { stop } = await createChainStream({
    bus,
    timeseries,
    catalog: { current: () => ({ catalog: { protocols: [] } }) as never, subscribe: () => () => undefined },
    log: pino({ level: 'silent' }),
    metrics: new Registry(),
    paceMs: { minute: 0, hour: 0, day: 0, search: 50 },
  });
  return { handle: (batch: Batch) => handle(batch), stop };
}

function numbersOf({ blocks }: ChainModel): [number, string][] {
  return [...blocks].map(([number, { hash }]): [number, string] => [number, hash]).sort(([a], [b]) => a - b);
}

interface Raw {
  readonly blocks: readonly object[];
  readonly txs: readonly object[];
  readonly logs: readonly object[];
}

async function readRaw(network: string): Promise<Raw> {
  const read = (columns: string, table: string, order: string): Promise<object[]> =>
    stores.timeseries.query(
      `SELECT ${columns} FROM ${table} FINAL WHERE network = {network:String} ORDER BY ${order}`,
      { network },
    );
  return {
    blocks: await read('number, hash, gas_used, tx_count, log_count, seq', 'chain_blocks', 'number'),
    txs: await read('number, tx_index, hash, l1_fee, seq', 'chain_txs', 'number, tx_index'),
    logs: await read('number, log_index, tx_index, seq', 'chain_logs', 'number, log_index'),
  };
}

function rawOf(model: ChainModel): Raw {
  const blocks = [...model.blocks.values()].sort((a, b) => a.number - b.number);
  return {
    blocks: blocks.map(({ number, hash, gasUsed, txs, logs, seq }) => ({
      ...{ number: `${number}`, hash, gas_used: gasUsed, tx_count: txs.length, log_count: logs.length, seq: `${seq}` },
    })),
    txs: blocks.flatMap(({ number, seq, txs }) =>
      txs.map(({ index, hash, l1Fee }) => ({
        number: `${number}`,
        tx_index: index,
        hash,
        l1_fee: l1Fee,
        seq: `${seq}`,
      })),
    ),
    logs: blocks.flatMap(({ number, seq, logs }) =>
      logs.map(({ index, txIndex }) => ({ number: `${number}`, log_index: index, tx_index: txIndex, seq: `${seq}` })),
    ),
  };
}
