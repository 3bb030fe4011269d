import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { type FileCache, formatProblem, type Problem, parseCatalog, readCatalogFiles } from './load.ts';
import { parseLock, renderLock } from './lock.ts';
import { smallCatalog } from './testing/small-catalog.ts';
import type { FileContent } from './yaml.ts';

/** Changes a file's bytes. The numbers choose where; each is taken modulo what there is to choose from. */
type Mutation = (bytes: Uint8Array, numbers: readonly number[], text: string) => Uint8Array;

const mutations: Record<string, Mutation> = {
  'delete a line': onLines((lines, [at]) => lines.toSpliced(at, 1)),
  'double a line': onLines((lines, [at]) => lines.toSpliced(at, 0, lines[at] ?? '')),
  'swap two lines': onLines((lines, [a, b]) => lines.with(a, lines[b] ?? '').with(b, lines[a] ?? '')),
  'move a line in or out': onLines((lines, [at, by]) =>
    lines.with(at, `${' '.repeat(by % 5)}${(lines[at] ?? '').trimStart()}`),
  ),
  'replace a value': onLines((lines, [at], text) =>
    lines.with(
      at,
      (lines[at] ?? '').replace(/:.*$/, () => `: ${text}`),
    ),
  ),
  'replace a key': onLines((lines, [at], text) =>
    lines.with(
      at,
      (lines[at] ?? '').replace(/[\w-]+:/, () => `${text}:`),
    ),
  ),
  'insert a line': onLines((lines, [at], text) => lines.toSpliced(at, 0, text)),
  'change a character': onLines((lines, [at, by, code]) => {
    const line = lines[at] ?? '';
    const column = by % (line.length + 1);
    return lines.with(at, `${line.slice(0, column)}${String.fromCharCode(32 + (code % 95))}${line.slice(column + 1)}`);
  }),
  'flip a bit': (bytes, [at = 0, bit = 0]) =>
    bytes.map((byte, index) => (index === at % bytes.length ? byte ^ (1 << (bit % 8)) : byte)),
  'cut the end off': (bytes, [at = 0]) => bytes.slice(0, at % bytes.length),
  'cut a piece out': (bytes, [at = 0, length = 0]) => {
    const from = at % bytes.length;
    return new Uint8Array([...bytes.slice(0, from), ...bytes.slice(from + (length % 60))]);
  },
};

/** YAML that people and programs write by mistake. */
const yamlText = fc.oneof(
  fc.constantFrom(
    '~',
    '',
    '[]',
    '{}',
    '[[]]',
    '{a: [b',
    '"',
    "'",
    '&a',
    '*a',
    '!!set {a}',
    '<<: *a',
    '|',
    '>-',
    '---',
    '...',
    '%YAML 1.1',
    '? a',
    '- -',
    '\t',
    '#',
    '@',
    '`',
    '0x1F',
    '1e400',
    '.nan',
    '-0',
    '1_000',
    '2026-01-01',
    'yes',
    'null',
    '__proto__',
    '\u2028',
    '\u0000',
    '\ufeff',
    'é',
    '😀',
  ),
  fc.anything({ maxDepth: 2 }).map((value) => {
    try {
      return stringify(value)?.trim() ?? '';
    } catch {
      return '';
    }
  }),
  fc.string({ unit: 'grapheme', maxLength: 30 }),
  fc.integer().map(String),
  fc.double().map(String),
);

const change = (paths: readonly string[]) =>
  fc.record({
    path: fc.constantFrom(...paths),
    mutation: fc.constantFrom(...Object.keys(mutations)),
    numbers: fc.array(fc.nat(), { minLength: 3, maxLength: 3 }),
    text: yamlText,
  });

describe(parseCatalog.name, () => {
  it('accepts or refuses 1,000 mutated catalogs, each with a position, and never crashes', () => {
    const files = new Map<string, FileContent>(Object.entries(smallCatalog));
    const cache: FileCache = new Map();
    const seen = { accepted: 0, refused: 0 };
    fc.assert(
      fc.property(fc.array(change([...files.keys()]), { minLength: 1, maxLength: 4 }), (changes) => {
        seen[check(mutate(files, changes), cache)]++;
      }),
      { numRuns: 1000 },
    );
    // Both happen: otherwise the mutations say nothing.
    expect(seen.accepted).toBeGreaterThan(20);
    expect(seen.refused).toBeGreaterThan(500);
  });

  it('does so with the catalog of this repository', () => {
    const files = readCatalogFiles(import.meta.dirname);
    const cache: FileCache = new Map();
    fc.assert(
      fc.property(change([...files.keys()]), (one) => void check(mutate(files, [one]), cache)),
      { numRuns: 30 },
    );
  });
});

/** Whatever was done to the catalog: it is accepted and can be locked, or every problem has its place. */
function check(files: ReadonlyMap<string, FileContent>, cache: FileCache): 'accepted' | 'refused' {
  const { catalog, problems } = parseCatalog(files, '', cache);
  // One expectation for all of them: an expect() costs more than what it looks at.
  expect(problems.filter((problem) => !isWellPlaced(problem, files)).map(formatProblem)).toEqual([]);
  if (catalog === undefined) {
    expect(problems.some(({ severity }) => severity === 'error')).toBe(true);
    return 'refused';
  }
  const { text } = renderLock(catalog);
  expect(renderLock(parseLock(text)).text).toBe(text);
  return 'accepted';
}

function isWellPlaced(problem: Problem, files: ReadonlyMap<string, FileContent>): boolean {
  const { file, line, col, code, message, fix } = problem;
  const lines = textOf(files.get(file)).split(/\r\n?|\n/);
  const isPlace = Number.isInteger(line) && line >= 1 && line <= lines.length && Number.isInteger(col) && col >= 1;
  const isText = message !== '' && fix !== '' && /^CAT\d{3}$/.test(code);
  const isClean = !/\n|undefined|\[object|TypeError|RangeError|node_modules|\.ts:/.test(formatProblem(problem));
  return files.has(file) && isPlace && col <= (lines[line - 1] ?? '').length + 1 && isText && isClean;
}

function mutate(
  files: ReadonlyMap<string, FileContent>,
  changes: readonly { path: string; mutation: string; numbers: readonly number[]; text: string }[],
): ReadonlyMap<string, FileContent> {
  const mutated = new Map(files);
  for (const { path, mutation, numbers, text } of changes) {
    const bytes = new TextEncoder().encode(textOf(mutated.get(path)));
    mutated.set(path, mutations[mutation]?.(bytes, numbers, text) ?? bytes);
  }
  return mutated;
}

function onLines(change: (lines: string[], at: readonly [number, number, number], text: string) => string[]): Mutation {
  return (bytes, [a = 0, b = 0, c = 0], text) => {
    const lines = textOf(bytes).split('\n');
    return new TextEncoder().encode(change(lines, [a % lines.length, b % lines.length, c], text).join('\n'));
  };
}

function textOf(content: FileContent | undefined): string {
  if (typeof content === 'string') return content;
  return content instanceof Uint8Array ? new TextDecoder('utf-8', { ignoreBOM: true }).decode(content) : '';
}
