import { createHash } from 'node:crypto';
import type { NodeGroup } from '../../../catalog/schema/pool.ts';
import { keptForEver, type MetadataOptions } from '../../app.ts';
import { clustersOf } from '../../clusters.ts';
import { nodeGroupLabel } from '../../conventions.ts';
import { RenderError } from '../../inputs.ts';
import { addressPlan } from '../address-plan.ts';
import {
  groupsOf,
  kubernetesVersionOf,
  nodeGroupsOf,
  nodeLabelsOf,
  type PoolContext,
  poolMetadata,
} from '../pool-context.ts';
import { baseNameOf } from '../provider-access.ts';
import { clusterNetwork, commandsFor, files, machineImage, privateAddress } from './node-setup.ts';

const core = 'cluster.x-k8s.io/v1beta2';
const bootstrap = 'bootstrap.cluster.x-k8s.io/v1beta2';
const controlPlane = 'controlplane.cluster.x-k8s.io/v1beta2';
const infrastructure = 'infrastructure.cluster.x-k8s.io/v1beta1';

/** Hetzner's networks are in one part of the world each. */
const networkZones: Readonly<Record<string, string>> = {
  fsn1: 'eu-central',
  hel1: 'eu-central',
  nbg1: 'eu-central',
  ash: 'us-east',
  hil: 'us-west',
  sin: 'ap-southeast',
};

const placement = 'control-plane';
/** Uploaded to Hetzner once; without one it would send the password of each machine by mail. */
const sshKey = 'defimon';

/** Names that the objects of a cluster call each other by. */
interface Names {
  readonly base: string;
  readonly region: string;
}

/** A pool on Hetzner Cloud, which rents machines alone: Cluster API makes a cluster of them. */
export function renderHetznerPool(context: PoolContext): object[] {
  const { pool } = context;
  const [region] = pool.regions;
  const [cluster] = clustersOf(pool);
  const [masters, ...more] = groupsOf(pool, 'control-plane');
  if (pool.regions.length !== 1 || region === undefined || cluster === undefined) {
    throw new RenderError(`pool/${pool.id}: a pool on Hetzner is in one region, not ${pool.regions.length}`);
  }
  if (masters === undefined || more.length > 0) {
    throw new RenderError(`pool/${pool.id}: Hetzner rents no control plane: add one node group of kind control-plane`);
  }
  const names = { base: baseNameOf(context, cluster), region };
  return [
    renderCluster(context, names),
    renderHetznerCluster(context, names),
    ...renderControlPlane(context, names, masters),
    ...nodeGroupsOf(pool).flatMap((group) => renderWorkers(context, names, group)),
  ];
}

function renderCluster(context: PoolContext, { base }: Names): object {
  return {
    apiVersion: core,
    kind: 'Cluster',
    metadata: metadataOf(context, base, 'workload', { labels: { environment: context.place.environment } }),
    spec: {
      clusterNetwork,
      controlPlaneRef: { apiGroup: 'controlplane.cluster.x-k8s.io', kind: 'KubeadmControlPlane', name: base },
      infrastructureRef: { apiGroup: 'infrastructure.cluster.x-k8s.io', kind: 'HetznerCluster', name: base },
    },
  };
}

function renderHetznerCluster(context: PoolContext, { base, region }: Names): object {
  const { hetzner } = addressPlan;
  const networkZone = networkZones[region];
  if (networkZone === undefined) throw new RenderError(`pool/${context.pool.id}: Hetzner has no region ${region}`);
  return {
    apiVersion: infrastructure,
    kind: 'HetznerCluster',
    metadata: metadataOf(context, base, 'workload'),
    spec: {
      controlPlaneRegions: [region],
      controlPlaneLoadBalancer: { enabled: true, region, type: 'lb11', port: 6443, algorithm: 'round_robin' },
      hcloudNetwork: {
        enabled: true,
        cidrBlock: hetzner.network,
        subnetCidrBlock: hetzner.machines,
        networkZone,
      },
      // No two on one host.
      hcloudPlacementGroups: [{ name: placement, type: 'spread' }],
      hetznerSecretRef: { name: 'hetzner', key: { hcloudToken: 'hcloud' } },
      sshKeys: { hcloud: [{ name: sshKey }] },
    },
  };
}

function renderControlPlane(context: PoolContext, { base }: Names, group: NodeGroup & { machine: string }): object[] {
  const version = kubernetesVersionOf(context);
  const template = machineTemplate(context, base, group, placement);
  const registration = { nodeRegistration: { kubeletExtraArgs: kubeletArguments({}) } };
  const endpoint = { advertiseAddress: privateAddress, bindPort: 6443 };
  return [
    template.object,
    {
      apiVersion: controlPlane,
      kind: 'KubeadmControlPlane',
      metadata: metadataOf(context, base, 'workload'),
      spec: {
        version: `v${version}`,
        replicas: group.min,
        machineTemplate: { spec: { infrastructureRef: template.reference } },
        rollout: { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } } },
        remediation: { maxRetry: 3, retryPeriodSeconds: 60, minHealthyPeriodSeconds: 3600 },
        kubeadmConfigSpec: {
          clusterConfiguration: {
            apiServer: { extraArgs: argumentsOf({ profiling: 'false' }) },
            controllerManager: { extraArgs: argumentsOf({ 'cloud-provider': 'external', profiling: 'false' }) },
            scheduler: { extraArgs: argumentsOf({ profiling: 'false' }) },
            etcd: { local: { dataDir: '/var/lib/etcd' } },
          },
          initConfiguration: { ...registration, localAPIEndpoint: endpoint },
          joinConfiguration: { ...registration, controlPlane: { localAPIEndpoint: endpoint } },
          files,
          preKubeadmCommands: commandsFor(version),
        },
      },
    },
    healthCheck(context, base, `${base}-control-plane`, { 'cluster.x-k8s.io/control-plane': '' }),
  ];
}

function renderWorkers(context: PoolContext, { base }: Names, group: NodeGroup & { machine: string }): object[] {
  const version = kubernetesVersionOf(context);
  const name = `${base}-${group.id}`;
  const template = machineTemplate(context, base, group);
  const config = namedBySpec(context, bootstrap, 'KubeadmConfigTemplate', name, {
    template: {
      spec: {
        joinConfiguration: {
          nodeRegistration: {
            kubeletExtraArgs: kubeletArguments(nodeLabelsOf(group)),
            ...(group.dedicated === true
              ? { taints: [{ key: nodeGroupLabel, value: group.id, effect: 'NoSchedule' }] }
              : {}),
          },
        },
        files,
        preKubeadmCommands: commandsFor(version),
      },
    },
  });
  const labels = { [nodeGroupLabel]: group.id };
  return [
    template.object,
    config.object,
    {
      apiVersion: core,
      kind: 'MachineDeployment',
      metadata: metadataOf(context, name, 'edge', {
        annotations: {
          // How many there are is the autoscaler's to say, within these.
          'cluster.x-k8s.io/cluster-api-autoscaler-node-group-min-size': String(group.min),
          'cluster.x-k8s.io/cluster-api-autoscaler-node-group-max-size': String(group.max),
        },
      }),
      spec: {
        clusterName: base,
        selector: { matchLabels: labels },
        rollout: { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } },
        template: {
          metadata: { labels },
          spec: {
            clusterName: base,
            version: `v${version}`,
            bootstrap: { configRef: config.reference },
            infrastructureRef: template.reference,
            // Stores need their time to hand over, and a machine that hangs must go in the end.
            deletion: { nodeDrainTimeoutSeconds: 900, nodeVolumeDetachTimeoutSeconds: 300 },
          },
        },
      },
    },
    {
      apiVersion: infrastructure,
      kind: 'HCloudRemediationTemplate',
      metadata: metadataOf(context, name, 'workload'),
      spec: { template: { spec: { strategy: { type: 'Reboot', retryLimit: 1, timeout: '300s' } } } },
    },
    healthCheck(context, base, name, labels, {
      templateRef: { apiVersion: infrastructure, kind: 'HCloudRemediationTemplate', name },
    }),
  ];
}

/** A machine that is unwell for five minutes is replaced; not when more than two are at once: then it is the network. */
function healthCheck(
  context: PoolContext,
  clusterName: string,
  name: string,
  matchLabels: Readonly<Record<string, string>>,
  remediation: object = {},
) {
  return {
    apiVersion: core,
    kind: 'MachineHealthCheck',
    metadata: metadataOf(context, name, 'edge'),
    spec: {
      clusterName,
      selector: { matchLabels },
      checks: {
        nodeStartupTimeoutSeconds: 1200,
        unhealthyNodeConditions: ['False', 'Unknown'].map((status) => ({ type: 'Ready', status, timeoutSeconds: 300 })),
      },
      remediation: { ...remediation, triggerIf: { unhealthyInRange: '[1-2]' } },
    },
  };
}

function machineTemplate(
  context: PoolContext,
  base: string,
  group: NodeGroup & { machine: string },
  placementGroupName?: string,
) {
  return namedBySpec(context, infrastructure, 'HCloudMachineTemplate', `${base}-${group.id}`, {
    template: {
      spec: {
        type: group.machine,
        imageName: machineImage,
        ...(placementGroupName === undefined ? {} : { placementGroupName }),
        // The way out: its own firewall lets nothing in.
        publicNetwork: { enableIPv4: true, enableIPv6: true },
      },
    },
  });
}

/**
 * A template may never change, and machines are only renewed when it is another one: so its name says what is in it. The
 * one before stays, since machines still refer to it.
 */
function namedBySpec(context: PoolContext, apiVersion: string, kind: string, prefix: string, spec: object) {
  const digest = createHash('sha256').update(JSON.stringify(spec)).digest('hex').slice(0, 8);
  const name = `${prefix}-${digest}`;
  return {
    object: { apiVersion, kind, metadata: metadataOf(context, name, 'workload'), spec },
    reference: { apiGroup: apiVersion.slice(0, apiVersion.indexOf('/')), kind, name },
  };
}

function kubeletArguments(labels: Readonly<Record<string, string>>) {
  const nodeLabels = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  return argumentsOf({
    'cloud-provider': 'external',
    'resolv-conf': '/etc/kubernetes/resolv.conf',
    ...(nodeLabels.length === 0 ? {} : { 'node-labels': nodeLabels.join(',') }),
  });
}

function argumentsOf(values: Readonly<Record<string, string>>): { name: string; value: string }[] {
  return Object.entries(values).map(([name, value]) => ({ name, value }));
}

function metadataOf(
  context: PoolContext,
  name: string,
  wave: MetadataOptions['wave'],
  more: Pick<MetadataOptions, 'labels' | 'annotations'> = {},
) {
  return poolMetadata(context, {
    name,
    namespace: context.place.namespace,
    wave,
    syncOptions: keptForEver,
    ...more,
  });
}
