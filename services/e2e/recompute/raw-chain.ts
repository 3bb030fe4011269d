import { type Node, NodeError } from './node.ts';

// A chain as its node tells it, by JSON-RPC and nothing else: what the API says is computed again from these.

export interface RawLog {
  readonly address: string;
  readonly topics: readonly string[];
  readonly data: string;
}

export interface RawTransaction {
  /** EIP-2718. */
  readonly type: number;
  readonly from: string;
  readonly to: string | null;
  readonly status: number | null;
  readonly gasUsed: bigint;
  /** effectiveGasPrice, wei. */
  readonly price: bigint | null;
  /** l1Fee of the OP stack, wei. */
  readonly l1Fee: bigint | null;
  readonly logs: readonly RawLog[];
}

export interface RawBlock {
  readonly number: number;
  readonly hash: string;
  readonly parentHash: string;
  /** Unix seconds. */
  readonly timestamp: number;
  readonly gasUsed: bigint;
  readonly gasLimit: bigint;
  readonly baseFee: bigint | null;
  readonly transactions: readonly RawTransaction[];
}

export type Header = Pick<RawBlock, 'number' | 'hash' | 'parentHash' | 'timestamp'>;

export interface RawChain {
  /** The newest block. */
  head(): Promise<Header>;
  /** The newest final block's number; null where the node knows of none. */
  finalized(): Promise<number | null>;
  header(number: number): Promise<Header>;
  /** The first block whose timestamp is not before, undefined if there is none. */
  firstSince(timestamp: number): Promise<Header | undefined>;
  /**
   * The blocks from a number to one with this hash, ascending, each the parent of the next.
   * @throws MovedError if the node's chain does not hold that block
   * @throws TooManyError if they are more than may be read
   */
  branch(from: number, to: { readonly number: number; readonly hash: string }): Promise<RawBlock[]>;
}

/** The node's chain is another one than was spoken of: a reorganisation that one of both does not know yet. */
export class MovedError extends Error {}

export class TooManyError extends Error {}

export interface RawChainOptions {
  readonly node: Node;
  /** Blocks of one branch at most. */
  readonly blocksMax: number;
  /** Requests under way at once. */
  readonly atOnce: number;
}

type Json = Readonly<Record<string, unknown>>;

export function createRawChain({ node, blocksMax, atOnce }: RawChainOptions): RawChain {
  const blocks = new Map<number, RawBlock>();
  let receiptsOfBlock = true;

  async function rawHeader(at: number | string, whole: boolean): Promise<Json | null> {
    const tag = typeof at === 'number' ? quantity(at) : at;
    return (await node.call('eth_getBlockByNumber', [tag, whole])) as Json | null;
  }

  async function header(number: number): Promise<Header> {
    const raw = await rawHeader(number, false);
    if (raw === null)
      throw new MovedError(`the node has no block ${number}: it left the chain, or the node prunes its history`);
    return headerOf(raw);
  }

  async function read(number: number): Promise<RawBlock> {
    const raw = await rawHeader(number, true);
    if (raw === null)
      throw new MovedError(`the node has no block ${number}: it left the chain, or the node prunes its history`);
    const txs = raw.transactions as Json[];
    const receipts = txs.length === 0 ? [] : await readReceipts(number, String(raw.hash), txs);
    const transactions = txs.map((tx, index) => transactionOf(tx, receipts[index] ?? {}));
    const { gasUsed, gasLimit, baseFeePerGas: baseFee } = raw;
    const block = { ...headerOf(raw), gasUsed: big(gasUsed), gasLimit: big(gasLimit), baseFee: bigOrNull(baseFee) };
    return { ...block, transactions };
  }

  async function readReceipts(number: number, hash: string, txs: readonly Json[]): Promise<Json[]> {
    let receipts: (Json | null)[] | null = null;
    if (receiptsOfBlock) {
      try {
        receipts = (await node.call('eth_getBlockReceipts', [quantity(number)])) as Json[] | null;
      } catch (error) {
        if (!(error instanceof NodeError) || error.code !== -32601) throw error;
        receiptsOfBlock = false;
      }
    }
    receipts ??= (await Promise.all(
      txs.map((tx) => node.call('eth_getTransactionReceipt', [tx.hash])),
    )) as (Json | null)[];
    const byTransaction = new Map(receipts.map((receipt) => [receipt?.transactionHash, receipt]));
    return txs.map((tx) => {
      const receipt = byTransaction.get(tx.hash);
      if (receipt?.blockHash === hash) return receipt;
      throw new MovedError(
        `the node has no receipt of ${tx.hash} in block ${number}: the chain moved, or the node keeps no receipts that old`,
      );
    });
  }

  async function fill(from: number, to: number): Promise<void> {
    const missing: number[] = [];
    for (let number = to; number >= from; number--) if (!blocks.has(number)) missing.push(number);
    await Promise.all(
      Array.from({ length: atOnce }, async () => {
        for (let number = missing.shift(); number !== undefined; number = missing.shift())
          blocks.set(number, await read(number));
      }),
    );
  }

  return {
    head: async () => headerOf((await rawHeader('latest', false)) ?? {}),
    finalized: async () => {
      const raw = await rawHeader('finalized', false).catch(() => null);
      return raw === null ? null : headerOf(raw).number;
    },
    header,
    firstSince: async (timestamp) => {
      const head = headerOf((await rawHeader('latest', false)) ?? {});
      if (head.timestamp < timestamp) return undefined;
      let found: Header = head;
      for (let low = 0; low < found.number; ) {
        const middle = low + Math.floor((found.number - low) / 2);
        const at = blocks.get(middle) ?? (await header(middle));
        if (at.timestamp >= timestamp) found = at;
        else low = middle + 1;
      }
      return found;
    },
    branch: async (from, to) => {
      const count = to.number - from + 1;
      if (count > blocksMax)
        throw new TooManyError(`${count} blocks, from ${from} to ${to.number}: more than the ${blocksMax} of --blocks`);
      await fill(from, to.number);
      const branch: RawBlock[] = [];
      let wanted = to.hash;
      for (let number = to.number; number >= from; number--) {
        let block = blocks.get(number);
        if (block?.hash !== wanted) {
          block = await read(number);
          blocks.set(number, block);
        }
        if (block.hash !== wanted)
          throw new MovedError(`block ${number} is ${block.hash} on the node, and not ${wanted}`);
        branch.push(block);
        wanted = block.parentHash;
      }
      return branch.reverse();
    },
  };
}

function headerOf(raw: Json): Header {
  return {
    number: Number(big(raw.number)),
    hash: String(raw.hash).toLowerCase(),
    parentHash: String(raw.parentHash).toLowerCase(),
    timestamp: Number(big(raw.timestamp)),
  };
}

function transactionOf(tx: Json, receipt: Json): RawTransaction {
  const { status, effectiveGasPrice, l1Fee, gasUsed } = receipt;
  return {
    type: tx.type === undefined ? 0 : Number(big(tx.type)),
    from: String(tx.from).toLowerCase(),
    to: typeof tx.to === 'string' ? tx.to.toLowerCase() : null,
    status: status === undefined || status === null ? null : Number(big(status)),
    gasUsed: big(gasUsed),
    price: bigOrNull(effectiveGasPrice),
    l1Fee: bigOrNull(l1Fee),
    logs: (receipt.logs as Json[]).map(({ address, topics, data }) => ({
      address: String(address).toLowerCase(),
      topics: (topics as string[]).map((topic) => topic.toLowerCase()),
      data: String(data).toLowerCase(),
    })),
  };
}

function quantity(number: number): string {
  return `0x${number.toString(16)}`;
}

function big(value: unknown): bigint {
  if (typeof value !== 'string' && typeof value !== 'number') throw new Error(`no quantity: ${JSON.stringify(value)}`);
  return BigInt(value);
}

function bigOrNull(value: unknown): bigint | null {
  return value === undefined || value === null ? null : big(value);
}
