import type { Block, Decimal, Extra, Hex, Log, Tx } from '../../datasets/chain/block.ts';
import { BadAnswer } from './bad-answer.ts';
import {
  arrayOf,
  bytesOf,
  decimalOf,
  integerOf,
  objectOf,
  optionalBytesOf,
  optionalDecimalOf,
  type Raw,
} from './fields.ts';

// What becomes a column or can be derived from one, by EIP-1474 and the execution-apis specification. All else that a node
// answers (OP-stack, Arbitrum, zkSync, Celo …) goes to `extra` as it came.
const blockColumns = new Set(
  'number hash parentHash timestamp miner gasLimit gasUsed baseFeePerGas blobGasUsed excessBlobGas l1BlockNumber size transactions logsBloom sha3Uncles uncles transactionsRoot receiptsRoot stateRoot extraData mixHash nonce difficulty totalDifficulty withdrawals withdrawalsRoot parentBeaconBlockRoot requestsHash'.split(
    ' ',
  ),
);
const txColumns = new Set(
  'hash blockHash blockNumber blockTimestamp transactionIndex type from to value nonce input gas gasPrice maxFeePerGas maxPriorityFeePerGas maxFeePerBlobGas v r s yParity chainId accessList'.split(
    ' ',
  ),
);
const receiptColumns = new Set(
  'transactionHash blockHash blockNumber blockTimestamp transactionIndex type from to status gasUsed cumulativeGasUsed effectiveGasPrice contractAddress logs logsBloom blobGasUsed blobGasPrice l1Fee l1GasUsed l1GasPrice l1BlockNumber gasUsedForL1'.split(
    ' ',
  ),
);

/** A block's header as `eth_getBlockByNumber` answers it, with the hashes of its transactions. */
export interface Header {
  readonly number: number;
  readonly hash: Hex;
  readonly parentHash: Hex;
  readonly timestamp: number;
}

/** Reads the identity of a block. Throws BadAnswer where a field is missing or not of its type. */
export function parseHeader(answer: unknown): Header {
  const raw = objectOf(answer, 'block');
  return {
    number: integerOf(raw.number, 'block.number'),
    hash: bytesOf(raw.hash, 'block.hash', 32),
    parentHash: bytesOf(raw.parentHash, 'block.parentHash', 32),
    timestamp: timestampOf(raw.timestamp),
  };
}

/** The hashes of a full block's transactions, for nodes that give receipts one by one. */
export function txHashesOf(answer: unknown): Hex[] {
  const raw = objectOf(answer, 'block');
  return arrayOf(raw.transactions, 'block.transactions').map((tx) =>
    bytesOf(objectOf(tx, 'transaction').hash, 'transaction.hash', 32),
  );
}

/**
 * Joins a full block (`eth_getBlockByNumber(n, true)`) with its receipts (`eth_getBlockReceipts(n)`).
 * Both must be of block `number` and of one hash: behind a load balancer two nodes may have answered. With `gasAddsUp` the
 * receipts must also account for the block's gas, which tells a block that lost transactions on the way.
 * Throws BadAnswer, naming what does not fit.
 */
export function parseBlock(number: number, answer: unknown, receiptsAnswer: unknown, gasAddsUp: boolean): Block {
  const raw = objectOf(answer, `block ${number}`);
  const header = parseHeader(raw);
  if (header.number !== number) throw new BadAnswer(`asked for block ${number}, got block ${header.number}`);
  const rawTxs = arrayOf(raw.transactions, `transactions of block ${number}`);
  const receipts = arrayOf(receiptsAnswer, `receipts of block ${number}`);
  if (receipts.length !== rawTxs.length) {
    throw new BadAnswer(`block ${number} has ${rawTxs.length} transactions, but ${receipts.length} receipts`);
  }
  const logs: Log[] = [];
  const txs = rawTxs.map((tx, index) =>
    parseTx(header, index, objectOf(tx, 'transaction'), objectOf(receipts[index], 'receipt'), logs),
  );
  const gasUsed = decimalOf(raw.gasUsed, 'block.gasUsed');
  const gasOfTxs = txs.reduce((sum, tx) => sum + Number(tx.gasUsed), 0);
  if (gasAddsUp && gasOfTxs !== Number(gasUsed)) {
    throw new BadAnswer(`block ${number} used ${gasUsed} gas, but its ${txs.length} receipts say ${gasOfTxs}`);
  }
  return {
    ...header,
    miner: optionalBytesOf(raw.miner, 'block.miner', 20),
    gasLimit: decimalOf(raw.gasLimit, 'block.gasLimit'),
    gasUsed,
    baseFeePerGas: optionalDecimalOf(raw.baseFeePerGas, 'block.baseFeePerGas'),
    blobGasUsed: optionalDecimalOf(raw.blobGasUsed, 'block.blobGasUsed'),
    excessBlobGas: optionalDecimalOf(raw.excessBlobGas, 'block.excessBlobGas'),
    l1BlockNumber: optionalHeightOf(raw.l1BlockNumber, 'block.l1BlockNumber'),
    sizeBytes: raw.size === undefined || raw.size === null ? null : int32Of(raw.size, 'block.size'),
    extra: extraOf(raw, blockColumns, null),
    txs,
    logs,
  };
}

function parseTx(block: Header, index: number, raw: Raw, receipt: Raw, logs: Log[]): Tx {
  const hash = bytesOf(raw.hash, 'transaction.hash', 32);
  if (bytesOf(raw.blockHash, 'transaction.blockHash', 32) !== block.hash) {
    throw new BadAnswer(`transaction ${hash} is of another block than ${block.hash}`);
  }
  if (bytesOf(receipt.transactionHash, 'receipt.transactionHash', 32) !== hash) {
    throw new BadAnswer(`receipt ${index} of block ${block.number} is of another transaction than ${hash}`);
  }
  if (bytesOf(receipt.blockHash, 'receipt.blockHash', 32) !== block.hash) {
    throw new BadAnswer(`the receipt of ${hash} is of another block than ${block.hash}`);
  }
  const rawLogs = arrayOf(receipt.logs, 'receipt.logs');
  for (const log of rawLogs) logs.push(parseLog(logs.length, index, objectOf(log, 'log')));
  const input = bytesOf(raw.input ?? raw.data, 'transaction.input');
  return {
    index,
    hash,
    type: typeOf(raw.type),
    from: bytesOf(raw.from, 'transaction.from', 20),
    to: optionalBytesOf(raw.to, 'transaction.to', 20),
    value: decimalOf(raw.value, 'transaction.value'),
    nonce: decimalOf(raw.nonce, 'transaction.nonce'),
    method: input.length >= 10 ? (input.slice(0, 10) as Hex) : null,
    inputBytes: (input.length - 2) / 2,
    gasLimit: decimalOf(raw.gas, 'transaction.gas'),
    gasPrice: optionalDecimalOf(raw.gasPrice, 'transaction.gasPrice'),
    maxFeePerGas: optionalDecimalOf(raw.maxFeePerGas, 'transaction.maxFeePerGas'),
    maxPriorityFeePerGas: optionalDecimalOf(raw.maxPriorityFeePerGas, 'transaction.maxPriorityFeePerGas'),
    maxFeePerBlobGas: optionalDecimalOf(raw.maxFeePerBlobGas, 'transaction.maxFeePerBlobGas'),
    status: statusOf(receipt.status),
    gasUsed: decimalOf(receipt.gasUsed, 'receipt.gasUsed'),
    effectiveGasPrice: optionalDecimalOf(receipt.effectiveGasPrice, 'receipt.effectiveGasPrice'),
    contractAddress: optionalBytesOf(receipt.contractAddress, 'receipt.contractAddress', 20),
    logCount: rawLogs.length,
    blobGasUsed: optionalDecimalOf(receipt.blobGasUsed, 'receipt.blobGasUsed'),
    blobGasPrice: optionalDecimalOf(receipt.blobGasPrice, 'receipt.blobGasPrice'),
    l1Fee: optionalDecimalOf(receipt.l1Fee, 'receipt.l1Fee'),
    l1GasUsed: optionalDecimalOf(receipt.l1GasUsed, 'receipt.l1GasUsed'),
    l1GasPrice: optionalDecimalOf(receipt.l1GasPrice, 'receipt.l1GasPrice'),
    l1BlockNumber: optionalHeightOf(receipt.l1BlockNumber, 'receipt.l1BlockNumber'),
    gasUsedForL1: optionalDecimalOf(receipt.gasUsedForL1, 'receipt.gasUsedForL1'),
    extra: extraOf(raw, txColumns, extraOf(receipt, receiptColumns, null)),
  };
}

// The index is the log's place in the block: what logIndex says on every sane node, while some chains restart it per transaction.
function parseLog(index: number, txIndex: number, raw: Raw): Log {
  const topics = arrayOf(raw.topics, 'log.topics');
  if (topics.length > 4) throw new BadAnswer(`a log has ${topics.length} topics; the EVM allows four`);
  return {
    index,
    txIndex,
    address: bytesOf(raw.address, 'log.address', 20),
    topics: topics.map((topic) => bytesOf(topic, 'log.topics', 32)),
    data: bytesOf(raw.data, 'log.data'),
  };
}

// Nodes from before EIP-2718 leave the type out: those transactions are legacy ones.
function typeOf(value: unknown): number {
  if (value === undefined || value === null) return 0;
  const type = integerOf(value, 'transaction.type');
  if (type > 0xff) throw new BadAnswer(`transaction.type is one byte by EIP-2718, not ${type}`);
  return type;
}

// ClickHouse's DateTime ends in 2106; what is beyond is milliseconds, or nonsense.
function timestampOf(value: unknown): number {
  const seconds = integerOf(value, 'block.timestamp');
  if (seconds > 0xffff_ffff) throw new BadAnswer(`block.timestamp is not Unix seconds: ${seconds}`);
  return seconds;
}

function int32Of(value: unknown, what: string): number {
  const number = integerOf(value, what);
  if (number > 0x7fff_ffff) throw new BadAnswer(`${what} is too large: ${number}`);
  return number;
}

function optionalHeightOf(value: unknown, what: string): Decimal | null {
  return value === undefined || value === null ? null : String(integerOf(value, what));
}

function statusOf(value: unknown): 0 | 1 | null {
  if (value === undefined || value === null) return null;
  const status = integerOf(value, 'receipt.status');
  if (status !== 0 && status !== 1) throw new BadAnswer(`receipt.status is 0 or 1 by EIP-658, not ${status}`);
  return status;
}

function extraOf(
  raw: Raw,
  columns: ReadonlySet<string>,
  start: Record<string, unknown> | null,
): Record<string, unknown> | null {
  let extra = start;
  for (const key in raw) {
    if (columns.has(key)) continue;
    const value = raw[key];
    if (value === null || value === undefined) continue;
    extra ??= {};
    extra[key] = value;
  }
  return extra satisfies Extra | null;
}
