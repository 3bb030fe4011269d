import { Pool } from 'undici';
import type { RunContext, Work } from '../bench.ts';
import { blockCount, type ChainInput } from './input.ts';
import { blockRow, logRow, txRow } from './rows.ts';

/** How the drain asks, see bench.ts for how the best values were found. */
export interface DrainSettings {
  readonly blocksPerRequest: number;
  readonly requestsInFlight: number;
  /** False: the bytes are only received, to see what parsing costs. */
  readonly parse: boolean;
}

interface RawTx {
  readonly hash: string;
  readonly transactionIndex: string;
  readonly from: string;
  readonly to: string | null;
  readonly value: string;
}

interface RawBlock {
  readonly number: string;
  readonly hash: string;
  readonly parentHash: string;
  readonly timestamp: string;
  readonly transactions: readonly RawTx[];
}

interface RawLog {
  readonly logIndex: string;
  readonly transactionIndex: string;
  readonly address: string;
  readonly topics: readonly string[];
  readonly data: string;
}

interface RawReceipt {
  readonly transactionHash: string;
  readonly status: string;
  readonly gasUsed: string;
  readonly logs: readonly RawLog[];
}

interface Answer {
  readonly id: number;
  readonly result?: RawBlock | readonly RawReceipt[] | null;
}

/** The limit: all blocks and receipts of the range are fetched and parsed, and nothing is done with them. */
export async function open(context: RunContext): Promise<Work> {
  const input = context.input as ChainInput;
  const { blocksPerRequest, requestsInFlight, parse } = context.settings as DrainSettings;
  const pool = new Pool(input.url, { connections: requestsInFlight, pipelining: 1 });
  const kept: string[] = [];
  let next = input.firstBlock;
  let answers = 0;

  async function worker(): Promise<void> {
    while (next <= input.lastBlock) {
      const first = next;
      const last = Math.min(first + blocksPerRequest - 1, input.lastBlock);
      next = last + 1;
      const { statusCode, body } = await pool.request({
        path: '/',
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: requestBody(first, last),
      });
      if (statusCode !== 200)
        throw new Error(`The node answered HTTP ${statusCode}: ${(await body.text()).slice(0, 200)}`);
      if (parse) {
        const text = await body.text();
        answers += (JSON.parse(text) as Answer[]).length;
        if (context.verifying) kept.push(text);
      } else {
        const bytes = await body.arrayBuffer();
        answers += 2 * (last - first + 1);
        if (context.verifying) kept.push(Buffer.from(bytes).toString());
      }
    }
  }

  return {
    run: async () => {
      await Promise.all(Array.from({ length: requestsInFlight }, worker));
      if (answers !== 2 * blockCount(input)) throw new Error(`${answers} answers came, not ${2 * blockCount(input)}.`);
      return blockCount(input);
    },
    rows: async () => rowsOf(kept.flatMap((text) => JSON.parse(text) as Answer[])),
    close: () => pool.close(),
  };
}

function requestBody(first: number, last: number): string {
  const calls: string[] = [];
  for (let number = first; number <= last; number++) {
    const hex = `0x${number.toString(16)}`;
    calls.push(`{"jsonrpc":"2.0","id":${2 * number},"method":"eth_getBlockByNumber","params":["${hex}",true]}`);
    calls.push(`{"jsonrpc":"2.0","id":${2 * number + 1},"method":"eth_getBlockReceipts","params":["${hex}"]}`);
  }
  return `[${calls.join(',')}]`;
}

function rowsOf(answers: readonly Answer[]): string[] {
  const byId = new Map(answers.map(({ id, result }) => [id, result]));
  return answers
    .filter(({ id }) => id % 2 === 0)
    .flatMap(({ id }) => {
      const block = byId.get(id) as RawBlock;
      const receipts = new Map((byId.get(id + 1) as RawReceipt[]).map((receipt) => [receipt.transactionHash, receipt]));
      return blockRows(block, receipts);
    });
}

function blockRows(block: RawBlock, receipts: ReadonlyMap<string, RawReceipt>): string[] {
  const number = BigInt(block.number);
  const txs = block.transactions.map((tx) => {
    const receipt = receipts.get(tx.hash);
    if (receipt === undefined) throw new Error(`Block ${number} has no receipt of ${tx.hash}.`);
    return { ...tx, block: number, index: Number(tx.transactionIndex), value: BigInt(tx.value), ...outcomeOf(receipt) };
  });
  const gasUsed = txs.reduce((sum, tx) => sum + tx.gasUsed, 0n);
  return [
    blockRow({ ...block, number, timestamp: BigInt(block.timestamp), txCount: txs.length, gasUsed }),
    ...txs.map(txRow),
    ...[...receipts.values()].flatMap(({ logs }) =>
      logs.map((log) =>
        logRow({ ...log, block: number, index: Number(log.logIndex), txIndex: Number(log.transactionIndex) }),
      ),
    ),
  ];
}

function outcomeOf({ status, gasUsed }: RawReceipt): { status: number; gasUsed: bigint } {
  return { status: Number(status), gasUsed: BigInt(gasUsed) };
}
