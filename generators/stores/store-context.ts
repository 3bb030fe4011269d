import { parseMiB } from '../../catalog/quantities.ts';
import type { Resources } from '../../catalog/schema/common.ts';
import type { Pool, PoolStore } from '../../catalog/schema/pool.ts';
import type { Topic } from '../../catalog/schema/topic.ts';
import { type MetadataOptions, metadataOf, type Place } from '../app.ts';
import type { BackupDestination } from '../backup/destination.ts';
import { storeLabel } from '../conventions.ts';

/** A store that runs in the cluster, with nothing left open. */
export interface SizedStore extends PoolStore {
  readonly replicas: number;
  readonly storageGB: number;
  readonly resources: Required<Resources>;
}

/** Who reaches a store: a service, or software of others, by the name label of its pods. */
export interface StoreClient {
  readonly name: string;
  readonly namespace: string;
}

/** What the objects of a store are made from. */
export interface StoreContext {
  readonly place: Place;
  readonly store: SizedStore;
  /** Pools that borrow it and come through the gateway: each as a user that reads the tables of its name, or as its services at the bus. */
  readonly borrowers: readonly string[];
  /** The name by which they know the bus; undefined for other stores, and where nobody borrows it. */
  readonly lentHost: string | undefined;
  readonly backups: Pool['backups'];
  /** Where its backups go; undefined while the pool has no provider, and so no bucket. */
  readonly destination: BackupDestination | undefined;
  /** Sorted by name. */
  readonly clients: readonly StoreClient[];
  /** Namespace of the operator that looks after it. */
  readonly operatorNamespace: string;
  /** What the bus carries; empty for other stores. */
  readonly topics: readonly Topic[];
  /** Of the autoscaler that looks at the bus; undefined where no service scales by it. */
  readonly scalerNamespace: string | undefined;
  /** Of an object store. */
  readonly buckets: readonly string[];
}

/** Builds some of a store's objects; those that do not apply to it are left out. */
export type StorePart = (context: StoreContext) => readonly (object | undefined)[];

/** How our own objects and pods of a store are labelled. Operators copy the store label to the pods they make. */
export function storeLabels({ store }: Pick<StoreContext, 'store'>, name: string = store.engine) {
  return { 'app.kubernetes.io/name': name, [storeLabel]: store.kind };
}

/** Metadata of an object of a store, which bears the engine's name unless another is given. */
export function storeMetadata(
  { place, store }: StoreContext,
  options: Pick<MetadataOptions, 'wave'> & Partial<Omit<MetadataOptions, 'namespace'>>,
) {
  const { name = store.engine, sources = [], labels, ...others } = options;
  return metadataOf({
    ...others,
    name,
    namespace: place.namespace,
    sources: [`pool/${place.pool}`, ...sources],
    labels: { ...storeLabels({ store }), ...labels },
  });
}

/** A volume of so many GB, as providers count: what they call a GB is a GiB. */
export function volumeSize(storageGB: number): string {
  return `${storageGB}Gi`;
}

/** A share of a quantity of memory, in MiB. */
export function shareOfMiB(memory: string, share: number): number {
  return Math.floor(parseMiB(memory) * share);
}
