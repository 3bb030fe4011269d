import { sha256, solidityPacked, toBeHex, toQuantity } from 'ethers';
import { bundleData, entryPointAddresses, imposterAddress } from '../testing/entry-point/entry-point.ts';
import {
  create2Deployer,
  emptyCreationCode,
  playground,
  playgroundAddress,
  playgroundDeployment,
} from '../testing/playground/playground.ts';
import { seededRandom } from '../testing/seeded-random.ts';

/** A transaction for `eth_sendTransaction`, without its nonce. */
export interface PlannedTransaction {
  readonly from: string;
  /** `0x7e` is a deposit, which has no nonce and no fee of its own. */
  readonly type: '0x0' | '0x1' | '0x2' | '0x3' | '0x7e';
  readonly [field: string]: unknown;
}

export interface BlockToPlan {
  /** 32 bits, unsigned. */
  readonly seed: number;
  readonly number: number;
  readonly timestampSeconds: number;
  readonly optimism: boolean;
  /** Those the node can sign for: they send, and most transfers go to them. */
  readonly accounts: readonly string[];
  /**
   * Two more it can sign for, that deposits come from. Not the well-known 0xdeaddead…0001: anvil gives a deposit of an
   * impersonated sender one hash in its block and another in its receipt.
   */
  readonly depositors: readonly [layerOneAttributes: string, bridge: string];
  readonly baseFeePerGas: bigint;
  /** False on a new chain, and after a reorg that took the contract away. */
  readonly hasContract: boolean;
}

/** What the first transaction of every block of an OP stack chain is sent to: it tells the chain about layer 1. */
const layerOneAttributesContract = '0x4200000000000000000000000000000000000015';

export const blockGasLimit = 6_000_000;

/** What the base fee settles around; the demand for gas falls as it rises above, and grows as it falls below. */
export const usualBaseFeePerGas = { layerOne: 8_000_000_000n, optimism: 20_000_000n };
/** Gas that leaves the base fee as it is: by EIP-1559 half of the limit, on OP stack chains a sixth. */
const targetGas = { layerOne: blockGasLimit / 2, optimism: blockGasLimit / 6 };

/** Enough for each; exact, because `eth_estimateGas` would refuse those meant to fail. */
const gas = { transfer: 30_000, call: 150_000, creation: 100_000, deployment: 1_000_000, deposit: 200_000 };
/** Of one round of the contract's `work`, and of a call of it with none. */
const gasPerRound = 139;
const gasOfCall = 22_000;
/** Leaves room for the rest of the block. */
const workGasMax = blockGasLimit * 0.75;

const strangers: readonly string[] = Array.from({ length: 24 }, (_, index) =>
  sha256(toBeHex(index + 1, 32)).slice(0, 42),
);

/**
 * The transactions of one block: transfers of ether and of a token, calls with several logs, bundles of user operations, some
 * that fail, contracts now and then, all fee types, on OP the deposits. The same block of the same seed has the same transactions, whatever came
 * before it.
 */
export function planBlock(block: BlockToPlan): PlannedTransaction[] {
  const random = seededRandom(block.seed ^ Math.imul(block.number, 0x9e3779b1));
  const { accounts, number, optimism } = block;
  const planned: PlannedTransaction[] = optimism ? deposits(block, random) : [];
  if (!block.hasContract) return [...planned, ...deployment(block)];

  // A block in twenty is all but empty, as they are on a quiet chain.
  const count = random() < 0.05 ? 0 : 1 + Math.floor(random() * 2.4);
  for (let index = 0; index < count; index++) planned.push(withFees(block, random, randomAction(random, accounts)));
  if (count > 0) planned.push(withFees(block, random, work(block, random)));
  if (number % 40 === 7) planned.push(withFees(block, random, creation(random, accounts)));
  // Not among the first: a node's first blob takes it seconds, for the tables of the proofs.
  if (!optimism && number % 128 === 100) planned.push(blob(block, random));
  return planned;
}

type Action = { readonly from: string; readonly gas: string } & Record<string, unknown>;

function randomAction(random: () => number, accounts: readonly string[]): Action {
  const from = pick(random, accounts);
  const to = pick(random, random() < 0.7 ? accounts : strangers);
  const kind = random();
  if (kind < 0.35) return { from, to, gas: toQuantity(gas.transfer), value: toQuantity(randomAmount(random)) };
  if (kind < 0.75) return call(from, 'transfer', [to, randomAmount(random)]);
  if (kind < 0.8) return call(from, 'mint', [from, 2n ** 128n + randomAmount(random)]);
  if (kind < 0.87) return bundle(from, random);
  if (kind < 0.92) return call(from, 'countUp', [1 + Math.floor(random() * 4), randomNote(random)]);
  if (kind < 0.96) return call(from, 'refuse', [randomAmount(random)]);
  return call(from, 'transfer', [to, 2n ** 256n - 1n]);
}

function call(from: string, name: string, values: readonly unknown[], gasLimit = gas.call): Action {
  return { from, to: playgroundAddress, gas: toQuantity(gasLimit), data: playground.encodeFunctionData(name, values) };
}

/** Mostly as ERC-4337 has them; some fail as a whole, and some are told of by a contract that nobody believes. */
function bundle(from: string, random: () => number): Action {
  const kind = random();
  const to = kind < 0.08 ? imposterAddress : pick(random, entryPointAddresses);
  const data = bundleData(1 + Math.floor(random() * 4), Math.floor(random() * 1e6), kind > 0.9);
  return { from, to, gas: toQuantity(gas.call), data };
}

function creation(random: () => number, accounts: readonly string[]): Action {
  return { from: pick(random, accounts), gas: toQuantity(gas.creation), data: emptyCreationCode };
}

/** Uses up so much gas that the base fee keeps moving around its usual value, as by supply and demand. */
function work(block: BlockToPlan, random: () => number): Action {
  const usual = block.optimism ? usualBaseFeePerGas.optimism : usualBaseFeePerGas.layerOne;
  const target = block.optimism ? targetGas.optimism : targetGas.layerOne;
  const demand = Math.min(2, Number(usual) / Number(block.baseFeePerGas + 1n));
  const wanted = Math.min(target * demand * (0.3 + 1.2 * random()), workGasMax);
  const rounds = Math.floor(wanted / gasPerRound);
  return call(pick(random, block.accounts), 'work', [rounds], gasOfCall + Math.ceil(wanted * 1.01));
}

/** The contract, and a share of its token for everybody. One sender, so that the order is sure. */
function deployment(block: BlockToPlan): PlannedTransaction[] {
  const [from] = block.accounts;
  if (from === undefined) return [];
  const fees = dynamicFees(block, 0.5);
  return [
    { from, ...fees, to: create2Deployer, gas: toQuantity(gas.deployment), data: playgroundDeployment },
    ...block.accounts.map((account) => ({ ...call(from, 'mint', [account, 2n ** 200n]), ...fees })),
  ];
}

function withFees(block: BlockToPlan, random: () => number, action: Action): PlannedTransaction {
  const kind = random();
  const gasPrice = toQuantity((block.baseFeePerGas * 5n) / 4n + 1n);
  if (kind < 0.25) return { ...action, type: '0x0', gasPrice };
  if (kind < 0.35) {
    const accessList = [{ address: playgroundAddress, storageKeys: [toBeHex(0, 32), toBeHex(1, 32)] }];
    const gasLimit = toQuantity(Number(action.gas) + 10_000);
    return { ...action, type: '0x1', gasPrice, accessList, gas: gasLimit };
  }
  return { ...action, ...dynamicFees(block, random()) };
}

function dynamicFees(block: BlockToPlan, generosity: number): { type: '0x2'; [field: string]: string } {
  const tip = BigInt(Math.floor(generosity * (block.optimism ? 2e6 : 2e9)));
  return {
    type: '0x2',
    maxFeePerGas: toQuantity(block.baseFeePerGas * 3n + tip),
    maxPriorityFeePerGas: toQuantity(tip),
  };
}

/** A blob of zeros is the one whose commitment and proof are known without a library: the point at infinity. */
function blob(block: BlockToPlan, random: () => number): PlannedTransaction {
  const infinity = `0xc0${'00'.repeat(47)}`;
  return {
    from: pick(random, block.accounts),
    to: pick(random, strangers),
    gas: toQuantity(gas.transfer),
    ...dynamicFees(block, random()),
    type: '0x3',
    maxFeePerBlobGas: toQuantity(1_000_000_000),
    blobVersionedHashes: [`0x01${sha256(infinity).slice(4)}`],
    blobs: [`0x${'00'.repeat(131_072)}`],
    commitments: [infinity],
    proofs: [infinity],
  };
}

/** Each block of an OP stack chain begins with one; others are what users bring over from layer 1. */
function deposits(block: BlockToPlan, random: () => number): PlannedTransaction[] {
  const attributes = deposit(block, 0, {
    from: block.depositors[0],
    to: layerOneAttributesContract,
    data: layerOneAttributes(block),
    value: '0x0',
    mint: '0x0',
  });
  if (random() >= 0.1) return [attributes];
  const amount = toQuantity(randomAmount(random) * 10n);
  const to = pick(random, [...block.accounts, ...strangers]);
  return [attributes, deposit(block, 1, { from: block.depositors[1], to, value: amount, mint: amount })];
}

function deposit(
  block: BlockToPlan,
  index: number,
  fields: { from: string; [field: string]: string },
): PlannedTransaction {
  const sourceHash = sha256(solidityPacked(['uint256', 'uint256', 'uint256'], [block.seed, block.number, index]));
  return { ...fields, type: '0x7e', gas: toQuantity(gas.deposit), isSystemTx: false, sourceHash };
}

/** The calldata of `setL1BlockValuesEcotone()`, packed as the OP stack's specification has it; layer 1 itself is made up. */
function layerOneAttributes(block: BlockToPlan): string {
  const noHash = toBeHex(0, 32);
  const sequenceNumber = block.number % 2;
  const layerOneNumber = Math.floor(block.number / 2);
  return solidityPacked(
    ['bytes4', 'uint32', 'uint32', 'uint64', 'uint64', 'uint64', 'uint256', 'uint256', 'bytes32', 'bytes32'],
    [
      '0x440a5e20',
      1_368,
      810_949,
      sequenceNumber,
      block.timestampSeconds,
      layerOneNumber,
      8_000_000_000n,
      1,
      noHash,
      noHash,
    ],
  );
}

function randomAmount(random: () => number): bigint {
  return BigInt(Math.floor(random() * 1e15)) + 1n;
}

function randomNote(random: () => number): string {
  return `0x${'ab'.repeat(Math.floor(random() * 64))}`;
}

function pick<T>(random: () => number, items: readonly T[]): T {
  const item = items[Math.floor(random() * items.length)];
  if (item === undefined) throw new Error('nothing to pick from');
  return item;
}
