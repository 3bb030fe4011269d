import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { loadCatalog } from '../../../catalog/load.ts';
import { openKafkaBus } from '../../stores/networked/kafka.ts';
import { type Aim, renderAims } from '../aims.ts';
import type { Bench, Case, Subject } from '../bench.ts';
import type { CaseReport } from '../harness.ts';
import type { ConsumeSettings } from './consume.ts';
import { type FlowName, flows } from './flows.ts';
import type { StreamInput } from './input.ts';
import { barMessages, chainMessages, type Published } from './messages.ts';
import { startServers } from './servers.ts';

const unit = 'rows/s';
const share = 0.7;

const subjects: readonly Subject[] = [
  {
    name: 'ours',
    role: 'ours',
    summary:
      'the part of stream-processor: from subscribing until the last message is acknowledged; windows of chains and minutes of bars follow at a pace, meanwhile and after',
    module: new URL('ours.ts', import.meta.url),
  },
  {
    name: 'insert',
    role: 'limit',
    summary:
      'the limit of the store: the same rows in the same batches and format, made already, by @clickhouse/client',
    module: new URL('insert.ts', import.meta.url),
  },
  {
    name: 'parse',
    role: 'peer',
    summary: 'the limit of the client: a bare consumer of kafkajs that counts rows by JSON.parse, and stores nothing',
    module: new URL('consume.ts', import.meta.url),
    settings: { parses: true } satisfies ConsumeSettings,
  },
  {
    name: 'fetch',
    role: 'peer',
    summary: 'the same, which counts messages without a look into them',
    module: new URL('consume.ts', import.meta.url),
    settings: { parses: false } satisfies ConsumeSettings,
  },
  {
    name: 'rows-alone',
    role: 'peer',
    summary: 'ours without what is made of the rows: no marks and no windows of chains, no minutes of bars',
    module: new URL('rows-alone.ts', import.meta.url),
  },
];

const summaries: Readonly<Record<FlowName, string>> = {
  chain: 'chain.blocks: blocks, transactions and logs of many networks, and marks of what windows they touch',
  bars: 'market.bars: seconds of many symbols, and the minutes of each',
};
const flowNames: readonly FlowName[] = ['chain', 'bars'];
const messagesAtOnce = 500;

export const bench: Bench = {
  name: 'stream',
  summary: 'From Kafka into ClickHouse: how fast what has piled up on the bus is caught up with.',
  sizes: {
    networks: { value: 20, meaning: 'networks, on the 12 partitions of the topic' },
    blocks: { value: 20_000, meaning: 'blocks of all of them together' },
    txs: { value: 10, meaning: 'transactions in each' },
    logs: { value: 2, meaning: 'logs of each transaction' },
    symbols: { value: 200, meaning: 'symbols, on the 6 partitions of the topic' },
    seconds: { value: 1200, meaning: 'bars of each' },
  },
  cases: flowNames.map(
    (name): Case => ({ name, summary: summaries[name], things: 'rows', cpuPer: 1_000_000, subjects }),
  ),
  open: async ({ networks = 0, blocks = 0, txs = 0, logs = 0, symbols = 0, seconds = 0 }, log) => {
    await using opened = new AsyncDisposableStack();
    const folder = mkdtempSync(join(tmpdir(), 'bench-stream-'));
    opened.defer(() => rmSync(folder, { recursive: true, force: true }));
    const catalog = loadCatalog(fileURLToPath(new URL('../../../catalog', import.meta.url)));
    const catalogFile = join(folder, 'catalog.json');
    writeFileSync(catalogFile, JSON.stringify(catalog));
    const servers = await startServers(folder);
    opened.defer(servers.close);
    const { brokers, clickhouseUrl, pids } = servers;
    const messagesOf: Readonly<Record<FlowName, () => Iterable<Published>>> = {
      chain: () => chainMessages(catalog, { networks, blocks, txs, logs }),
      bars: () => barMessages({ symbols, seconds }),
    };
    const closing = opened.move();
    return {
      inputOf: async (name) => {
        const flow = flowNames.find((known) => known === name);
        if (flow === undefined) throw new Error(`There is no case ${name}.`);
        log(`${name}: publishing`);
        const counts = await publish(brokers, catalog.topics, flow, messagesOf[flow]());
        log(`${name}: ${counts.messages} messages of ${counts.rows} rows are published`);
        const input: StreamInput = { flow, brokers, clickhouseUrl, catalog: catalogFile, ...counts };
        return { input, servers: pids };
      },
      close: () => closing.disposeAsync(),
    };
  },
  conclude: (reports) => renderAims(reports, reports.map(aimOf)),
};

/** The slower limit bounds us, whichever it is. */
function aimOf({ case: { name }, results }: CaseReport): Aim {
  const limits = results.filter((result) => result.unit === unit && ['insert', 'parse'].includes(result.subject));
  const slower = limits.toSorted((a, b) => a.median - b.median)[0]?.subject ?? 'insert';
  return { case: name, unit, subject: 'ours', over: slower, atLeast: share };
}

async function publish(
  brokers: readonly string[],
  topics: ReturnType<typeof loadCatalog>['topics'],
  flow: FlowName,
  published: Iterable<Published>,
): Promise<{ messages: number; rows: number }> {
  const { topic, countRows } = flows[flow];
  const { part: bus, stop } = await openKafkaBus({
    kafka: { brokers, tls: false, createsTopics: true },
    topics: () => topics,
    log: pino({ level: 'silent' }),
  });
  const counts = { messages: 0, rows: 0 };
  let waiting: Published[] = [];
  const send = async (): Promise<void> => {
    const sending = waiting;
    waiting = [];
    await bus.publish(topic, sending);
  };
  for (const message of published) {
    waiting.push(message);
    counts.messages += 1;
    counts.rows += countRows(message.value);
    if (waiting.length >= messagesAtOnce) await send();
  }
  await send();
  await stop();
  return counts;
}
