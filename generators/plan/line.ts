import { findId, kinds } from '../../catalog/kinds.ts';
import { isMapping } from './edits.ts';

/** What a line of a rendered file is about. */
export interface LineMeaning {
  /** `spec.template.spec.replicas`, from the keys above the line. */
  readonly field: string;
  /** The catalog entry that the line is, in a ConfigMap with a slice or in a lock. */
  readonly entry?: string;
}

/** Reads a line by the indentation above it, as the emitter writes. Undefined where the file has no such line. */
export function findMeaning(text: string, line: number): LineMeaning | undefined {
  const lines = text.split('\n');
  const own = lines[line - 1];
  if (own === undefined || line < 1) return undefined;
  const above = lines.slice(0, line);
  const entry = entryOf(own, above);
  return { field: fieldOf(above), ...(entry === undefined ? {} : { entry }) };
}

function fieldOf(lines: readonly string[]): string {
  const keys: string[] = [];
  let limit = Number.POSITIVE_INFINITY;
  for (const line of [...lines].reverse()) {
    const [, blanks = '', dash = '', key] = /^( *)((?:- )*)([\w./-]+|'[^']*'):(?: |$)/.exec(line) ?? [];
    const indent = blanks.length + dash.length;
    if (key === undefined || indent > limit) continue;
    // The first key of an item stands behind its dash, the others below that key; its parent is above the dash.
    if (indent < limit) keys.unshift(key);
    else if (dash === '') continue;
    if (dash !== '') keys[0] = `[].${keys[0]}`;
    limit = dash === '' ? indent : blanks.length;
    if (limit === 0) break;
  }
  return keys.join('.').replaceAll('.[].', '[].');
}

/** An entry of a slice or lock stands on one line, below the name of its list. */
function entryOf(own: string, above: readonly string[]): string | undefined {
  const list = above.findLast((line) => /^ *"\w+": \[/.test(line));
  const key = /^ *"(\w+)": \[/.exec(list ?? '')?.[1];
  const kind = kinds.find((candidate) => candidate.key === key);
  if (kind === undefined) return undefined;
  try {
    const entry: unknown = JSON.parse(own.trim().replace(/,$/, ''));
    const id = isMapping(entry) ? findId(kind.kind, entry) : undefined;
    return id === undefined ? undefined : `${kind.kind}/${id}`;
  } catch {
    return undefined;
  }
}
