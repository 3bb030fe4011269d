import { KubeConfigMap, KubeJob } from 'cdk8s-plus-28/lib/imports/k8s.js';
import { elasticAddress, elasticAuthority } from './elastic-client.ts';
import { storeImages } from './images.ts';
import { afterSync } from './minio-buckets.ts';
import { pods, renderStorePolicy, toDns } from './network.ts';
import { podResources, restrictedPod, sealedContainer, smallResources } from './pods.ts';
import { fromSecret } from './secrets.ts';
import { type StoreContext, storeLabels, storeMetadata } from './store-context.ts';

export const settingsJob = 'elasticsearch-settings';

/** The brief's retention of logs. */
const logRetentionDays = 7;

/** What the operator's objects cannot state: how long logs are kept, and where snapshots go. Sent after each sync. */
export function renderElasticSettings(context: StoreContext): object[] {
  const labels = storeLabels(context, settingsJob);
  const requests = requestsOf(context);
  return [
    KubeConfigMap.manifest({
      metadata: storeMetadata(context, { name: settingsJob, wave: 'config' }),
      data: Object.fromEntries(requests.map(({ path, body }) => [fileOf(path), `${JSON.stringify(body, null, 2)}\n`])),
    }),
    KubeJob.manifest({
      metadata: storeMetadata(context, { name: settingsJob, wave: 'edge', labels, annotations: afterSync }),
      spec: {
        backoffLimit: 10,
        activeDeadlineSeconds: 900,
        template: {
          metadata: { labels },
          spec: {
            restartPolicy: 'Never',
            automountServiceAccountToken: false,
            securityContext: restrictedPod(100),
            containers: [
              {
                name: 'curl',
                image: storeImages.curl,
                command: ['/bin/sh', '-c', script(requests.map(({ path }) => path))],
                env: [
                  { name: 'ES_USERNAME', ...fromSecret('elasticsearch', 'username') },
                  { name: 'ES_PASSWORD', ...fromSecret('elasticsearch', 'password') },
                ],
                resources: podResources(smallResources),
                securityContext: sealedContainer,
                volumeMounts: [elasticAuthority.mount, { name: 'settings', mountPath: '/settings', readOnly: true }],
              },
            ],
            volumes: [elasticAuthority.volume, { name: 'settings', configMap: { name: settingsJob } }],
          },
        },
      },
    }),
    renderStorePolicy(context, {
      name: settingsJob,
      pods: labels,
      egress: [toDns(), pods({ 'elasticsearch.k8s.elastic.co/cluster-name': 'elasticsearch' }, 9200)],
    }),
  ];
}

/** What is put, in this order: a policy before what names it. */
function requestsOf({ destination, backups }: StoreContext): { path: string; body: object }[] {
  const logs = [
    {
      path: '_ilm/policy/logs-defimon',
      body: {
        policy: {
          phases: {
            hot: { actions: { rollover: { max_age: '1d', max_primary_shard_size: '10gb' } } },
            delete: { min_age: `${logRetentionDays}d`, actions: { delete: {} } },
          },
        },
      },
    },
    {
      path: '_index_template/logs-defimon',
      body: {
        index_patterns: ['logs-defimon-*'],
        data_stream: {},
        priority: 500,
        template: {
          settings: { 'index.lifecycle.name': 'logs-defimon', 'index.number_of_replicas': 1 },
          mappings: { properties: { '@timestamp': { type: 'date' }, level: { type: 'keyword' } } },
        },
      },
    },
  ];
  if (destination === undefined) return logs;
  const retention =
    backups === undefined ? {} : { retention: { expire_after: `${backups.dailyRetentionDays}d`, min_count: 3 } };
  return [
    ...logs,
    {
      path: '_snapshot/backups',
      body: { type: 's3', settings: { bucket: destination.bucket, base_path: 'elasticsearch' } },
    },
    {
      path: '_slm/policy/daily',
      body: {
        name: '<daily-{now/d}>',
        schedule: '0 15 2 * * ?',
        repository: 'backups',
        // Logs are worth a week, and are copied in the cluster.
        config: { indices: ['*', '-logs-*', '-.ds-logs-*'], include_global_state: true },
        ...retention,
      },
    },
  ];
}

function fileOf(path: string): string {
  return `${path.replaceAll('/', '.')}.json`;
}

function script(paths: readonly string[]): string {
  return [
    'set -eu',
    ...paths.map(
      (path) =>
        `curl --fail-with-body --silent --show-error --cacert ${elasticAuthority.file} --user "$ES_USERNAME:$ES_PASSWORD" ` +
        `--request PUT --header 'content-type: application/json' --data @/settings/${fileOf(path)} ${elasticAddress}/${path}`,
    ),
  ].join('\n');
}
