import type { Block, Hex, Log, Tx } from '../../datasets/chain/block.ts';
import { seededRandom } from '../../testing/seeded-random.ts';

/** Logs of a transaction: on Ethereum's and the rollups' busy blocks it is about two. */
export const logsPerTx = 2;

const transferTopic: Hex = '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef';
const addressesMax = 20_000;

export interface MadeUpOptions {
  readonly blocks: number;
  readonly txsPerBlock: number;
  readonly secondsPerBlock: number;
  /** Unix seconds of the first. */
  readonly from: number;
  readonly firstNumber?: number;
  readonly seed: number;
}

/**
 * Blocks as large as real ones, whose bytes compress as theirs do: hashes and amounts are random, few addresses do most. anvil's have
 * ten accounts and one contract, which would pack far too well.
 */
export function* madeUpBlocks(options: MadeUpOptions): Generator<Block> {
  const random = seededRandom(options.seed);
  const digits = (bytes: number): string =>
    Array.from({ length: bytes }, () =>
      Math.floor(random() * 256)
        .toString(16)
        .padStart(2, '0'),
    ).join('');
  const hash = (bytes = 32): Hex => `0x${digits(bytes)}`;
  const addresses = Array.from({ length: addressesMax }, () => hash(20));
  // The square of a square: a tenth of the addresses do more than half of it.
  const address = (): Hex => addresses[Math.floor(random() ** 4 * addressesMax)] ?? hash(20);
  const amount = (digitsMax: number): string => String(Math.floor(random() * 10 ** Math.min(15, digitsMax)) + 1);
  const topicOf = (one: Hex): Hex => `0x${'0'.repeat(24)}${one.slice(2)}`;
  let parentHash = hash();
  for (let at = 0; at < options.blocks; at++) {
    const txs: Tx[] = Array.from({ length: options.txsPerBlock }, (_, index) => ({
      ...{ index, hash: hash(), type: 2, from: address(), to: address(), value: random() < 0.5 ? '0' : amount(15) },
      ...{ nonce: String(Math.floor(random() * 5000)), method: hash(4), inputBytes: Math.floor(random() * 900) },
      ...{ gasLimit: amount(6), gasPrice: amount(9), maxFeePerGas: amount(9), maxPriorityFeePerGas: amount(7) },
      ...{ maxFeePerBlobGas: null, status: random() < 0.97 ? (1 as const) : (0 as const), gasUsed: amount(6) },
      ...{ effectiveGasPrice: amount(9), contractAddress: null, logCount: logsPerTx, blobGasUsed: null },
      ...{ blobGasPrice: null, l1Fee: amount(11), l1GasUsed: amount(4), l1GasPrice: amount(9) },
      ...{ l1BlockNumber: null, gasUsedForL1: null, extra: null },
    }));
    const logs: Log[] = txs.flatMap(({ index: txIndex, from }) =>
      Array.from({ length: logsPerTx }, (_, log) => ({
        ...{ index: txIndex * logsPerTx + log, txIndex, address: address() },
        topics: log === 0 ? [transferTopic, topicOf(from), topicOf(address())] : [hash(), topicOf(address())],
        data: `0x${amount(15).padStart(64 * (1 + log), '0')}` as Hex,
      })),
    );
    const block: Block = {
      ...{ number: (options.firstNumber ?? 1) + at, hash: hash(), parentHash, miner: address() },
      ...{ timestamp: Math.floor(options.from + at * options.secondsPerBlock), gasLimit: '30000000' },
      ...{ gasUsed: amount(7), baseFeePerGas: amount(9), blobGasUsed: null, excessBlobGas: null },
      ...{ l1BlockNumber: null, sizeBytes: 40_000, extra: null, txs, logs },
    };
    parentHash = block.hash;
    yield block;
  }
}
