import type { PoolStore } from '../../catalog/schema/pool.ts';
import { privateNets } from '../addresses.ts';
import { keptForEver } from '../app.ts';
import { withoutFileCopies } from '../backup/volumes.ts';
import { gatewayNamespace, storageClass } from '../conventions.ts';
import { renderClickhouseBackups } from './clickhouse-backup.ts';
import { keeperClient, keeperReplicas, renderKeeper } from './clickhouse-keeper.ts';
import { clickhouseReader } from './clickhouse-reader.ts';
import { storeImages } from './images.ts';
import { renderPodMonitor } from './monitors.ts';
import { clients, monitoring, namespace, pods, renderStorePolicy, toBackups, toDns } from './network.ts';
import { restrictedContainer, restrictedPod, spreadOver, storePriority } from './pods.ts';
import { backupSecretOf, fromSecret, renderBackupSecret, renderStoreSecret } from './secrets.ts';
import {
  type StoreContext,
  type StorePart,
  shareOfMiB,
  storeLabels,
  storeMetadata,
  volumeSize,
} from './store-context.ts';

const name = 'clickhouse' satisfies PoolStore['engine'];
const servers = { 'clickhouse.altinity.com/chi': name };
/** Every pod's address is in it, on every provider. */
const [ourNet] = privateNets;
const mib = 1024 * 1024;
/** Of the process in the image, and of its volume. */
const user = 101;

/**
 * ClickHouse by Altinity's operator: one shard in as many replicas as the catalog says, with a keeper of its own, so that
 * replicated tables and deduplication work from the first replica on. The operator brings the PodDisruptionBudget.
 */
export const renderClickhouse: StorePart = (context) => [
  renderStoreSecret(context, {
    keys: Object.fromEntries(
      ['username', 'password', clickhouseReader.passwordKey, ...context.borrowers.map(passwordKeyOf)].map((key) => [
        key,
        key,
      ]),
    ),
  }),
  renderBackupSecret(context),
  ...renderKeeper(context),
  renderInstallation(context),
  ...renderClickhouseBackups(context),
  renderPodMonitor(context, { pods: servers, port: 'metrics' }),
  renderStorePolicy(context, {
    pods: servers,
    ingress: [
      clients(context, 8123),
      context.borrowers.length === 0 ? undefined : namespace(gatewayNamespace, 8123),
      pods(servers, 9000, 9009),
      pods(storeLabels(context, 'clickhouse-backup'), 9000),
      namespace(context.operatorNamespace, 8123, 9000),
      monitoring(clickhouseReader.port, 9363),
    ],
    egress: [toDns(), pods(servers, 9000, 9009), keeperClient, toBackups(context)],
  }),
];

/** Grafana's user: its rights are these grants alone. */
function readerOf() {
  const { user, database, passwordKey } = clickhouseReader;
  return {
    [`${user}/password`]: fromSecret(name, passwordKey),
    [`${user}/networks/ip`]: ourNet,
    [`${user}/profile`]: user,
    [`${user}/quota`]: 'default',
    [`${user}/grants/query`]: [`GRANT SELECT ON ${database}.*`],
  };
}

/**
 * A pool that borrows it reads there as itself what the owner's services keep of its dataset, which has its name: the tables
 * `market_…` of pool market. A reader looks at the list of migrations before it reads, which is made by whoever looks first; the
 * tables themselves are made by who fills them.
 */
function borrowerOf(pool: string) {
  return {
    [`${pool}/password`]: fromSecret(name, passwordKeyOf(pool)),
    [`${pool}/networks/ip`]: ourNet,
    [`${pool}/profile`]: pool,
    [`${pool}/quota`]: pool,
    [`${pool}/grants/query`]: [
      `GRANT SELECT ON ${clickhouseReader.database}.${pool}_*`,
      `GRANT SELECT, CREATE TABLE ON ${clickhouseReader.database}.defimon_migrations`,
    ],
  };
}

/**
 * What one borrower may take of the owner's server; it may set less for itself, and neither more nor 0, which is no limit. All of
 * it is retried by who meets it.
 */
function borrowerProfileOf(pool: string, memory: string) {
  const most = {
    max_memory_usage: shareOfMiB(memory, 0.1) * mib,
    max_memory_usage_for_user: shareOfMiB(memory, 0.2) * mib,
    max_execution_time: 60,
    max_concurrent_queries_for_user: 20,
  };
  return Object.fromEntries(
    Object.entries(most).flatMap(([setting, value]) => [
      [`${pool}/${setting}`, value],
      [`${pool}/constraints/${setting}/min`, 1],
      [`${pool}/constraints/${setting}/max`, value],
    ]),
  );
}

/**
 * Counted by the address that the gateway says: who guesses the password from elsewhere does not lock out its owner, whose own
 * mistake costs a minute.
 */
function borrowerQuotaOf(pool: string) {
  return {
    [`${pool}/keyed_by_forwarded_ip`]: 1,
    [`${pool}/interval/duration`]: 60,
    [`${pool}/interval/queries`]: 3000,
    [`${pool}/interval/execution_time`]: 600,
    [`${pool}/interval/failed_sequential_authentications`]: 20,
  };
}

function passwordKeyOf(pool: string): string {
  return `${pool}-password`;
}

function renderInstallation(context: StoreContext): object {
  const { store, destination, borrowers } = context;
  const labels = storeLabels(context);
  return {
    apiVersion: 'clickhouse.altinity.com/v1',
    kind: 'ClickHouseInstallation',
    metadata: storeMetadata(context, { wave: 'store', syncOptions: keptForEver }),
    spec: {
      defaults: {
        templates: { podTemplate: 'server', dataVolumeClaimTemplate: 'data' },
        storageManagement: { reclaimPolicy: 'Retain' },
      },
      configuration: {
        zookeeper: {
          nodes: Array.from({ length: keeperReplicas(store) }, (_, index) => ({
            host: `chk-clickhouse-keeper-keeper-0-${index}`,
            port: 2181,
          })),
        },
        users: {
          'defimon/password': fromSecret(name, 'password'),
          'defimon/networks/ip': ourNet, // which of its pods gets here at all is the network policy's matter
          'defimon/profile': 'default',
          'defimon/quota': 'default',
          // Else it may not use the collection that says where backups go; a user of this file has it by this switch alone.
          ...(destination === undefined ? {} : { 'defimon/named_collection_control': 1 }),
          ...readerOf(),
          ...Object.assign({}, ...borrowers.map(borrowerOf)),
        },
        // It may set how long a statement takes, which its plugin does, and change nothing that is kept.
        profiles: {
          [`${clickhouseReader.user}/readonly`]: 2,
          ...Object.assign({}, ...borrowers.map((pool) => borrowerProfileOf(pool, store.resources.limits.memory))),
        },
        ...(borrowers.length === 0 ? {} : { quotas: Object.assign({}, ...borrowers.map(borrowerQuotaOf)) }),
        settings: {
          'prometheus/endpoint': '/metrics',
          'prometheus/port': 9363,
          'prometheus/metrics': true,
          'prometheus/events': true,
          'prometheus/asynchronous_metrics': true,
          'logger/level': 'information',
          ...(destination === undefined
            ? {}
            : {
                'named_collections/backups/url': `${destination.endpoint}/${destination.bucket}/${name}`,
                'named_collections/backups/access_key_id': fromSecret(backupSecretOf(context), 'access-key-id'),
                'named_collections/backups/secret_access_key': fromSecret(backupSecretOf(context), 'secret-access-key'),
              }),
        },
        clusters: [
          {
            name,
            layout: { shardsCount: 1, replicasCount: store.replicas },
            pdbManaged: store.replicas > 1 ? 'yes' : 'no',
            secret: { auto: 'yes' },
          },
        ],
      },
      templates: {
        podTemplates: [
          {
            name: 'server',
            metadata: { labels, annotations: withoutFileCopies('data') },
            spec: {
              ...storePriority,
              securityContext: restrictedPod(user),
              automountServiceAccountToken: false,
              topologySpreadConstraints: spreadOver(servers),
              containers: [
                {
                  name,
                  image: storeImages.clickhouse,
                  ports: [
                    { name: 'http', containerPort: 8123 },
                    { name: 'client', containerPort: 9000 },
                    { name: 'interserver', containerPort: 9009 },
                    { name: 'metrics', containerPort: 9363 },
                  ],
                  resources: store.resources,
                  securityContext: restrictedContainer,
                },
              ],
            },
          },
        ],
        volumeClaimTemplates: [
          {
            name: 'data',
            reclaimPolicy: 'Retain',
            metadata: { labels },
            spec: {
              accessModes: ['ReadWriteOnce'],
              storageClassName: storageClass,
              resources: { requests: { storage: volumeSize(store.storageGB) } },
            },
          },
        ],
      },
    },
  };
}
