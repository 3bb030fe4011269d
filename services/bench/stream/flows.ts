import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import type { Catalog } from '../../../catalog/schema/catalog.ts';
import { type BlockAppended, chainTopic } from '../../datasets/chain/changes.ts';
import { parseChainEvent } from '../../datasets/chain/parse-event.ts';
import { writeChainEvents } from '../../datasets/chain/timeseries.ts';
import type { Bar } from '../../datasets/market/bar.ts';
import { barsTopic, parseBar } from '../../datasets/market/bar-message.ts';
import { writeSeconds } from '../../datasets/market/timeseries.ts';
import type { Bus } from '../../stores/bus.ts';
import type { Timeseries } from '../../stores/timeseries.ts';
import { createChainStream } from '../../stream-processor/chain-stream.ts';
import { createMarketStream } from '../../stream-processor/market-stream.ts';

/** What goes from a topic into tables. Messages are as JSON.parse gives them. */
export interface Flow {
  readonly topic: string;
  readonly dataset: string;
  /** The folder of its tables. */
  readonly tables: string;
  /** The part of stream-processor. */
  start(deps: { readonly bus: Bus; readonly timeseries: Timeseries; readonly catalog: Catalog }): Promise<{
    stop(): Promise<void>;
  }>;
  /** Reads and stores one batch, and nothing else. */
  store(timeseries: Timeseries, values: readonly unknown[], id: string): Promise<void>;
  countRows(value: unknown): number;
  /** The rows that a message is to become, a line each. */
  linesOf(value: unknown): string[];
  /** The same of what is in the tables; a row that is stored twice is there twice. */
  readonly selectLines: readonly string[];
}

export type FlowName = 'chain' | 'bars';

const quiet = () => ({ log: pino({ level: 'silent' }), metrics: new Registry() });
const foldersOf = (dataset: string) => ({
  dataset,
  tables: fileURLToPath(new URL(`../../datasets/${dataset}/timeseries`, import.meta.url)),
});

export const flows: Readonly<Record<FlowName, Flow>> = {
  chain: {
    topic: chainTopic,
    ...foldersOf('chain'),
    start: ({ bus, timeseries, catalog }) => {
      const inForce = { catalog, networks: catalog.networks, digest: '', since: new Date(0) };
      const live = { current: () => inForce, subscribe: () => () => undefined };
      return createChainStream({ bus, timeseries, catalog: live, ...quiet() });
    },
    store: (timeseries, values, id) => writeChainEvents(timeseries, values.map(parseChainEvent), id),
    countRows: (value) => 1 + (value as BlockAppended).txs.length + (value as BlockAppended).logs.length,
    linesOf: (value) => {
      const { network, number, hash, seq, gasUsed, txs, logs } = value as BlockAppended;
      return [
        lineOf('block', network, number, hash, seq, gasUsed, txs.length, logs.length),
        ...txs.map((tx) => lineOf('tx', network, number, tx.index, tx.hash, tx.sender, tx.value, tx.gasUsed, seq)),
        ...logs.map((log) => lineOf('log', network, number, log.index, log.address, log.topics[0], log.data, seq)),
      ];
    },
    selectLines: [
      selectLine('chain_blocks', "'block', network, number, hash, seq, gas_used, tx_count, log_count"),
      selectLine('chain_txs', "'tx', network, number, tx_index, hash, sender, value, gas_used, seq"),
      selectLine('chain_logs', "'log', network, number, log_index, address, topic0, data, seq"),
    ],
  },
  bars: {
    topic: barsTopic,
    ...foldersOf('market'),
    start: ({ bus, timeseries }) => createMarketStream({ bus, timeseries, ...quiet() }),
    store: (timeseries, values, id) => writeSeconds(timeseries, values.map(parseBar), id),
    countRows: () => 1,
    linesOf: (value) => {
      const { symbol, timeMs, traded, book } = value as Bar;
      return [lineOf(symbol, timeMs / 1000, traded?.count, traded?.volume, book?.bid, book?.depths[4]?.askQuote)];
    },
    selectLines: [
      selectLine('market_bars_1s', 'symbol, toUnixTimestamp(time), trades, volume, bid, ask_depth_quote_100'),
    ],
  },
};

function lineOf(...fields: readonly unknown[]): string {
  return fields.join(' ');
}

function selectLine(table: string, fields: string): string {
  return `SELECT arrayStringConcat(arrayMap(f -> ifNull(f, ''), [${fields
    .split(', ')
    .map((field) => `toString(${field})`)
    .join(', ')}]), ' ') AS line FROM ${table}`;
}
