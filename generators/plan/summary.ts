import { kinds } from '../../catalog/kinds.ts';
import { differenceOf, formatMoney } from './money.ts';
import type { ChangeKind, EnvironmentPlan, Plan } from './plan.ts';

/** Entries of one kind are named up to here, counted above. */
const namedMax = 3;

/** The plan in one sentence, as one would tell it to a colleague. */
export function summarize(plan: Omit<Plan, 'summary'>): string {
  const errors = plan.problems.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) return `No plan: ${count(errors.length, 'problem')} in the catalog.`;
  const objects = objectsOf(plan);
  const waiting = promotionsOf(plan.environments);
  if (plan.groups.length === 0) return ['Nothing changes.', ...waiting].join(' ');
  const parts = [objects, restartsOf(plan.environments), costOf(plan.environments), dangersOf(plan)];
  return [`${causeOf(plan)}: ${parts.join('; ')}.`, ...waiting].join(' ');
}

/** `1 network added (network/foo), 2 pairs changed (pair/A, pair/B)` */
function causeOf({ environments, groups }: Omit<Plan, 'summary'>): string {
  const entries = new Map<string, { kind: ChangeKind; entry: string }>();
  for (const { entry, kind } of environments.flatMap((plan) => plan.entries)) {
    entries.set(`${kind} ${entry}`, { kind, entry });
  }
  const told = [...Map.groupBy(entries.values(), ({ kind, entry }) => `${entry.split('/')[0]} ${kind}`)].map(
    ([title, group]) => {
      const [kind = '', change = ''] = title.split(' ');
      const names = group.length > namedMax ? '' : ` (${group.map(({ entry }) => entry).join(', ')})`;
      return `${count(group.length, kind, pluralOf(kind))} ${change}${names}`;
    },
  );
  const inputs = groups.filter(({ what }) => what === 'input').flatMap(({ changes }) => changes);
  for (const [file, words] of [
    ['environment.yaml', 'settings'],
    ['images.lock.yaml', 'images'],
  ] as const) {
    const names = inputs.filter(({ path }) => path.endsWith(`/${file}`)).map(({ environment }) => environment);
    if (names.length > 0) told.push(`${words} of ${[...new Set(names)].sort().join(', ')} changed`);
  }
  return told.length === 0 ? 'The catalog is the same, its rendering is not' : told.join(', ');
}

function objectsOf({ environments }: Omit<Plan, 'summary'>): string {
  const clusters = environments.flatMap((plan) => plan.clusters);
  const touched = clusters.filter(({ added, changed, removed }) => added + changed + removed > 0);
  const sums = (['added', 'changed', 'removed'] as const).map(
    (kind) => [kind, touched.reduce((sum, cluster) => sum + cluster[kind], 0)] as const,
  );
  const some = sums.filter(([, sum]) => sum > 0);
  const total = some.reduce((sum, [, number]) => sum + number, 0);
  if (total === 0) return 'no object changes';
  const where = `in ${count(touched.length, 'cluster')}`;
  if (some.length > 1) {
    const words = some.map(([kind, sum], index) => `${index === 0 ? count(sum, 'object') : sum} ${kind}`);
    return `${words.join(', ')} ${where}`;
  }
  const [kind] = some[0] ?? ['changed'];
  const verb = {
    added: ['is added', 'are added'],
    changed: ['changes', 'change'],
    removed: ['is removed', 'are removed'],
  };
  return `${count(total, 'object')} ${verb[kind][total === 1 ? 0 : 1]} ${where}`;
}

function restartsOf(environments: readonly EnvironmentPlan[]): string {
  const restarts = environments.flatMap(({ clusters }) => clusters.flatMap((cluster) => cluster.restarts));
  const certain = restarts.filter(({ how }) => how === 'certain').length;
  const likely = restarts.length - certain;
  const maybe = likely === 0 ? '' : ` (those of ${count(likely, 'store or chart', 'stores or charts')} may)`;
  if (certain === 0) return `no pod restarts${maybe}`;
  return `the pods of ${count(certain, 'workload')} restart${maybe}`;
}

function costOf(environments: readonly EnvironmentPlan[]): string {
  if (environments.some(({ costUnknown }) => costUnknown !== undefined)) return 'the cost cannot be compared';
  const difference = differenceOf(environments.flatMap(({ costs }) => costs));
  return `${Object.keys(difference).length === 0 ? '+0 USD' : formatMoney(difference, true)} a month`;
}

function dangersOf({ dangers }: Omit<Plan, 'summary'>): string {
  return dangers.length === 0 ? 'no danger' : `${dangers.length} DANGER`;
}

/** `production: unchanged until promoted (3 entries differ from its lock).` */
function promotionsOf(environments: readonly EnvironmentPlan[]): string[] {
  return environments.flatMap(({ environment, entries, promotion }) =>
    promotion === undefined || promotion.entries.length === 0 || entries.length > 0
      ? []
      : [
          `${capital(environment)} is unchanged until promoted: ${count(promotion.entries.length, 'entry', 'entries')} ${promotion.entries.length === 1 ? 'differs' : 'differ'} from its lock.`,
        ],
  );
}

/** `3 networks` */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}

function pluralOf(kind: string): string {
  return kinds.find((candidate) => candidate.kind === kind)?.key ?? `${kind}s`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
