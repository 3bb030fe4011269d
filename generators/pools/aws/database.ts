import type { PoolStore } from '../../../catalog/schema/pool.ts';
import { RenderError } from '../../inputs.ts';
import { managed } from '../managed.ts';
import type { PoolContext } from '../pool-context.ts';
import { awsAccountOf, awsKey, renderSecret } from '../provider-access.ts';
import { privateSubnets, type Region, regionsOf, tagsOf } from './region.ts';

const ec2 = 'ec2.aws.upbound.io/v1beta1';
const rds = 'rds.aws.upbound.io/v1beta1';
const instance = 'rds.aws.upbound.io/v1beta3';

const port = 5432;
/** The entry of the secret store, and the Secret, that hold the password; services find the whole address there. */
const passwordSecret = 'postgresql';
/** The brief asks for daily backups and names no time; RDS keeps 35 days at most. */
const usualRetentionDays = 14;
const mostRetentionDays = 35;

/** The database of a pool: written to in the first region, with a copy in each other that can take its place. */
export function renderAwsDatabase(context: PoolContext): object[] {
  const store = context.pool.stores.find(({ kind, managed: rented }) => kind === 'relational' && rented);
  if (store === undefined) return [];
  const regions = regionsOf(context);
  const [first, ...others] = regions;
  return [
    renderSecret(context, passwordSecret, passwordSecret, { password: 'password' }),
    ...regions.flatMap((region) => renderSurroundings(context, store, region, regions)),
    renderPrimary(context, store, first),
    ...others.map((region) => renderReplica(context, store, first, region)),
    ...others.slice(0, 1).map((region) => renderBackupCopy(context, first, region)),
  ];
}

function renderSurroundings(
  context: PoolContext,
  store: PoolStore,
  region: Region,
  regions: readonly Region[],
): object[] {
  const { id, base } = region;
  return [
    managed(context, {
      apiVersion: ec2,
      kind: 'SecurityGroup',
      name: `${base}-database`,
      wave: 'store',
      forProvider: {
        region: id,
        vpcIdRef: { name: base },
        name: `${base}-database`,
        description: 'PostgreSQL',
        tags: tagsOf(context),
      },
    }),
    // Pods of every region: they write to the first, and read what is near.
    ...regions.map((from) =>
      managed(context, {
        apiVersion: ec2,
        kind: 'SecurityGroupIngressRule',
        name: `${base}-database-from-${from.id}`,
        wave: 'store',
        forProvider: {
          region: id,
          securityGroupIdRef: { name: `${base}-database` },
          description: `Pods in ${from.id}`,
          ipProtocol: 'tcp',
          fromPort: port,
          toPort: port,
          cidrIpv4: from.plan.cidr,
          tags: tagsOf(context),
        },
      }),
    ),
    managed(context, {
      apiVersion: rds,
      kind: 'SubnetGroup',
      name: base,
      wave: 'store',
      forProvider: {
        region: id,
        description: `Private parts of ${base}`,
        subnetIdRefs: privateSubnets(region),
        tags: tagsOf(context),
      },
    }),
    managed(context, {
      apiVersion: rds,
      kind: 'ParameterGroup',
      name: `${base}-postgresql-${versionOf(store)}`,
      wave: 'store',
      forProvider: {
        region: id,
        description: `PostgreSQL of ${base}`,
        family: `postgres${versionOf(store)}`,
        parameter: [{ name: 'rds.force_ssl', value: '1', applyMethod: 'immediate' }],
        tags: tagsOf(context),
      },
    }),
  ];
}

function renderPrimary(context: PoolContext, store: PoolStore, region: Region): object {
  const { storageGB } = store;
  if (storageGB === undefined) throw new RenderError(`pool/${context.pool.id}: its relational store needs storageGB`);
  return managed(context, {
    apiVersion: instance,
    kind: 'Instance',
    name: databaseOf(region),
    wave: 'workload',
    connectionSecret: databaseOf(region),
    forProvider: {
      ...commonOf(context, store, region),
      engine: 'postgres',
      engineVersion: versionOf(store),
      allocatedStorage: storageGB,
      // It grows by itself before it is full; who pays is told by the bill, and by an alert before that.
      maxAllocatedStorage: storageGB * 5,
      dbName: 'defimon',
      username: 'defimon',
      passwordSecretRef: { name: passwordSecret, namespace: context.place.namespace, key: 'password' },
      // Any moment of these days can be brought back.
      backupRetentionPeriod: retentionOf(context),
      backupWindow: '02:00-03:00',
    },
  });
}

/** A copy that can be promoted when the first region is gone; it has backups of its own from then on. */
function renderReplica(context: PoolContext, store: PoolStore, first: Region, region: Region): object {
  return managed(context, {
    apiVersion: instance,
    kind: 'Instance',
    name: databaseOf(region),
    wave: 'edge',
    connectionSecret: databaseOf(region),
    forProvider: {
      ...commonOf(context, store, region),
      // Across regions AWS wants the whole name, which a reference would not give.
      replicateSourceDb: `arn:aws:rds:${first.id}:${awsAccountOf(context).accountId}:db:${databaseOf(first)}`,
      backupRetentionPeriod: 1,
      backupWindow: '03:00-04:00',
    },
  });
}

function commonOf(context: PoolContext, store: PoolStore, region: Region) {
  const { machine, disk, replicas = 1 } = store;
  if (machine === undefined) throw new RenderError(`pool/${context.pool.id}: its relational store has no machine`);
  return {
    region: region.id,
    instanceClass: machine,
    ...(disk === undefined ? {} : { storageType: disk }),
    // The second copy stands in another zone, and takes over by itself.
    multiAz: replicas > 1,
    storageEncrypted: true,
    kmsKeyId: awsKey(context, region.id),
    publiclyAccessible: false,
    port,
    dbSubnetGroupNameRef: { name: region.base },
    vpcSecurityGroupIdRefs: [{ name: `${region.base}-database` }],
    parameterGroupNameRef: { name: `${region.base}-postgresql-${versionOf(store)}` },
    caCertIdentifier: 'rds-ca-rsa2048-g1',
    maintenanceWindow: 'sun:04:00-sun:05:00',
    autoMinorVersionUpgrade: true,
    applyImmediately: false,
    copyTagsToSnapshot: true,
    performanceInsightsEnabled: true,
    performanceInsightsRetentionPeriod: 7,
    enabledCloudwatchLogsExports: ['postgresql', 'upgrade'],
    deletionProtection: true,
    deleteAutomatedBackups: false,
    skipFinalSnapshot: false,
    finalSnapshotIdentifier: `${databaseOf(region)}-final`,
    tags: tagsOf(context),
  };
}

/** The backups of the first region in the second: a region that is lost does not take them along. */
function renderBackupCopy(context: PoolContext, first: Region, elsewhere: Region): object {
  return managed(context, {
    apiVersion: rds,
    kind: 'DBInstanceAutomatedBackupsReplication',
    name: databaseOf(first),
    wave: 'edge',
    forProvider: {
      region: elsewhere.id,
      sourceDbInstanceArnRef: { name: databaseOf(first) },
      kmsKeyId: awsKey(context, elsewhere.id),
      retentionPeriod: retentionOf(context),
    },
  });
}

function databaseOf({ base }: Region): string {
  return `${base}-postgresql`;
}

function versionOf({ version }: PoolStore): string {
  if (version === undefined) throw new RenderError('a rented PostgreSQL needs "version:" in its pool');
  return version;
}

function retentionOf({ pool }: PoolContext): number {
  return Math.min(pool.backups?.dailyRetentionDays ?? usualRetentionDays, mostRetentionDays);
}
