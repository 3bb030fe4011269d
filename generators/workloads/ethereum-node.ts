import {
  type Container,
  IntOrString,
  KubePodDisruptionBudget,
  KubeService,
  KubeServiceAccount,
  KubeStatefulSet,
  Quantity,
} from 'cdk8s-plus-28/lib/imports/k8s.js';
import { keptForEver } from '../app.ts';
import { secretStore, storageClass } from '../conventions.ts';
import { RenderError } from '../inputs.ts';
import { restrictedPod, sealedContainer, storePriority } from '../stores/pods.ts';
import { volumeSize } from '../stores/store-context.ts';
import { engineSecretFile } from './ethereum-arguments.ts';
import { onNodesOf, requirementsOf, selectorOf, type WorkloadContext, workloadMetadata } from './workload-context.ts';

/** Secret by which Geth and Lighthouse know each other, and its one key. */
const engineSecret = 'ethereum-engine';
const engineKey = 'jwt.hex';

/** Any id but 0, the same as on virtual machines. */
const userId = 10001;
const volume = 'data';
export const dataFolder = '/data';

export interface NamedPort {
  readonly name: string;
  readonly port: number;
  readonly protocol?: 'TCP' | 'UDP';
}

interface NodeOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly ports: readonly NamedPort[];
  /** Time to write what is in memory to the disk: a client that is killed repairs its database for hours. */
  readonly drainSeconds: number;
  readonly probes: Pick<Container, 'startupProbe' | 'livenessProbe' | 'readinessProbe'>;
}

/** Pods of one of the two clients, each with a disk of its own that nothing deletes. */
export function renderNode(
  context: WorkloadContext,
  { command, args, ports, drainSeconds, probes }: NodeOptions,
): object {
  const { workload, nodeGroup } = context;
  const { storageGB } = workload;
  if (storageGB === undefined)
    throw new RenderError(`pool/${context.place.pool}: workload ${workload.id} needs storageGB`);
  const labels = selectorOf(context);
  return KubeStatefulSet.manifest({
    metadata: workloadMetadata(context, { wave: 'store', syncOptions: keptForEver }),
    spec: {
      replicas: workload.replicas,
      serviceName: workload.id,
      podManagementPolicy: 'Parallel',
      revisionHistoryLimit: 5,
      selector: { matchLabels: labels },
      persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
      template: {
        metadata: {
          labels: { ...labels, 'app.kubernetes.io/part-of': 'defimon' },
          // It takes hours to catch up: a node that is half empty is no reason to move it.
          annotations: { 'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false' },
        },
        spec: {
          serviceAccountName: workload.id,
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          ...storePriority,
          ...onNodesOf(nodeGroup),
          terminationGracePeriodSeconds: drainSeconds,
          securityContext: restrictedPod(userId),
          topologySpreadConstraints: [
            {
              maxSkew: 1,
              topologyKey: 'kubernetes.io/hostname',
              whenUnsatisfiable: 'ScheduleAnyway',
              labelSelector: { matchLabels: labels },
            },
          ],
          containers: [
            {
              name: workload.id,
              image: workload.image,
              imagePullPolicy: 'IfNotPresent',
              command: [command],
              args: [...args],
              // Both look for a home to write defaults to.
              env: [{ name: 'HOME', value: '/tmp' }],
              ports: ports.map(({ name, port, protocol = 'TCP' }) => ({ name, containerPort: port, protocol })),
              resources: requirementsOf(workload),
              ...probes,
              securityContext: sealedContainer,
              volumeMounts: [
                { name: volume, mountPath: dataFolder },
                { name: 'engine', mountPath: engineFolder(), readOnly: true },
                { name: 'tmp', mountPath: '/tmp' },
              ],
            },
          ],
          volumes: [
            { name: 'engine', secret: { secretName: engineSecret, defaultMode: 0o440 } },
            { name: 'tmp', emptyDir: { sizeLimit: Quantity.fromString('1Gi') } },
          ],
        },
      },
      volumeClaimTemplates: [
        {
          metadata: { name: volume },
          spec: {
            accessModes: ['ReadWriteOnce'],
            storageClassName: storageClass,
            resources: { requests: { storage: Quantity.fromString(volumeSize(storageGB)) } },
          },
        },
      ],
    },
  });
}

/** The shared secret, which both clients mount. */
export function renderEngineSecret(context: WorkloadContext): object {
  return {
    apiVersion: 'external-secrets.io/v1',
    kind: 'ExternalSecret',
    metadata: workloadMetadata(context, { name: engineSecret, wave: 'secret' }),
    spec: {
      refreshInterval: '1h',
      secretStoreRef: { kind: 'ClusterSecretStore', name: secretStore },
      target: { name: engineSecret, creationPolicy: 'Owner', deletionPolicy: 'Retain' },
      data: [{ secretKey: engineKey, remoteRef: { key: 'ethereum', property: 'engine-jwt' } }],
    },
  };
}

/** Addresses inside the cluster. */
export function renderInside(context: WorkloadContext, name: string, ports: readonly NamedPort[]): object {
  return KubeService.manifest({
    metadata: workloadMetadata(context, { name, wave: 'store' }),
    spec: { type: 'ClusterIP', selector: selectorOf(context), ports: servicePorts(ports) },
  });
}

/**
 * Where peers find the node: balancers that pass packets on as they are, one for each protocol, at one reserved address.
 * Not ports of the node itself: pods would have to be privileged for it. None while the address is not known: a node
 * that cannot tell it is found by nobody, and calls others itself.
 */
export function renderPeerServices(context: WorkloadContext, ports: readonly NamedPort[]): object[] {
  const { workload, provider, peers } = context;
  if (peers.address === undefined) return [];
  return (['TCP', 'UDP'] as const).map((protocol) =>
    KubeService.manifest({
      metadata: workloadMetadata(context, {
        name: `${workload.id}-peers-${protocol.toLowerCase()}`,
        wave: 'store',
        ...(provider === 'gcp'
          ? {
              annotations: {
                'cloud.google.com/l4-rbs': 'enabled',
                'networking.gke.io/load-balancer-ip-addresses': peers.name,
              },
            }
          : {}),
      }),
      spec: {
        type: 'LoadBalancer',
        // Peers are judged by their address: it must not be lost on the way.
        externalTrafficPolicy: 'Local',
        selector: selectorOf(context),
        ports: servicePorts(ports.filter((port) => (port.protocol ?? 'TCP') === protocol)),
      },
    }),
  );
}

export function renderAccount(context: WorkloadContext): object {
  return KubeServiceAccount.manifest({
    metadata: workloadMetadata(context, { wave: 'config' }),
    automountServiceAccountToken: false,
  });
}

export function renderBudget(context: WorkloadContext): object {
  return KubePodDisruptionBudget.manifest({
    metadata: workloadMetadata(context, { wave: 'config' }),
    spec: {
      maxUnavailable: IntOrString.fromNumber(1),
      selector: { matchLabels: selectorOf(context) },
      unhealthyPodEvictionPolicy: 'AlwaysAllow',
    },
  });
}

export function renderMonitor(context: WorkloadContext, path: string): object {
  return {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'ServiceMonitor',
    metadata: workloadMetadata(context, { wave: 'config' }),
    spec: {
      selector: { matchLabels: selectorOf(context) },
      jobLabel: 'app.kubernetes.io/name',
      endpoints: [{ port: 'metrics', path, interval: '30s' }],
    },
  };
}

export function servicePorts(ports: readonly NamedPort[]) {
  return ports.map(({ name, port, protocol = 'TCP' }) => ({
    name,
    port,
    protocol,
    targetPort: IntOrString.fromString(name),
  }));
}

function engineFolder(): string {
  return engineSecretFile.slice(0, -`/${engineKey}`.length);
}
