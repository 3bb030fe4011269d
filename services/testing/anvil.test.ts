import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { startAnvil } from './anvil.ts';

describe(startAnvil.name, () => {
  it('starts chains side by side, each on a port of its own', async () => {
    await using one = await startAnvil({ chainId: 7_700_011 });
    await using other = await startAnvil({ chainId: 7_700_012, noMining: true });

    expect(one.port).not.toBe(other.port);
    expect(await one.rpc('eth_chainId')).toBe('0x757e2b');
    expect(await other.rpc('eth_chainId')).toBe('0x757e2c');
  });

  it('mines each transaction at once, or nothing by itself', async () => {
    await using automatic = await startAnvil();
    await using manual = await startAnvil({ noMining: true });

    for (const anvil of [automatic, manual]) await anvil.rpc('eth_sendTransaction', [await transfer(anvil)]);
    await expect.poll(() => automatic.rpc('eth_blockNumber')).toBe('0x1');
    expect(await manual.rpc('eth_blockNumber')).toBe('0x0');
  });

  it('takes deposit transactions in OP mode, as an OP stack chain has them', async () => {
    await using anvil = await startAnvil({ optimism: true, noMining: true });
    const deposit = { ...(await transfer(anvil)), type: '0x7e', sourceHash, mint: '0x5', isSystemTx: false };

    const hash = await anvil.rpc('eth_sendTransaction', [deposit]);
    await anvil.rpc('evm_mine');
    expect(await anvil.rpc('eth_getTransactionByHash', [hash])).toMatchObject({
      type: '0x7e',
      sourceHash,
      mint: '0x5',
    });
    expect(await anvil.rpc('eth_getTransactionReceipt', [hash])).toMatchObject({
      // anvil gives the nonce after the transaction, op-geth the one before.
      depositNonce: '0x1',
      depositReceiptVersion: '0x1',
    });
  });

  it('replaces the last blocks when asked to', async () => {
    await using anvil = await startAnvil({ noMining: true });
    await anvil.rpc('anvil_mine', ['0x1e']);
    const hashes = () => anvil.batch<{ hash: string }>([9, 10, 11, 30].map(blockCall)).then((all) => all.map(hashOf));

    const before = await hashes();
    await anvil.rpc('anvil_reorg', [20, []]);
    const after = await hashes();
    expect(before.map((hash, index) => hash === after[index])).toEqual([true, true, false, false]);
  });

  it('says why a node does not come up', async () => {
    await using anvil = await startAnvil();
    await expect(startAnvil({ port: anvil.port })).rejects.toThrow(/anvil did not start: .*\n.*in use/i);
  });

  it('takes the node down with a test process that is killed', async () => {
    const script = `
      import { startAnvil } from ${JSON.stringify(new URL('./anvil.ts', import.meta.url).href)};
      const anvil = await startAnvil();
      process.stdout.write(anvil.url, () => process.kill(process.pid, 'SIGKILL'));
    `;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [url] = await Promise.all([text(child.stdout), once(child, 'exit')]);

    expect(url).toMatch(/^http/);
    await expect.poll(() => answers(url), { timeout: 90_000, interval: 50 }).toBe(false);
  });

  it('frees the port when stopped, and may be stopped twice', async () => {
    const anvil = await startAnvil();
    await anvil.stop();
    await anvil.stop();
    await delay(0);
    expect(await answers(anvil.url)).toBe(false);
  });
});

const sourceHash = `0x${'11'.repeat(32)}`;

async function transfer(anvil: { rpc(method: string): Promise<unknown> }): Promise<object> {
  const [from, to] = (await anvil.rpc('eth_accounts')) as string[];
  return { from, to, value: '0x1', gas: '0xc350' };
}

function blockCall(number: number): readonly [string, readonly unknown[]] {
  return ['eth_getBlockByNumber', [`0x${number.toString(16)}`, false]];
}

function hashOf(block: { hash: string }): string {
  return block.hash;
}

async function answers(url: string): Promise<boolean> {
  try {
    await fetch(url, { method: 'POST', body: '{}' });
    return true;
  } catch {
    return false;
  }
}
