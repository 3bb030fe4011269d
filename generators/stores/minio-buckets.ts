import { KubeConfigMap, KubeJob } from 'cdk8s-plus-28/lib/imports/k8s.js';
import { storeImages } from './images.ts';
import { pods, renderStorePolicy, toDns } from './network.ts';
import { podResources, restrictedPod, scratch, sealedContainer, smallResources } from './pods.ts';
import { fromSecret } from './secrets.ts';
import { type StoreContext, storeLabels, storeMetadata } from './store-context.ts';

export const bucketSettings = 'minio-buckets';

/** Argo CD runs it after each sync, and takes the one before away: what it sets, it sets again. */
export const afterSync = {
  'argocd.argoproj.io/hook': 'PostSync',
  'argocd.argoproj.io/hook-delete-policy': 'BeforeHookCreation',
} as const;

/** How long something is kept, by bucket and prefix: raw data a year, backups as their folders say. */
const expiries: Readonly<Record<string, readonly { prefix: string; days: number }[]>> = {
  'raw-data': [{ prefix: '', days: 365 }],
  'processed-data': [],
  backup: [
    { prefix: 'daily/', days: 14 },
    { prefix: 'weekly/', days: 90 },
  ],
};

/** An overwritten or deleted object can be had back so long. */
const oldVersionsDays = 30;

/** What a Tenant cannot state: versions and lifecycle of its buckets. */
export function renderBucketSettings(context: StoreContext, secret: string): object[] {
  const labels = storeLabels(context, bucketSettings);
  return [
    KubeConfigMap.manifest({
      metadata: storeMetadata(context, { name: bucketSettings, wave: 'config' }),
      data: Object.fromEntries(
        context.buckets.map((bucket) => [`${bucket}.json`, `${JSON.stringify(lifecycleOf(bucket), null, 2)}\n`]),
      ),
    }),
    renderJob(context, secret, labels),
    renderStorePolicy(context, {
      name: bucketSettings,
      pods: labels,
      egress: [toDns(), pods({ 'v1.min.io/tenant': 'minio' }, 9000)],
    }),
  ];
}

function lifecycleOf(bucket: string): object {
  const rules = (expiries[bucket] ?? []).map(({ prefix, days }) => ({
    ID: `expire-${prefix === '' ? 'all' : prefix.replace('/', '')}`,
    Status: 'Enabled',
    Filter: { Prefix: prefix },
    Expiration: { Days: days },
  }));
  const oldVersions = {
    ID: 'old-versions',
    Status: 'Enabled',
    Filter: { Prefix: '' },
    NoncurrentVersionExpiration: { NoncurrentDays: oldVersionsDays },
  };
  return { Rules: [...rules, oldVersions] };
}

function renderJob(context: StoreContext, secret: string, labels: Record<string, string>): object {
  const perBucket = context.buckets.flatMap((bucket) => [
    `mc mb --ignore-existing store/${bucket}`,
    `mc version enable store/${bucket}`,
    `mc ilm import store/${bucket} < /settings/${bucket}.json`,
  ]);
  return KubeJob.manifest({
    metadata: storeMetadata(context, { name: bucketSettings, wave: 'edge', labels, annotations: afterSync }),
    spec: {
      backoffLimit: 10,
      activeDeadlineSeconds: 900,
      template: {
        metadata: { labels },
        spec: {
          restartPolicy: 'Never',
          automountServiceAccountToken: false,
          securityContext: restrictedPod(1000),
          containers: [
            {
              name: 'mc',
              image: storeImages.minioClient,
              command: [
                '/bin/sh',
                '-c',
                ['set -eu', 'mc alias set store http://minio-hl:9000 "$ROOT_USER" "$ROOT_PASSWORD"', ...perBucket].join(
                  '\n',
                ),
              ],
              env: [
                { name: 'ROOT_USER', ...fromSecret(secret, 'username') },
                { name: 'ROOT_PASSWORD', ...fromSecret(secret, 'password') },
                { name: 'MC_CONFIG_DIR', value: `${scratch.mount.mountPath}/mc` },
              ],
              resources: podResources(smallResources),
              securityContext: sealedContainer,
              volumeMounts: [scratch.mount, { name: 'settings', mountPath: '/settings', readOnly: true }],
            },
          ],
          volumes: [scratch.volume, { name: 'settings', configMap: { name: bucketSettings } }],
        },
      },
    },
  });
}
