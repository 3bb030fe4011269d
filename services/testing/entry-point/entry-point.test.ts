import { describe, expect, it } from 'vitest';
import { startAnvil } from '../anvil.ts';
import { readExpectedChain } from '../expected-chain.ts';
import { bundleData, entryPoint, entryPointAddresses, imposterAddress, setEntryPoints } from './entry-point.ts';

describe(setEntryPoints, () => {
  it('puts a contract at each address that tells of as many user operations as it is asked for', async () => {
    await using anvil = await startAnvil({ noMining: true });
    const [from] = await anvil.rpc<string[]>('eth_accounts');
    await anvil.batch(setEntryPoints());
    const addresses = [...entryPointAddresses, imposterAddress];
    for (const [index, to] of addresses.entries())
      await anvil.rpc('eth_sendTransaction', [{ from, to, data: bundleData(index + 1, 7), gas: '0x30d40' }]);
    await anvil.rpc('evm_mine');
    const { logs } = await readExpectedChain(anvil.url, { from: 1 });
    expect(logs.map(({ address }) => address)).toEqual(addresses.flatMap((to, index) => Array(index + 1).fill(to)));
    const told = logs.map(({ topics, data }) => entryPoint.parseLog({ topics, data })?.args.toObject());
    expect(told.slice(-4)).toMatchObject([7n, 8n, 9n, 10n].map((nonce, at) => ({ nonce, success: at !== 3 })));
    expect(new Set(logs.map(({ topics }) => topics[0]))).toEqual(
      new Set(['0x49628fd1471006c1482da88028e9ce4dbb080b815c9b0344d39e5a8e6ec1419f']),
    );
  });

  it('leaves nothing of a bundle that fails', async () => {
    await using anvil = await startAnvil({ noMining: true });
    const [from] = await anvil.rpc<string[]>('eth_accounts');
    await anvil.batch(setEntryPoints());
    const data = bundleData(2, 0, true);
    await anvil.rpc('eth_sendTransaction', [{ from, to: entryPointAddresses[0], data, gas: '0x30d40' }]);
    await anvil.rpc('evm_mine');
    const { logs, transactions } = await readExpectedChain(anvil.url, { from: 1 });
    expect(logs).toEqual([]);
    expect(transactions.map(({ status }) => status)).toEqual(['0']);
  });
});
