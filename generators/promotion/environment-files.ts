import { placeOf } from '../plan/tree.ts';

/** Where the files of an environment lie, relative to the project's root. */
export const settingsPathOf = (environment: string) => `environments/${environment}/environment.yaml`;
export const imagesPathOf = (environment: string) => `environments/${environment}/images.lock.yaml`;
/** The lock of the whole environment, or of one pool that was promoted ahead of the others. */
export const lockPathOf = (environment: string, pool?: string) =>
  `environments/${environment}/catalog.${pool === undefined ? '' : `${pool}.`}lock.json`;
/** Present while the tree is kept as an earlier revision had it. */
export const keptPathOf = (environment: string) => `environments/${environment}/rendered.lock.json`;

/** From which environment another is promoted. What is absent follows the catalog, and is promoted from none. */
const sources: Readonly<Record<string, string>> = { production: 'staging', staging: 'dev' };

export function findSourceOf(environment: string): string | undefined {
  return sources[environment];
}

/** The pool of `environments/<env>/catalog.<pool>.lock.json`. */
export function findPoolOfLock(path: string): string | undefined {
  return /^environments\/[^/]+\/catalog\.([^/]+)\.lock\.json$/.exec(path)?.[1];
}

/** True for what is written for one environment alone: its folder, and its objects below argocd/. */
export function belongsTo(environment: string, path: string): boolean {
  return /^(environments|argocd)\//.test(path) && placeOf(path, [environment]).environment === environment;
}

/** True for what a promotion or a render writes: all that belongs to the environment but what people write by hand. */
export function isGenerated(environment: string, path: string): boolean {
  if (!belongsTo(environment, path)) return false;
  if (!path.startsWith('environments/') || path.split('/').length > 3) return true;
  return [lockPathOf(environment), imagesPathOf(environment)].includes(path) || findPoolOfLock(path) !== undefined;
}

/** The stated digest of a lock, without a look at its content: a lock of an older schema has one too. */
export function findLockDigest(text: string): string | undefined {
  return /"digest": "(sha256:[0-9a-f]{64})"\n}\n$/.exec(text)?.[1];
}
