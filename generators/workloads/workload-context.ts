import { Quantity, type ResourceRequirements } from 'cdk8s-plus-28/lib/imports/k8s.js';
import type { NodeGroup, Pool, PoolWorkload } from '../../catalog/schema/pool.ts';
import { type MetadataOptions, metadataOf, type Place } from '../app.ts';
import { nodeGroupLabel } from '../conventions.ts';
import { RenderError } from '../inputs.ts';

/** A workload with nothing left open. */
export interface SizedWorkload extends PoolWorkload {
  readonly image: string;
  readonly port: number;
  readonly resources: NonNullable<PoolWorkload['resources']>;
}

/** What the objects of others' software are made from. */
export interface WorkloadContext {
  readonly place: Place;
  readonly workload: SizedWorkload;
  readonly nodeGroup: NodeGroup;
  readonly provider: Pool['provider'];
  /** Namespaces of the pool, whose pods may read from it. */
  readonly namespaces: readonly string[];
  /** Name at the provider, and the address itself where it is known, at which peers find an Ethereum node. */
  readonly peers: { readonly name: string; readonly address: string | undefined };
  /** Where its user interface answers. */
  readonly host: string;
}

/** Selects the pods of a workload, and names them in metrics. */
export function selectorOf({ workload }: Pick<WorkloadContext, 'workload'>): Record<string, string> {
  return { 'app.kubernetes.io/name': workload.id };
}

/** Metadata of an object of a workload, which bears its name unless another is given. */
export function workloadMetadata(
  context: WorkloadContext,
  options: Pick<MetadataOptions, 'wave'> & Partial<Omit<MetadataOptions, 'namespace'>>,
) {
  const { place, workload } = context;
  const { name = workload.id, sources = [], ...others } = options;
  return metadataOf({
    // An object of another name must not be taken for the one that Prometheus looks for.
    labels: { 'app.kubernetes.io/name': name },
    ...others,
    name,
    namespace: place.namespace,
    sources: [`pool/${place.pool}`, ...sources],
  });
}

/** Puts pods on the nodes of their group, and lets them onto those that keep others off. */
export function onNodesOf({ id, dedicated }: NodeGroup) {
  return {
    nodeSelector: { [nodeGroupLabel]: id },
    ...(dedicated === true
      ? { tolerations: [{ key: nodeGroupLabel, operator: 'Equal', value: id, effect: 'NoSchedule' }] }
      : {}),
  };
}

export function requirementsOf({ resources }: SizedWorkload): ResourceRequirements {
  const { requests, limits = requests } = resources;
  const quantities = ({ cpu, memory }: typeof requests) => ({
    cpu: Quantity.fromString(cpu),
    memory: Quantity.fromString(memory),
  });
  return { requests: quantities(requests), limits: quantities(limits) };
}

/** A workload whose size and image the catalog states. */
export function sizedWorkload(pool: Pool, workload: PoolWorkload): SizedWorkload {
  const { image, port, resources } = workload;
  if (image === undefined || port === undefined || resources === undefined) {
    throw new RenderError(`pool/${pool.id}: workload ${workload.id} needs an image, a port and resources`);
  }
  return { ...workload, image, port, resources };
}
