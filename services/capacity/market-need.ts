import { costs } from './costs.ts';
import { barFlushSeconds, barLingerSeconds, binance } from './program.ts';

/** What so many pairs need of collectors, and of Binance. */
export interface MarketNeed {
  readonly collectors: number;
  /** Cores of all of them. */
  readonly collectorCores: number;
  readonly connections: number;
  /** Minutes until every book is live after a start of all collectors, from one address; and addresses for five minutes. */
  readonly startMinutes: number;
  readonly addresses: number;
  /** Rows of PostgreSQL, and bars, a second. */
  readonly recordsPerSecond: number;
  readonly barsPerSecond: number;
  /** Inserts of bars a second, of all stream processors, at most. */
  readonly barInserts: number;
  readonly barPartitions: number;
}

/** How long a start of all collectors may take: Kubernetes and people wait so long for an update. */
const startMinutesMax = 5;

export function marketNeed(pairs: number, shardSize: number, partitions: number, processors: number): MarketNeed {
  const collectors = Math.ceil(pairs / shardSize);
  const perMinute = binance.weightPerMinute * binance.headroom;
  const startMinutes = (pairs * binance.snapshotWeight) / perMinute;
  const connections = Math.ceil(pairs / binance.pairsPerConnection);
  // A collector publishes every few seconds, to all partitions; a process that has one of these has one insert at a time, and rests after it.
  const published = (collectors * partitions) / barFlushSeconds;
  const insertsMax = Math.min(processors, partitions) / (barLingerSeconds + costs.clickhouse.barInsertMs.value / 1000);
  return {
    collectors,
    collectorCores: (pairs * costs.collector.pairMs.value) / 1000,
    connections,
    startMinutes,
    addresses: Math.max(
      Math.ceil(startMinutes / startMinutesMax),
      Math.ceil(connections / (binance.connectsPer5Minutes * binance.headroom)),
    ),
    recordsPerSecond: pairs * costs.collector.recordsPerPair.value,
    barsPerSecond: pairs,
    barInserts: Math.min(published, insertsMax),
    barPartitions: partitions,
  };
}
