import type { PoolStore } from '../../catalog/schema/pool.ts';
import { keptForEver } from '../app.ts';
import { storageClass } from '../conventions.ts';
import { exporterPods, renderElasticExporter } from './elasticsearch-exporter.ts';
import { renderElasticSettings, settingsJob } from './elasticsearch-settings.ts';
import { storeVersions } from './images.ts';
import { kibanaPods, renderKibana } from './kibana.ts';
import { logstashPods, renderLogstash } from './logstash.ts';
import { clients, namespace, pods, renderStorePolicy, toBackups, toDns } from './network.ts';
import { restrictedContainer, restrictedPod, smallResources, spreadOver, storePriority } from './pods.ts';
import { renderBackupSecret, renderStoreSecret } from './secrets.ts';
import { type StoreContext, type StorePart, storeLabels, storeMetadata, volumeSize } from './store-context.ts';

const name = 'elasticsearch' satisfies PoolStore['engine'];
const nodes = { 'elasticsearch.k8s.elastic.co/cluster-name': name };
const user = 1000;
/** What the S3 client finds its keys under, in the keystore. */
const keystore = 'elasticsearch-keystore';

/**
 * Elasticsearch, Kibana and Logstash by Elastic's operator: what people search, and the logs of seven days. The operator
 * brings certificates, the PodDisruptionBudget and an order of restarts that keeps every shard.
 */
export const renderElasticsearch: StorePart = (context) => [
  // Roles are stated beside the password, as the file realm wants them.
  renderStoreSecret(context, {
    keys: { username: 'username', password: 'password' },
    type: 'kubernetes.io/basic-auth',
    template: { roles: 'superuser' },
  }),
  renderBackupSecret(context),
  renderKeystore(context),
  renderCluster(context),
  ...renderElasticSettings(context),
  ...renderElasticExporter(context),
  ...renderKibana(context),
  ...renderLogstash(context),
  renderStorePolicy(context, {
    pods: nodes,
    ingress: [
      clients(context, 9200),
      pods(nodes, 9200, 9300),
      ...[kibanaPods, logstashPods, storeLabels(context, exporterPods), storeLabels(context, settingsJob)].map(
        (labels) => pods(labels, 9200),
      ),
      namespace(context.operatorNamespace, 9200),
    ],
    egress: [toDns(), pods(nodes, 9200, 9300), toBackups(context)],
  }),
];

function renderKeystore(context: StoreContext): object | undefined {
  if (context.destination === undefined) return undefined;
  return renderStoreSecret(context, {
    name: keystore,
    entry: 'backups',
    keys: { 's3.client.default.access_key': 'access-key-id', 's3.client.default.secret_key': 'secret-access-key' },
  });
}

function renderCluster(context: StoreContext): object {
  const { store, destination } = context;
  return {
    apiVersion: 'elasticsearch.k8s.elastic.co/v1',
    kind: 'Elasticsearch',
    metadata: storeMetadata(context, { wave: 'store', syncOptions: keptForEver }),
    spec: {
      version: storeVersions.elastic,
      volumeClaimDeletePolicy: 'DeleteOnScaledownOnly',
      auth: { fileRealm: [{ secretName: name }] },
      ...(destination === undefined ? {} : { secureSettings: [{ secretName: keystore }] }),
      podDisruptionBudget: { spec: { maxUnavailable: 1, selector: { matchLabels: nodes } } },
      updateStrategy: { changeBudget: { maxSurge: 0, maxUnavailable: 1 } },
      nodeSets: [
        {
          name: 'default',
          count: store.replicas,
          config: {
            // Memory maps would need a setting of the machine's kernel, and so a privileged container.
            'node.store.allow_mmap': false,
            ...(destination === undefined
              ? {}
              : {
                  's3.client.default.endpoint': destination.endpoint,
                  's3.client.default.region': destination.region,
                }),
          },
          podTemplate: {
            metadata: { labels: storeLabels(context) },
            spec: {
              ...storePriority,
              automountServiceAccountToken: false,
              securityContext: restrictedPod(user),
              topologySpreadConstraints: spreadOver(nodes),
              initContainers: ['elastic-internal-init-filesystem', 'elastic-internal-suspend'].map((init) => ({
                name: init,
                resources: smallResources,
                securityContext: restrictedContainer,
              })),
              containers: [{ name, resources: store.resources, securityContext: restrictedContainer }],
            },
          },
          volumeClaimTemplates: [
            {
              metadata: { name: 'elasticsearch-data' },
              spec: {
                accessModes: ['ReadWriteOnce'],
                storageClassName: storageClass,
                resources: { requests: { storage: volumeSize(store.storageGB) } },
              },
            },
          ],
        },
      ],
    },
  };
}
