import { parseCpuMillis } from '../../catalog/quantities.ts';
import type { Pool, PoolStore } from '../../catalog/schema/pool.ts';
import { brokerDiskShareMax } from '../../catalog/topic-disk.ts';
import { replayHoursMin } from './bus-need.ts';
import { tightNetworks } from './chain-sync-need.ts';
import { type Plan, topicOf } from './model.ts';
import { diskShareMax, targetUtilisation } from './need.ts';
import type { PlanningCatalog } from './planning.ts';
import { rpcRequestsAtOnceMax } from './program.ts';
import { partitionDays } from './store-need.ts';

/** A limit of the catalog, or of the program, that a plan passes. */
export interface Break {
  readonly what: string;
  /** How many times the limit is needed. */
  readonly times: number;
  readonly change: string;
}

/** Symbols that trade on Binance's three markets together: a guess, of late 2025. */
const exchangePairs = 2500;

/** What does not hold with the catalog as it is, what is passed by most first. */
export function breaksOf(plan: Plan, catalog: PlanningCatalog): Break[] {
  const analytics = poolOf(catalog, 'analytics');
  const marketPool = poolOf(catalog, 'market');
  const { demand, shards, stream, market, keeps, topics, postgres, clickhouse, kafka, records, bills } = plan;
  const [pg, ch, bus] = [storeOf(analytics, 'relational'), storeOf(analytics, 'timeseries'), storeOf(analytics, 'bus')];
  const recordStore = storeOf(marketPool, 'relational');
  const chainTopic = topicOf(catalog, 'chain.blocks');
  const replicasMax = (service: string): number => catalog.services.find(({ id }) => id === service)?.scaling.max ?? 1;
  const nodesMax = (pool: Pool): number => pool.nodeGroups.find(({ kind }) => kind === 'kubernetes')?.max ?? 1;
  const all: Break[] = [
    {
      what: `PostgreSQL's disk: ${keeps.relationalDays} days of ${gb(postgres.gbPerDay)} a day on ${gb(disk(pg))}`,
      times: postgres.diskGB / (disk(pg) * diskShareMax),
      change: 'pools/analytics.yaml: storageGB of postgresql; environments: relationalDays of sync.retention',
    },
    {
      what: `Kafka's disk: ${gb(kafka.diskGB)}, of ${gb(kafka.gbPerDay)} a day, on ${gb(disk(bus))}`,
      times: kafka.diskGB / (disk(bus) * brokerDiskShareMax),
      change: 'pools/analytics.yaml: storageGB and replicas of kafka',
    },
    ...topics.map(({ id, hottestHours }) => ({
      what: `${id}: size comes before time, and the busiest partition keeps ${hours(hottestHours)} instead of a day`,
      times: replayHoursMin / hottestHours,
      change: `topics.yaml: retentionMiB and partitions of ${id}; pools/analytics.yaml: storageGB of kafka`,
    })),
    {
      what: `ClickHouse's disk: ${keeps.timeseriesDays} days, and up to ${partitionDays} more until they go, of ${gb(clickhouse.rawGBPerDay)} a day, beside bars and what stays, on ${gb(disk(ch))}`,
      times: clickhouse.diskGB / (disk(ch) * diskShareMax),
      change:
        'pools/analytics.yaml: storageGB of clickhouse; environments: timeseriesDays of sync.retention, from 31 on',
    },
    {
      what: `ClickHouse's CPU: ${clickhouse.cores.toFixed(1)} busy cores of ${cpu(ch)}, ${stream.windows.cores.toFixed(1)} of them to compute minutes, hours and days of each network anew`,
      times: clickhouse.cores / (cpu(ch) * targetUtilisation),
      change:
        'services/stream-processor/chain-schedule.ts: a longer pace; environments: sync.intervalSeconds; pools/analytics.yaml: limits and replicas of clickhouse',
    },
    {
      what: `PostgreSQL's CPU: ${postgres.cores.toFixed(1)} busy cores of ${cpu(pg)}`,
      times: postgres.cores / (cpu(pg) * targetUtilisation),
      change: 'pools/analytics.yaml: limits of postgresql, then a second pool by tier: one writer is one server',
    },
    {
      what: `the hottest of ${chainTopic.partitions} partitions of chain.blocks, ${percent(stream.hottestNow)} busy`,
      times: stream.hottestNow / targetUtilisation,
      change: `topics.yaml: partitions of chain.blocks to ${stream.partitions}`,
    },
    {
      what: `${plan.processors} stream processors`,
      times: plan.processors / replicasMax('stream-processor'),
      change: `services/stream-processor.yaml: scaling.max to ${plan.processors}; topics.yaml: partitions of chain.blocks to ${stream.partitions}`,
    },
    {
      what: `${plan.apiReplicas} replicas of analytics-api`,
      times: plan.apiReplicas / replicasMax('analytics-api'),
      change: `services/analytics-api.yaml: scaling.max to ${plan.apiReplicas}`,
    },
    {
      what: 'the busiest shard of chain-sync, on its one core',
      times: Math.max(...shards.map(({ utilisation }) => utilisation)) / targetUtilisation,
      change: 'services/chain-sync.yaml: a smaller shards.size',
    },
    {
      what: 'requests at once of the busiest shard of chain-sync',
      times:
        Math.max(...shards.map(({ requestsAtOnce }) => requestsAtOnce)) / (rpcRequestsAtOnceMax * targetUtilisation),
      change: 'environments: sync.maxConcurrentRequests',
    },
    {
      what: `${tightNetworks(demand.networks, 0.8).length} networks whose head alone takes most of the calls that a network is allowed`,
      times: tightNetworks(demand.networks, 0.8).length > 0 ? 1.01 : 0,
      change: 'environments: sync.requestsPerSecond',
    },
    {
      what: `${bills.analytics.nodes} nodes of the analytics pool`,
      times: bills.analytics.nodes / nodesMax(analytics),
      change: `pools/analytics.yaml: max of nodeGroups.general to ${bills.analytics.nodes}, and its budget`,
    },
    {
      what: `${bills.market.nodes} nodes of the market pool (${bills.market.machine})`,
      times: bills.market.nodes / nodesMax(marketPool),
      change: `pools/market.yaml: machine and max of nodeGroups.general, and its budget`,
    },
    {
      what: `the records' disk: ${gb(records.diskGB)} on ${gb(disk(recordStore))}`,
      times: records.diskGB / disk(recordStore),
      change: 'pools/market.yaml: storageGB of postgresql, then a database for each group of collectors',
    },
    {
      what: `a start of all collectors, ${market.startMinutes.toFixed(0)} minutes of Binance's request weight by one address`,
      times: market.addresses,
      change: `pools/market.yaml: ${market.addresses} node groups with addresses of their own; BINANCE_WEIGHT_SHARE by address`,
    },
    {
      what: `${demand.pairs} pairs, where Binance's markets have some ${exchangePairs}`,
      times: demand.pairs / exchangePairs,
      change: 'other exchanges: collectors know Binance alone',
    },
  ];
  return all.filter(({ times }) => times > 1).sort((a, b) => b.times - a.times);
}

function poolOf({ pools }: PlanningCatalog, id: string): Pool {
  const pool = pools.find((one) => one.id === id);
  if (pool === undefined) throw new RangeError(`the catalog has no pool ${id}`);
  return pool;
}

function storeOf({ id, stores }: Pool, kind: PoolStore['kind']): PoolStore {
  const store = stores.find((one) => one.kind === kind);
  if (store === undefined) throw new RangeError(`pool/${id} has no ${kind} store`);
  return store;
}

function disk({ storageGB = 0 }: PoolStore): number {
  return storageGB;
}

/** Cores that a store may take. */
function cpu({ resources }: PoolStore): number {
  return parseCpuMillis(resources?.limits?.cpu ?? '1') / 1000;
}

function hours(amount: number): string {
  return amount < 2 ? `${(60 * amount).toFixed(0)} minutes` : `${amount.toFixed(0)} hours`;
}

function gb(amount: number): string {
  return amount >= 1000 ? `${(amount / 1000).toFixed(1)} TB` : `${amount.toFixed(0)} GB`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(0)} %`;
}
