import { getId, kinds } from '../../catalog/kinds.ts';
import type { Catalog } from '../../catalog/schema/catalog.ts';
import { renderArgocd } from '../argocd/render.ts';
import { sourcesOf } from '../emit/manifest.ts';
import { type Rendering, renderEnvironment } from '../render.ts';
import type { Generation } from '../workspace.ts';
import { clusterText } from './cell.ts';
import { computePlan } from './compute.ts';
import { createDocumentReader, type FileDocument } from './documents.ts';
import { isMapping } from './edits.ts';
import { lockPathsOf } from './inputs.ts';
import { kindOf } from './kind-of.ts';
import { withoutEntry } from './lookup.ts';
import type { Reload, Restart } from './plan.ts';
import { environmentsOf, placeOf, type Tree } from './tree.ts';
import { isAsleep, podTemplates } from './workloads.ts';

/** What would be touched in one cluster by a change of an entry. */
export interface ClusterImpact {
  readonly environment: string;
  readonly cluster: string;
  /** Identities, sorted; the lists below are among them. */
  readonly objects: readonly string[];
  /** Workloads whose pods are other than without the entry. */
  readonly restarts: readonly string[];
  /** Workloads that read the entry again without a restart. */
  readonly reloads: readonly string[];
  /** PrometheusRules. */
  readonly alerts: readonly string[];
  readonly dashboards: readonly string[];
  /** Argo CD's Applications that sync what is touched. */
  readonly apps: readonly string[];
}

export interface Impact {
  readonly entry: string;
  /** `render`: rendered with and without it · `sources`: nothing renders without it, so by what names it as a source. */
  readonly how: Readonly<Record<string, 'render' | 'sources' | 'absent'>>;
  readonly clusters: readonly ClusterImpact[];
}

/**
 * What depends on an entry: the difference between the tree and the one without it. Where there is no such tree (nothing
 * can be rendered without a pool, for one) the objects count that name the entry among their sources.
 */
export function impactOf(entry: string, generation: Generation, tree: Tree): Impact {
  const cases = generation.renderings.map((rendering) => ({ rendering, ...renderWithout(rendering, entry, tree) }));
  const how = Object.fromEntries(cases.map(({ rendering, how }) => [rendering.inputs.environment.name, how]));
  const byRender = cases.flatMap(({ how, whole, without }) =>
    how === 'render' && whole !== undefined && without !== undefined ? [{ whole, without }] : [],
  );
  const bySources = cases.flatMap(({ how, rendering }) =>
    how === 'sources' ? [rendering.inputs.environment.name] : [],
  );
  return {
    entry,
    how,
    clusters: [...differences(byRender), ...named(entry, bySources, tree)].sort((a, b) =>
      clusterText(a) < clusterText(b) ? -1 : 1,
    ),
  };
}

function renderWithout(rendering: Rendering, entry: string, tree: Tree) {
  const { inputs } = rendering;
  if (!holds(inputs.catalog, entry)) return { how: 'absent' as const };
  try {
    const without = renderEnvironment({ ...inputs, catalog: withoutEntry(inputs.catalog, entry) });
    // Pools that are ahead come from other catalogs: compared is what one catalog gives.
    const isMixed = lockPathsOf(inputs.environment.name, tree).length > 1;
    return { how: 'render' as const, whole: isMixed ? renderEnvironment(inputs) : rendering, without };
  } catch {
    // Whatever it is that fails: the catalog without the entry was never meant to hold.
    return { how: 'sources' as const };
  }
}

function holds(catalog: Catalog, entry: string): boolean {
  return kinds.some(({ kind, key }) =>
    catalog[key].some((candidate: object) => `${kind}/${getId(kind, candidate)}` === entry),
  );
}

function differences(cases: readonly { readonly whole: Rendering; readonly without: Rendering }[]): ClusterImpact[] {
  const treeWith = treeOfRenderings(cases.map(({ whole }) => whole));
  const treeWithout = treeOfRenderings(cases.map(({ without }) => without));
  const plan = computePlan(treeWithout, treeWith);
  const read = createDocumentReader();
  const changes = plan.groups.flatMap((group) => group.changes).filter(({ what }) => what !== 'text');
  const places = Map.groupBy(changes, clusterText);
  return [...places.values()].flatMap((its) => {
    const [first] = its;
    if (first === undefined) return [];
    const { environment, cluster } = first;
    const objects = its.filter(({ what }) => what === 'object');
    const identities = new Set(objects.map(({ identity }) => identity));
    const documents = objects.flatMap(({ path }) => {
      const text = treeWith.get(path) ?? treeWithout.get(path) ?? '';
      return read(path, text).filter(({ identity }) => identities.has(identity));
    });
    const planned = plan.environments
      .filter((one) => one.environment === environment)
      .flatMap(({ clusters }) => clusters)
      .find((one) => one.cluster === cluster);
    const namesOf = (rows: readonly (Restart | Reload)[] = []) => rows.map(({ identity }) => identity);
    // What is only there because of the entry restarts with it, too.
    const own = its.filter(({ kind }) => kind !== 'changed').map(({ identity }) => identity);
    const born = documents
      .filter(runsPods)
      .filter(({ identity }) => own.includes(identity))
      .map(({ identity }) => identity);
    const apps = its.map(({ unit, path }) => (path.startsWith('argocd/') ? '' : unit));
    return [
      {
        ...describe(environment, cluster, documents, apps),
        restarts: sorted([...namesOf(planned?.restarts.filter((row) => row.how === 'certain')), ...born]),
        reloads: sorted(namesOf(planned?.reloads)),
      },
    ];
  });
}

function treeOfRenderings(renderings: readonly Rendering[]): Tree {
  const files = [...renderings.flatMap((rendering) => rendering.files), ...renderArgocd(renderings)];
  return new Map(files.map(({ path, text }) => [path, text]));
}

/** Objects of environments that name the entry as a source. Which of their pods would restart is not known, so all are told. */
function named(entry: string, environments: readonly string[], tree: Tree): ClusterImpact[] {
  const names = environmentsOf(tree);
  const read = createDocumentReader();
  const documents = [...tree].flatMap(([path, text]) => {
    if (!environments.includes(placeOf(path, names).environment) || !text.includes(entry)) return [];
    return read(path, text).filter(({ manifest }) => manifest !== undefined && sourcesOf(manifest).includes(entry));
  });
  return [...Map.groupBy(documents, ({ path }) => clusterText(placeOf(path, names))).values()].flatMap((its) => {
    const { environment, cluster } = placeOf(its[0]?.path ?? '', names);
    const units = its.map(({ path }) => (path.startsWith('argocd/') ? '' : placeOf(path, names).unit));
    const restarts = sorted(its.filter(runsPods).map(({ identity }) => identity));
    return [{ ...describe(environment, cluster, its, units), restarts, reloads: [] }];
  });
}

type Described = Omit<ClusterImpact, 'restarts' | 'reloads'>;

function describe(
  environment: string,
  cluster: string,
  documents: readonly FileDocument[],
  units: readonly string[],
): Described {
  const identitiesOf = (isMeant: (document: FileDocument) => boolean): string[] =>
    sorted(documents.filter(isMeant).map(({ identity }) => identity));
  const applications = identitiesOf(({ manifest }) => /^Application(Set)?\.argoproj\.io$/.test(kindIn(manifest)));
  return {
    environment,
    cluster,
    objects: identitiesOf(() => true),
    alerts: identitiesOf(({ manifest }) => kindIn(manifest) === 'PrometheusRule.monitoring.coreos.com'),
    dashboards: identitiesOf(({ manifest }) => {
      const labels = manifest?.metadata.labels;
      return manifest?.kind === 'ConfigMap' && isMapping(labels) && labels.grafana_dashboard !== undefined;
    }),
    apps: sorted([...units.filter((unit) => unit !== ''), ...applications]),
  };
}

function runsPods({ manifest }: FileDocument): boolean {
  return podTemplates[kindIn(manifest)] !== undefined && manifest !== undefined && !isAsleep(manifest);
}

function kindIn(manifest: FileDocument['manifest']): string {
  return manifest === undefined ? '' : kindOf(manifest);
}

function sorted(names: readonly string[]): string[] {
  return [...new Set(names)].sort();
}
