import { KubeConfigMap, KubeJob } from 'cdk8s-plus-28/lib/imports/k8s.js';
import { storeImages } from './images.ts';
import { pods, renderStorePolicy, toDns } from './network.ts';
import { podResources, restrictedPod, scratch, sealedContainer, smallResources } from './pods.ts';
import { fromSecret, renderStoreSecret } from './secrets.ts';
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

/** A program that has a bucket for itself, and its user there: its name, and its entry in the secret store. */
const bucketUsers: Readonly<Record<string, string>> = { models: 'mlflow' };

/** What a Tenant cannot state: versions and lifecycle of its buckets, and users that may do only what they must. */
export function renderBucketSettings(context: StoreContext, secret: string): object[] {
  const labels = storeLabels(context, bucketSettings);
  return [
    KubeConfigMap.manifest({
      metadata: storeMetadata(context, { name: bucketSettings, wave: 'config' }),
      data: Object.fromEntries(
        context.buckets.flatMap((bucket) => {
          const user = bucketUsers[bucket];
          return [
            [`${bucket}.json`, asJson(lifecycleOf(bucket))],
            ...(user === undefined ? [] : [[`policy-${user}.json`, asJson(policyOf(bucket))]]),
          ];
        }),
      ),
    }),
    ...usersOf(context).map((user) =>
      renderStoreSecret(context, {
        name: secretOf(user),
        entry: user,
        keys: { 'access-key': 'access-key', 'secret-key': 'secret-key' },
      }),
    ),
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

/** Reads and writes objects of one bucket, and cannot touch the bucket itself. */
function policyOf(bucket: string): object {
  const arn = `arn:aws:s3:::${bucket}`;
  const objects = ['GetObject', 'PutObject', 'DeleteObject', 'AbortMultipartUpload', 'ListMultipartUploadParts'];
  const whole = ['GetBucketLocation', 'ListBucket', 'ListBucketMultipartUploads'];
  const allow = (actions: readonly string[], resource: string) => ({
    Effect: 'Allow',
    Action: actions.map((action) => `s3:${action}`),
    Resource: [resource],
  });
  return { Version: '2012-10-17', Statement: [allow(whole, arn), allow(objects, `${arn}/*`)] };
}

function usersOf({ buckets }: StoreContext): string[] {
  return buckets.flatMap((bucket) => bucketUsers[bucket] ?? []);
}

function secretOf(user: string): string {
  return `minio-${user}`;
}

/** `mlflow` in variables: MLFLOW_ACCESS_KEY and MLFLOW_SECRET_KEY. */
function variablesOf(user: string) {
  const prefix = user.toUpperCase();
  return { accessKey: `${prefix}_ACCESS_KEY`, secretKey: `${prefix}_SECRET_KEY` };
}

/** A rotated password is set anew; what is attached already would be refused, so it is asked for first. */
function userCommands(user: string): string[] {
  const { accessKey, secretKey } = variablesOf(user);
  return [
    `mc admin user add store "$${accessKey}" "$${secretKey}"`,
    `mc admin policy create store ${user} /settings/policy-${user}.json`,
    `info=$(mc admin user info store "$${accessKey}" --json)`,
    `case "$info" in *policyName*${user}*) ;; *) mc admin policy attach store ${user} --user "$${accessKey}" ;; esac`,
  ];
}

function asJson(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function renderJob(context: StoreContext, secret: string, labels: Record<string, string>): object {
  const perBucket = context.buckets.flatMap((bucket) => [
    `mc mb --ignore-existing store/${bucket}`,
    `mc version enable store/${bucket}`,
    `mc ilm import store/${bucket} < /settings/${bucket}.json`,
  ]);
  const users = usersOf(context);
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
                [
                  'set -eu',
                  'mc alias set store http://minio-hl:9000 "$ROOT_USER" "$ROOT_PASSWORD"',
                  ...perBucket,
                  ...users.flatMap(userCommands),
                ].join('\n'),
              ],
              env: [
                { name: 'ROOT_USER', ...fromSecret(secret, 'username') },
                { name: 'ROOT_PASSWORD', ...fromSecret(secret, 'password') },
                ...users.flatMap((user) => {
                  const { accessKey, secretKey } = variablesOf(user);
                  return [
                    { name: accessKey, ...fromSecret(secretOf(user), 'access-key') },
                    { name: secretKey, ...fromSecret(secretOf(user), 'secret-key') },
                  ];
                }),
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
