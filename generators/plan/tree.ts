/** Every file below environments/ and argocd/, by its path from the project's root: hand-written ones too. */
export type Tree = ReadonlyMap<string, string>;

/** Where a file takes effect. */
export interface FilePlace {
  /** `argocd` for what belongs to no environment. */
  readonly environment: string;
  /** Empty for the files beside the clusters' folders: settings and locks. */
  readonly cluster: string;
  /** The folder that Argo CD syncs as one. */
  readonly unit: string;
}

/** The cluster that Argo CD itself runs in, and the environment of what belongs to all of them. */
export const argocdPlace = 'argocd';

/** The environments that either of the trees has a folder of, sorted. */
export function environmentsOf(...trees: readonly Tree[]): string[] {
  const names = new Set<string>();
  for (const tree of trees) {
    for (const path of tree.keys()) {
      const [top, name, file] = path.split('/');
      if (top === 'environments' && name !== undefined && file !== undefined) names.add(name);
    }
  }
  return [...names].sort();
}

/**
 * `environments/<env>/<cluster>/<unit>/…` says it itself. Of argocd/, a file belongs to an environment when a folder of
 * its path is named so, or its own name begins so: `applications/staging/…`, `projects/staging-analytics.yaml`.
 */
export function placeOf(path: string, environments: readonly string[]): FilePlace {
  const parts = path.split('/');
  if (parts[0] === 'environments') {
    const isInCluster = parts.length > 3;
    return {
      environment: parts[1] ?? '',
      cluster: isInCluster ? (parts[2] ?? '') : '',
      unit: parts.length > 4 ? (parts[3] ?? '') : '',
    };
  }
  const file = parts.at(-1) ?? '';
  const folders = parts.slice(1, -1);
  const own = environments.find(
    (name) => folders.includes(name) || file.startsWith(`${name}-`) || file.startsWith(`${name}.`),
  );
  return { environment: own ?? argocdPlace, cluster: argocdPlace, unit: folders.at(-1) ?? '' };
}
