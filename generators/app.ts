import { ApiObject, App as Cdk8sApp, Chart } from 'cdk8s';
import { waves } from './conventions.ts';
import { type Manifest, sourcesAnnotation, toManifest } from './emit/manifest.ts';

/** Where one app runs. */
export interface Place {
  readonly environment: string;
  readonly pool: string;
  /** Name of the cluster; the same in every environment, since the environment stands beside it. */
  readonly cluster: string;
  readonly namespace: string;
}

/** The unit that Argo CD syncs as one: a folder of objects, and one Application that applies them. */
export interface App extends Place {
  /** Unique in its cluster: `chain-sync`. */
  readonly name: string;
  /** Kinds of apps that go in one step of a progressive sync. */
  readonly tier: 'namespaces' | 'services';
  /** Orders tiers: lower ones first. */
  readonly wave: number;
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
  /** Argo CD's sync options of this object: `Prune=confirm`. */
  readonly syncOptions?: readonly string[];
}

/** The metadata of every object we render: explicit name, its wave and the catalog entries it came from. */
export function metadataOf({ name, namespace, wave, sources, labels, syncOptions }: MetadataOptions) {
  const annotations: Record<string, string> = {
    'argocd.argoproj.io/sync-wave': String(waves[wave]),
    [sourcesAnnotation]: [...new Set(sources)].sort().join('\n'),
  };
  if (syncOptions !== undefined) annotations['argocd.argoproj.io/sync-options'] = syncOptions.join(',');
  return {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    labels: { 'app.kubernetes.io/part-of': 'defimon', ...labels },
    annotations,
  };
}

/**
 * Collects the objects that `build` defines on a cdk8s chart.
 *
 * One cdk8s app for each app of ours, and no cdk8s dependencies between objects: its time grows with the square of the
 * charts in an app, and with more than that of the dependencies. Sync waves give the order instead. `app.synth()` is
 * not used either; it overwrites objects of one name without a word and leaves stale files behind.
 */
export function collectManifests(build: (chart: Chart) => void): Manifest[] {
  const chart = new Chart(new Cdk8sApp({ outdir: 'unused' }), 'objects', { disableResourceNameHashes: true });
  build(chart);
  return chart.node
    .findAll()
    .filter(ApiObject.isApiObject)
    .map((object) => toManifest(object.toJson()));
}
