import { toQuantity } from 'ethers';
import type { Anvil } from './anvil.ts';
import { bundleData, entryPointAddresses, imposterAddress, setEntryPoints } from './entry-point/entry-point.ts';
import type { JsonRpcCall } from './json-rpc.ts';
import {
  create2Deployer,
  emptyCreationCode,
  playground,
  playgroundAddress,
  playgroundDeployment,
} from './playground/playground.ts';
import { seededRandom } from './seeded-random.ts';

export interface FillOptions {
  readonly blocks: number;
  readonly txsPerBlock: number;
  readonly seed?: number;
}

export interface Filled {
  readonly firstBlock: number;
  readonly lastBlock: number;
  readonly txs: number;
}

interface Sender {
  readonly from: string;
  nonce: number;
}

/** Enough for each transaction of the mix; exact, because `eth_estimateGas` would refuse those meant to fail. */
const gas = { transfer: 30_000n, call: 250_000n, creation: 1_000_000n };

/**
 * Fills a chain fast with the mix of a real one: transfers of ether and of a token, calls with several logs, bundles of user
 * operations, contract creations, and transactions that fail. The node no longer mines by itself after it.
 */
export async function fillBlocks(anvil: Anvil, options: FillOptions): Promise<Filled> {
  await anvil.batch([
    ['evm_setAutomine', [false]],
    ['evm_setIntervalMining', [0]],
  ]);
  const random = seededRandom(options.seed ?? 1);
  const accounts = await anvil.rpc<string[]>('eth_accounts');
  const counts = await anvil.batch<string>(
    accounts.map((account) => ['eth_getTransactionCount', [account, 'pending']]),
  );
  const senders: Sender[] = accounts.map((from, index) => ({ from, nonce: Number(counts[index]) }));
  await deploy(anvil, senders);
  const firstBlock = Number(await anvil.rpc('eth_blockNumber')) + 1;

  for (let block = 0; block < options.blocks; block++) {
    const calls: JsonRpcCall[] = [];
    for (let index = 0; index < options.txsPerBlock; index++) {
      const sender = pick(random, senders);
      const tx = { from: sender.from, nonce: toQuantity(sender.nonce++), ...randomTransaction(random, accounts) };
      calls.push(['eth_sendTransaction', [tx]]);
    }
    // anvil works on the calls of one batch side by side: mining in the same one would leave the last of many out.
    await anvil.batch(calls);
    await anvil.rpc('evm_mine');
  }
  const left = await anvil.rpc<Record<string, string>>('txpool_status');
  if (Object.values(left).some((count) => Number(count) > 0)) {
    throw new Error(`transactions were left out: ${JSON.stringify(left)} — give the chain a higher gasLimit`);
  }
  return { firstBlock, lastBlock: firstBlock + options.blocks - 1, txs: options.blocks * options.txsPerBlock };
}

/** Creates the contract, unless the chain has it, gives each account some of the token, and puts the EntryPoints in their places. */
async function deploy(anvil: Anvil, senders: readonly Sender[]): Promise<void> {
  const [deployer] = senders;
  if (deployer === undefined) throw new Error('anvil has no accounts');
  const send = (to: string, data: string): JsonRpcCall => {
    const nonce = toQuantity(deployer.nonce++);
    return ['eth_sendTransaction', [{ from: deployer.from, nonce, to, data, gas: toQuantity(gas.creation) }]];
  };
  const code = await anvil.rpc('eth_getCode', [playgroundAddress, 'latest']);
  await anvil.batch(setEntryPoints());
  await anvil.batch([
    ...(code === '0x' ? [send(create2Deployer, playgroundDeployment)] : []),
    ...senders.map(({ from }) => send(playgroundAddress, playground.encodeFunctionData('mint', [from, 2n ** 240n]))),
  ]);
  await anvil.rpc('evm_mine');
}

function randomTransaction(random: () => number, accounts: readonly string[]): object {
  return { ...randomAction(random, accounts), ...randomFees(random) };
}

function randomAction(random: () => number, accounts: readonly string[]): object {
  const to = pick(random, accounts);
  const kind = random();
  const call = (name: string, values: readonly unknown[]) => ({
    to: playgroundAddress,
    gas: toQuantity(gas.call),
    data: playground.encodeFunctionData(name, values),
  });
  const bundle = (at: string, fails: boolean) => ({
    to: at,
    gas: toQuantity(gas.call),
    data: bundleData(Math.floor(random() * 5), Math.floor(random() * 1e6), fails),
  });
  if (kind < 0.4) return { to, gas: toQuantity(gas.transfer), value: toQuantity(randomAmount(random)) };
  if (kind < 0.8) return call('transfer', [to, randomAmount(random)]);
  if (kind < 0.85) return bundle(pick(random, entryPointAddresses), false);
  if (kind < 0.855) return bundle(pick(random, entryPointAddresses), true);
  if (kind < 0.86) return bundle(imposterAddress, false);
  if (kind < 0.93)
    return call('countUp', [1 + Math.floor(random() * 4), '0x'.padEnd(2 + 2 * Math.floor(random() * 64), 'ab')]);
  if (kind < 0.96) return call('refuse', [randomAmount(random)]);
  if (kind < 0.99) return call('transfer', [to, 2n ** 256n - 1n]);
  return { gas: toQuantity(gas.creation), data: emptyCreationCode };
}

function randomFees(random: () => number): object {
  const price = toQuantity(3_000_000_000n);
  const kind = random();
  if (kind < 0.3) return { type: '0x0', gasPrice: price };
  if (kind < 0.4)
    return { type: '0x1', gasPrice: price, accessList: [{ address: playgroundAddress, storageKeys: [] }] };
  return { type: '0x2', maxFeePerGas: price, maxPriorityFeePerGas: toQuantity(1 + Math.floor(random() * 1e9)) };
}

function randomAmount(random: () => number): bigint {
  return BigInt(Math.floor(random() * 1e15));
}

function pick<T>(random: () => number, items: readonly T[]): T {
  const item = items[Math.floor(random() * items.length)];
  if (item === undefined) throw new Error('nothing to pick from');
  return item;
}
