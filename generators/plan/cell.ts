import type { Cause, Change, Where } from './plan.ts';
import { count } from './summary.ts';

/** `network/base (catalog/networks/base.yaml:3)` */
export function causeText({ id, file, line }: Cause): string {
  return file === undefined ? id : `${id} (${file}:${line})`;
}

/** Of many causes, the first and their number: they are all in the details. */
export function causesText(causes: readonly Cause[], max = 2): string {
  const shown = causes.slice(0, max).map(causeText).join(', ');
  return causes.length > max ? `${shown} and ${causes.length - max} more` : shown;
}

/** `staging/defimon-analytics`; the environment alone for what stands beside the clusters. */
export function clusterText({ environment, cluster }: Pick<Where, 'environment' | 'cluster'>): string {
  return cluster === '' || cluster === environment ? environment : `${environment}/${cluster}`;
}

/**
 * Where equal changes are, a line a cluster: `staging/defimon-analytics: Deployment.apps/analytics/api, …`
 *
 * @param max Of more than this in a cluster the kinds are counted: `40 objects: 30 ConfigMap, 10 Deployment.apps`
 */
export function whereLines(changes: readonly Change[], max = Number.POSITIVE_INFINITY): string[] {
  return [...Map.groupBy(changes, clusterText)].map(([place, its]) => {
    if (its.length > max) return `${place}: ${kindCounts(its)}`;
    const names = its.map(({ identity, movedFrom }) =>
      movedFrom === undefined ? identity : `${identity} (from ${movedFrom})`,
    );
    return `${place}: ${names.join(', ')}`;
  });
}

function kindCounts(changes: readonly Change[]): string {
  const kinds = [...Map.groupBy(changes, ({ identity }) => identity.split('/')[0] ?? identity)];
  const counts = kinds
    .sort(([a, one], [b, other]) => other.length - one.length || (a < b ? -1 : 1))
    .map(([kind, its]) => `${its.length} ${kind}`);
  const [first] = changes;
  return `${count(changes.length, nouns[first?.what ?? 'object'])}: ${counts.join(', ')} (--full plan.md names them)`;
}

/** `Same change in 14 objects`, `1 object added` */
export function titleOf(kind: Change['kind'], what: Change['what'], changes: readonly Change[]): string {
  const [first] = changes;
  const number = changes.length;
  if (what === 'text')
    return `${count(number, 'file')}: only the writing ${number === 1 ? 'differs' : 'differ'}, nothing that is applied`;
  const noun = nouns[what];
  if (number > 1)
    return kind === 'changed'
      ? `same change in ${count(number, noun)}`
      : `same ${noun} ${kind} ${number} times: ${first?.identity}`;
  const verb = kind === 'changed' && first?.movedFrom !== undefined ? 'moved' : kind;
  return `${verb}: ${first?.identity}`;
}

const nouns = { object: 'object', app: 'app', input: 'file', text: 'file' } as const;
