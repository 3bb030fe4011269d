import { loadCatalog } from '../../catalog/load.ts';
import type { Hex } from '../datasets/chain/block.ts';
import type { BlockAppended, ChainEvent } from '../datasets/chain/changes.ts';
import { type Finality, readFinality } from '../datasets/chain/finality.ts';
import { modelWindows } from '../datasets/chain/protocol-model.ts';
import { readProtocolVolumes, readProtocolWindows } from '../datasets/chain/read-protocols.ts';
import { modelOf } from '../datasets/chain/window-model.ts';
import { windowSeconds, windowSizes } from '../datasets/chain/window-size.ts';
import { type ChainWindow, readWindows } from '../datasets/chain/windows.ts';
import type { Relational } from '../stores/relational.ts';
import type { Timeseries } from '../stores/timeseries.ts';
import type { ExpectedChain } from '../testing/expected-chain.ts';
import { compareRows, sumOf, type Verified } from './verified.ts';

/** Where windows are, and what the chain of a network is. */
export interface WindowsOfNetwork {
  readonly timeseries: Timeseries;
  /** Knows when blocks were seen to become final, which no node tells. Absent: how long that took is not compared. */
  readonly relational?: Relational | undefined;
  /** The folder whose protocols are counted. */
  readonly catalog: string;
  readonly network: string;
  readonly chain: ExpectedChain;
}

const secondsMax = 2 ** 32 - 1;

/** Minutes, hours and days of a network and of the protocols on it, against models that know the node's chain and nothing else. */
export async function verifyWindows(where: WindowsOfNetwork): Promise<Verified> {
  const { timeseries, relational, network, chain } = where;
  const blocks = appendedOf(network, chain);
  const finalities =
    relational === undefined ? [] : await readFinality(relational, network, { from: 0, to: blocks.length });
  const { protocols } = loadCatalog(where.catalog);
  const model = modelOf([
    ...blocks,
    ...finalities.map((each, at) => finalizedOf(network, blocks.length + at + 1, each)),
  ]);
  const parts: Verified[] = [];
  for (const size of windowSizes) {
    const title = `ClickHouse, ${network}, windows of a ${size}`;
    const held = await readWindows(timeseries, { network, size, from: 0, to: secondsMax });
    const seconds = windowSeconds[size];
    const comparable = (windows: Iterable<Omit<ChainWindow, 'version'>>): object[] =>
      // A window that a reorganisation emptied stays, with nothing in it.
      [...windows].filter(({ blocks: count }) => count > 0).map((window) => ofChain(window, relational !== undefined));
    parts.push(compareRows(title, comparable(held), comparable(model.windows(seconds).values())));
    const query = { network, size, fromSeconds: 0, toSeconds: secondsMax };
    const starts = held.map(({ start }) => start);
    const expected = modelWindows(protocols, network, blocks, seconds, starts);
    const found = await readProtocolWindows(timeseries, protocols, query);
    const windows = found.map(({ version: _, ...window }) => window);
    const current = expected.windows.map((window) => ({ ...window, isCurrent: true }));
    parts.push(
      compareRows(`${title} of protocols`, windows, current),
      compareRows(
        `${title}, volumes of protocols`,
        await readProtocolVolumes(timeseries, protocols, query),
        expected.volumes,
      ),
    );
  }
  return sumOf(parts);
}

/** What of a window follows from the chain: `late` and `closed` tell how it came about, and with it `version`. */
function ofChain(window: Omit<ChainWindow, 'version'>, hasFinality: boolean): object {
  const { late: _late, closed: _closed, finalityMs, ...rest } = { version: '', ...window };
  return { ...rest, version: '', ...(hasFinality ? { finalityMs } : {}) };
}

function finalizedOf(network: string, seq: number, { number, from, observedAtMs }: Finality): ChainEvent {
  return { kind: 'finalized', network, seq, number, fromNumber: from, observedAtMs };
}

function appendedOf(network: string, { blocks, transactions, logs }: ExpectedChain): BlockAppended[] {
  const txsOf = Map.groupBy(transactions, ({ blockNumber }) => blockNumber);
  const logsOf = Map.groupBy(logs, ({ blockNumber }) => blockNumber);
  return blocks.map((block, at) => ({
    ...{ kind: 'appended', network, seq: at + 1, number: Number(block.number), hash: block.hash as Hex },
    ...{ timestamp: Number(block.timestamp), gasLimit: block.gasLimit, gasUsed: block.gasUsed },
    baseFeePerGas: block.baseFeePerGas,
    txs: (txsOf.get(block.number) ?? []).map((tx) => ({
      ...{ index: Number(tx.transactionIndex), hash: tx.hash as Hex, type: Number(tx.type), sender: tx.from as Hex },
      ...{ recipient: tx.to as Hex | null, value: tx.value, method: null, gasUsed: tx.gasUsed, l1Fee: tx.l1Fee },
      status: tx.status === null ? null : Number(tx.status),
      effectiveGasPrice: tx.effectiveGasPrice,
      contractAddress: tx.contractAddress as Hex | null,
    })),
    logs: (logsOf.get(block.number) ?? []).map((log) => ({
      ...{ index: Number(log.logIndex), txIndex: Number(log.transactionIndex), address: log.address as Hex },
      ...{ topics: log.topics as readonly Hex[], data: log.data as Hex },
    })),
  }));
}
