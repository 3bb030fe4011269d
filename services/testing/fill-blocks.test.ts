import { describe, expect, it } from 'vitest';
import { startAnvil } from './anvil.ts';
import { readExpectedChain } from './expected-chain.ts';
import { fillBlocks } from './fill-blocks.ts';
import { playgroundAddress } from './playground/playground.ts';

describe(fillBlocks.name, () => {
  for (const optimism of [false, true]) {
    it(`fills ${optimism ? 'an OP' : 'a'} chain with the mix of a real one`, async () => {
      await using anvil = await startAnvil({ noMining: true, optimism });
      const filled = await fillBlocks(anvil, { blocks: 10, txsPerBlock: 40 });
      expect(filled).toEqual({ firstBlock: 2, lastBlock: 11, txs: 400 });

      const { blocks, transactions, logs } = await readExpectedChain(anvil.url, { from: 2 });
      expect(blocks.map((block) => block.transactionCount)).toEqual(Array(10).fill('40'));
      const share = (condition: (tx: (typeof transactions)[number]) => boolean) =>
        transactions.filter(condition).length / transactions.length;
      expect(share((tx) => tx.status === '0')).toBeGreaterThan(0.02);
      expect(share((tx) => tx.status === '1')).toBeGreaterThan(0.9);
      expect(share((tx) => tx.contractAddress !== null)).toBeGreaterThan(0);
      expect(share((tx) => tx.to === playgroundAddress)).toBeGreaterThan(0.4);
      expect(new Set(transactions.map((tx) => tx.type))).toEqual(new Set(['0', '1', '2']));
      expect(logs.length).toBeGreaterThan(transactions.length / 3);
    });
  }

  it('goes on where an earlier filling ended', async () => {
    await using anvil = await startAnvil();
    await fillBlocks(anvil, { blocks: 2, txsPerBlock: 5 });
    const more = await fillBlocks(anvil, { blocks: 2, txsPerBlock: 5, seed: 2 });
    expect(more).toEqual({ firstBlock: 5, lastBlock: 6, txs: 10 });
  });

  it('makes the same transactions from the same seed', async () => {
    const hashes = await Promise.all(
      [7, 7, 8].map(async (seed) => {
        await using anvil = await startAnvil();
        await fillBlocks(anvil, { blocks: 3, txsPerBlock: 10, seed });
        const { transactions } = await readExpectedChain(anvil.url, { from: 0 });
        return transactions.map((tx) => tx.hash).sort();
      }),
    );
    expect(hashes[0]).toEqual(hashes[1]);
    expect(hashes[0]).not.toEqual(hashes[2]);
  });

  it('says so when blocks are too small for so many transactions', async () => {
    await using anvil = await startAnvil({ gasLimit: 1_200_000n });
    await expect(fillBlocks(anvil, { blocks: 1, txsPerBlock: 100 })).rejects.toThrow(/left out.*gasLimit/);
  });
});
