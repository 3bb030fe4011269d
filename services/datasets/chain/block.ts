/** Lower-case hexadecimal bytes with the 0x prefix, as JSON-RPC writes them. */
export type Hex = `0x${string}`;

/**
 * A quantity as decimal digits. Wei and gas pass 2^53, so they never become a JavaScript number;
 * the stores keep them as numeric and UInt256.
 */
export type Decimal = string;

/** What the JSON-RPC answer held beyond the columns: L2 fields of every stack, kept as they came. */
export type Extra = Readonly<Record<string, unknown>>;

/** A block of the canonical chain with its transactions (each joined with its receipt) and logs. */
export interface Block {
  readonly number: number;
  readonly hash: Hex;
  readonly parentHash: Hex;
  /** Unix seconds. */
  readonly timestamp: number;
  readonly miner: Hex | null;
  readonly gasLimit: Decimal;
  readonly gasUsed: Decimal;
  readonly baseFeePerGas: Decimal | null;
  readonly blobGasUsed: Decimal | null;
  readonly excessBlobGas: Decimal | null;
  /** The L1 block this L2 block refers to, where the stack says it (Arbitrum, zkSync). */
  readonly l1BlockNumber: Decimal | null;
  readonly sizeBytes: number | null;
  readonly extra: Extra | null;
  readonly txs: readonly Tx[];
  readonly logs: readonly Log[];
}

/** A transaction joined with its receipt. `type` is the EIP-2718 type, also of kinds we do not know. */
export interface Tx {
  readonly index: number;
  readonly hash: Hex;
  readonly type: number;
  readonly from: Hex;
  /** Null for a contract creation. */
  readonly to: Hex | null;
  readonly value: Decimal;
  readonly nonce: Decimal;
  /** The first four bytes of the input, or null when it is shorter. The input itself is not kept: its size is. */
  readonly method: Hex | null;
  readonly inputBytes: number;
  readonly gasLimit: Decimal;
  readonly gasPrice: Decimal | null;
  readonly maxFeePerGas: Decimal | null;
  readonly maxPriorityFeePerGas: Decimal | null;
  readonly maxFeePerBlobGas: Decimal | null;
  /** 1 success, 0 failure, null before EIP-658. */
  readonly status: 0 | 1 | null;
  readonly gasUsed: Decimal;
  readonly effectiveGasPrice: Decimal | null;
  readonly contractAddress: Hex | null;
  readonly logCount: number;
  readonly blobGasUsed: Decimal | null;
  readonly blobGasPrice: Decimal | null;
  /** OP-stack receipts: the fee for publishing to L1, in wei. */
  readonly l1Fee: Decimal | null;
  readonly l1GasUsed: Decimal | null;
  readonly l1GasPrice: Decimal | null;
  readonly l1BlockNumber: Decimal | null;
  /** Arbitrum receipts: the part of gasUsed that pays for L1. */
  readonly gasUsedForL1: Decimal | null;
  readonly extra: Extra | null;
}

/** An event log. `topics` holds up to four 32-byte words. */
export interface Log {
  readonly index: number;
  readonly txIndex: number;
  readonly address: Hex;
  readonly topics: readonly Hex[];
  readonly data: Hex;
}

/** What identifies a block in a chain. */
export interface BlockRef {
  readonly number: number;
  readonly hash: Hex;
}
