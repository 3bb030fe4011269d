import type { ChainRates } from './chain-rates.ts';
import { costs } from './costs.ts';
import type { Demand } from './demand.ts';
import type { MarketNeed } from './market-need.ts';
import { diskShareMax, secondsPerDay, serversFor } from './need.ts';
import { relayPollSeconds } from './program.ts';
import type { WindowNeed } from './window-need.ts';

/** What a store of the analytics pool, or of the market pool, holds and does. */
export interface StoreNeed {
  /** Servers that hold different data: shards, instances, brokers. */
  readonly servers: number;
  /** Copies of each. */
  readonly copies: number;
  /** Busy cores of all, once. */
  readonly cores: number;
  /** Of all, once: without copies. */
  readonly diskGB: number;
  readonly gbPerDay: number;
}

/** What ClickHouse keeps. */
export interface TimeseriesNeed extends StoreNeed {
  /** Of it, what is raw: for `timeseriesDays`, and until the fortnight that it is in has gone as a whole. */
  readonly rawGBPerDay: number;
  /** Windows of chains and bars of minutes, which stay for ever: of a year. */
  readonly keptGBPerYear: number;
}

/** Beyond this it takes hours to restore one server, or to give it a new copy: a guess at what an operator bears. */
export const diskPerServerGBMax = 4000;
/** Of one server: the machine of pool analytics (ccx33), and about what the database of pool market may be. */
const coresOfServer = 8;
/** services/datasets/chain/timeseries: raw rows go by whole partitions, which are fortnights of block time. */
export const partitionDays = 14;
/** services/datasets/market/timeseries: bars of a second. */
const barSecondDays = 30;
/** Of what stays for ever: so long until a disk has to grow. */
export const keptDays = 365;

/** `shards`: relays. `askedCores`: busy for those who read. */
export function postgresNeed(
  rates: ChainRates,
  { networks }: Demand,
  shards: number,
  askedCores: number,
  relationalDays: number,
): StoreNeed {
  const { postgres } = costs;
  const { commits, blocks, txs } = rates;
  const cores =
    (commits * postgres.commitMs.value + blocks * postgres.blockMs.value + txs * postgres.txMs.value) / 1000;
  // A relay looks for a commit, once more after it, and at each poll.
  const looks = 2 * commits + shards / relayPollSeconds;
  const lookCores = (looks * (postgres.lookMs.value + networks.length * postgres.lookPerNetworkMs.value)) / 1000;
  return held(
    cores + lookCores + askedCores,
    (blocks * postgres.blockBytes.value + txs * postgres.txBytes.value) * secondsPerDay,
    relationalDays,
  );
}

/** What the market's records need, in the pool of the market. */
export function recordsNeed(market: MarketNeed, pairs: number, retentionDays: number): StoreNeed {
  const cores = (market.recordsPerSecond * costs.postgres.recordMs.value) / 1000;
  return held(cores, pairs * costs.collector.bytesPerPairDay.value, retentionDays);
}

export function clickhouseNeed(
  rates: ChainRates,
  windows: WindowNeed,
  market: MarketNeed,
  networks: number,
  timeseriesDays: number,
): TimeseriesNeed {
  const { clickhouse } = costs;
  const { commits, blocks, txs } = rates;
  const rowMs = commits * (clickhouse.commitMs.value + clickhouse.markMs.value) + txs * clickhouse.txMs.value;
  const barMs = market.barInserts * clickhouse.barInsertMs.value + market.barsPerSecond * clickhouse.barMs.value;
  const cores = (rowMs + barMs) / 1000 + windows.cores + windows.searchCores;
  const gbPerDayOf = (bytesPerSecond: number): number => (bytesPerSecond * secondsPerDay) / 1e9;
  const raw = gbPerDayOf(blocks * clickhouse.blockBytes.value + txs * clickhouse.txBytes.value);
  const seconds = gbPerDayOf(market.barsPerSecond * clickhouse.barBytes.value);
  const minutes = gbPerDayOf((market.barsPerSecond / 60) * clickhouse.barMinuteBytes.value);
  const kept = minutes + (networks * clickhouse.windowBytesPerNetworkDay.value) / 1e9;
  const diskGB = raw * (timeseriesDays + partitionDays) + seconds * barSecondDays + kept * keptDays;
  const servers = serversOf(cores, diskGB);
  return {
    ...{ servers, copies: servers > 1 ? 2 : 1, cores, diskGB, gbPerDay: raw + seconds + kept },
    ...{ rawGBPerDay: raw, keptGBPerYear: kept * keptDays },
  };
}

function held(cores: number, bytesPerDay: number, days: number): StoreNeed {
  const gbPerDay = bytesPerDay / 1e9;
  const diskGB = gbPerDay * days;
  return { servers: serversOf(cores, diskGB), copies: 1, cores, diskGB, gbPerDay };
}

function serversOf(cores: number, diskGB: number): number {
  return Math.max(serversFor(cores, coresOfServer), Math.ceil(diskGB / diskShareMax / diskPerServerGBMax));
}
