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
import { withEditedEntry, withoutEntry } from './lookup.ts';
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
  /** What an edit of it touches: what holds it, or names it as a source. */
  readonly edit: readonly ClusterImpact[];
  /** What its removal touches: more, where others then move up into its place. */
  readonly removal: readonly ClusterImpact[];
  /** By environment, how its removal was measured. */
  readonly how: Readonly<Record<string, RemovalHow>>;
  /** Why nothing renders without it, the first reason. */
  readonly reason?: string;
}

/** `render`: rendered with and without it · `sources`: nothing renders without it, so as an edit · `absent`: not in the lock. */
export type RemovalHow = 'render' | 'sources' | 'absent';

/**
 * What depends on an entry: the difference between the tree and the ones with it edited and without it. Where there is no
 * tree without it (nothing can be rendered without a pool, for one) the objects count that name it among their sources.
 */
export function impactOf(entry: string, generation: Generation, tree: Tree): Impact {
  const cases = generation.renderings.map((rendering) => {
    const { inputs } = rendering;
    const environment = inputs.environment.name;
    if (!holds(inputs.catalog, entry)) return { environment, how: 'absent' as const, edited: undefined };
    // Pools that are ahead come from other catalogs: compared is what one catalog gives.
    const isMixed = lockPathsOf(environment, tree).length > 1;
    const whole = isMixed ? renderEnvironment(inputs) : rendering;
    const edited = compared(whole, withEditedEntry(inputs.catalog, entry));
    const removed = compared(whole, withoutEntry(inputs.catalog, entry));
    const how = 'other' in removed ? ('render' as const) : ('sources' as const);
    return { environment, how, edited, removed };
  });
  const sidesOf = (sides: readonly (Compared | undefined)[]) =>
    sides.flatMap((side) => (side !== undefined && 'other' in side ? [side] : []));
  const named = namedIn(
    entry,
    cases.flatMap(({ how, environment }) => (how === 'absent' ? [] : [environment])),
    tree,
  );
  const unrendered: readonly string[] = cases.flatMap(({ how, environment }) =>
    how === 'sources' ? [environment] : [],
  );
  const reason = cases.flatMap(({ removed }) =>
    removed !== undefined && 'reason' in removed ? [removed.reason] : [],
  )[0];
  return {
    entry,
    edit: merged([...differences(sidesOf(cases.map(({ edited }) => edited))), ...named]),
    removal: merged([
      ...differences(sidesOf(cases.map(({ removed }) => removed))),
      ...named.filter(({ environment }) => unrendered.includes(environment)),
    ]),
    how: Object.fromEntries(cases.map(({ environment, how }) => [environment, how])),
    ...(reason === undefined ? {} : { reason }),
  };
}

/** A rendering and the one from another catalog, or why there is none. */
type Compared = { readonly whole: Rendering; readonly other: Rendering } | { readonly reason: string };

function compared(whole: Rendering, catalog: Catalog): Compared {
  try {
    return { whole, other: renderEnvironment({ ...whole.inputs, catalog }) };
  } catch (error) {
    // Whatever it is that fails: nobody has checked that such a catalog holds.
    const [message = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
    return { reason: message };
  }
}

/** One for each cluster, sorted, of what was found there in several ways. */
function merged(impacts: readonly ClusterImpact[]): ClusterImpact[] {
  const places = [...Map.groupBy(impacts, clusterText)].sort(([a], [b]) => (a < b ? -1 : 1));
  return places.flatMap(([, its]) => {
    const [first] = its;
    if (first === undefined) return [];
    const all = (what: ImpactList) => sorted(its.flatMap((impact) => impact[what]));
    const { environment, cluster } = first;
    const [restarts, reloads] = [all('restarts'), all('reloads')];
    return [
      {
        environment,
        cluster,
        objects: all('objects'),
        restarts,
        reloads: reloads.filter((name) => !restarts.includes(name)),
        alerts: all('alerts'),
        dashboards: all('dashboards'),
        apps: all('apps'),
      },
    ];
  });
}

export type ImpactList = keyof Omit<ClusterImpact, 'environment' | 'cluster'>;

function holds(catalog: Catalog, entry: string): boolean {
  return kinds.some(({ kind, key }) =>
    catalog[key].some((candidate: object) => `${kind}/${getId(kind, candidate)}` === entry),
  );
}

function differences(cases: readonly { readonly whole: Rendering; readonly other: Rendering }[]): ClusterImpact[] {
  const treeWith = treeOfRenderings(cases.map(({ whole }) => whole));
  const treeWithout = treeOfRenderings(cases.map(({ other }) => other));
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
function namedIn(entry: string, environments: readonly string[], tree: Tree): ClusterImpact[] {
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
