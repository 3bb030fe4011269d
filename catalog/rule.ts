import type { CatalogView, Entry } from './view.ts';
import type { Path } from './yaml.ts';

/** Something a rule found, in an entry or in a file's text. */
export type Finding = {
  message: string;
  fix: string;
  severity?: 'error' | 'warning';
} & ({ entry: Entry; path: Path; at?: 'value' | 'key' } | { file: string; line: number; col: number });

/** A rule across files. Its code stays; a rule that goes takes its code with it. */
export interface Rule {
  code: string;
  /** What holds. */
  rule: string;
  /** What would go wrong otherwise. */
  why: string;
  check(view: CatalogView): Iterable<Finding>;
}

/** A finding at a path of an entry. */
export function at(entry: Entry, path: Path, message: string, fix: string): Finding {
  return { entry, path, message, fix };
}

/** `networks/base.yaml:5` for the second of two places that clash. */
export function placeName(entry: Entry, path: Path = []): string {
  return `${entry.file}:${entry.placeOf(path).line}`;
}

/** Pairs of entries that have the same key: the first, and each later one. Entries without a key are passed over. */
export function* clashes<E extends Entry>(
  entries: readonly E[],
  keyOf: (entry: E) => string | undefined,
): Generator<{ first: E; second: E; key: string }> {
  const seen = new Map<string, E>();
  for (const entry of entries) {
    const key = keyOf(entry);
    if (key === undefined) continue;
    const first = seen.get(key);
    if (first === undefined) seen.set(key, entry);
    else yield { first, second: entry, key };
  }
}
