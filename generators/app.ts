import { waves } from './conventions.ts';
import { type Manifest, sourcesAnnotation } from './emit/manifest.ts';

/** Where one app runs. */
export interface Place {
  readonly environment: string;
  readonly pool: string;
  /** Name of the cluster; the same in every environment, since the environment stands beside it. */
  readonly cluster: string;
  readonly namespace: string;
}

/** Kinds of apps that go in one step of a progressive sync. */
export type Tier = 'namespaces' | 'platform' | 'stores' | 'services' | 'edges';

/** The unit that Argo CD syncs as one: a folder of objects, and one Application that applies them. */
export interface App extends Place {
  /** Unique in its cluster: `chain-sync`. */
  readonly name: string;
  readonly tier: Tier;
  /** Owner, from the catalog, who is told when it fails. */
  readonly owner: string;
  readonly manifests: readonly Manifest[];
}

/** The folder of an app, relative to the project's root. */
export function folderOf({ environment, cluster, name }: Pick<App, 'environment' | 'cluster' | 'name'>): string {
  return `environments/${environment}/${cluster}/${name}`;
}

/** What `kubectl get --show-labels` should tell of each of our objects. */
export interface MetadataOptions {
  readonly name: string;
  /** Left out for objects that belong to no namespace. */
  readonly namespace?: string;
  readonly wave: keyof typeof waves;
  /** Catalog ids, in any order: `service/chain-sync`. */
  readonly sources: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Argo CD's sync options of this object: `Prune=confirm`. */
  readonly syncOptions?: readonly string[];
}

/** Kept when its file goes: what it holds cannot be made again. A person deletes it. */
export const keptForEver: readonly string[] = ['Prune=false', 'Delete=false'];

/** The metadata of every object we render: explicit name, its wave and the catalog entries it came from. */
export function metadataOf({ name, namespace, wave, sources, labels, annotations, syncOptions }: MetadataOptions) {
  return {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    labels: { 'app.kubernetes.io/part-of': 'defimon', ...labels },
    annotations: {
      'argocd.argoproj.io/sync-wave': String(waves[wave]),
      [sourcesAnnotation]: [...new Set(sources)].sort().join('\n'),
      ...(syncOptions === undefined ? {} : { 'argocd.argoproj.io/sync-options': syncOptions.join(',') }),
      ...annotations,
    },
  };
}
