import type { NodeGroup } from '../../../catalog/schema/pool.ts';
import { nodeGroupLabel } from '../../conventions.ts';
import { addressPlan } from '../address-plan.ts';
import { managed } from '../managed.ts';
import { kubernetesVersionOf, nodeGroupsOf, nodeLabelsOf, type PoolContext } from '../pool-context.ts';
import { gcpProjectOf } from '../provider-access.ts';
import { type GcpNames, gcpNamesOf } from './names.ts';
import { podRange, serviceRange } from './network.ts';

const container = 'container.gcp.upbound.io/v1beta2';

/** The identity of nodes and virtual machines; the project is the environment's own, so the name need not say it. */
export const machineAccount = 'defimon-machines';

/** The cluster of a Google pool: private nodes, an API server for known addresses alone. */
export function renderGcpCluster(context: PoolContext): object[] {
  const names = gcpNamesOf(context);
  return [
    ...renderIdentity(context, names),
    renderCluster(context, names),
    ...nodeGroupsOf(context.pool).map((group) => renderNodePool(context, names, group)),
  ];
}

function renderIdentity(context: PoolContext, { base }: GcpNames): object[] {
  const project = gcpProjectOf(context);
  return [
    managed(context, {
      apiVersion: 'cloudplatform.gcp.upbound.io/v1beta1',
      kind: 'ServiceAccount',
      name: `${base}-machines`,
      externalName: machineAccount,
      wave: 'store',
      forProvider: { displayName: `Machines of ${base}` },
    }),
    // Logs, metrics and images: without this a node has the rights of an editor of the whole project.
    managed(context, {
      apiVersion: 'cloudplatform.gcp.upbound.io/v1beta2',
      kind: 'ProjectIAMMember',
      name: `${base}-machines`,
      wave: 'store',
      forProvider: {
        project,
        role: 'roles/container.defaultNodeServiceAccount',
        member: `serviceAccount:${machineAccount}@${project}.iam.gserviceaccount.com`,
      },
    }),
  ];
}

function renderCluster(context: PoolContext, { base, region }: GcpNames): object {
  const { place, pool, cidrs } = context;
  return managed(context, {
    apiVersion: container,
    kind: 'Cluster',
    name: base,
    wave: 'workload',
    connectionSecret: `${base}-kubeconfig`,
    forProvider: {
      location: region,
      networkRef: { name: base },
      subnetworkRef: { name: base },
      networkingMode: 'VPC_NATIVE',
      ipAllocationPolicy: { clusterSecondaryRangeName: podRange, servicesSecondaryRangeName: serviceRange },
      // Network policies are enforced by the data plane itself.
      datapathProvider: 'ADVANCED_DATAPATH',
      privateClusterConfig: {
        enablePrivateNodes: true,
        enablePrivateEndpoint: cidrs.length === 0,
        masterIpv4CidrBlock: addressPlan.gcp.controlPlane,
        masterGlobalAccessConfig: { enabled: true },
      },
      masterAuthorizedNetworksConfig: {
        gcpPublicCidrsAccessEnabled: false,
        cidrBlocks: cidrs.map((cidrBlock) => ({ cidrBlock, displayName: 'management' })),
      },
      masterAuth: { clientCertificateConfig: { issueClientCertificate: false } },
      enableLegacyAbac: false,
      enableShieldedNodes: true,
      workloadIdentityConfig: { workloadPool: `${gcpProjectOf(context)}.svc.id.goog` },
      securityPostureConfig: { mode: 'BASIC', vulnerabilityMode: 'VULNERABILITY_DISABLED' },
      releaseChannel: { channel: 'REGULAR' },
      minMasterVersion: kubernetesVersionOf(context),
      maintenancePolicy: {
        recurringWindow: {
          startTime: '2026-01-03T02:00:00Z',
          endTime: '2026-01-03T08:00:00Z',
          recurrence: 'FREQ=WEEKLY;BYDAY=SA,SU',
        },
      },
      addonsConfig: {
        gcePersistentDiskCsiDriverConfig: { enabled: true },
        horizontalPodAutoscaling: { disabled: false },
        httpLoadBalancing: { disabled: false },
      },
      loggingConfig: { enableComponents: ['SYSTEM_COMPONENTS'] },
      // Prometheus runs in the cluster: a second one would be paid by the sample.
      monitoringConfig: { enableComponents: ['SYSTEM_COMPONENTS'], managedPrometheus: { enabled: false } },
      costManagementConfig: { enabled: true },
      // The node pools are objects of their own; the API wants one to begin with.
      initialNodeCount: 1,
      removeDefaultNodePool: true,
      deletionProtection: true,
      resourceLabels: { environment: place.environment, pool: pool.id },
    },
  });
}

function renderNodePool(
  context: PoolContext,
  { base, region, zone }: GcpNames,
  group: NodeGroup & { machine: string },
) {
  const { place, pool } = context;
  return managed(context, {
    apiVersion: container,
    kind: 'NodePool',
    name: `${base}-${group.id}`,
    externalName: group.id,
    wave: 'edge',
    forProvider: {
      clusterRef: { name: base },
      location: region,
      nodeLocations: [zone],
      autoscaling: { minNodeCount: group.min, maxNodeCount: group.max, locationPolicy: 'BALANCED' },
      management: { autoRepair: true, autoUpgrade: true },
      upgradeSettings: { strategy: 'SURGE', maxSurge: 1, maxUnavailable: 0 },
      nodeConfig: {
        machineType: group.machine,
        imageType: 'COS_CONTAINERD',
        diskType: 'pd-balanced',
        diskSizeGb: 100,
        labels: nodeLabelsOf(group),
        ...(group.dedicated === true
          ? { taint: [{ key: nodeGroupLabel, value: group.id, effect: 'NO_SCHEDULE' }] }
          : {}),
        serviceAccountRef: { name: `${base}-machines` },
        oauthScopes: ['https://www.googleapis.com/auth/cloud-platform'],
        shieldedInstanceConfig: { enableSecureBoot: true, enableIntegrityMonitoring: true },
        workloadMetadataConfig: { mode: 'GKE_METADATA' },
        metadata: { 'disable-legacy-endpoints': 'true' },
        kubeletConfig: { insecureKubeletReadonlyPortEnabled: 'FALSE' },
        resourceLabels: { environment: place.environment, pool: pool.id },
      },
    },
    initProvider: { initialNodeCount: group.min },
  });
}
