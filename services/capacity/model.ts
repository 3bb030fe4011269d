import { type Bill, billOf } from './bill.ts';
import { type BusLoad, barTopicNeed, busLoad, chainTopicNeed, kafkaNeed, type TopicNeed } from './bus-need.ts';
import { type ChainRates, ratesOf } from './chain-rates.ts';
import { type ChainStreamNeed, chainStreamNeed } from './chain-stream-need.ts';
import { type SyncShard, syncShardsOf } from './chain-sync-need.ts';
import { costs } from './costs.ts';
import type { Demand } from './demand.ts';
import { type MarketNeed, marketNeed } from './market-need.ts';
import { diskShareMax, type Need, serversFor, sumOf } from './need.ts';
import type { Keeping, PlanningCatalog } from './planning.ts';
import { type SocketNeed, socketNeed } from './socket-need.ts';
import { clickhouseNeed, postgresNeed, recordsNeed, type StoreNeed, type TimeseriesNeed } from './store-need.ts';

/** All that a demand needs. */
export interface Plan {
  readonly demand: Demand;
  readonly rates: ChainRates;
  readonly shards: readonly SyncShard[];
  readonly stream: ChainStreamNeed;
  /** Of stream processors, bars included. */
  readonly processors: number;
  readonly apiReplicas: number;
  readonly market: MarketNeed;
  readonly bus: BusLoad;
  readonly topics: readonly TopicNeed[];
  readonly sockets: SocketNeed;
  readonly keeps: Keeping;
  readonly postgres: StoreNeed;
  readonly clickhouse: TimeseriesNeed;
  readonly kafka: StoreNeed;
  readonly records: StoreNeed;
  /** By pool. */
  readonly needs: { readonly analytics: readonly Need[]; readonly market: readonly Need[] };
  readonly bills: { readonly analytics: Bill; readonly market: Bill };
}

/** Pure: the same demand and the same catalog give the same plan. */
export function planOf(demand: Demand, catalog: PlanningCatalog): Plan {
  const { keeps } = catalog;
  const { networks, pairs } = demand;
  const rates = ratesOf(networks);
  const shards = syncShardsOf(networks, shardSizeOf(catalog, 'chain-sync'));
  const [chainTopic, barTopic] = [topicOf(catalog, 'chain.blocks'), topicOf(catalog, 'market.bars')];
  const stream = chainStreamNeed(networks, chainTopic.partitions);
  const barCores = (pairs * costs.stream.barMs.value) / 1000;
  const processors = Math.max(stream.replicas, serversFor(barCores));
  const market = marketNeed(pairs, shardSizeOf(catalog, 'market-collector'), barTopic.partitions, processors);
  const bus = busLoad(rates, market);
  const topics = [
    chainTopicNeed(networks, chainTopic, stream.partitions),
    barTopicNeed(pairs, barTopic, market.barPartitions),
  ];
  const sockets = socketNeed();
  const stores = {
    postgres: postgresNeed(
      rates,
      demand,
      shards.length,
      (demand.apiRequestsPerSecond * costs.api.postgresMs.value) / 1000,
      keeps.relationalDays,
    ),
    clickhouse: clickhouseNeed(rates, stream.windows, market, networks.length, keeps.timeseriesDays),
    kafka: kafkaNeed(topics),
    records: recordsNeed(market, pairs, keeps.recordDays),
  };
  const apiCores = apiCoresOf(demand);
  const apiReplicas = Math.max(2, serversFor(apiCores), serversFor(demand.webSocketClients, sockets.byProgram));
  const analytics: Need[] = [
    {
      what: 'chain-sync',
      replicas: shards.length,
      cores: sumOf(shards, ({ utilisation }) => utilisation),
      memoryGiB: shards.length,
      diskGB: 0,
    },
    {
      what: 'stream-processor',
      replicas: processors,
      cores: stream.cores + barCores,
      memoryGiB: processors,
      diskGB: 0,
    },
    {
      what: 'analytics-api',
      replicas: apiReplicas,
      cores: apiCores,
      memoryGiB: apiReplicas * 0.5 + clientsGiB(demand),
      diskGB: 0,
    },
    storeNeed('PostgreSQL', stores.postgres, 8),
    storeNeed('ClickHouse', stores.clickhouse, 12),
    {
      ...storeNeed('Kafka', stores.kafka, 4),
      memoryGiB: 4 * stores.kafka.servers,
      cores: stores.kafka.cores,
      replicas: stores.kafka.servers,
    },
    { what: 'Redis', replicas: 1, cores: 0.1, memoryGiB: 1, diskGB: 10 },
    { what: 'platform', replicas: 1, cores: 1, memoryGiB: 6, diskGB: 32 },
  ];
  const collectorGiB = (market.collectors * 70 + pairs * costs.collector.memoryMiB.value) / 1024;
  const marketNeeds: Need[] = [
    {
      what: 'market-collector',
      replicas: market.collectors,
      cores: market.collectorCores,
      memoryGiB: collectorGiB,
      diskGB: 3 * market.collectors,
    },
    { what: 'market-api', replicas: 1, cores: 0.2, memoryGiB: 0.25, diskGB: 0 },
    {
      what: 'platform',
      replicas: 1,
      cores: 0.3,
      memoryGiB: 1,
      diskGB: Math.max(0, stores.records.diskGB - stores.records.servers * 100),
    },
  ];
  return {
    ...{ demand, rates, shards, stream, processors, apiReplicas, market, bus, topics, sockets, keeps, ...stores },
    needs: { analytics, market: marketNeeds },
    bills: {
      analytics: billOf(analytics, catalog.machines, {
        ...{ provider: 'hetzner', machine: 'ccx33', nodesMin: 1, disk: 'volume', fixed: [['cpx22', 3]] },
      }),
      market: billOf(marketNeeds, catalog.machines, {
        ...{ provider: 'digitalocean', machine: pairs > 500 ? 's-8vcpu-16gb' : 's-2vcpu-4gb', nodesMin: 1 },
        ...{
          disk: 'block-storage',
          fixed: [
            ['load-balancer', 1],
            ['snapshots', 1],
          ],
        },
        databases: ['db-s-4vcpu-8gb', stores.records.servers],
      }),
    },
  };
}

function apiCoresOf({ apiRequestsPerSecond, webSocketClients }: Demand): number {
  const { requestMs, socketMs, messagesPerClient } = costs.api;
  return (apiRequestsPerSecond * requestMs.value + webSocketClients * messagesPerClient.value * socketMs.value) / 1000;
}

function clientsGiB({ webSocketClients }: Demand): number {
  return (webSocketClients * costs.api.clientKiB.value) / 2 ** 20;
}

function storeNeed(what: string, { servers, copies, cores, diskGB }: StoreNeed, memoryGiB: number): Need {
  const replicas = servers * copies;
  // A copy is sent parts that are made: it merges, and computes no windows.
  return {
    what,
    replicas,
    cores: cores * (1 + 0.25 * (copies - 1)),
    memoryGiB: memoryGiB * replicas,
    diskGB: (diskGB * copies) / diskShareMax,
  };
}

function shardSizeOf({ services }: PlanningCatalog, id: string): number {
  const size = services.find((service) => service.id === id)?.shards?.size;
  if (size === undefined) throw new RangeError(`service/${id} has no shards in the catalog`);
  return size;
}

export function topicOf({ topics }: Pick<PlanningCatalog, 'topics'>, id: string) {
  const topic = topics.find((one) => one.id === id);
  if (topic === undefined) throw new RangeError(`catalog/topics.yaml has no ${id}`);
  return topic;
}
