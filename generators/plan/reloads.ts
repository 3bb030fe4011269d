import type { ReadDocuments } from './documents.ts';
import { isSame } from './edits.ts';
import { kindOf } from './kind-of.ts';
import type { Pair } from './pairs.ts';
import type { Reload, Restart } from './plan.ts';
import { placeOf, type Tree } from './tree.ts';
import { isAsleep, podTemplates, useOf } from './workloads.ts';

/** Files that may hold what runs pods: their names begin with the kind. */
const workloadFile = /\/(deployment|statefulset|daemonset)-[^/]*\.yaml$/;

/**
 * The pods below which a ConfigMap changes without being replaced. A service that reads its slice again as it changes
 * needs no restart; what reads a ConfigMap as variables does not see the change at all.
 */
export function findReloads(
  pairs: readonly Pair[],
  restarts: readonly Restart[],
  before: Tree,
  after: Tree,
  read: ReadDocuments,
): Reload[] {
  const configMaps = pairs.filter(
    ({ before: old, after: fresh }) =>
      fresh?.manifest?.kind === 'ConfigMap' &&
      old?.manifest !== undefined &&
      !(isSame(old.manifest.data, fresh.manifest.data) && isSame(old.manifest.binaryData, fresh.manifest.binaryData)),
  );
  if (configMaps.length === 0) return [];
  const workloads = [...after].filter(([path]) => workloadFile.test(path) && before.has(path));
  return configMaps.flatMap(({ environment, cluster, after: fresh }) => {
    const { name, namespace } = fresh?.manifest?.metadata ?? { name: '' };
    const near = workloads.filter(
      ([path, text]) => path.startsWith(`environments/${environment}/${cluster}/`) && text.includes(name),
    );
    return near.flatMap(([path, text]) =>
      read(path, text).flatMap(({ identity, manifest }): Reload[] => {
        if (manifest === undefined || podTemplates[kindOf(manifest)] === undefined || isAsleep(manifest)) return [];
        const use = manifest.metadata.namespace === namespace ? useOf(manifest, name) : undefined;
        const where = { environment: placeOf(path, [environment]).environment, cluster, identity };
        const restarts_ = restarts.some((restart) => isSameWorkload(restart, where));
        if (use === undefined || restarts_) return [];
        return [{ ...where, configMap: name, how: use === 'mounted' ? 'reloads' : 'stale' }];
      }),
    );
  });
}

function isSameWorkload(a: Pick<Restart, 'environment' | 'cluster' | 'identity'>, b: typeof a): boolean {
  return a.environment === b.environment && a.cluster === b.cluster && a.identity === b.identity;
}
