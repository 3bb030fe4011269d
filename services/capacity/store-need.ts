import type { ChainRates } from './chain-rates.ts';
import { costs } from './costs.ts';
import type { Demand } from './demand.ts';
import type { MarketNeed } from './market-need.ts';
import { secondsPerDay, serversFor } from './need.ts';
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

/** Beyond this it takes hours to restore one server, or to give it a new copy: a guess at what an operator bears. */
export const diskPerServerGBMax = 4000;
/** Of one server: the machine of pool analytics (ccx33), and about what the database of pool market may be. */
const coresOfServer = 8;
/** Partitions of a table that ClickHouse is at ease with; its documentation says hundreds to a thousand. */
export const partitionsPerTableMax = 1000;

/** `shards`: relays. `askedCores`: busy for those who read. */
export function postgresNeed(
  rates: ChainRates,
  { networks, relationalDays }: Demand,
  shards: number,
  askedCores: number,
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

/** Bars of a second are kept for 30 days, as their table says; those of a minute as long as the rest. */
export function clickhouseNeed(rates: ChainRates, windows: WindowNeed, market: MarketNeed, demand: Demand): StoreNeed {
  const { clickhouse } = costs;
  const { commits, blocks, txs } = rates;
  const rowMs = commits * (clickhouse.commitMs.value + clickhouse.markMs.value) + txs * clickhouse.txMs.value;
  const chainCores = rowMs / 1000 + windows.cores;
  const barCores =
    (market.barInserts * clickhouse.barInsertMs.value + market.barsPerSecond * clickhouse.barMs.value) / 1000;
  const chainBytes = (blocks * clickhouse.blockBytes.value + txs * clickhouse.txBytes.value) * secondsPerDay;
  const windowBytes = demand.networks.length * clickhouse.windowBytesPerNetworkDay.value;
  const minuteBytes = (market.barsPerSecond / 60) * clickhouse.barMinuteBytes.value * secondsPerDay;
  const secondBytes = market.barsPerSecond * clickhouse.barBytes.value * secondsPerDay;
  const need = held(chainCores + barCores, chainBytes + windowBytes + minuteBytes, demand.timeseriesDays);
  const diskGB = need.diskGB + (30 * secondBytes) / 1e9;
  const servers = Math.max(
    serversFor(need.cores, coresOfServer),
    Math.ceil(diskGB / diskPerServerGBMax),
    Math.ceil(demand.networks.length / partitionsPerTableMax),
  );
  return { ...need, servers, copies: servers > 1 ? 2 : 1, diskGB, gbPerDay: need.gbPerDay + secondBytes / 1e9 };
}

export interface BusLoad {
  readonly chainMBps: number;
  readonly barsMBps: number;
}

export function busLoad({ blocks, txs }: ChainRates, { barsPerSecond }: MarketNeed): BusLoad {
  const { kafka } = costs;
  const overhead = kafka.recordOverheadBytes.value;
  return {
    chainMBps: (blocks * (kafka.blockBytes.value + overhead) + txs * kafka.txBytes.value) / 1e6,
    barsMBps: (barsPerSecond * (kafka.barBytes.value + overhead)) / 1e6,
  };
}

/** Brokers come in threes, of which one may go; every record is on each of three. */
export function kafkaNeed(
  { chainMBps, barsMBps }: BusLoad,
  hours: { readonly chain: number; readonly bars: number },
): StoreNeed {
  const copies = 3;
  const [MBps, gbPerDay] = [chainMBps + barsMBps, ((chainMBps + barsMBps) * secondsPerDay) / 1000];
  const diskGB = (3600 * (chainMBps * hours.chain + barsMBps * hours.bars)) / 1000;
  // Each byte comes once and goes out to two copies and two groups of consumers.
  const brokers = Math.max(
    copies,
    serversFor(5 * MBps, costs.kafka.brokerMBps.value),
    Math.ceil((copies * diskGB) / diskPerServerGBMax),
  );
  return { servers: brokers, copies, cores: 0.2 * brokers + MBps * 0.05, diskGB, gbPerDay };
}

function held(cores: number, bytesPerDay: number, days: number): StoreNeed {
  const gbPerDay = bytesPerDay / 1e9;
  const diskGB = gbPerDay * days;
  const servers = Math.max(serversFor(cores, coresOfServer), Math.ceil(diskGB / diskPerServerGBMax));
  return { servers, copies: 1, cores, diskGB, gbPerDay };
}
