import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { chromium as playwright } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { opsPort } from '../catalog/ops-port.ts';
import { findPortOffset } from './runtime/free-port.ts';
import { adminPorts, apiPorts, marketApiPorts } from './system.ts';
import { type Anvil, startAnvil } from './testing/anvil.ts';
import { fillBlocks } from './testing/fill-blocks.ts';

// The whole program as its user meets it: a process, its ports, its files, its signals.

const root = join(import.meta.dirname, '..');
/** Debian's and Google's names; a machine without one skips the browser, and the test's name says why. */
const chromium = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) =>
  existsSync(path),
);

/** All that the program listens at: its services, then its own chains and its exchange. */
const ports = [...apiPorts, ...marketApiPorts, ...adminPorts, opsPort, 18545, 18546, 18600, 18601, 18602];

let dir: string;
let catalog: string;
let portOffset: number;
let third: Anvil;
let program: Program | undefined;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'defimon-main-'));
  catalog = join(dir, 'catalog');
  const data = (path: string): boolean => !path.endsWith('.ts');
  await cp(join(root, 'catalog'), catalog, { recursive: true, filter: data });
  portOffset = await findPortOffset(ports);
  third = await startAnvil({ noMining: true });
  await fillBlocks(third, { blocks: 120, txsPerBlock: 5 });
});

afterAll(async () => {
  if (program !== undefined) await program.kill('SIGKILL');
  await third.stop();
  await rm(dir, { recursive: true, force: true });
});

describe('npm start', () => {
  it('answers, lists the 66 networks, and its own chains move', async () => {
    program = start();

    const { networks } = await program.get('/api/v1/l2/networks');

    expect(networks.filter((network: { id: string }) => !network.id.startsWith('local_'))).toHaveLength(66);
    const before = await headOf('local_l1');
    await vi.waitFor(async () => expect(await headOf('local_l1')).toBeGreaterThan(before), waiting);
    await vi.waitFor(() => expect(running().output()).toMatch(/API +http:\/\/127\.0\.0\.1:\d+\/api/), waiting);
  });

  it.skipIf(chromium === undefined)(
    'opens its documentation in a browser, offline and without an error (needs Chromium)',
    async () => {
      const browser = await playwright.launch({
        executablePath: chromium ?? '',
        args: ['--disable-background-networking'],
      });
      try {
        const page = await browser.newPage();
        const errors: string[] = [];
        page.on('pageerror', (error) => errors.push(error.message));
        page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
        await page.goto(`http://127.0.0.1:${8000 + portOffset}/docs`);
        await page.getByText('/api/v1/l2/networks/{network}/stats').waitFor();
        expect(errors).toEqual([]);
      } finally {
        await browser.close();
      }
    },
  );

  it('syncs and serves a network that a new file names, without a restart', async () => {
    await writeFile(join(catalog, 'networks', 'third.yaml'), networkFile(third.url));
    const head = Number(await third.rpc('eth_blockNumber'));
    await vi.waitFor(async () => expect(await headOf('third')).toBe(head), waiting);
    await vi.waitFor(() => expectSame('third', third), waiting);
  });

  it('reports a typo at its line and column, and carries on with the last good catalog', async () => {
    const file = join(catalog, 'networks', 'third.yaml');
    await writeFile(file, networkFile(third.url).replace('priority: 5', 'prioritty: 5'));

    await vi.waitFor(async () => {
      const { catalog: state } = await running().get('/api/v1/health');
      expect(JSON.stringify(state.refused)).toMatch(/third\.yaml:\d+:\d+ CAT\d{3} .*prioritty/);
    }, waiting);

    await third.rpc('evm_mine');
    await vi.waitFor(
      async () => expect(await headOf('third')).toBe(Number(await third.rpc('eth_blockNumber'))),
      waiting,
    );
    await writeFile(file, networkFile(third.url));
    await vi.waitFor(async () => expect((await running().get('/api/v1/health')).catalog.refused).toEqual([]), waiting);
  });

  it('follows reorgs: every answer is that of the canonical chain', async () => {
    for (const depth of [1, 7, 20]) {
      await third.rpc('anvil_reorg', [depth, []]);
      await sleep(300);
    }

    await vi.waitFor(() => expectSame('third', third), waiting);
  });

  it('loses and doubles nothing when killed at any moment', async () => {
    for (let round = 0; round < 2; round++) {
      await fillBlocks(third, { blocks: 10, txsPerBlock: 3, seed: round + 2 });
      await sleep(Math.random() * 700);
      await running().kill('SIGKILL');
      await third.rpc('anvil_reorg', [1 + round * 3, []]);
      program = start();
      await vi.waitFor(() => expectSame('third', third), waiting);
    }
  }, 400_000);

  it('stops a network whose file is removed', async () => {
    await rm(join(catalog, 'networks', 'third.yaml'));

    await vi.waitFor(async () => {
      const { networks } = await running().get('/api/v1/l2/networks');
      expect(networks.map((network: { id: string }) => network.id)).not.toContain('third');
    }, waiting);
  });

  it('stops cleanly on Ctrl-C and leaves no process behind', async () => {
    const code = await running().kill('SIGINT');

    expect(code).toBe(0);
    expect(running().output()).toContain('stopped');
    expect(await processesOf(dir)).toEqual([]);
    program = undefined;
  });
});

describe('npm start -- --help and the like', () => {
  it.each([
    ['--help', /Usage: npm start -- \[options\]/],
    ['--list', /chain-sync +catalog, relational/],
    ['--check', /is good/],
    ['--print-config', /"intervalSeconds"/],
  ])('%s explains the program', async (flag, expected) => {
    const run = start([flag]);

    expect(await run.ended).toBe(0);
    expect(run.output()).toMatch(expected);
  });

  it('says what is wrong with a bad option and leaves with 1', async () => {
    const run = start(['--target', 'chain-snyc', '--check']);

    expect(await run.ended).toBe(1);
    expect(run.output()).toMatch(/unknown module "chain-snyc"; known: .*chain-sync/);
  });
});

const waiting = { timeout: 90_000, interval: 100 };

interface Program {
  get(path: string): Promise<ReturnType<typeof JSON.parse>>;
  output(): string;
  readonly ended: Promise<number | null>;
  kill(signal: 'SIGINT' | 'SIGKILL'): Promise<number | null>;
}

function start(flags: readonly string[] = []): Program {
  const args = [
    'services/main.ts',
    '--catalog',
    catalog,
    '--data-dir',
    join(dir, 'data'),
    '--port-offset',
    String(portOffset),
    ...flags,
  ];
  const child: ChildProcess = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (text) => (output += text));
  const ended = once(child, 'exit').then(([code]) => code as number | null);
  return {
    output: () => output,
    ended,
    get: (path) =>
      vi.waitFor(async () => {
        // Waiting for a program that has ended would only hide why it ended.
        if (child.exitCode !== null) expect.fail(`the program ended with ${child.exitCode}:\n${output}`);
        const response = await fetch(`http://127.0.0.1:${8000 + portOffset}${path}`);
        if (response.status !== 200) throw new Error(`${path}: ${response.status} ${await response.text()}`);
        return response.json();
      }, waiting),
    kill: async (signal) => {
      child.kill(signal);
      return ended;
    },
  };
}

function running(): Program {
  if (program === undefined) throw new Error('the program is not started');
  return program;
}

async function headOf(network: string): Promise<number> {
  const { networks } = await running().get('/api/v1/l2/networks');
  return networks.find((each: { id: string }) => each.id === network)?.sync.synced ?? -1;
}

/** Blocks, transactions and totals of the API, from both stores, against the node itself. */
async function expectSame(network: string, node: Anvil): Promise<void> {
  const head = Number(await node.rpc('eth_blockNumber'));
  const numbers = Array.from({ length: head + 1 }, (_, number) => `0x${number.toString(16)}`);
  const blocks = await node.batch<{ hash: string; gasUsed: string; transactions: { hash: string }[] }>(
    numbers.map((number) => ['eth_getBlockByNumber', [number, true]]),
  );
  const path = `/api/v1/l2/networks/${network}`;
  const held = await pages(`${path}/blocks`, 'blocks');
  expect(held.map((block) => block.hash).reverse()).toEqual(blocks.map((block) => block.hash));
  const txs = await pages(`${path}/txs`, 'txs');
  expect(txs.map((tx) => tx.hash).reverse()).toEqual(
    blocks.flatMap((block) => block.transactions.map((tx) => tx.hash)),
  );
  const stats = await running().get(`${path}/stats?window=all`);
  expect(stats.stats.blocks).toBe(blocks.length);
  expect(stats.stats.transactions).toBe(blocks.reduce((sum, block) => sum + block.transactions.length, 0));
  expect(stats.stats.gasUsed).toBe(String(blocks.reduce((sum, block) => sum + BigInt(block.gasUsed), 0n)));
}

async function pages(path: string, key: string): Promise<{ hash: string }[]> {
  const rows: { hash: string }[] = [];
  let cursor: string | null = null;
  do {
    const page: Record<string, never> = await running().get(
      `${path}?limit=500${cursor === null ? '' : `&before=${cursor}`}`,
    );
    rows.push(...(page[key] ?? []));
    cursor = page.next ?? null;
  } while (cursor !== null);
  return rows;
}

function networkFile(url: string): string {
  return `# yaml-language-server: $schema=../schema/generated/network.schema.json
id: third
name: Third
kind: evm
chainId: 31337
status: active
phase: 3
priority: 5
owner: platform
stack: anvil
settlement: self
nativeCurrency: { symbol: ETH, decimals: 18 }
finality: { tag: finalized, confirmations: 64 }
rpc:
  - url: ${url}
`;
}

/** Processes whose command line or working folder is below `path`. */
async function processesOf(path: string): Promise<string[]> {
  const found: string[] = [];
  for (const pid of await readdir('/proc').catch(() => [])) {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) continue;
    const command = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).replaceAll('\0', ' ');
    if (command.includes(path)) found.push(command);
  }
  return found;
}
