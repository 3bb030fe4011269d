import { Readable } from 'node:stream';
import { type ClickHouseClient, createClient } from '@clickhouse/client';
import type { Timeseries } from '../../stores/timeseries.ts';
import { insertBody, insertStatement, timeseriesSettings } from '../../stores/timeseries-clickhouse.ts';
import type { RunContext, Work } from '../bench.ts';
import { flows } from './flows.ts';
import type { StreamInput } from './input.ts';
import { openSource } from './source.ts';
import { openStore } from './store.ts';

/** As many as the bus gives ours. */
const atOnce = 3;
const bodyChunkBytes = 256 * 1024;

interface Insert {
  readonly statement: string;
  readonly body: Buffer;
}

/**
 * The limit of the store: the same rows in the same batches and the same format, made before the stopwatch, by ClickHouse's own
 * client, into the same tables, and nothing else. Like ours it goes on once the store says that a batch is stored.
 */
export async function open(context: RunContext): Promise<Work> {
  const input = context.input as StreamInput;
  const store = await openStore(input);
  const batches = await prepare(input);
  const client = createClient({ url: input.clickhouseUrl, clickhouse_settings: timeseriesSettings });
  return {
    run: async () => {
      const left = batches.values();
      await Promise.all(Array.from({ length: atOnce }, () => insertAll(client, left)));
      return input.rows;
    },
    rows: store.lines,
    close: async () => {
      await client.close();
      await store.close();
    },
  };
}

async function insertAll(client: ClickHouseClient, batches: Iterable<readonly Insert[]>): Promise<void> {
  for (const batch of batches) {
    for (const { statement, body } of batch) {
      const values = Readable.from(chunksOf(body), { objectMode: false });
      // `insert` would make JSON of what is JSON already.
      const { stream } = await client.exec({ query: statement, values });
      for await (const _ of stream);
    }
  }
}

function* chunksOf(body: Buffer): Generator<Buffer> {
  for (let at = 0; at < body.length; at += bodyChunkBytes) yield body.subarray(at, at + bodyChunkBytes);
}

/** Takes the topic through the bus, with a store that keeps what it would have been sent. */
async function prepare(input: StreamInput): Promise<(readonly Insert[])[]> {
  const { topic, store } = flows[input.flow];
  const { bus, handled, close } = await openSource(input);
  const batches: Insert[][] = [];
  await bus.subscribe(topic, 'bench.insert', async ({ messages, id }) => {
    const batch: Insert[] = [];
    const timeseries: Timeseries = {
      query: () => Promise.reject(new Error('nothing is stored here')),
      command: () => Promise.reject(new Error('nothing is stored here')),
      insert: async (table, rows, options) => {
        // A name would have the store look for what it has already.
        const { token: _, ...unnamed } = options ?? {};
        batch.push({ statement: insertStatement(table, unnamed), body: Buffer.concat([...insertBody(rows)]) });
      },
    };
    const values = messages.map(({ value }) => value);
    await store(timeseries, values, id);
    batches.push(batch);
  });
  await handled;
  await close();
  return batches;
}
