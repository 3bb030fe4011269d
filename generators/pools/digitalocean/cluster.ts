import type { NodeGroup } from '../../../catalog/schema/pool.ts';
import { findBackupDestination } from '../../backup/destination.ts';
import { clustersOf } from '../../clusters.ts';
import { nodeGroupLabel } from '../../conventions.ts';
import { RenderError } from '../../inputs.ts';
import { addressPlan } from '../address-plan.ts';
import { managedInNamespace } from '../managed.ts';
import { kubernetesVersionOf, nodeGroupsOf, nodeLabelsOf, type PoolContext } from '../pool-context.ts';
import { baseNameOf } from '../provider-access.ts';

const { digitalocean: plan } = addressPlan;

/**
 * A pool on DigitalOcean: one private network with a cluster and a rented database in it. The load balancer of the bill
 * comes with the gateway's Service.
 */
export function renderDigitalOceanPool(context: PoolContext): object[] {
  const { pool } = context;
  const [region] = pool.regions;
  const [cluster] = clustersOf(pool);
  if (pool.regions.length !== 1 || region === undefined || cluster === undefined) {
    throw new RenderError(`pool/${pool.id}: a pool on DigitalOcean is in one region, not ${pool.regions.length}`);
  }
  const base = baseNameOf(context, cluster);
  return [
    managedInNamespace(context, {
      apiVersion: 'vpc.digitalocean.m.crossplane.io/v1alpha1',
      kind: 'VPC',
      name: base,
      wave: 'store',
      forProvider: { name: base, region, ipRange: plan.machines, description: pool.name },
    }),
    ...renderDatabase(context, base, region),
    ...renderCluster(context, base, region),
    ...renderBackupBucket(context, cluster),
  ];
}

function renderCluster(context: PoolContext, base: string, region: string): object[] {
  const { pool, cidrs } = context;
  const [first, ...others] = nodeGroupsOf(pool);
  if (first === undefined) throw new RenderError(`pool/${pool.id}: a cluster of DigitalOcean needs a node group`);
  return [
    managedInNamespace(context, {
      apiVersion: 'kubernetes.digitalocean.m.crossplane.io/v1alpha1',
      kind: 'Cluster',
      name: base,
      wave: 'workload',
      connectionSecret: `${base}-kubeconfig`,
      forProvider: {
        name: base,
        region,
        version: kubernetesVersionOf(context),
        vpcUuidRef: { name: base },
        clusterSubnet: plan.pods,
        serviceSubnet: plan.services,
        // A new version is an edit of the catalog, so that it is tried before it is in production.
        autoUpgrade: false,
        surgeUpgrade: true,
        // A second API server would cost more than the node.
        ha: false,
        maintenancePolicy: [{ day: 'sunday', startTime: '04:00' }],
        ...(cidrs.length === 0 ? {} : { controlPlaneFirewall: [{ enabled: true, allowedAddresses: [...cidrs] }] }),
        destroyAllAssociatedResources: false,
        tags: tagsOf(context, first),
        // The first group is part of the cluster itself at DigitalOcean.
        nodePool: [{ name: first.id, ...sizeOf(context, first) }],
      },
    }),
    ...others.map((group) =>
      managedInNamespace(context, {
        apiVersion: 'kubernetes.digitalocean.m.crossplane.io/v1alpha1',
        kind: 'NodePool',
        name: `${base}-${group.id}`,
        wave: 'edge',
        forProvider: { clusterIdRef: { name: base }, name: group.id, ...sizeOf(context, group) },
      }),
    ),
  ];
}

function sizeOf(context: PoolContext, group: NodeGroup & { machine: string }) {
  return {
    size: group.machine,
    autoScale: true,
    minNodes: group.min,
    maxNodes: group.max,
    labels: nodeLabelsOf(group),
    tags: tagsOf(context, group),
    ...(group.dedicated === true ? { taint: [{ key: nodeGroupLabel, value: group.id, effect: 'NoSchedule' }] } : {}),
  };
}

function tagsOf({ place }: PoolContext, { tags = [] }: Pick<NodeGroup, 'tags'>): string[] {
  return [place.environment, ...tags];
}

/** DigitalOcean backs it up daily and keeps a week, in which any moment can be brought back. */
function renderDatabase(context: PoolContext, base: string, region: string): object[] {
  const { pool } = context;
  const store = pool.stores.find(({ kind, managed }) => kind === 'relational' && managed);
  if (store === undefined) return [];
  const { machine, version, replicas = 1, storageGB } = store;
  if (machine === undefined || version === undefined) {
    throw new RenderError(`pool/${pool.id}: its rented PostgreSQL needs a machine and a version`);
  }
  return [
    managedInNamespace(context, {
      apiVersion: 'database.digitalocean.m.crossplane.io/v1alpha1',
      kind: 'Cluster',
      name: `${base}-postgresql`,
      wave: 'workload',
      connectionSecret: `${base}-postgresql`,
      forProvider: {
        name: `${base}-postgresql`,
        engine: 'pg',
        version,
        size: machine,
        nodeCount: replicas,
        ...(storageGB === undefined ? {} : { storageSizeMib: String(storageGB * 1024) }),
        region,
        privateNetworkUuidRef: { name: base },
        maintenanceWindow: [{ day: 'sunday', hour: '03:00' }],
        tags: tagsOf(context, { tags: pool.nodeGroups.flatMap(({ tags = [] }) => tags) }),
      },
    }),
  ];
}

function renderBackupBucket(context: PoolContext, cluster: string): object[] {
  const { pool, place } = context;
  const destination = findBackupDestination(place.environment, pool, cluster);
  if (destination === undefined || pool.backups === undefined) return [];
  return [
    managedInNamespace(context, {
      apiVersion: 'spaces.digitalocean.m.crossplane.io/v1alpha1',
      kind: 'Bucket',
      name: destination.bucket,
      wave: 'store',
      forProvider: {
        region: destination.region,
        acl: 'private',
        forceDestroy: false,
        versioning: [{ enabled: true }],
        lifecycleRule: [
          {
            id: 'cleanup',
            enabled: true,
            abortIncompleteMultipartUploadDays: 7,
            noncurrentVersionExpiration: [{ days: 30 }],
          },
        ],
      },
    }),
  ];
}
