import { type Json, writeYaml } from '../emit/yaml.ts';
import { type Edit, isList, isMapping, jsonOf } from './edits.ts';
import type { Change } from './plan.ts';

/** Above this many characters a value is written over several lines. */
const inlineCharsMax = 100;

/** A change as lines of a diff: `+`, `-`, `~` (old → new), blank for what stands around, `@@` above a text. */
export function bodyOf({ kind, edits, lines }: Pick<Change, 'kind' | 'edits' | 'lines'>): string[] {
  if (kind === 'added') return lines.map((line) => `+ ${line}`.trimEnd());
  if (kind === 'removed') return lines.map((line) => `- ${line}`.trimEnd());
  return linesOf(edits, '');
}

function linesOf(edits: readonly Edit[], indent: string): string[] {
  let slice = '';
  return edits.flatMap((edit) => {
    if (edit.type === 'value') return valueLines(edit, indent);
    if (edit.type === 'lines') {
      return [`@@ ${edit.path} @@`, ...edit.lines.map((line) => line.replace(/^@@ (.*) @@$/, '@@ $1'))];
    }
    const head = edit.path === slice ? [] : [`@@ ${edit.path} @@`];
    slice = edit.path;
    return [...head, `${signs[edit.kind]} ${indent}${edit.entry}`, ...linesOf(edit.edits, `${indent}    `)];
  });
}

export const signs = { added: '+', changed: '~', removed: '-' } as const;

function valueLines(edit: Extract<Edit, { type: 'value' }>, indent: string): string[] {
  const { path, before, after } = edit;
  const name = `${indent}${path}`;
  const isShort = [before, after].every((value) => inlineOf(value).length <= inlineCharsMax);
  if (before !== undefined && after !== undefined && isShort) {
    return [`~ ${name}: ${inlineOf(before)} → ${inlineOf(after)}`];
  }
  return [...sideLines('-', name, before), ...sideLines('+', name, after)];
}

function sideLines(sign: string, name: string, value: Json | undefined): string[] {
  if (value === undefined) return [];
  const inline = inlineOf(value);
  if (typeof value === 'string' && value.trimEnd().includes('\n')) {
    return [
      `${sign} ${name}: |`,
      ...value
        .trimEnd()
        .split('\n')
        .map((line) => `${sign} ${/^ */.exec(name)?.[0] ?? ''}  ${line}`),
    ];
  }
  if (inline.length <= inlineCharsMax || !(isMapping(value) || isList(value))) return [`${sign} ${name}: ${inline}`];
  const indent = /^ */.exec(name)?.[0] ?? '';
  const block = writeYaml(value).trimEnd().split('\n');
  return [`${sign} ${name}:`, ...block.map((line) => `${sign} ${indent}  ${line}`)];
}

/** Words as they are, all else as JSON, so that `"1"` and `1` are told apart. */
function inlineOf(value: Json | undefined): string {
  return typeof value === 'string' &&
    /^[\p{L}\p{N}/_.:@%*+,;=()#? -]+$/u.test(value) &&
    !/^[\d.]+$|^(true|false|null)$/.test(value)
    ? value
    : jsonOf(value);
}
