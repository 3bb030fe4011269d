import type { RawBlock, RawTransaction } from './raw-chain.ts';

// Every metric of networks, by the definitions of /api/v1/analytics/metrics and by nothing else.

/** A number, the digits of a whole one of any size, or null where there is none. */
export type Figure = number | string | null;

/** The blocks to count, ascending, and the parent of the first where the platform holds it. */
export interface Counted {
  readonly blocks: readonly RawBlock[];
  readonly parent: Pick<RawBlock, 'timestamp'> | undefined;
}

/** ERC-4337: `UserOperationEvent(bytes32,address,address,uint256,bool,uint256,uint256)`. */
const userOperationEvent = '0x49628fd1471006c1482da88028e9ce4dbb080b815c9b0344d39e5a8e6ec1419f';
/** Of versions 0.6, 0.7 and 0.8. */
export const entryPoints: ReadonlySet<string> = new Set([
  '0x5ff137d4b0fdcd49dca30c7cf57e578a026d2789',
  '0x0000000071727de22e5e9d8baf0edac6f37da032',
  '0x4337084d9e255ff0702461cf8895ce9e3b5ff108',
]);
const depositorOfTheChain = '0xdeaddeaddeaddeaddeaddeaddeaddeaddead0001';

/** Figures that no node knows: when a block became final is what the platform saw. They are bounded, not computed. */
export const finalityFigures = ['finalityMaxSeconds', 'finalityP50Seconds', 'finalityP95Seconds'] as const;

const shares = { P10: [1, 10], P50: [1, 2], P90: [9, 10], P95: [19, 20], P99: [99, 100] } as const;

/** All figures of the blocks but those of finality and those that the catalog states. */
export function figuresOf({ blocks, parent }: Counted): Record<string, Figure> {
  const transactions = blocks.flatMap((block) => block.transactions);
  const count = { blocks: blocks.length, transactions: transactions.length };
  const userOperations = sum(transactions.map((each) => BigInt(userOperationsOf(each))));
  const logs = sum(transactions.map((each) => BigInt(each.logs.length)));
  const gasUsed = sum(blocks.map((block) => block.gasUsed));
  const gasLimit = sum(blocks.map((block) => block.gasLimit));
  const times = blockTimesOf(blocks, parent);
  const totalSeconds = sum(times.map(BigInt));
  /** (count / blocks) / (seconds / times), in one division. */
  const perSecond = (total: bigint): number | null =>
    totalSeconds === 0n ? null : ratio(total * BigInt(times.length), BigInt(blocks.length) * totalSeconds);
  const withStatus = transactions.filter(({ status }) => status !== null);
  const failed =
    withStatus.length === 0 && transactions.length > 0 ? null : withStatus.filter(({ status }) => status === 0).length;
  const baseFees = blocks.flatMap(({ baseFee }) => (baseFee === null ? [] : [baseFee]));
  const prices = transactions.flatMap(({ price }) => (price === null ? [] : [price]));
  const fees = transactions.flatMap(({ price, gasUsed: gas }) => (price === null ? [] : [gas * price]));
  const l1Fees = transactions.flatMap(({ l1Fee }) => (l1Fee === null ? [] : [l1Fee]));
  return {
    ...count,
    tps: perSecond(BigInt(transactions.length)),
    userOperations: Number(userOperations),
    userOperationsPerSecond: perSecond(userOperations),
    failedTransactions: failed,
    failedShare: failed === null || transactions.length === 0 ? null : failed / transactions.length,
    contractCreations: transactions.filter(({ to }) => to === null).length,
    logs: Number(logs),
    logsPerSecond: perSecond(logs),
    activeSenders: new Set(transactions.map(({ from }) => from)).size,
    activeAddresses: new Set(transactions.flatMap(({ from, to }) => (to === null ? [from] : [from, to]))).size,
    blockTimeSeconds: times.length === 0 ? null : ratio(totalSeconds, BigInt(times.length)),
    blockTimeMaxSeconds: times.length === 0 ? null : times.reduce((a, b) => Math.max(a, b)),
    blockTimeP50Seconds: placeNumber(times, shares.P50),
    blockTimeP95Seconds: placeNumber(times, shares.P95),
    gasUsed: String(gasUsed),
    gasPerSecond: perSecond(gasUsed),
    gasUtilisation: gasLimit === 0n ? null : ratio(gasUsed, gasLimit),
    baseFeeMean: baseFees.length === 0 ? null : String(sum(baseFees) / BigInt(baseFees.length)),
    baseFeeMin: place(baseFees, [0, 1]),
    baseFeeMax: highest(baseFees),
    ...percentiles('gasPrice', prices),
    executionFeesTotal: totalOf(fees),
    executionFeeMean: meanOf(fees),
    ...percentiles('executionFee', fees.some((fee) => fee >= 2n ** 256n) ? [] : fees),
    l1DataFeesTotal: totalOf(l1Fees),
    l1DataFeeMean: meanOf(l1Fees),
    ...percentiles('l1DataFee', l1Fees),
    l1FeeShare: shareOf(l1Fees, fees),
  };
}

const known = new Map<string, Record<string, Figure>>();

/** `figuresOf`, once for blocks that follow one another: the first, the last and the parent name them. */
export function figuresOfRun(counted: Counted): Record<string, Figure> {
  const { blocks, parent } = counted;
  const key = [blocks[0]?.hash, blocks.at(-1)?.hash, parent?.timestamp].join(' ');
  const figures = known.get(key) ?? figuresOf(counted);
  known.set(key, figures);
  return figures;
}

/** What people asked for with it: the operations it carries, else one; none where the chain itself made it. */
function userOperationsOf({ type, from, logs }: RawTransaction): number {
  if (type === 0x6a || (type === 0x7e && from === depositorOfTheChain)) return 0;
  const carried = logs.filter(({ address, topics }) => entryPoints.has(address) && topics[0] === userOperationEvent);
  return Math.max(1, carried.length);
}

function blockTimesOf(blocks: readonly RawBlock[], parent: Counted['parent']): number[] {
  const before = [parent, ...blocks.slice(0, -1)];
  return blocks.flatMap(({ timestamp }, at) => {
    const older = before[at];
    return older === undefined ? [] : [timestamp - older.timestamp];
  });
}

function percentiles(name: string, values: readonly bigint[]): Record<string, Figure> {
  const sorted = values.toSorted(ascending);
  return Object.fromEntries(Object.entries(shares).map(([p, share]) => [name + p, placeIn(sorted, share)]));
}

/** The value at place floor(p × n) of the n in ascending order, counted from 0; p is a fraction, so that nothing is rounded. */
export function place(values: readonly bigint[], share: readonly [number, number]): string | null {
  return placeIn(values.toSorted(ascending), share);
}

function placeIn(sorted: readonly bigint[], [over, under]: readonly [number, number]): string | null {
  const value = sorted[Math.floor((over * sorted.length) / under)];
  return value === undefined ? null : String(value);
}

function placeNumber(values: readonly number[], share: readonly [number, number]): number | null {
  const text = place(values.map(BigInt), share);
  return text === null ? null : Number(text);
}

function highest(values: readonly bigint[]): string | null {
  const last = values.toSorted(ascending).at(-1);
  return last === undefined ? null : String(last);
}

function totalOf(values: readonly bigint[]): string | null {
  return values.length === 0 ? null : String(sum(values));
}

/** Rounded down. */
export function meanOf(values: readonly bigint[]): string | null {
  return values.length === 0 ? null : String(sum(values) / BigInt(values.length));
}

function shareOf(part: readonly bigint[], rest: readonly bigint[]): number | null {
  if (part.length === 0 || rest.length === 0) return null;
  const all = sum(part) + sum(rest);
  return all === 0n ? null : ratio(sum(part), all);
}

/** To the last digit that a number holds, whatever the size of the two. */
export function ratio(over: bigint, under: bigint): number {
  const digits = 10n ** 30n;
  const negative = over < 0n !== under < 0n;
  const [a, b] = [over < 0n ? -over : over, under < 0n ? -under : under];
  const scaled = `${(a * digits) / b}`.padStart(31, '0');
  return Number(`${negative ? '-' : ''}${scaled.slice(0, -30)}.${scaled.slice(-30)}`);
}

export function sum(values: readonly bigint[]): bigint {
  return values.reduce((total, value) => total + value, 0n);
}

function ascending(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
