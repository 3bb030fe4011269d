import { digestOf } from '../../catalog/lock.ts';

/**
 * environments/<env>/rendered.lock.json: the environment's tree is kept as a revision had it, though today's generators
 * would render it differently, until the next promotion.
 */
export interface Kept {
  /** The commit whose tree it is. */
  readonly rev: string;
  /** Of that tree. */
  readonly digest: string;
}

/** The digest of rendered files with their paths. The order does not matter. */
export function digestOfTree(files: Iterable<{ readonly path: string; readonly text: string }>): string {
  return digestOf(Object.fromEntries([...files].map(({ path, text }) => [path, text])));
}

export function renderKept({ rev, digest }: Kept): string {
  return `${JSON.stringify({ rev, digest }, undefined, 2)}\n`;
}

/** Undefined if it is none. */
export function findKept(text: string): Kept | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || !('rev' in value) || !('digest' in value)) return undefined;
  const { rev, digest } = value;
  if (typeof rev !== 'string' || !/^[0-9a-f]{40,64}$/.test(rev) || typeof digest !== 'string') return undefined;
  return { rev, digest };
}
