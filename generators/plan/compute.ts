import type { Problem } from '../../catalog/problem.ts';
import { findSourceOf, lockPathOf, settingsPathOf } from '../promotion/environment-files.ts';
import { waitsOf } from '../waits.ts';
import { causesOf, type EntryPlaces, type InputChanges, placed } from './causes.ts';
import { findDangers, findLoweredTiers } from './danger.ts';
import { createDocumentReader } from './documents.ts';
import { catalogOf, diffValues, type EntryEdit, entriesOf } from './edits.ts';
import { groupChanges } from './groups.ts';
import { catalogsOf, diffFiles, entriesToCome, inputChangesOf } from './inputs.ts';
import { costPlanOf, findLocked } from './money.ts';
import { type Pair, pairTrees } from './pairs.ts';
import {
  type Change,
  type ClusterPlan,
  type Danger,
  type EnvironmentPlan,
  type Plan,
  planVersion,
  type ReplicaChange,
  type Restart,
} from './plan.ts';
import { findReloads } from './reloads.ts';
import { summarize } from './summary.ts';
import { argocdPlace, environmentsOf, type Tree } from './tree.ts';
import { findReplicaChanges, findRestart } from './workloads.ts';

export interface PlanOptions {
  /** The plan of this environment alone. */
  readonly environment?: string;
  /** Where the catalog's entries are written, so that a change can be shown at its line. */
  readonly places?: EntryPlaces;
  /** Warnings of the catalog. */
  readonly problems?: readonly Problem[];
}

/** What goes from one tree to another. Pure: the same trees give the same plan. */
export function computePlan(before: Tree, after: Tree, options: PlanOptions = {}): Plan {
  const names = environmentsOf(before, after);
  const { places = new Map(), problems = [] } = options;
  const inputs = inputsByEnvironment(before, after, names);
  const found = pairTrees(before, after, names)
    .filter(({ environment }) => options.environment === undefined || environment === options.environment)
    .map((pair) => studyPair(pair, inputs, places));

  const environments = [...names, argocdPlace]
    .filter((name) => options.environment === undefined || name === options.environment)
    .map((name) => planEnvironment(name, before, after, found, inputs.get(name)?.entries ?? []));
  const tiers = environments.flatMap(({ environment, entries }) =>
    findLoweredTiers(environment, entries, catalogsOf(before, after, environment), lockPathOf(environment), (entry) =>
      placed(entry, environment, places),
    ),
  );
  const costs = costPlanOf(
    before,
    after,
    environments.map(({ environment }) => environment),
  );
  const plan: Omit<Plan, 'summary'> = {
    version: planVersion,
    environments: environments.map((its) => ({ ...its, ...costs.get(its.environment) })).filter(isWorthTelling),
    groups: groupChanges(found.map(({ change }) => change)),
    dangers: [...found.flatMap(({ dangers }) => dangers), ...tiers].sort(bySeverity),
    waits: waitsIn(after, names, options.environment),
    problems,
  };
  return { ...plan, summary: summarize(plan) };
}

/** The plan of a catalog that cannot be rendered: its problems. */
export function planProblems(problems: readonly Problem[]): Plan {
  const plan = { version: planVersion, environments: [], groups: [], dangers: [], waits: [], problems } as const;
  return { ...plan, summary: summarize(plan) };
}

interface Found {
  readonly pair: Pair;
  readonly change: Change;
  readonly restart: Restart | undefined;
  readonly replicas: readonly ReplicaChange[];
  readonly dangers: readonly Danger[];
}

function studyPair(pair: Pair, inputs: ReadonlyMap<string, InputChanges>, places: EntryPlaces): Found {
  const change = changeOf(pair, inputs, places);
  if (change.what !== 'object') return { pair, change, restart: undefined, replicas: [], dangers: [] };
  const replicas = findReplicaChanges(pair, change);
  return { pair, change, restart: findRestart(pair, change), replicas, dangers: findDangers(pair, change, replicas) };
}

function changeOf(pair: Pair, inputs: ReadonlyMap<string, InputChanges>, places: EntryPlaces): Change {
  const { before, after, environment, cluster, unit } = pair;
  const path = after?.path ?? before?.path ?? '';
  const isMove = before !== undefined && after !== undefined && before.path !== after.path;
  const isApp = path.endsWith('/app.json');
  const whole = before === undefined ? after : after === undefined ? before : undefined;
  const what = whatOf(pair, path, isApp);
  const changes = inputs.get(environment) ?? { entries: [], settings: false, shards: new Map(), images: [] };
  return {
    kind: before === undefined ? 'added' : after === undefined ? 'removed' : 'changed',
    what,
    environment,
    cluster,
    unit,
    path,
    ...(isMove ? { movedFrom: before.path } : {}),
    identity: isApp ? `app/${unit}` : (after?.identity ?? before?.identity ?? ''),
    edits: editsOf(pair, path),
    lines: whole?.text.trimEnd().split('\n') ?? [],
    // An input is a cause, and has none.
    causes: what === 'input' ? [] : causesOf(pair, environment, changes, places),
  };
}

function whatOf({ isReal, before, after }: Pair, path: string, isApp: boolean): Change['what'] {
  if (isApp) return 'app';
  if (/^environments\/[^/]+\/[^/]+$/.test(path)) return 'input';
  return isReal && (before?.manifest ?? after?.manifest) !== undefined ? 'object' : 'text';
}

function editsOf({ before, after, isReal }: Pair, path: string): Change['edits'] {
  if (before === undefined || after === undefined || !isReal) return [];
  if (before.manifest !== undefined && after.manifest !== undefined) return diffValues(before.manifest, after.manifest);
  const edits = diffFiles(path, before.text, after.text);
  return edits.length > 0 ? edits : diffValues(`${before.text}\n`, `${after.text}\n`);
}

/** Argo CD's own objects may follow from any environment's inputs. */
function inputsByEnvironment(before: Tree, after: Tree, names: readonly string[]): Map<string, InputChanges> {
  const inputs = new Map(names.map((name) => [name, inputChangesOf(before, after, name)] as const));
  const entries = new Map([...inputs.values()].flatMap((changes) => changes.entries).map((edit) => [edit.entry, edit]));
  const shards = new Map([...inputs.values()].flatMap((changes) => [...changes.shards]));
  return inputs.set(argocdPlace, { entries: [...entries.values()], settings: false, shards, images: [] });
}

function planEnvironment(
  environment: string,
  before: Tree,
  after: Tree,
  found: readonly Found[],
  entries: readonly EntryEdit[],
): EnvironmentPlan {
  const own = found.filter(({ change }) => change.environment === environment && change.cluster !== '');
  const clusters = Map.groupBy(own, ({ change }) => change.cluster);
  const promotion = promotionOf(after, environment);
  return {
    environment,
    // What Argo CD's own objects come from is told with the environments.
    entries: environment === argocdPlace ? [] : entries,
    clusters: [...clusters]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([cluster, its]) => planCluster(cluster, its, before, after)),
    costs: [],
    ...(promotion === undefined ? {} : { promotion }),
  };
}

function planCluster(cluster: string, found: readonly Found[], before: Tree, after: Tree): ClusterPlan {
  const count = (what: Change['what'], kind: Change['kind']): number =>
    found.filter(({ change }) => change.what === what && change.kind === kind).length;
  const restarts = found.flatMap(({ restart }) => (restart === undefined ? [] : [restart]));
  const pairs = found.map(({ pair }) => pair);
  return {
    cluster,
    added: count('object', 'added'),
    changed: count('object', 'changed'),
    removed: count('object', 'removed'),
    apps: { added: count('app', 'added'), changed: count('app', 'changed'), removed: count('app', 'removed') },
    restarts,
    reloads: findReloads(pairs, restarts, before, after, createDocumentReader()),
    replicas: found.flatMap(({ replicas }) => replicas),
  };
}

/** What follows its own lock changes by a promotion alone. */
function promotionOf(after: Tree, environment: string): EnvironmentPlan['promotion'] {
  const source = findSourceOf(environment);
  const isLocked = /^follow:\s*lock\b/m.test(after.get(settingsPathOf(environment)) ?? '');
  if (!isLocked || source === undefined || !after.has(lockPathOf(environment))) return undefined;
  const entries = after.has(lockPathOf(source)) ? entriesToCome(after, environment, source) : [];
  return entries.length === 0 ? undefined : { source, entries };
}

function isWorthTelling({ clusters, entries, promotion }: EnvironmentPlan): boolean {
  return clusters.length > 0 || entries.length > 0 || promotion !== undefined;
}

/** What cannot be rendered yet because the provider of a pool is undecided; in general words if the lock is an old one. */
function waitsIn(after: Tree, names: readonly string[], only: string | undefined): string[] {
  const asked = names.filter((name) => only === undefined || name === only);
  const locks = Map.groupBy(asked, (name) => after.get(lockPathOf(name)) ?? '');
  const waits = [...locks].flatMap(([lock, its]) => {
    const undecided = [...entriesOf(catalogOf(lock) ?? {})].filter(
      ([entry, { provider }]) => entry.startsWith('pool/') && provider === 'undecided',
    );
    const catalog = undecided.length === 0 ? undefined : findLocked(lock);
    return undecided.map(([entry]) => {
      const pool = catalog?.pools.find(({ id }) => `pool/${id}` === entry);
      const what =
        catalog === undefined || pool === undefined ? ['its machines', 'cluster and price'] : waitsOf(pool, catalog);
      return `${entry} in ${its.join(', ')}: its provider is undecided, so these wait: ${what.join(', ')}`;
    });
  });
  return waits.sort();
}

const severityRanks = { critical: 0, major: 1, minor: 2 } as const;

function bySeverity(a: Danger, b: Danger): number {
  const text = (danger: Danger) => `${danger.code} ${danger.environment} ${danger.cluster} ${danger.identity}`;
  return severityRanks[a.severity] - severityRanks[b.severity] || (text(a) < text(b) ? -1 : 1);
}
