import { compareCatalogs, compareValues, pathText } from '../../catalog/compare.ts';
import { costOfPool } from '../../catalog/cost.ts';
import { withEnvironment } from '../../catalog/environment.ts';
import { compareCodePoints } from '../../catalog/kinds.ts';
import type { Catalog } from '../../catalog/schema/catalog.ts';
import type { PromotionAnswer } from '../contracts/admin-answers.ts';
import { type EnvironmentState, findSourceOf, heldByPool } from './environments/environment-state.ts';
import { imagesOfPool, referenceOf } from './environments/images.ts';
import { monthlyCostOf } from './pools.ts';
import { type Slice, slicesOf } from './slices.ts';

type Comparison = Omit<PromotionAnswer, 'from' | 'to' | 'origin'>;
type ServiceEffect = PromotionAnswer['services'][number];

/**
 * What it would do to give `target` the catalog and the images that `source` holds, told from the catalog alone: entries, what
 * each service has to do about them, costs. What it does to the objects of clusters is for `npm run promote` to show.
 */
export function comparePromotion(source: EnvironmentState, target: EnvironmentState): Comparison {
  const [before, after] = [target.held?.locked, source.held?.locked];
  const entries =
    before === undefined || after === undefined
      ? { added: [], changed: [], removed: [] }
      : compareCatalogs(before, after);
  const images = imageChanges(source, target);
  const reason = refusalOf(source, target);
  const isSameCatalog = target.held?.digest === source.held?.digest && target.ahead.size === 0;
  return {
    possible: reason === undefined,
    reason: reason ?? null,
    nothingToDo: reason === undefined && isSameCatalog && images.length === 0 && !target.kept,
    command: `npm run promote -- ${source.name} ${target.name}`,
    catalog: { before: target.held?.digest ?? null, after: source.held?.digest ?? null },
    entries: {
      added: [...entries.added],
      changed: entries.changed.map(({ kind, id, fields }) => ({
        kind,
        id,
        fields: fields.map(({ path, ...values }) => ({
          path: pathText(path),
          before: values.before ?? null,
          after: values.after ?? null,
        })),
      })),
      removed: [...entries.removed],
    },
    images,
    services: serviceEffects(source, target),
    costs: costs(source, target),
    notes: notesOf(target),
  };
}

/** Why `npm run promote` would refuse, as far as the files tell. */
function refusalOf(source: EnvironmentState, target: EnvironmentState): string | undefined {
  const from = findSourceOf(target.name);
  if (from !== source.name) {
    return from === undefined
      ? `nothing is promoted to ${target.name}`
      : `${target.name} takes only what ${from} has held`;
  }
  if (source.held === undefined) return `the catalog of ${source.name} cannot be read: ${source.problems.join('; ')}`;
  if (target.settings?.follow === 'head') return `${target.name} follows the catalog: no promotion changes it`;
  if (source.ahead.size > 0) return `${source.name} holds no one snapshot: some of its pools are ahead`;
  return undefined;
}

function notesOf(target: EnvironmentState): string[] {
  const kept = target.kept ? [`${target.name} is kept as a rollback left it: a promotion renders it again.`] : [];
  const ahead = [...target.ahead.keys()];
  const merged =
    ahead.length === 0
      ? []
      : [`Ahead of the others until now: ${ahead.join(', ')}. A promotion of the whole ends that.`];
  return [
    ...kept,
    ...merged,
    'Told from the catalog alone: the command shows the plan of every object, and refuses what cannot be undone.',
  ];
}

function imageChanges(source: EnvironmentState, target: EnvironmentState): PromotionAnswer['images'] {
  const byName = ({ images }: EnvironmentState) =>
    new Map(images.filter(({ pool }) => pool === null).map((image) => [image.name, referenceOf(image)]));
  const [old, fresh] = [byName(target), byName(source)];
  const names = [...new Set([...old.keys(), ...fresh.keys()])].sort(compareCodePoints);
  return names.flatMap((name) => {
    const [before = null, after = null] = [old.get(name), fresh.get(name)];
    return before === after ? [] : [{ name, before, after }];
  });
}

/** Of each workload of each service; both sides at the sizes of `target`, which a promotion leaves as they are. */
function serviceEffects(source: EnvironmentState, target: EnvironmentState): ServiceEffect[] {
  const coming = comingCatalog(source, target);
  const keyOf = ({ service, shard }: Slice): string => `${service.id}/${shard ?? ''}`;
  // A pool that is ahead runs by another catalog than the rest.
  const present = [...poolsOf(target)].flatMap((pool) => {
    const catalog = heldByPool(target, pool)?.sized;
    const slices = catalog === undefined ? [] : slicesOf(catalog).filter(({ service }) => service.pool === pool);
    return slices.map((slice) => [keyOf(slice), slice] as const);
  });
  const old = new Map(present);
  const fresh = new Map((coming === undefined ? [] : slicesOf(coming)).map((slice) => [keyOf(slice), slice] as const));
  return [...new Set([...old.keys(), ...fresh.keys()])].sort(compareCodePoints).flatMap((key) => {
    const [before, after] = [old.get(key), fresh.get(key)];
    const { service, shard } = after ?? before ?? {};
    if (service === undefined || shard === undefined) return [];
    const { effect, why } = effectOf(before, after, imageChanged(source, target, service.pool));
    const digests = { before: before?.digest ?? null, after: after?.digest ?? null };
    return [{ id: service.id, shard, pool: service.pool, effect, why, ...digests }];
  });
}

function poolsOf(state: EnvironmentState): Set<string> {
  const catalogs = [state.held, ...state.ahead.values()].flatMap((held) => (held === undefined ? [] : [held.locked]));
  return new Set(catalogs.flatMap(({ services }) => services.map(({ pool }) => pool)));
}

function effectOf(
  before: Slice | undefined,
  after: Slice | undefined,
  isImageNew: boolean,
): Pick<ServiceEffect, 'effect' | 'why'> {
  const runs = (slice: Slice | undefined): slice is Slice => slice?.service.released === true;
  if (!runs(before) && !runs(after)) return { effect: 'none', why: ['not released'] };
  if (!runs(after)) return { effect: 'stop', why: [after === undefined ? 'it goes' : 'no longer released'] };
  if (!runs(before)) return { effect: 'start', why: [before === undefined ? 'it is new' : 'released now'] };
  const { service } = after;
  // Kong does its work, and reads no slice.
  if (service.workload?.kind === 'kong') return { effect: 'none', why: [] };
  const fields = compareValues(before.service, service)
    .map(({ path }) => path[0] ?? '')
    .filter((field) => !leavesPods.has(field));
  const isSliceNew = before.digest !== after.digest;
  const restarts = [
    ...(isImageNew ? ['image'] : []),
    ...new Set(fields.map((field) => `its ${field}`)),
    ...(compareValues(before.variables, after.variables).length > 0 ? ['its variables'] : []),
    ...(isSliceNew && service.reload === 'restart' ? ['slice of the catalog'] : []),
  ];
  if (restarts.length > 0) return { effect: 'restart', why: restarts };
  return isSliceNew ? { effect: 'reload', why: ['slice of the catalog'] } : { effect: 'none', why: [] };
}

/** Properties of a service that change its pods in nothing: their number, who reaches them, and what people read of them. */
const leavesPods = new Set([
  ...['name', 'purpose', 'owner', 'exceptions'],
  ...['scaling', 'routes', 'sessionAffinity', 'internet', 'reads', 'reload', 'shards'],
]);

function imageChanged(source: EnvironmentState, target: EnvironmentState, pool: string): boolean {
  const references = ({ images }: EnvironmentState) => imagesOfPool(images, pool).map(referenceOf);
  return compareValues(references(target), references(source)).length > 0;
}

const comingCatalogs = new WeakMap<EnvironmentState, WeakMap<EnvironmentState, Catalog>>();

/** What `source` holds, at the sizes of `target`. */
function comingCatalog(source: EnvironmentState, target: EnvironmentState): Catalog | undefined {
  if (source.held === undefined) return undefined;
  const ofSource = comingCatalogs.get(source) ?? new WeakMap<EnvironmentState, Catalog>();
  comingCatalogs.set(source, ofSource);
  const coming = ofSource.get(target) ?? resized(source.held.locked, target.settings);
  ofSource.set(target, coming);
  return coming;
}

function resized(catalog: Catalog, settings: EnvironmentState['settings']): Catalog {
  return settings === undefined ? catalog : withEnvironment(catalog, settings);
}

function costs(source: EnvironmentState, target: EnvironmentState): PromotionAnswer['costs'] {
  const coming = comingCatalog(source, target);
  const costIn = (catalog: Catalog | undefined, id: string) => {
    const pool = catalog?.pools.find((one) => one.id === id);
    return catalog === undefined || pool === undefined ? null : monthlyCostOf(costOfPool(pool, catalog.machines));
  };
  const ids = [target.held?.sized, coming].flatMap((catalog) => catalog?.pools.map(({ id }) => id) ?? []);
  return [...new Set(ids)].sort(compareCodePoints).map((pool) => ({
    pool,
    before: costIn(heldByPool(target, pool)?.sized, pool),
    after: costIn(coming, pool),
  }));
}
