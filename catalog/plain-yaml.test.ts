import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDocument } from 'yaml';
import { parsePlainYaml } from './plain-yaml.ts';

const files = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' }).filter((path) =>
  path.endsWith('.yaml'),
);
const texts = files.map((path) => readFileSync(join(import.meta.dirname, path), 'utf8'));

describe(parsePlainYaml.name, () => {
  it('reads nearly every file of the catalog, each as the whole parser does', () => {
    const read = texts.filter(agrees);
    expect(read.length).toBeGreaterThan(0.95 * texts.length);
  });

  it('is of one mind with the whole parser on whatever it reads, however a file was edited', () => {
    fc.assert(
      fc.property(editedText(), (text) => {
        agrees(text);
      }),
      { numRuns: 3000 },
    );
  });

  it('is of one mind with the whole parser on lines put together at random', () => {
    const part = fc.constantFrom(
      ...['a:', 'b: ', 'c: d', '- ', '-', '- e: f', '  ', ' ', '\n', '\n', '\n', '\n  ', '# g', ' # h', '#', ': '],
      ...['[', ']', '{', '}', ', ', ',', '"', "'", '"i"', "'j'", '[k, l]', '{ m: n }', '{ o: [p] }', '\\', '&x ', '*x'],
      ...['1', '-1', '1.50', '0x1F', '1e3', '.5', '1_0', 'null', '~', 'True', 'no', '|', '>', '!t ', '? ', '%', '@'],
      ...['---', '...', '<<: ', '\t', '\u00a0', 'é', 'q r', 's: t: u', 'https://v/w#x', '-y', '+', '*', '(z)'],
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 14 }), (parts) => {
        agrees(parts.join(''));
      }),
      { numRuns: 10_000 },
    );
  });

  it.each([
    ['an anchor', 'a: &b c'],
    ['an alias', 'a: *b'],
    ['a tag', 'a: !b c'],
    ['a second document', 'a: b\n---\nc: d'],
    ['a key that stands twice', 'a: b\na: c'],
    ['a key that is no text', 'true: b'],
    ['a tab', 'a:\tb'],
    ['a text of several lines', 'a: b\n  c'],
    ['a block of text', 'a: |\n  b'],
    ['a number in another base', 'a: 0x1F'],
    ['an escape', 'a: "\\n"'],
    ['wrong indentation', 'a:\n    b: c\n  d: e'],
    ['an open bracket', 'a: [b'],
    ['nothing', '# only a comment'],
  ])('leaves %s to the whole parser', (_, text) => {
    expect(parsePlainYaml(text)).toBeUndefined();
  });

  it('reads what a catalog is written in', () => {
    const text = [
      'id: base # a comment',
      'chainId: 8453',
      'quoted: "1.34" # another',
      'rpc:',
      '- url: https://a.example/#b',
      '  keys: [x, "y, z", { deep: -1.50 }]',
      '- url: wss://c.example',
      'empty:',
      'none: []',
      'at: 2026-11-21',
      '',
    ].join('\n');
    expect(parsePlainYaml(text)?.value).toEqual({
      id: 'base',
      chainId: 8453,
      quoted: '1.34',
      rpc: [{ url: 'https://a.example/#b', keys: ['x', 'y, z', { deep: -1.5 }] }, { url: 'wss://c.example' }],
      empty: null,
      none: [],
      at: '2026-11-21',
    });
  });
});

/** True if it was read, and fails if the whole parser reads it otherwise, or finds fault with it. */
function agrees(text: string): boolean {
  const plain = parsePlainYaml(text);
  if (plain === undefined) return false;
  const document = parseDocument(text, { version: '1.2', schema: 'core', merge: false, logLevel: 'error' });
  expect({ text, problems: [...document.errors, ...document.warnings].map(({ message }) => message) }).toEqual({
    text,
    problems: [],
  });
  expect({ text, value: plain.value }).toEqual({ text, value: document.toJS() });
  return true;
}

/** A file of the catalog with a few of its characters gone, doubled or replaced. */
function editedText(): fc.Arbitrary<string> {
  const edit = fc.record({
    at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    remove: fc.integer({ min: 0, max: 3 }),
    insert: fc.constantFrom(
      '',
      '',
      ' ',
      '  ',
      '\n',
      ':',
      ': ',
      '#',
      ' #',
      '-',
      '- ',
      '"',
      "'",
      ',',
      '[',
      ']',
      '{',
      '}',
      '0',
      'x',
      '&',
      '*',
      '~',
    ),
  });
  const short = texts.filter((text) => text.length < 2500);
  return fc.tuple(fc.constantFrom(...short), fc.array(edit, { minLength: 1, maxLength: 4 })).map(([text, edits]) =>
    edits.reduce((before, { at, remove, insert }) => {
      const start = Math.floor(at * before.length);
      return before.slice(0, start) + insert + before.slice(start + remove);
    }, text),
  );
}
