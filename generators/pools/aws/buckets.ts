import { backupBucket } from '../../backup/destination.ts';
import { managed } from '../managed.ts';
import type { PoolContext } from '../pool-context.ts';
import { awsAccountOf, awsKey, awsRole } from '../provider-access.ts';
import { type Region, regionsOf, tagsOf } from './region.ts';

const v1 = 's3.aws.upbound.io/v1beta1';
const v2 = 's3.aws.upbound.io/v1beta2';

/** Days after which what is read seldom moves to cheaper disks, and what nobody asked for again goes. */
const lifecycle = { infrequentDays: 30, archiveDays: 180, logDays: 90, oldVersionDays: 90, abortDays: 7 };

/** The data lake of a pool, with a copy in each other region, and the buckets of its clusters' backups. */
export function renderAwsBuckets(context: PoolContext): object[] {
  const regions = regionsOf(context);
  const [first, ...others] = regions;
  const hasLake = context.pool.stores.some(({ engine }) => engine === 's3');
  return [
    ...(hasLake ? renderLake(context, first, others) : []),
    ...(context.pool.backups === undefined ? [] : regions.flatMap((region) => renderBackups(context, region))),
  ];
}

/** Name of the data lake in a region. Names are unique in the whole world. */
export function lakeBucket(environment: string, cluster: string): string {
  return `${cluster}-${environment}-data`;
}

function renderLake(context: PoolContext, first: Region, others: readonly Region[]): object[] {
  const nameOf = ({ cluster }: Region) => lakeBucket(context.place.environment, cluster);
  const logs = `${first.cluster}-${context.place.environment}-logs`;
  return [
    ...renderLogBucket(context, first, logs),
    ...[first, ...others].flatMap((region) => [
      ...renderBucket(context, region, nameOf(region)),
      part(context, region, v2, 'BucketLifecycleConfiguration', nameOf(region), { rule: lakeRules(context) }),
      part(context, region, v1, 'BucketCorsConfiguration', nameOf(region), {
        corsRule: [
          {
            id: 'pages',
            allowedOrigins: [...context.origins],
            allowedMethods: ['GET', 'HEAD'],
            allowedHeaders: ['Authorization', 'Range'],
            exposeHeaders: ['ETag', 'Content-Range'],
            maxAgeSeconds: 3600,
          },
        ],
      }),
      part(context, region, v2, 'BucketMetric', nameOf(region), { name: 'all' }),
    ]),
    part(context, first, v2, 'BucketLogging', nameOf(first), {
      targetBucketRef: { name: logs },
      targetPrefix: `${nameOf(first)}/`,
    }),
    part(context, first, v2, 'BucketReplicationConfiguration', nameOf(first), {
      role: awsRole(context, 's3-replication'),
      rule: others.map((region, index) => ({
        id: region.id,
        status: 'Enabled',
        priority: index + 1,
        filter: { prefix: '' },
        // What is deleted here by mistake is still there.
        deleteMarkerReplication: { status: 'Disabled' },
        sourceSelectionCriteria: { sseKmsEncryptedObjects: { status: 'Enabled' } },
        destination: {
          bucketRef: { name: nameOf(region) },
          storageClass: 'STANDARD_IA',
          encryptionConfiguration: { replicaKmsKeyId: awsKey(context, region.id) },
        },
      })),
    }),
  ];
}

/** By the folders of the brief: raw-data/, processed-data/, backup/daily/ and backup/weekly/. */
function lakeRules({ pool }: PoolContext): object[] {
  const { dailyRetentionDays = 7, weeklyRetentionDays = 28 } = pool.backups ?? {};
  const { infrequentDays, archiveDays } = lifecycle;
  const folder = (id: string, prefix: string, rest: object) => ({
    id,
    status: 'Enabled',
    filter: [{ prefix }],
    ...rest,
  });
  return [
    folder('raw-data', 'raw-data/', {
      transition: [
        { days: infrequentDays, storageClass: 'STANDARD_IA' },
        { days: archiveDays, storageClass: 'GLACIER_IR' },
      ],
    }),
    folder('processed-data', 'processed-data/', {
      transition: [{ days: infrequentDays, storageClass: 'STANDARD_IA' }],
    }),
    folder('backup-daily', 'backup/daily/', { expiration: [{ days: dailyRetentionDays }] }),
    folder('backup-weekly', 'backup/weekly/', { expiration: [{ days: weeklyRetentionDays }] }),
    cleanup,
  ];
}

/** Versions that were overwritten long ago, and uploads that never ended. */
const cleanup = {
  id: 'cleanup',
  status: 'Enabled',
  filter: [{ prefix: '' }],
  noncurrentVersionExpiration: [{ noncurrentDays: lifecycle.oldVersionDays }],
  abortIncompleteMultipartUpload: [{ daysAfterInitiation: lifecycle.abortDays }],
};

/** Whoever writes backups says how long each is kept; the bucket clears up what they left. */
function renderBackups(context: PoolContext, region: Region): object[] {
  const name = backupBucket(context.place.environment, region.cluster);
  return [
    ...renderBucket(context, region, name),
    part(context, region, v2, 'BucketLifecycleConfiguration', name, { rule: [cleanup] }),
  ];
}

/** A bucket that nobody reaches without a right to it and without TLS, with every version of what is in it, encrypted. */
function renderBucket(context: PoolContext, region: Region, name: string): object[] {
  return [
    ...renderClosedBucket(context, region, name, [
      {
        Sid: 'OnlyTls',
        Effect: 'Deny',
        Principal: '*',
        Action: 's3:*',
        Resource: [`arn:aws:s3:::${name}`, `arn:aws:s3:::${name}/*`],
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      },
    ]),
    part(context, region, v2, 'BucketVersioning', name, { versioningConfiguration: { status: 'Enabled' } }),
    part(context, region, v2, 'BucketServerSideEncryptionConfiguration', name, {
      rule: [
        {
          applyServerSideEncryptionByDefault: {
            sseAlgorithm: 'aws:kms',
            kmsMasterKeyId: awsKey(context, region.id),
          },
          // One question to the key service for many objects: each is paid.
          bucketKeyEnabled: true,
        },
      ],
    }),
  ];
}

/** Where S3 writes who asked for what. It encrypts with its own key: into another's it could not write. */
function renderLogBucket(context: PoolContext, region: Region, name: string): object[] {
  return [
    ...renderClosedBucket(context, region, name, [
      {
        Sid: 'Logs',
        Effect: 'Allow',
        Principal: { Service: 'logging.s3.amazonaws.com' },
        Action: 's3:PutObject',
        Resource: `arn:aws:s3:::${name}/*`,
        Condition: { StringEquals: { 'aws:SourceAccount': awsAccountOf(context).accountId } },
      },
    ]),
    part(context, region, v2, 'BucketServerSideEncryptionConfiguration', name, {
      rule: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: 'AES256' } }],
    }),
    part(context, region, v2, 'BucketLifecycleConfiguration', name, {
      rule: [{ id: 'logs', status: 'Enabled', filter: [{ prefix: '' }], expiration: [{ days: lifecycle.logDays }] }],
    }),
  ];
}

function renderClosedBucket(
  context: PoolContext,
  region: Region,
  name: string,
  statements: readonly object[],
): object[] {
  return [
    managed(context, {
      apiVersion: v2,
      kind: 'Bucket',
      name,
      wave: 'store',
      forProvider: { region: region.id, forceDestroy: false, tags: tagsOf(context) },
    }),
    part(context, region, v1, 'BucketPublicAccessBlock', name, {
      blockPublicAcls: true,
      blockPublicPolicy: true,
      ignorePublicAcls: true,
      restrictPublicBuckets: true,
    }),
    part(context, region, v2, 'BucketOwnershipControls', name, { rule: { objectOwnership: 'BucketOwnerEnforced' } }),
    part(context, region, v1, 'BucketPolicy', name, {
      policy: JSON.stringify({ Version: '2012-10-17', Statement: statements }),
    }),
  ];
}

/** One property of a bucket, an object that has its name. */
function part(
  context: PoolContext,
  region: Region,
  apiVersion: string,
  kind: string,
  bucket: string,
  forProvider: object,
): object {
  return managed(context, {
    apiVersion,
    kind,
    name: bucket,
    wave: 'workload',
    forProvider: { region: region.id, bucketRef: { name: bucket }, ...forProvider },
  });
}
