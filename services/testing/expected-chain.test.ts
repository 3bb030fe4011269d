import { toQuantity } from 'ethers';
import { describe, expect, it } from 'vitest';
import { startAnvil } from './anvil.ts';
import { readExpectedChain, readRawChain } from './expected-chain.ts';
import { fillBlocks } from './fill-blocks.ts';

describe(readExpectedChain.name, () => {
  it('reads all rows of a range, with exact decimal amounts', async () => {
    await using anvil = await startAnvil({ noMining: true });
    await fillBlocks(anvil, { blocks: 3, txsPerBlock: 6 });
    const value = 1_234_567_890_123_456_789_012n;
    const [from, to] = await anvil.rpc<string[]>('eth_accounts');
    const hash = await anvil.rpc('eth_sendTransaction', [{ from, to, value: toQuantity(value) }]);
    await anvil.rpc('evm_mine');

    const chain = await readExpectedChain(anvil.url, { from: 2 });
    expect(chain.blocks.map((block) => block.number)).toEqual(['2', '3', '4', '5']);
    expect(chain.transactions).toHaveLength(3 * 6 + 1);
    expect(chain.transactions.at(-1)).toMatchObject({ hash, value: value.toString(), status: '1', l1Fee: null });
    const perTransaction = chain.transactions.map(
      (tx) => chain.logs.filter((log) => log.transactionHash === tx.hash).length,
    );
    expect(perTransaction).toEqual(chain.transactions.map((tx) => Number(tx.logCount)));
  });

  it('finds the same logs that eth_getLogs does', async () => {
    await using anvil = await startAnvil();
    await fillBlocks(anvil, { blocks: 3, txsPerBlock: 10 });
    const { logs } = await readExpectedChain(anvil.url, { from: 0 });
    const found = await anvil.rpc<{ transactionHash: string; logIndex: string; data: string }[]>('eth_getLogs', [
      { fromBlock: '0x0', toBlock: 'latest' },
    ]);
    expect(logs.map(({ transactionHash, logIndex, data }) => [transactionHash, logIndex, data])).toEqual(
      found.map(({ transactionHash, logIndex, data }) => [transactionHash, BigInt(logIndex).toString(), data]),
    );
  });

  it('keeps what only OP stack chains have', async () => {
    await using anvil = await startAnvil({ optimism: true, noMining: true });
    const [from, to] = await anvil.rpc<string[]>('eth_accounts');
    const sourceHash = `0x${'22'.repeat(32)}`;
    const deposit = { type: '0x7e', from, to, gas: '0xc350', sourceHash, mint: '0x10', isSystemTx: false };
    await anvil.rpc('eth_sendTransaction', [deposit]);
    await anvil.rpc('evm_mine');

    const { transactions } = await readExpectedChain(anvil.url, { from: 1 });
    expect(transactions).toMatchObject([{ type: '126', sourceHash, mint: '16', depositNonce: '1', gasPrice: null }]);
  });

  it('refuses a range the chain does not have', async () => {
    await using anvil = await startAnvil();
    await expect(readExpectedChain(anvil.url, { from: 0, to: 3 })).rejects.toThrow('block 1 does not exist');
  });
});

describe(readRawChain.name, () => {
  it('gives the same for a chain that was dumped and loaded again', async () => {
    await using anvil = await startAnvil({ noMining: true, timestampSeconds: 1_800_000_000 });
    await fillBlocks(anvil, { blocks: 3, txsPerBlock: 5 });
    await using copy = await startAnvil({ noMining: true, timestampSeconds: 1_800_000_000 });
    await copy.rpc('anvil_loadState', [await anvil.rpc('anvil_dumpState')]);

    expect(await readRawChain(copy.url, { from: 0 })).toEqual(await readRawChain(anvil.url, { from: 0 }));
  });
});
