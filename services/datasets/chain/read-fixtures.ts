import { createHash } from 'node:crypto';
import type { Cache } from '../../stores/cache.ts';
import { createEmbeddedCache } from '../../stores/embedded/cache.ts';
import { type DatasetStores, openDatasetStores } from '../../stores/testing/dataset-stores.ts';
import type { Block, Hex, Log, Tx } from './block.ts';
import { markRelayed, readPending } from './changes.ts';
import { writeChainEvents } from './timeseries.ts';
import { createChainStore, type Step } from './write.ts';

// Real stores and hand-built chains, for the tests of all that reads them.

export interface ChainStores extends DatasetStores {
  readonly cache: Cache;
}

/** Embedded stores with the chain's tables, in a folder of their own that goes with them. */
export async function openChainStores(): Promise<ChainStores> {
  return { ...(await openDatasetStores('chain')), cache: createEmbeddedCache() };
}

/** Commits steps to one network, as chain-sync does. */
export interface ChainWriter {
  commit(step: Step): Promise<void>;
  pinGenesis(hash: Hex): Promise<void>;
}

export async function openChainWriter({ relational }: ChainStores, network: string): Promise<ChainWriter> {
  const store = createChainStore(relational, network);
  let cursor = await store.loadCursor();
  return {
    commit: async (step) => {
      cursor = await store.commitStep(cursor, step);
    },
    pinGenesis: (hash) => store.pinGenesis(hash),
  };
}

/** Carries what was committed to the timeseries store, as relay and stream processor do together. */
export async function relayChain(stores: ChainStores, network: string, changesMax = 500): Promise<void> {
  for (;;) {
    const pending = await readPending(stores.relational, network, changesMax, 20_000);
    if (pending === undefined) return;
    await writeChainEvents(stores.timeseries, pending.events);
    await markRelayed(stores.relational, network, pending.lastSeq);
  }
}

export type TxParts = Partial<Omit<Tx, 'index' | 'hash'>>;

export interface BlockParts {
  readonly number: number;
  readonly parent?: Block | undefined;
  readonly timestamp: number;
  /** Tells blocks of one height apart. */
  readonly salt?: string | number;
  readonly gasUsed?: string;
  readonly baseFeePerGas?: string | null;
  readonly txs?: readonly TxParts[];
}

/** A block whose hashes follow from its content; each transaction has as many logs as its `logCount` says. */
export function buildBlock(parts: BlockParts): Block {
  const { number, parent, timestamp, salt = '' } = parts;
  const hash = hashOf('block', number, salt, parent?.hash ?? '');
  const txs = (parts.txs ?? []).map((tx, index) => buildTx(hash, index, tx));
  return {
    number,
    hash,
    parentHash: parent?.hash ?? hashOf('parent of', number, salt),
    timestamp,
    miner: hashOf('miner').slice(0, 42) as Hex,
    gasLimit: '30000000',
    gasUsed: parts.gasUsed ?? '21000',
    baseFeePerGas: parts.baseFeePerGas === undefined ? '7' : parts.baseFeePerGas,
    blobGasUsed: null,
    excessBlobGas: null,
    l1BlockNumber: null,
    sizeBytes: 540,
    extra: null,
    txs,
    logs: txs.flatMap((tx) => Array.from({ length: tx.logCount }, () => tx.index)).map(buildLog),
  };
}

/** `count` blocks one after another, each one second after its parent. */
export function buildChain(
  parent: Block | undefined,
  count: number,
  parts: (number: number) => Partial<BlockParts> = () => ({}),
): Block[] {
  const blocks: Block[] = [];
  for (let at = 0; at < count; at++) {
    const previous = blocks.at(-1) ?? parent;
    const number = previous === undefined ? 0 : previous.number + 1;
    blocks.push(buildBlock({ number, parent: previous, timestamp: 1_700_000_000 + number, ...parts(number) }));
  }
  return blocks;
}

export function addressOf(name: string | number): Hex {
  return hashOf('address', name).slice(0, 42) as Hex;
}

function buildTx(blockHash: Hex, index: number, parts: TxParts): Tx {
  return {
    index,
    hash: hashOf('tx', blockHash, index),
    type: 2,
    from: addressOf('sender'),
    to: addressOf('recipient'),
    value: '1',
    nonce: String(index),
    method: null,
    inputBytes: 0,
    gasLimit: '21000',
    gasPrice: '10',
    maxFeePerGas: null,
    maxPriorityFeePerGas: null,
    maxFeePerBlobGas: null,
    status: 1,
    gasUsed: '21000',
    effectiveGasPrice: '10',
    contractAddress: null,
    logCount: 0,
    blobGasUsed: null,
    blobGasPrice: null,
    l1Fee: null,
    l1GasUsed: null,
    l1GasPrice: null,
    l1BlockNumber: null,
    gasUsedForL1: null,
    extra: null,
    ...parts,
  };
}

function buildLog(txIndex: number, index: number): Log {
  return { index, txIndex, address: addressOf('contract'), topics: [hashOf('topic')], data: '0x' };
}

function hashOf(...parts: readonly (string | number)[]): Hex {
  return `0x${createHash('sha256').update(parts.join('\0')).digest('hex')}`;
}
