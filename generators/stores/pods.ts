import { Quantity, type ResourceRequirements } from 'cdk8s-plus-28/lib/imports/k8s.js';
import type { Resources } from '../../catalog/schema/common.ts';
import { priorityClasses } from '../conventions.ts';

/** What Kubernetes' restricted profile asks of a container. */
export const restrictedContainer = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } };

/** For containers that write to their volumes alone. */
export const sealedContainer = { ...restrictedContainer, readOnlyRootFilesystem: true };

/** What the restricted profile asks of a pod that runs as this user, whose group its volumes then belong to. */
export function restrictedPod(user: number) {
  return {
    runAsNonRoot: true,
    runAsUser: user,
    runAsGroup: user,
    fsGroup: user,
    fsGroupChangePolicy: 'OnRootMismatch',
    seccompProfile: { type: 'RuntimeDefault' },
  };
}

export const storePriority = { priorityClassName: priorityClasses.store };

/** Replicas on different machines and zones, where there are any: a store that waits for a second zone serves nobody. */
export function spreadOver(matchLabels: Readonly<Record<string, string>>) {
  return ['kubernetes.io/hostname', 'topology.kubernetes.io/zone'].map((topologyKey) => ({
    maxSkew: 1,
    topologyKey,
    whenUnsatisfiable: 'ScheduleAnyway',
    labelSelector: { matchLabels },
  }));
}

/** What a helper beside a store may use: an exporter, a job of a minute. */
export const smallResources = { requests: { cpu: '20m', memory: '64Mi' }, limits: { cpu: '200m', memory: '256Mi' } };

/** A folder of memory for a container whose own file system is closed. */
export const scratch = {
  volume: { name: 'scratch', emptyDir: { medium: 'Memory', sizeLimit: Quantity.fromString('16Mi') } },
  mount: { name: 'scratch', mountPath: '/tmp' },
};

/** The same, for a pod that is ours and no operator's. */
export function podResources({ requests, limits }: Required<Resources>): ResourceRequirements {
  const quantities = ({ cpu, memory }: Resources['requests']) => ({
    cpu: Quantity.fromString(cpu),
    memory: Quantity.fromString(memory),
  });
  return { requests: quantities(requests), limits: quantities(limits) };
}
