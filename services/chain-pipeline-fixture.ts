import { join } from 'node:path';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import type { Network } from '../catalog/schema/network.ts';
import { createChainRelay } from './chain-relay/module.ts';
import { createChainSync } from './chain-sync/module.ts';
import type { SyncTuning } from './chain-sync/network-runner.ts';
import { readBacklog } from './datasets/chain/changes.ts';
import type { SyncReport } from './datasets/chain/status.ts';
import type { Started } from './runtime/modules.ts';
import { liveCatalogOf } from './runtime/testing/live-catalog.ts';
import { createEmbeddedBus } from './stores/embedded/bus.ts';
import type { Relational } from './stores/relational.ts';
import type { Timeseries } from './stores/timeseries.ts';
import { createChainStream } from './stream-processor/chain-stream.ts';
import type { Anvil } from './testing/anvil.ts';
import { bundleData, entryPointAddresses } from './testing/entry-point/entry-point.ts';
import { type ExpectedChain, readExpectedChain } from './testing/expected-chain.ts';
import type { JsonRpcCall } from './testing/json-rpc.ts';

// The chain's whole way, from nodes into both stores, for tests: the services as the program wires them, without the program.

export const chainTables = join(import.meta.dirname, 'datasets', 'chain');

export interface PipelineOptions {
  readonly relational: Relational;
  /** Absent: only chain-sync runs. */
  readonly timeseries?: Timeseries | undefined;
  readonly networks: readonly Network[];
  readonly tuning?: Partial<SyncTuning>;
}

export interface Pipeline {
  reports(): readonly SyncReport[];
  reportOf(network: string): SyncReport;
  /** Whether all networks are followed to their heads and all changes relayed. */
  isCaughtUp(): Promise<boolean>;
  /** Puts another catalog in force. */
  change(networks: readonly Network[]): void;
  stop(): Promise<void>;
}

export async function startPipeline(options: PipelineOptions): Promise<Pipeline> {
  const { relational, timeseries } = options;
  const observed = { log: pino({ level: 'silent' }), metrics: new Registry() };
  const { bus } = createEmbeddedBus();
  const catalog = liveCatalogOf({ networks: [...options.networks] });
  const started: Started<unknown>[] = [];
  if (timeseries !== undefined) {
    started.push(await createChainStream({ ...observed, bus, timeseries, catalog }));
    started.push(await createChainRelay({ ...observed, bus, relational, catalog }));
  }
  const sync = await createChainSync({
    ...observed,
    catalog,
    relational,
    selection: { phases: [1], priorityThreshold: 1, only: undefined, remoteEndpoints: false },
    tuning: {
      intervalMs: 50,
      batchSize: 100,
      historyBlocks: undefined,
      requestsPerSecond: 25,
      requestTimeoutMs: 5000,
      ...options.tuning,
    },
    maxConcurrentRequests: 20,
  });
  started.push(sync);
  const { reports } = sync.part;
  return {
    reports,
    reportOf: (network) => {
      const report = reports().find((each) => each.network === network);
      if (report === undefined) throw new Error(`no report of ${network}`);
      return report;
    },
    isCaughtUp: async () => {
      const followed = reports().every(({ state, head, synced }) => state === 'synced' && head === synced);
      return followed && (timeseries === undefined || (await readBacklog(relational)).length === 0);
    },
    change: (networks) => catalog.put({ networks: [...networks] }),
    stop: async () => {
      for (const each of started.reverse()) await each.stop();
    },
  };
}

export function networkOf(id: string, urls: readonly string[], parts: Partial<Network> = {}): Network {
  return {
    id,
    name: id,
    kind: 'evm',
    chainId: 31337,
    status: 'active',
    phase: 1,
    priority: 5,
    owner: 'test',
    stack: 'anvil',
    settlement: 'self',
    nativeCurrency: { symbol: 'ETH', decimals: 18 },
    finality: { tag: 'finalized' },
    rpc: urls.map((url) => ({ url })),
    ...parts,
  };
}

/** What the stores should hold of a chain, and what they hold: texts, so that no number is rounded. */
export interface StoredChain {
  readonly blocks: readonly object[];
  readonly txs: readonly object[];
  readonly logs: readonly object[];
}

export async function readNode(
  anvil: Anvil,
): Promise<{ chain: ExpectedChain; relational: StoredChain; timeseries: StoredChain }> {
  const chain = await readExpectedChain(anvil.url, { from: 0 });
  return { chain, relational: relationalRowsOf(chain), timeseries: timeseriesRowsOf(chain) };
}

function relationalRowsOf({ blocks, transactions, logs }: ExpectedChain): StoredChain {
  const logCounts = Map.groupBy(logs, (log) => log.blockNumber);
  return {
    blocks: blocks.map((block) => ({
      number: block.number,
      hash: block.hash,
      parent_hash: block.parentHash,
      timestamp: block.timestamp,
      miner: block.miner,
      gas_limit: block.gasLimit,
      gas_used: block.gasUsed,
      base_fee_per_gas: block.baseFeePerGas,
      size_bytes: block.size,
      tx_count: block.transactionCount,
      log_count: String(logCounts.get(block.number)?.length ?? 0),
    })),
    txs: transactions.map((tx) => ({
      block_number: tx.blockNumber,
      tx_index: tx.transactionIndex,
      hash: tx.hash,
      type: tx.type,
      sender: tx.from,
      recipient: tx.to,
      value: tx.value,
      nonce: tx.nonce,
      input_bytes: String((tx.input.length - 2) / 2),
      gas_limit: tx.gas,
      gas_price: tx.gasPrice,
      max_fee_per_gas: tx.maxFeePerGas,
      max_priority_fee_per_gas: tx.maxPriorityFeePerGas,
      status: tx.status,
      gas_used: tx.gasUsed,
      effective_gas_price: tx.effectiveGasPrice,
      contract_address: tx.contractAddress,
      log_count: tx.logCount,
    })),
    logs: logs.map((log) => ({
      block_number: log.blockNumber,
      log_index: log.logIndex,
      tx_index: log.transactionIndex,
      address: log.address,
      topic0: log.topics[0] ?? null,
      topic1: log.topics[1] ?? null,
      topic2: log.topics[2] ?? null,
      topic3: log.topics[3] ?? null,
      data: log.data,
    })),
  };
}

export async function readRelational(relational: Relational, network: string): Promise<StoredChain> {
  const hex = (column: string): string => `'0x' || encode(${column}, 'hex') AS ${column}`;
  const text = (columns: string): string =>
    columns
      .split(' ')
      .map((column) => `${column}::text AS ${column}`)
      .join(', ');
  return {
    blocks: await relational.query(
      `SELECT ${text('number timestamp gas_limit gas_used base_fee_per_gas size_bytes tx_count log_count')}, ${hex('hash')}, ${hex('parent_hash')}, ${hex('miner')}
         FROM chain.blocks AS b WHERE network = $1 ORDER BY b.number`,
      [network],
    ),
    txs: await relational.query(
      `SELECT ${text('block_number tx_index type value nonce input_bytes gas_limit gas_price max_fee_per_gas max_priority_fee_per_gas status gas_used effective_gas_price log_count')},
              ${hex('hash')}, ${hex('sender')}, ${hex('recipient')}, ${hex('contract_address')}
         FROM chain.txs AS t WHERE network = $1 ORDER BY t.block_number, t.tx_index`,
      [network],
    ),
    logs: await relational.query(
      `SELECT ${text('block_number log_index tx_index')}, ${hex('address')}, ${hex('topic0')}, ${hex('topic1')}, ${hex('topic2')}, ${hex('topic3')}, ${hex('data')}
         FROM chain.logs AS l WHERE network = $1 ORDER BY l.block_number, l.log_index`,
      [network],
    ),
  };
}

function timeseriesRowsOf({ blocks, transactions, logs }: ExpectedChain): StoredChain {
  const logCounts = Map.groupBy(logs, (log) => log.blockNumber);
  return {
    blocks: blocks.map((block) => ({
      number: block.number,
      hash: block.hash,
      time: block.timestamp,
      gas_used: block.gasUsed,
      base_fee_per_gas: block.baseFeePerGas,
      tx_count: block.transactionCount,
      log_count: String(logCounts.get(block.number)?.length ?? 0),
    })),
    txs: transactions.map((tx) => ({
      number: tx.blockNumber,
      tx_index: tx.transactionIndex,
      hash: tx.hash,
      type: tx.type,
      sender: tx.from,
      recipient: tx.to,
      value: tx.value,
      status: tx.status,
      gas_used: tx.gasUsed,
      effective_gas_price: tx.effectiveGasPrice,
      contract_address: tx.contractAddress,
    })),
    logs: logs.map((log) => ({
      number: log.blockNumber,
      log_index: log.logIndex,
      tx_index: log.transactionIndex,
      address: log.address,
      topic0: log.topics[0] ?? null,
      data: log.data,
    })),
  };
}

export async function readTimeseries(timeseries: Timeseries, network: string): Promise<StoredChain> {
  const read = (columns: string, table: string, order: string): Promise<object[]> =>
    timeseries.query(`SELECT ${columns} FROM ${table} AS t FINAL WHERE network = {network:String} ORDER BY ${order}`, {
      network,
    });
  const text = (columns: string): string =>
    columns
      .split(' ')
      .map((column) => `toString(t.${column}) AS ${column}`)
      .join(', ');
  return {
    blocks: await read(
      `${text('number hash gas_used base_fee_per_gas tx_count log_count')}, toString(toUnixTimestamp(t.timestamp)) AS time`,
      'chain_blocks',
      't.number',
    ),
    txs: await read(
      text('number tx_index hash type sender recipient value status gas_used effective_gas_price contract_address'),
      'chain_txs',
      't.number, t.tx_index',
    ),
    logs: await read(text('number log_index tx_index address topic0 data'), 'chain_logs', 't.number, t.log_index'),
  };
}

/** A few blocks with a few transactions, as come in between reorgs. */
export async function mineWithTraffic(anvil: Anvil, accounts: readonly string[], random: () => number): Promise<void> {
  const calls: JsonRpcCall[] = [];
  for (let block = Math.floor(random() * 3); block >= 0; block--) {
    for (let tx = Math.floor(random() * 4); tx > 0; tx--) {
      const [from, to] = [accounts[Math.floor(random() * accounts.length)], accounts[tx]];
      const value = `0x${Math.floor(random() * 1e9).toString(16)}`;
      const transfer = { from, to, value, gas: '0x5208' };
      calls.push(['eth_sendTransaction', [random() < 0.7 ? transfer : bundle(from, random)]]);
    }
    calls.push(['evm_mine', []]);
  }
  // After a reorg the pool may hold a transaction with the same nonce: then there is one less.
  await anvil.batch(calls).catch(() => undefined);
}

/** Some user operations at once; one in five fails with all of them. On a chain without EntryPoints it is a call of nobody. */
function bundle(from: string | undefined, random: () => number): object {
  const to = entryPointAddresses[Math.floor(random() * entryPointAddresses.length)];
  const data = bundleData(Math.floor(random() * 4), Math.floor(random() * 1e6), random() < 0.2);
  return { from, to, data, gas: '0x30d40' };
}
