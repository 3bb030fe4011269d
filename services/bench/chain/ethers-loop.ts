import { type Block, JsonRpcProvider, type TransactionReceipt } from 'ethers';
import type { RunContext, Work } from '../bench.ts';
import { blockCount, type ChainInput } from './input.ts';
import { blockRow, logRow, txRow } from './rows.ts';

/**
 * The loop that is in every tutorial, with ethers' default settings: block after block, its transactions with it, then the
 * receipts of them all at once (one by one is slower by far: each waits for ethers' 10 ms of batching).
 */
export async function open(context: RunContext): Promise<Work> {
  const input = context.input as ChainInput;
  const provider = new JsonRpcProvider(input.url);
  const kept: { block: Block; receipts: readonly TransactionReceipt[] }[] = [];
  return {
    run: async () => {
      for (let number = input.firstBlock; number <= input.lastBlock; number++) {
        const block = await provider.getBlock(number, true);
        if (block === null) throw new Error(`The node has no block ${number}.`);
        const receipts = await Promise.all(block.transactions.map((hash) => getReceipt(provider, hash)));
        if (context.verifying) kept.push({ block, receipts });
      }
      return blockCount(input);
    },
    rows: async () => kept.flatMap(({ block, receipts }) => rowsOf(block, receipts)),
    close: async () => provider.destroy(),
  };
}

async function getReceipt(provider: JsonRpcProvider, hash: string): Promise<TransactionReceipt> {
  const receipt = await provider.getTransactionReceipt(hash);
  if (receipt === null) throw new Error(`The node has no receipt of ${hash}.`);
  return receipt;
}

function rowsOf(block: Block, receipts: readonly TransactionReceipt[]): string[] {
  const { number, timestamp, parentHash } = block;
  const gasUsed = receipts.reduce((sum, receipt) => sum + receipt.gasUsed, 0n);
  return [
    blockRow({ number, hash: block.hash ?? '', parentHash, timestamp, txCount: block.length, gasUsed }),
    ...receipts.map((receipt) => {
      const tx = block.getPrefetchedTransaction(receipt.index);
      return txRow({
        ...receiptFields(receipt),
        block: number,
        hash: tx.hash,
        from: tx.from,
        to: tx.to,
        value: tx.value,
      });
    }),
    ...receipts.flatMap(({ logs }) =>
      logs.map(({ index, transactionIndex, address, topics, data }) =>
        logRow({ block: number, index, txIndex: transactionIndex, address, topics, data }),
      ),
    ),
  ];
}

function receiptFields({ index, status, gasUsed }: TransactionReceipt) {
  return { index, status, gasUsed };
}
