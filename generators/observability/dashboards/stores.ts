import type { Pool, PoolStore } from '../../../catalog/schema/pool.ts';
import { createDashboard, type Dashboard } from './dashboard.ts';
import { chart, number, type PanelBuilder } from './panels.ts';
import { maxBy, orZero, rate, select, sumBy } from './queries.ts';

/**
 * The stores of a cluster: whether they answer, how far copies and readers are behind, how full they are. Undefined
 * for a pool whose stores are all rented: their provider measures those.
 */
export function renderStores(pool: Pool): Dashboard | undefined {
  const engines = new Set(pool.stores.filter(({ managed }) => !managed).map(({ engine }) => engine));
  const sections = storeSections.map(({ engine, title, panels }) =>
    engines.has(engine) ? { title, panels: panels() } : undefined,
  );
  if (sections.every((section) => section === undefined)) return undefined;
  return createDashboard({
    id: 'stores',
    title: 'Stores',
    description: `The stores in the cluster of the pool "${pool.name}": up, behind, full.`,
    sources: [`pool/${pool.id}`],
    sections,
  });
}

/** Every store begins with this: Prometheus calls a PodMonitor `<namespace>/<name>`. */
function isUp(...monitors: readonly string[]): PanelBuilder {
  return number({
    title: 'Up',
    description: 'Pods that answer Prometheus, of those that it knows',
    unit: 'percentunit',
    width: 6,
    height: 8,
    thresholds: [[1, 'green']],
    queries: [{ expr: orZero(`avg(up{job=~".+/(${monitors.join('|')})"})`), legend: 'up' }],
  });
}

/** A chart as wide as a quarter. */
function quarter(title: string, description: string, unit: string, ...queries: readonly [string, string][]) {
  return chart({ title, description, unit, width: 6, queries: queries.map(([expr, legend]) => ({ expr, legend })) });
}

interface StoreSection {
  readonly engine: PoolStore['engine'];
  readonly title: string;
  /** Made anew for each dashboard, which numbers and places them. */
  readonly panels: () => readonly PanelBuilder[];
}

/** In this order on every cluster, so that a store that comes or goes leaves the numbers of the others' panels. */
const storeSections: readonly StoreSection[] = [
  {
    engine: 'postgresql',
    title: 'PostgreSQL',
    panels: () => [
      isUp('postgresql'),
      quarter('Copies behind', 'Seconds that a replica is behind its primary', 's', [
        maxBy('pod', 'cnpg_pg_replication_lag'),
        '{{pod}}',
      ]),
      quarter('Connections', 'By pod; 200 are the most', 'short', [sumBy('pod', 'cnpg_backends_total'), '{{pod}}']),
      quarter('Write-ahead log not archived', 'Seconds since the last file went to the backups; 300 are usual', 's', [
        'max(cnpg_pg_stat_archiver_seconds_since_last_archival)',
        'since the last',
      ]),
      quarter('Transactions', 'Committed a second, by database', 'short', [
        sumBy('datname', rate('cnpg_pg_stat_database_xact_commit')),
        '{{datname}}',
      ]),
      quarter('Rolled back', 'Transactions a second, by database', 'short', [
        sumBy('datname', rate('cnpg_pg_stat_database_xact_rollback')),
        '{{datname}}',
      ]),
      quarter('Size', 'By database', 'bytes', [maxBy('datname', 'cnpg_pg_database_size_bytes'), '{{datname}}']),
      quarter('Locks waited for', 'Connections that wait for one', 'short', [
        sumBy('pod', 'cnpg_backends_waiting_total'),
        '{{pod}}',
      ]),
    ],
  },
  {
    engine: 'clickhouse',
    title: 'ClickHouse',
    panels: () => [
      isUp('clickhouse', 'clickhouse-keeper'),
      quarter('Copies behind', 'Seconds that a replicated table is behind at most', 's', [
        maxBy('pod', 'ClickHouseAsyncMetrics_ReplicasMaxAbsoluteDelay'),
        '{{pod}}',
      ]),
      quarter('Rows', 'Inserted a second', 'short', [
        sumBy('pod', rate('ClickHouseProfileEvents_InsertedRows')),
        '{{pod}}',
      ]),
      quarter('Parts of a partition', 'The most there are: from 1000 on inserts are held back', 'short', [
        maxBy('pod', 'ClickHouseAsyncMetrics_MaxPartCountForPartition'),
        '{{pod}}',
      ]),
      quarter(
        'Queries',
        'A second, and those of them that fail',
        'short',
        [`sum(${rate('ClickHouseProfileEvents_Query')})`, 'all'],
        [`sum(${rate('ClickHouseProfileEvents_FailedQuery')})`, 'failed'],
      ),
      quarter('Running', 'Queries at this moment', 'short', [sumBy('pod', 'ClickHouseMetrics_Query'), '{{pod}}']),
      quarter('Memory', 'Taken by queries and caches', 'bytes', [
        sumBy('pod', 'ClickHouseMetrics_MemoryTracking'),
        '{{pod}}',
      ]),
      quarter('Tables that take no writes', 'They have lost the keeper', 'short', [
        sumBy('pod', 'ClickHouseMetrics_ReadonlyReplica'),
        '{{pod}}',
      ]),
    ],
  },
  {
    engine: 'kafka',
    title: 'Kafka',
    panels: () => [
      isUp('kafka', 'kafka-exporter'),
      quarter('Readers behind', 'Records that a group has not read yet, by topic', 'short', [
        sumBy('consumergroup, topic', select('kafka_consumergroup_lag', 'topic!~"__.*"')),
        '{{consumergroup}} {{topic}}',
      ]),
      quarter(
        'Partitions short of a copy',
        'On fewer brokers than they should be',
        'short',
        ['sum(kafka_server_replicamanager_underreplicatedpartitions)', 'partitions'],
        ['sum(kafka_controller_kafkacontroller_offlinepartitionscount)', 'of no broker at all'],
      ),
      quarter('Records', 'Written a second, by topic', 'short', [
        sumBy('topic', rate(select('kafka_topic_partition_current_offset', 'topic!~"__.*"'))),
        '{{topic}}',
      ]),
    ],
  },
  {
    engine: 'redis',
    title: 'Redis',
    panels: () => [
      isUp('redis'),
      quarter(
        'Memory',
        'Taken, and the most it may take',
        'bytes',
        [maxBy('pod', 'redis_memory_used_bytes'), '{{pod}}'],
        ['max(redis_memory_max_bytes)', 'limit'],
      ),
      quarter('Found', 'Share of the keys asked for that were there', 'percentunit', [
        `sum(${rate('redis_keyspace_hits_total')}) / (sum(${rate('redis_keyspace_hits_total')}) + sum(${rate('redis_keyspace_misses_total')}))`,
        'found',
      ]),
      quarter(
        'Commands',
        'A second, and keys driven out for want of room',
        'short',
        [`sum(${rate('redis_commands_processed_total')})`, 'commands'],
        [`sum(${rate('redis_evicted_keys_total')})`, 'driven out'],
      ),
    ],
  },
  {
    engine: 'minio',
    title: 'MinIO',
    panels: () => [
      isUp('minio'),
      quarter('Space', 'Share that is taken', 'percentunit', [
        '1 - sum(minio_cluster_capacity_usable_free_bytes) / sum(minio_cluster_capacity_usable_total_bytes)',
        'taken',
      ]),
      quarter('Requests', 'A second, by what is asked', 'reqps', [
        sumBy('api', rate('minio_s3_requests_total')),
        '{{api}}',
      ]),
      quarter('Failed requests', 'A second, by what is asked', 'reqps', [
        sumBy('api', rate('minio_s3_requests_5xx_errors_total')),
        '{{api}}',
      ]),
    ],
  },
  {
    engine: 'mongodb',
    title: 'MongoDB',
    panels: () => [isUp('mongodb'), ...containersOf('mongodb')],
  },
  {
    engine: 'elasticsearch',
    title: 'Elasticsearch',
    panels: () => [
      isUp('elasticsearch'),
      quarter('Shards without a node', 'Data that only fewer copies hold, or none', 'short', [
        'max(elasticsearch_cluster_health_unassigned_shards)',
        'unassigned',
      ]),
      quarter('Heap', 'Share that is taken, by node', 'percentunit', [
        `${maxBy('name', select('elasticsearch_jvm_memory_used_bytes', 'area="heap"'))} / ${maxBy('name', select('elasticsearch_jvm_memory_max_bytes', 'area="heap"'))}`,
        '{{name}}',
      ]),
      quarter('Space', 'Share that is taken, by node', 'percentunit', [
        `1 - ${maxBy('name', 'elasticsearch_filesystem_data_available_bytes')} / ${maxBy('name', 'elasticsearch_filesystem_data_size_bytes')}`,
        '{{name}}',
      ]),
    ],
  },
];

/** What the kubelet knows of pods whose own metrics are not the same from one version to the next. */
function containersOf(name: string): PanelBuilder[] {
  const its = `pod=~"${name}-.*"`;
  return [
    quarter('CPU', 'Cores, by pod', 'short', [
      sumBy('pod', rate(select('container_cpu_usage_seconds_total', its, 'container!=""'))),
      '{{pod}}',
    ]),
    quarter('Memory', 'Working set, by pod', 'bytes', [
      sumBy('pod', select('container_memory_working_set_bytes', its, 'container!=""')),
      '{{pod}}',
    ]),
    quarter('Restarts', 'In the last hour, by pod', 'short', [
      sumBy('pod', `increase(${select('kube_pod_container_status_restarts_total', its)}[1h])`),
      '{{pod}}',
    ]),
  ];
}
