import type { MetricId, MetricValue } from '../../contracts/analytics-metrics.ts';
import type { BlockAppended } from '../../datasets/chain/changes.ts';
import { userOperationTopic } from '../../datasets/chain/user-operations.ts';

// Every metric in the plainest way, from raw blocks and its definition alone, for tests.

export interface RawChain {
  /** Canonical blocks by number. */
  readonly blocks: ReadonlyMap<number, BlockAppended>;
  /** When blocks were seen to become final, by number; in milliseconds. */
  readonly finalAt: ReadonlyMap<number, number>;
}

/** The metrics of those blocks of a chain, by id; all but those of the catalog. */
export function modelMetrics(
  counted: readonly BlockAppended[],
  { blocks, finalAt }: RawChain,
): Record<Exclude<MetricId, 'tvlUsd'>, MetricValue> {
  const txs = counted.flatMap((block) => block.txs);
  const statuses = txs.flatMap(({ status }) => (status === null ? [] : [status]));
  const failed = statuses.length === 0 && txs.length > 0 ? null : statuses.filter((status) => status === 0).length;
  const operations = counted.flatMap(operationsOf).reduce((a, b) => a + b, 0);
  const logs = counted.flatMap((block) => block.logs).length;
  const times = counted.flatMap(({ number, timestamp }) => {
    const parent = blocks.get(number - 1);
    return parent === undefined ? [] : [timestamp - parent.timestamp];
  });
  const finalities = counted.flatMap(({ number, timestamp }) => {
    const at = finalAt.get(number);
    return at === undefined ? [] : [(at - timestamp * 1000) / 1000];
  });
  const blockTime = times.length === 0 ? null : times.reduce((a, b) => a + b, 0) / times.length;
  const rate = (count: number) =>
    blockTime === null || blockTime === 0 || counted.length === 0 ? null : count / counted.length / blockTime;
  const gas = sumOf(counted.map(({ gasUsed }) => BigInt(gasUsed)));
  const room = sumOf(counted.map(({ gasLimit }) => BigInt(gasLimit)));
  const baseFees = counted.flatMap(({ baseFeePerGas: fee }) => (fee === null ? [] : [BigInt(fee)]));
  const prices = txs.flatMap(({ effectiveGasPrice: price }) => (price === null ? [] : [BigInt(price)]));
  const fees = txs.flatMap(({ gasUsed, effectiveGasPrice: price }) =>
    price === null ? [] : [BigInt(gasUsed) * BigInt(price)],
  );
  const l1Fees = txs.flatMap(({ l1Fee }) => (l1Fee === null ? [] : [BigInt(l1Fee)]));
  const fits = fees.every((fee) => fee < 2n ** 256n);
  const paid = sumOf(fees) + sumOf(l1Fees);
  return {
    blocks: counted.length,
    transactions: txs.length,
    tps: rate(txs.length),
    userOperations: operations,
    userOperationsPerSecond: rate(operations),
    failedTransactions: failed,
    failedShare: failed === null || txs.length === 0 ? null : failed / txs.length,
    contractCreations: txs.filter(({ recipient }) => recipient === null).length,
    logs,
    logsPerSecond: rate(logs),
    activeSenders: new Set(txs.map(({ sender }) => sender)).size,
    activeAddresses: new Set(txs.flatMap(({ sender, recipient }) => [sender, recipient ?? sender])).size,
    blockTimeSeconds: blockTime,
    blockTimeMaxSeconds: times.length === 0 ? null : Math.max(...times),
    blockTimeP50Seconds: placeOf(times, 0.5),
    blockTimeP95Seconds: placeOf(times, 0.95),
    finalityMaxSeconds: finalities.length === 0 ? null : Math.max(...finalities),
    finalityP50Seconds: placeOf(finalities, 0.5),
    finalityP95Seconds: placeOf(finalities, 0.95),
    gasUsed: String(gas),
    gasPerSecond: rate(Number(gas)),
    gasUtilisation: room === 0n ? null : Number(gas) / Number(room),
    baseFeeMean: meanOf(baseFees),
    baseFeeMin: weiAt(baseFees, 0),
    baseFeeMax: baseFees.length === 0 ? null : weiAt(baseFees, 1 - 1 / (2 * baseFees.length)),
    gasPriceP10: weiAt(prices, 0.1),
    gasPriceP50: weiAt(prices, 0.5),
    gasPriceP90: weiAt(prices, 0.9),
    gasPriceP95: weiAt(prices, 0.95),
    gasPriceP99: weiAt(prices, 0.99),
    executionFeesTotal: fees.length === 0 ? null : String(sumOf(fees)),
    executionFeeMean: meanOf(fees),
    executionFeeP10: fits ? weiAt(fees, 0.1) : null,
    executionFeeP50: fits ? weiAt(fees, 0.5) : null,
    executionFeeP90: fits ? weiAt(fees, 0.9) : null,
    executionFeeP95: fits ? weiAt(fees, 0.95) : null,
    executionFeeP99: fits ? weiAt(fees, 0.99) : null,
    l1DataFeesTotal: l1Fees.length === 0 ? null : String(sumOf(l1Fees)),
    l1DataFeeMean: meanOf(l1Fees),
    l1DataFeeP10: weiAt(l1Fees, 0.1),
    l1DataFeeP50: weiAt(l1Fees, 0.5),
    l1DataFeeP90: weiAt(l1Fees, 0.9),
    l1DataFeeP95: weiAt(l1Fees, 0.95),
    l1DataFeeP99: weiAt(l1Fees, 0.99),
    l1FeeShare: fees.length === 0 || l1Fees.length === 0 || paid === 0n ? null : Number(sumOf(l1Fees)) / Number(paid),
  };
}

const entryPoints = [
  '0x5ff137d4b0fdcd49dca30c7cf57e578a026d2789',
  '0x0000000071727de22e5e9d8baf0edac6f37da032',
  '0x4337084d9e255ff0702461cf8895ce9e3b5ff108',
];

/** Of each transaction. */
function operationsOf({ txs, logs }: BlockAppended): number[] {
  return txs.map(({ index, type, sender }) => {
    const isOfChain = type === 0x6a || (type === 0x7e && sender === '0xdeaddeaddeaddeaddeaddeaddeaddeaddead0001');
    const carried = logs.filter(
      ({ txIndex, address, topics }) =>
        txIndex === index && topics[0] === userOperationTopic && entryPoints.includes(address),
    ).length;
    return isOfChain ? 0 : Math.max(1, carried);
  });
}

function sumOf(values: readonly bigint[]): bigint {
  return values.reduce((a, b) => a + b, 0n);
}

function meanOf(values: readonly bigint[]): string | null {
  return values.length === 0 ? null : String(sumOf(values) / BigInt(values.length));
}

function weiAt(values: readonly bigint[], share: number): string | null {
  const sorted = [...values].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return values.length === 0 ? null : String(sorted[Math.floor(share * values.length)]);
}

function placeOf(values: readonly number[], share: number): number | null {
  return [...values].sort((a, b) => a - b)[Math.floor(share * values.length)] ?? null;
}
