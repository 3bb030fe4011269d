import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { Network } from '../../catalog/schema/network.ts';
import { type Children, createChildren } from '../runtime/children.ts';
import type { Started } from '../runtime/modules.ts';
import { startAnvil } from '../testing/anvil.ts';
import { type ExpectedTransaction, readExpectedChain, readRawChain } from '../testing/expected-chain.ts';
import { createJsonRpc, type JsonRpc } from '../testing/json-rpc.ts';
import { createLocalChains, type LocalChains } from './module.ts';

let dataDir: string;
let children: Children;
let logged: { level: number; msg: string; [field: string]: unknown }[];
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'local-chains-'));
  children = createChildren({ log: pino({ level: 'silent' }) });
  logged = [];
});
afterEach(async () => {
  await children.close(0);
  await rm(dataDir, { recursive: true });
});

describe(createLocalChains.name, () => {
  it('runs a chain and an OP chain whose blocks and transactions flow', async () => {
    const networks = await twoNetworks();
    const chains = await start(networks);
    expect(chains.part.chains).toEqual(networks.map(({ id, rpc }) => ({ id, url: rpc[0]?.url })));

    const [main, optimism] = chains.part.chains.map(({ url }) => createJsonRpc(url));
    await Promise.all([heightOf(main, 20), heightOf(optimism, 20)]);
    expect(await chains.health?.()).toMatchObject({ ok: true, detail: expect.stringMatching(/local_op: block \d+/) });
    await chains.stop();
    expect(logged.filter(({ level }) => level >= 40)).toEqual([]);
  });

  it('makes transactions of every kind, of which some fail', async () => {
    const [, network] = await twoNetworks();
    const chains = await start([network]);
    const node = nodeOf(network);
    await heightOf(node, 45);

    const { transactions, logs } = await readExpectedChain(urlOf(network), { from: 1, to: 45 });
    const is = (condition: (tx: ExpectedTransaction) => boolean) => transactions.filter(condition).length;
    expect(is((tx) => tx.type === '126')).toBeGreaterThanOrEqual(45);
    expect(is((tx) => tx.status === '0')).toBeGreaterThan(2);
    expect(is((tx) => tx.contractAddress !== null)).toBeGreaterThanOrEqual(1);
    expect(new Set(transactions.map((tx) => tx.type))).toEqual(new Set(['0', '1', '2', '126']));
    expect(logs.length).toBeGreaterThan(30);
    await chains.stop();
  });

  it('goes on with the very same chain after a stop', async () => {
    const networks = await twoNetworks();
    const first = await start(networks);
    await Promise.all(networks.map((network) => heightOf(nodeOf(network), 12)));
    const before = await Promise.all(networks.map((network) => readRawChain(urlOf(network), { from: 0, to: 10 })));
    await first.stop();

    const second = await start(networks);
    await Promise.all(networks.map((network) => heightOf(nodeOf(network), 15)));
    const after = await Promise.all(networks.map((network) => readRawChain(urlOf(network), { from: 0, to: 15 })));
    expect(after.map((blocks) => blocks.slice(0, 11))).toEqual(before);
    for (const blocks of after) {
      const times = blocks.map(({ block }) => Number(block.timestamp));
      expect(times).toEqual([...new Set(times)].sort((a, b) => a - b));
    }
    await second.stop();
  });

  it('is not thrown off its way by reorgs, rollbacks, snapshots and other transactions', async () => {
    const [network] = await twoNetworks();
    const chains = await start([network]);
    const node = nodeOf(network);
    const snapshot = await node.rpc('evm_snapshot');
    await heightOf(node, 10);
    const [from, to] = await node.rpc<string[]>('eth_accounts');

    await node.rpc('anvil_reorg', [5, []]);
    await goesOn(node);
    await node.rpc('anvil_rollback', [4]);
    await goesOn(node);
    await node.rpc('eth_sendTransaction', [{ from, to, value: '0x1', nonce: '0xffff' }]);
    await node.rpc('eth_sendTransaction', [{ from, to, value: '0x1' }]);
    await goesOn(node);
    await node.rpc('anvil_mine', ['0x5']);
    await goesOn(node);
    // Takes away even the contract, which is deployed again.
    await node.rpc('evm_revert', [snapshot]);
    await goesOn(node, 12);

    const head = Number(await node.rpc('eth_blockNumber'));
    const { transactions } = await readExpectedChain(urlOf(network), { from: head - 3, to: head - 1 });
    expect(transactions.length).toBeGreaterThan(0);
    await chains.stop();
  });

  it('starts a node again that ended by itself', async () => {
    const [network] = await twoNetworks();
    const pids: number[] = [];
    const spying: Children = {
      ...children,
      spawn: async (options) => {
        const child = await children.spawn(options);
        pids.push(child.pid);
        return child;
      },
    };
    const chains = await start([network], spying);
    const node = nodeOf(network);
    await heightOf(node, 5);
    process.kill(pids[0] ?? 0, 'SIGKILL');
    await expect.poll(() => pids.length, { timeout: 90_000 }).toBe(2);
    await heightOf(node, 5);
    expect(logged.map(({ msg }) => msg)).toContain('local chain started again');
    await chains.stop();
  });

  it('loses only its last blocks when everything is killed', async () => {
    const [network] = await twoNetworks();
    const script = `
      import { pino } from 'pino';
      import { createChildren } from ${moduleUrl('../runtime/children.ts')};
      import { createLocalChains } from ${moduleUrl('./module.ts')};
      const log = pino({ level: 'silent' });
      const networks = [${JSON.stringify(network)}];
      await createLocalChains({ networks, dataDir: ${JSON.stringify(dataDir)}, children: createChildren({ log }), log });
      process.stdout.write('up');
    `;
    const victim = spawn(process.execPath, ['--input-type=module', '-e', script], {
      cwd: import.meta.dirname,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => void victim.kill('SIGKILL'));
    await once(victim.stdout, 'data');
    await heightOf(nodeOf(network), 60);
    const before = await readRawChain(urlOf(network), { from: 0, to: 59 });
    const head = Number(await nodeOf(network).rpc('eth_blockNumber'));
    victim.kill('SIGKILL');

    const chains = await start([network]);
    const saved = Number(await nodeOf(network).rpc('eth_blockNumber'));
    expect(head - saved).toBeLessThan(30);
    const same = Math.min(saved, 59);
    expect(await readRawChain(urlOf(network), { from: 0, to: same })).toEqual(before.slice(0, same + 1));
    await chains.stop();
  });

  it('falls back on the dump before a torn one, and begins anew when both are', async () => {
    const [network] = await twoNetworks();
    const folder = join(dataDir, 'chains', network.id);
    const hashOf = (tag: string) => nodeOf(network).rpc<{ hash: string }>('eth_getBlockByNumber', [tag, false]);
    const run = async (work: () => Promise<void>) => {
      const chains = await start([network]);
      await heightOf(nodeOf(network), 3);
      await work();
      await chains.stop();
    };
    let genesis = '';
    await run(async () => {
      genesis = (await hashOf('0x0')).hash;
    });
    await truncate(join(folder, 'state.json.gz'), 1_000);
    await run(async () => {
      expect((await hashOf('0x0')).hash).toBe(genesis);
    });
    expect(logged.map(({ msg }) => msg)).toContain('saved local chain cannot be loaded');
    await delay(1_000); // the genesis blocks of two chains differ by their second
    await writeFile(join(folder, 'state.json.gz'), 'no gzip');
    await writeFile(join(folder, 'state.previous.json.gz'), '');
    await run(async () => {
      expect((await hashOf('0x0')).hash).not.toBe(genesis);
    });
    expect(logged.filter(({ level }) => level >= 50)).toMatchObject([
      { msg: expect.stringContaining('begins anew'), chain: network.id },
    ]);
    expect(await readdir(folder)).toContain('state.json.gz.unusable');
  });

  it('waits for the anvil of an earlier run to vanish from its port', async () => {
    const [network] = await twoNetworks();
    const left = await startAnvil({ port: Number(new URL(urlOf(network)).port), chainId: network.chainId ?? 0 });
    setTimeout(() => void left.stop(), 500);
    const chains = await start([network]);
    await heightOf(nodeOf(network), 2);
    await chains.stop();
  });

  it('names the port that something else has taken', async () => {
    const [network] = await twoNetworks();
    const { port } = new URL(urlOf(network));
    const server = createServer((_, response) => response.end('hello'));
    await new Promise<void>((resolve) => server.listen(Number(port), '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    await expect(start([network])).rejects.toMatchObject({
      name: 'ConfigurationError',
      message: expect.stringContaining(`port ${port} of the local chain local_l1 is taken by another program`),
    });
  });
});

async function start(networks: readonly Network[], with_: Children = children): Promise<Started<LocalChains>> {
  const log = pino({ level: 'info' }, { write: (line: string) => void logged.push(JSON.parse(line)) });
  return createLocalChains({ networks, dataDir, children: with_, log });
}

async function twoNetworks(): Promise<[Network, Network]> {
  const [one, two] = await freePorts(2);
  return [
    network({ id: 'local_l1', chainId: 7_700_001, rpc: [{ url: `http://127.0.0.1:${one}` }] }),
    network({ id: 'local_op', chainId: 7_700_002, stack: 'op_stack', rpc: [{ url: `http://127.0.0.1:${two}` }] }),
  ];
}

function network(fields: Partial<Network>): Network {
  return {
    id: 'local',
    name: 'Local',
    kind: 'evm',
    stack: 'anvil',
    settlement: 'self',
    nativeCurrency: { symbol: 'ETH', decimals: 18 },
    blockTimeSeconds: 0.05,
    finality: { confirmations: 64 },
    priority: 10,
    phase: 1,
    rpc: [],
    status: 'active',
    owner: 'platform',
    ...fields,
  };
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createTcpServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  for (const server of servers) server.close();
  return ports;
}

function urlOf({ rpc }: Network): string {
  return rpc[0]?.url ?? '';
}

function nodeOf(network_: Network): JsonRpc {
  return createJsonRpc(urlOf(network_));
}

async function heightOf(node: JsonRpc | undefined, height: number): Promise<void> {
  await expect
    .poll(async () => Number(await node?.rpc('eth_blockNumber').catch(() => 0)), { timeout: 90_000, interval: 30 })
    .toBeGreaterThanOrEqual(height);
}

async function goesOn(node: JsonRpc, blocks = 4): Promise<void> {
  await heightOf(node, Number(await node.rpc('eth_blockNumber')) + blocks);
}

function moduleUrl(path: string): string {
  return JSON.stringify(new URL(path, import.meta.url).href);
}
