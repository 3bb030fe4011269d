import { KubeCronJob } from 'cdk8s-plus-28/lib/imports/k8s.js';
import { storeImages } from './images.ts';
import { pods, renderStorePolicy, toDns } from './network.ts';
import { podResources, restrictedPod, scratch, sealedContainer, smallResources, storePriority } from './pods.ts';
import { fromSecret } from './secrets.ts';
import { type StoreContext, storeLabels, storeMetadata } from './store-context.ts';

const name = 'clickhouse-backup';
/** When, and under which prefix of the bucket, whose lifecycle takes old ones away. UTC, apart from each other. */
const schedules = { daily: '45 1 * * *', weekly: '45 3 * * 0' } as const;

/**
 * Tells the server to write a backup to the bucket itself: it reads its own parts, consistently and without a stop, and
 * the job only waits. No credentials of the bucket are in the statement.
 */
export function renderClickhouseBackups(context: StoreContext): (object | undefined)[] {
  if (context.destination === undefined) return [];
  const labels = storeLabels(context, name);
  return [
    ...Object.entries(schedules).map(([when, schedule]) => renderBackupJob(context, when, schedule)),
    renderStorePolicy(context, {
      name,
      pods: labels,
      egress: [toDns(), pods({ 'clickhouse.altinity.com/chi': 'clickhouse' }, 9000)],
    }),
  ];
}

function renderBackupJob(context: StoreContext, when: string, schedule: string): object {
  const labels = storeLabels(context, name);
  return KubeCronJob.manifest({
    metadata: storeMetadata(context, { name: `${name}-${when}`, wave: 'edge' }),
    spec: {
      schedule,
      timeZone: 'Etc/UTC',
      concurrencyPolicy: 'Forbid',
      successfulJobsHistoryLimit: 1,
      failedJobsHistoryLimit: 3,
      jobTemplate: {
        spec: {
          backoffLimit: 2,
          activeDeadlineSeconds: 6 * 3600,
          template: {
            metadata: { labels },
            spec: {
              restartPolicy: 'Never',
              automountServiceAccountToken: false,
              ...storePriority,
              securityContext: restrictedPod(101),
              containers: [
                {
                  name: 'backup',
                  image: storeImages.clickhouse,
                  command: ['/bin/sh', '-c', script(when)],
                  env: [
                    { name: 'CLICKHOUSE_USER', value: 'defimon' },
                    { name: 'CLICKHOUSE_PASSWORD', ...fromSecret('clickhouse', 'password') },
                    { name: 'HOME', value: scratch.mount.mountPath },
                  ],
                  resources: podResources(smallResources),
                  securityContext: sealedContainer,
                  volumeMounts: [scratch.mount],
                },
              ],
              volumes: [scratch.volume],
            },
          },
        },
      },
    },
  });
}

/** Each backup has its own name, so a second try never meets the first one's half. */
function script(when: string): string {
  const statement = `BACKUP ALL EXCEPT DATABASES system, INFORMATION_SCHEMA, information_schema TO S3(backups, '${when}/$at')`;
  return [
    'set -eu',
    'at=$(date -u +%Y-%m-%dT%H-%M-%SZ)',
    `exec clickhouse-client --host clickhouse-clickhouse --receive_timeout 21600 --query "${statement}"`,
  ].join('\n');
}
