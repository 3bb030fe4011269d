import { createJsonRpc, type JsonRpc } from './json-rpc.ts';

/*
 * What a chain holds, read the slow and simple way: one call at a time, each block and each receipt asked for by itself,
 * nothing shared with the code under test. Tests compare a store's rows with these.
 */

export interface BlockRange {
  readonly from: number;
  /** Inclusive; the head by default. */
  readonly to?: number;
}

/** Quantities are decimal strings, hashes, addresses and bytes lower-case hex; null where the node gave nothing. */
export interface ExpectedBlock {
  readonly number: string;
  readonly hash: string;
  readonly parentHash: string;
  /** Seconds since 1970. */
  readonly timestamp: string;
  readonly miner: string;
  readonly gasLimit: string;
  readonly gasUsed: string;
  readonly baseFeePerGas: string | null;
  readonly blobGasUsed: string | null;
  readonly excessBlobGas: string | null;
  readonly size: string;
  readonly stateRoot: string;
  readonly transactionsRoot: string;
  readonly receiptsRoot: string;
  readonly extraData: string;
  readonly transactionCount: string;
}

/** A transaction with its receipt. */
export interface ExpectedTransaction {
  readonly blockNumber: string;
  readonly blockHash: string;
  readonly transactionIndex: string;
  readonly hash: string;
  readonly type: string;
  readonly from: string;
  readonly to: string | null;
  readonly value: string;
  readonly nonce: string;
  readonly gas: string;
  readonly input: string;
  readonly gasPrice: string | null;
  readonly maxFeePerGas: string | null;
  readonly maxPriorityFeePerGas: string | null;
  readonly maxFeePerBlobGas: string | null;
  /** '1' done, '0' failed. */
  readonly status: string | null;
  readonly gasUsed: string;
  readonly cumulativeGasUsed: string;
  readonly effectiveGasPrice: string | null;
  readonly contractAddress: string | null;
  readonly logCount: string;
  readonly blobGasUsed: string | null;
  readonly blobGasPrice: string | null;
  /** Of layer 2 chains: OP stack, then Arbitrum. */
  readonly sourceHash: string | null;
  readonly mint: string | null;
  readonly depositNonce: string | null;
  readonly l1Fee: string | null;
  readonly l1GasPrice: string | null;
  readonly l1GasUsed: string | null;
  readonly l1BlockNumber: string | null;
  readonly gasUsedForL1: string | null;
}

export interface ExpectedLog {
  readonly blockNumber: string;
  readonly blockHash: string;
  readonly transactionHash: string;
  readonly transactionIndex: string;
  /** In the block, not in the transaction. */
  readonly logIndex: string;
  readonly address: string;
  readonly topics: readonly string[];
  readonly data: string;
}

export interface ExpectedChain {
  readonly blocks: readonly ExpectedBlock[];
  readonly transactions: readonly ExpectedTransaction[];
  readonly logs: readonly ExpectedLog[];
}

/** A JSON object as the node sent it. */
export type Json = Readonly<Record<string, unknown>>;

/** A block with full transactions, and their receipts in the same order, as the node sent them. */
export interface RawBlock {
  readonly block: Json;
  readonly transactions: readonly Json[];
  readonly receipts: readonly Json[];
}

/**
 * All canonical rows of a range.
 * @throws if the chain moves meanwhile: the result would be of no one chain
 */
export async function readExpectedChain(url: string, range: BlockRange): Promise<ExpectedChain> {
  const raw = await readRawChain(url, range);
  return {
    blocks: raw.map(expectedBlock),
    transactions: raw.flatMap(({ transactions, receipts }) =>
      transactions.map((transaction, index) => expectedTransaction(transaction, receipts[index] ?? {})),
    ),
    logs: raw.flatMap(({ receipts }) => receipts.flatMap((receipt) => objects(receipt, 'logs').map(expectedLog))),
  };
}

/** The same range exactly as the node sends it, to tell whether two nodes, or one before and after, are the same. */
export async function readRawChain(url: string, range: BlockRange): Promise<RawBlock[]> {
  const node = createJsonRpc(url);
  const to = range.to ?? Number(await node.rpc('eth_blockNumber'));
  const raw: RawBlock[] = [];
  for (let number = range.from; number <= to; number++) raw.push(await readRawBlock(node, number));

  for (const [index, { block }] of raw.entries()) {
    const parent = raw[index - 1];
    if (parent !== undefined && block.parentHash !== parent.block.hash) throw moved(range.from + index);
  }
  const last = raw.at(-1);
  const again = last && (await node.rpc<Json | null>('eth_getBlockByNumber', [last.block.number, false]));
  if (last?.block.hash !== again?.hash) throw moved(to);
  return raw;
}

async function readRawBlock(node: JsonRpc, number: number): Promise<RawBlock> {
  const block = await node.rpc<Json | null>('eth_getBlockByNumber', [`0x${number.toString(16)}`, true]);
  if (block === null) throw new Error(`block ${number} does not exist`);
  const transactions = objects(block, 'transactions');
  const receipts: Json[] = [];
  for (const transaction of transactions) {
    const receipt = await node.rpc<Json | null>('eth_getTransactionReceipt', [transaction.hash]);
    if (receipt === null || receipt.blockHash !== block.hash) throw moved(number);
    receipts.push(receipt);
  }
  return { block, transactions, receipts };
}

function moved(number: number): Error {
  return new Error(`the chain changed at block ${number} while it was read — stop its traffic before comparing`);
}

function expectedBlock({ block, transactions }: RawBlock): ExpectedBlock {
  return {
    number: quantity(block, 'number'),
    hash: text(block, 'hash'),
    parentHash: text(block, 'parentHash'),
    timestamp: quantity(block, 'timestamp'),
    miner: text(block, 'miner'),
    gasLimit: quantity(block, 'gasLimit'),
    gasUsed: quantity(block, 'gasUsed'),
    baseFeePerGas: optionalQuantity(block, 'baseFeePerGas'),
    blobGasUsed: optionalQuantity(block, 'blobGasUsed'),
    excessBlobGas: optionalQuantity(block, 'excessBlobGas'),
    size: quantity(block, 'size'),
    stateRoot: text(block, 'stateRoot'),
    transactionsRoot: text(block, 'transactionsRoot'),
    receiptsRoot: text(block, 'receiptsRoot'),
    extraData: text(block, 'extraData'),
    transactionCount: String(transactions.length),
  };
}

function expectedTransaction(transaction: Json, receipt: Json): ExpectedTransaction {
  return {
    blockNumber: quantity(transaction, 'blockNumber'),
    blockHash: text(transaction, 'blockHash'),
    transactionIndex: quantity(transaction, 'transactionIndex'),
    hash: text(transaction, 'hash'),
    type: quantity(transaction, 'type'),
    from: text(transaction, 'from'),
    to: optionalText(transaction, 'to'),
    value: quantity(transaction, 'value'),
    nonce: quantity(transaction, 'nonce'),
    gas: quantity(transaction, 'gas'),
    input: text(transaction, 'input'),
    gasPrice: optionalQuantity(transaction, 'gasPrice'),
    maxFeePerGas: optionalQuantity(transaction, 'maxFeePerGas'),
    maxPriorityFeePerGas: optionalQuantity(transaction, 'maxPriorityFeePerGas'),
    maxFeePerBlobGas: optionalQuantity(transaction, 'maxFeePerBlobGas'),
    status: optionalQuantity(receipt, 'status'),
    gasUsed: quantity(receipt, 'gasUsed'),
    cumulativeGasUsed: quantity(receipt, 'cumulativeGasUsed'),
    effectiveGasPrice: optionalQuantity(receipt, 'effectiveGasPrice'),
    contractAddress: optionalText(receipt, 'contractAddress'),
    logCount: String(objects(receipt, 'logs').length),
    blobGasUsed: optionalQuantity(receipt, 'blobGasUsed'),
    blobGasPrice: optionalQuantity(receipt, 'blobGasPrice'),
    sourceHash: optionalText(transaction, 'sourceHash'),
    mint: optionalQuantity(transaction, 'mint'),
    depositNonce: optionalQuantity(receipt, 'depositNonce'),
    l1Fee: optionalQuantity(receipt, 'l1Fee'),
    l1GasPrice: optionalQuantity(receipt, 'l1GasPrice'),
    l1GasUsed: optionalQuantity(receipt, 'l1GasUsed'),
    l1BlockNumber: optionalQuantity(receipt, 'l1BlockNumber'),
    gasUsedForL1: optionalQuantity(receipt, 'gasUsedForL1'),
  };
}

function expectedLog(log: Json): ExpectedLog {
  return {
    blockNumber: quantity(log, 'blockNumber'),
    blockHash: text(log, 'blockHash'),
    transactionHash: text(log, 'transactionHash'),
    transactionIndex: quantity(log, 'transactionIndex'),
    logIndex: quantity(log, 'logIndex'),
    address: text(log, 'address'),
    topics: Array.isArray(log.topics) ? log.topics.map((topic) => String(topic).toLowerCase()) : [],
    data: text(log, 'data'),
  };
}

function objects(object: Json, key: string): readonly Json[] {
  const value = object[key];
  if (!Array.isArray(value) || value.some((item) => typeof item !== 'object')) {
    throw new Error(`${key} is no list of objects: ${JSON.stringify(value)}`);
  }
  return value;
}

function quantity(object: Json, key: string): string {
  return optionalQuantity(object, key) ?? missing(object, key);
}

function optionalQuantity(object: Json, key: string): string | null {
  const value = optionalText(object, key);
  return value === null ? null : BigInt(value).toString();
}

function text(object: Json, key: string): string {
  return optionalText(object, key) ?? missing(object, key);
}

function optionalText(object: Json, key: string): string | null {
  const value = object[key];
  return typeof value === 'string' ? value.toLowerCase() : null;
}

function missing(object: Json, key: string): never {
  throw new Error(`no ${key} in ${JSON.stringify(object).slice(0, 300)}`);
}
