import { tierOf, tiers } from '../../catalog/tiers.ts';
import type { Manifest } from '../emit/manifest.ts';
import type { Json, JsonObject } from '../emit/yaml.ts';
import { type DangerCode, dangerRules, findLoss, immutableOf } from './danger-rules.ts';
import { diffValues, type Edit, type EntryEdit, isMapping, isSame } from './edits.ts';
import { kindOf, parseAmount, valueAt, valuesAt } from './kind-of.ts';
import type { Pair } from './pairs.ts';
import type { Cause, Change, Danger, DangerSeverity, ReplicaChange } from './plan.ts';

/** What may go wrong when one object is applied. */
export function findDangers(pair: Pair, change: Change, replicas: readonly ReplicaChange[]): Danger[] {
  const [old, fresh] = [pair.before?.manifest, pair.after?.manifest];
  const add = (code: DangerCode, part: Part): Danger => ({
    code,
    severity: dangerRules[code].severity,
    environment: change.environment,
    cluster: change.cluster,
    identity: change.identity,
    path: change.path,
    causes: change.causes,
    ...part,
  });
  if (old === undefined) return [];
  if (fresh === undefined) return removalOf(old).map((part) => add('DAN001', part));
  if (!isSame(kindOf(old), kindOf(fresh))) return [];
  return [
    ...refusalsOf(old, fresh).map((part) => add('DAN002', part)),
    ...shrinkingsOf(change.edits).map((part) => add('DAN003', part)),
    ...replicas.filter(({ before, after }) => after < before).map((drop) => add('DAN004', dropOf(drop, fresh))),
    ...partitionsOf(old, fresh).map((part) => add('DAN005', part)),
    ...moveOf(change, fresh).map((part) => add('DAN007', part)),
    ...chartOf(old, fresh).map((part) => add('DAN008', part)),
  ];
}

type Part = Pick<Danger, 'message' | 'advice'> & { readonly field?: string; readonly severity?: DangerSeverity };

function removalOf(old: Manifest): Part[] {
  const loss = findLoss(kindOf(old));
  if (loss === undefined) return [];
  const options = String(old.metadata.annotations?.['argocd.argoproj.io/sync-options'] ?? '').split(',');
  if (kindOf(old) === 'Application.argoproj.io' && valueAt(old, 'metadata.finalizers') === undefined) {
    const message = 'removed: it has no finalizer, so what it applied stays in the cluster, unmanaged';
    return [{ message, advice: 'uninstall it there by hand once nothing needs it', severity: 'major' }];
  }
  if (options.includes('Prune=false')) {
    const advice =
      'Argo CD leaves it (Prune=false), and nobody looks after it: delete it by hand when its data is safe';
    return [{ message: `removed: ${loss} once it is deleted`, advice, severity: 'major' }];
  }
  const advice = options.includes('Prune=confirm')
    ? 'Argo CD waits until the removal is confirmed: take a backup before that'
    : 'Argo CD deletes it at the next sync: take a backup first, or keep it';
  return [{ message: `removed: ${loss}`, advice }];
}

function refusalsOf(old: Manifest, fresh: Manifest): Part[] {
  // A hook's object is deleted before it is made anew.
  if (fresh.metadata.annotations?.['argocd.argoproj.io/hook'] !== undefined) return [];
  const { fields = [], below, but = [] } = immutableOf(kindOf(fresh));
  const edits: Edit[] = fields.flatMap((field) =>
    field.includes('[]')
      ? diffValues(valuesAt(old, field), valuesAt(fresh, field), field)
      : diffValues(valueAt(old, field), valueAt(fresh, field), field),
  );
  if (below !== undefined) {
    edits.push(...diffValues(partOf(old[below], but), partOf(fresh[below], but), below));
  }
  const isFrozen = old.immutable === true && /^(ConfigMap|Secret)$/.test(fresh.kind);
  if (isFrozen) edits.push(...diffValues(old.data, fresh.data, 'data'));
  const advice = 'the sync fails until the object is deleted and made anew: give it another name, or plan the outage';
  const seen = new Set(edits.map(({ path }) => path));
  return [...seen].map((field) => ({ field, message: `${field} changes, which the cluster refuses`, advice }));
}

function partOf(value: Json | undefined, but: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(isMapping(value) ? value : {}).filter(([key]) => !but.includes(key)));
}

/** Fields that say how large a disk is. */
const sizeField =
  /(^|[.\]])(storage|size|storageSize|volumeSize|sizeGb|diskSizeGb|diskSize|allocatedStorage|storageSizeMib)$/;

function shrinkingsOf(edits: readonly Edit[]): Part[] {
  return edits.flatMap((edit) => {
    if (edit.type !== 'value' || !edit.path.startsWith('spec') || !sizeField.test(edit.path)) return [];
    const [before, after] = [parseAmount(edit.before), parseAmount(edit.after)];
    if (before === undefined || after === undefined || after >= before) return [];
    const message = `${edit.path} shrinks from ${edit.before} to ${edit.after}`;
    return [
      { field: edit.path, message, advice: 'no volume can shrink: move the data to a new one, or keep the size' },
    ];
  });
}

function dropOf({ field, before, after }: ReplicaChange, fresh: Manifest): Part {
  const isStore = findLoss(kindOf(fresh)) !== undefined;
  const message = `${field} drops from ${before} to ${after}`;
  if (after === 0) return { field, message, advice: 'nothing is left running', severity: 'major' };
  return isStore
    ? {
        field,
        message,
        advice: 'see that what remains holds all of the data before this is applied',
        severity: 'major',
      }
    : { field, message, advice: 'see that what remains carries the load' };
}

function partitionsOf(old: Manifest, fresh: Manifest): Part[] {
  if (kindOf(fresh) !== 'KafkaTopic.kafka.strimzi.io') return [];
  const [before, after] = [valueAt(old, 'spec.partitions'), valueAt(fresh, 'spec.partitions')];
  if (typeof before !== 'number' || typeof after !== 'number' || after >= before) return [];
  const message = `spec.partitions drops from ${before} to ${after}`;
  return [{ field: 'spec.partitions', message, advice: 'Kafka never takes partitions away: make a new topic' }];
}

function moveOf({ movedFrom, path }: Change, fresh: Manifest): Part[] {
  if (movedFrom === undefined || findLoss(kindOf(fresh)) === undefined) return [];
  const [from, to] = [movedFrom, path].map((file) => file.split('/').slice(0, -1).join('/'));
  if (from === to) return [];
  const advice = 'the old app may delete it before the new one takes it over: sync the new one first, without pruning';
  return [{ message: `goes from ${from} to ${to}`, advice }];
}

function chartOf(old: Manifest, fresh: Manifest): Part[] {
  if (kindOf(fresh) !== 'Application.argoproj.io') return [];
  const field = 'spec.source.targetRevision';
  const [before, after] = [valueAt(old, field), valueAt(fresh, field)];
  const [from, to] = [before, after].map((version) => /^v?(\d+)\.\d+/.exec(String(version))?.[1]);
  if (from === undefined || to === undefined || from === to) return [];
  const advice = 'its CRDs and values may have other meanings: read its notes, and try it in dev first';
  return [{ field, message: `the chart goes from ${before} to ${after}`, advice }];
}

/** Networks of a lower tier than before: their pods, their share of the work and their alerts come later. */
export function findLoweredTiers(
  environment: string,
  entries: readonly EntryEdit[],
  catalogs: { readonly before: ReadonlyMap<string, JsonObject>; readonly after: ReadonlyMap<string, JsonObject> },
  lock: string,
  causeOf: (entry: string) => Cause,
): Danger[] {
  return entries.flatMap(({ entry, kind }): Danger[] => {
    if (kind !== 'changed' || !entry.startsWith('network/')) return [];
    const [before, after] = [findTier(catalogs.before.get(entry)), findTier(catalogs.after.get(entry))];
    if (before === undefined || after === undefined || tiers.indexOf(after) <= tiers.indexOf(before)) return [];
    return [
      {
        code: 'DAN006',
        severity: dangerRules.DAN006.severity,
        environment,
        cluster: '',
        identity: entry,
        path: lock,
        message: `its tier goes from ${before} to ${after}`,
        advice: 'it yields to others from now on, and its alerts are less loud: see that this is meant',
        causes: [causeOf(entry)],
      },
    ];
  });
}

function findTier(network: JsonObject | undefined) {
  const { priority, phase } = network ?? {};
  return typeof priority === 'number' && typeof phase === 'number' ? tierOf({ priority, phase }) : undefined;
}
