import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { getAddress } from 'ethers';
import { mineWithTraffic } from '../chain-pipeline-fixture.ts';
import { type Anvil, startAnvil } from '../testing/anvil.ts';
import type { ExchangeCore } from '../testing/exchange/exchange-core.ts';
import { type ExchangeServer, startSimulatedExchange } from '../testing/exchange/exchange-server.ts';
import { fillBlocks } from '../testing/fill-blocks.ts';
import { playground, playgroundAddress } from '../testing/playground/playground.ts';
import { seededRandom } from '../testing/seeded-random.ts';

/** A real chain that the platforms of a run follow. */
export interface SourceChain {
  readonly id: string;
  readonly node: Anvil;
}

/** What the platforms follow, and the catalog that says so: the same for every platform of a run. */
export interface Sources extends AsyncDisposable {
  readonly chains: readonly SourceChain[];
  readonly symbols: readonly string[];
  readonly catalog: string;
  readonly environmentFile: string;
  /** Blocks, transactions and reorgs on every chain, until it is stopped. */
  startTraffic(): { stop(): Promise<void> };
  /** Puts a new file into the catalog, as a merge does. */
  addNetwork(id: string): Promise<SourceChain>;
}

const bases = ['BTC', 'ETH', 'SOL', 'XRP'];
/** Reorgs go less deep. */
const finalityBlocks = 24;
const reorgBlocksMax = 9;

export async function startSources(options: { readonly folder: string; readonly seed: number }): Promise<Sources> {
  const { folder, seed } = options;
  const random = seededRandom(seed);
  const root = join(import.meta.dirname, '..', '..');
  const catalog = join(folder, 'catalog');
  cpSync(join(root, 'catalog'), catalog, { recursive: true, filter: (path) => !path.endsWith('.ts') });
  rmSync(join(catalog, 'pairs'), { recursive: true });
  mkdirSync(join(catalog, 'pairs'));
  writeFileSync(join(catalog, 'pairs', 'top10.yaml'), pairsFile());
  const chains: SourceChain[] = [];
  const exchange = await startExchange(seed);
  const environmentFile = join(folder, 'environment.yaml');
  writeFileSync(environmentFile, environmentText(exchange));

  async function addNetwork(id: string): Promise<SourceChain> {
    const chainId = 7_800_001 + chains.length;
    const node = await startAnvil({ noMining: true, chainId, finalityBlocks, timestampSeconds: genesisSeconds() });
    await fillBlocks(node, { blocks: 60, txsPerBlock: 4, seed: seed + chains.length });
    const chain = { id, node };
    chains.push(chain);
    writeFileSync(join(catalog, 'protocols', 'playground.yaml'), protocolFile(chains));
    writeFileSync(join(catalog, 'networks', `${id}.yaml`), networkFile(chain));
    return chain;
  }

  await addNetwork('e2e_one');
  await addNetwork('e2e_two');
  return {
    chains,
    symbols: bases.map((base) => `${base}USDT`),
    catalog,
    environmentFile,
    addNetwork,
    startTraffic: () => {
      let moving = true;
      const done = (async () => {
        while (moving) {
          for (const { node } of chains) {
            const accounts = await node.rpc<string[]>('eth_accounts');
            if (random() < 0.15) await node.rpc('anvil_reorg', [1 + Math.floor(random() * reorgBlocksMax), []]);
            await node.rpc('eth_sendTransaction', [mintOf(accounts, random)]).catch(() => undefined);
            await mineWithTraffic(node, accounts, random);
          }
          await sleep(100);
        }
        // Pending transactions would go into blocks that nobody asked for.
        for (const { node } of chains)
          await node.batch([
            ['evm_mine', []],
            ['evm_mine', []],
          ]);
      })();
      return {
        stop: async () => {
          moving = false;
          await done;
        },
      };
    },
    [Symbol.asyncDispose]: async () => {
      await exchange.stop();
      for (const { node } of chains) await node.stop();
    },
  };
}

/** So that reorgs take events of a protocol with them. */
function mintOf(accounts: readonly string[], random: () => number): object {
  const [from, to] = [0, 1].map(() => accounts[Math.floor(random() * accounts.length)]);
  const data = playground.encodeFunctionData('mint', [to, Math.floor(random() * 1e9)]);
  return { from, to: playgroundAddress, data, gas: '0x3d090' };
}

/** A day ago: blocks that are mined faster than the clock goes stay in the past. */
function genesisSeconds(): number {
  return Math.floor(Date.now() / 1000) - 86_400;
}

function startExchange(seed: number): Promise<ExchangeServer<ExchangeCore>> {
  return startSimulatedExchange({
    market: 'spot',
    updatesPerSecond: 5,
    seed,
    symbols: bases.map((base) => ({
      ...{ symbol: `${base}USDT`, base, quote: 'USDT' },
      ...{ tickSize: '0.01', stepSize: '0.001', price: 27_000, levels: 200 },
    })),
  });
}

function environmentText({ restUrl, streamUrl }: ExchangeServer<ExchangeCore>): string {
  return `name: local
domain: localhost
follow: head
phases: [1, 2, 3]
sync:
  intervalSeconds: 0.2
  batchSize: 100
  maxConcurrentRequests: 20
  priorityThreshold: 1
  requestsPerSecond: 200
  requestTimeoutSeconds: 5
market:
  exchange:
    spot: { rest: "${restUrl}", stream: "${streamUrl}" }
  storage: { flushIntervalSeconds: 1, spillMB: 64, retentionDays: 2 }
stores: { kind: embedded }
`;
}

function networkFile({ id, node }: SourceChain): string {
  return `id: ${id}
name: ${id}
kind: evm
chainId: ${node.chainId}
status: active
phase: 1
priority: 9
owner: platform
stack: anvil
settlement: self
nativeCurrency: { symbol: ETH, decimals: 18 }
finality: { tag: finalized, confirmations: 64 }
startBlock: 0
requestsPerSecond: 200
rpc:
  - { url: "${node.url}", requestsPerSecond: 200 }
`;
}

function protocolFile(chains: readonly SourceChain[]): string {
  const contracts = chains.map(
    ({ id }) => `  - { network: ${id}, name: Playground, address: "${getAddress(playgroundAddress)}" }\n`,
  );
  return `id: playground
name: Playground
category: token
status: active
owner: platform
contracts:
${contracts.join('')}events:
  - contract: Playground
    signature: event Transfer(address indexed from, address indexed to, uint256 value)
`;
}

function pairsFile(): string {
  const pairs = bases.map(
    (base) => `  - { symbol: ${base}USDT, base: ${base}, tickSize: "0.01", stepSize: "0.001", minNotional: "5" }\n`,
  );
  const shared = 'exchange: binance\nmarket: spot\nowner: market\nquote: USDT\npriority: 10\nstatus: active\n';
  return `category: top10\n${shared}pairs:\n${pairs.join('')}`;
}
