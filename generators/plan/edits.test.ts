import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bodyOf } from './body.ts';
import { diffCatalogs, diffValues, isSame } from './edits.ts';

describe(diffValues.name, () => {
  it.each([
    ['a field', { spec: { replicas: 1 } }, { spec: { replicas: 2 } }, ['~ spec.replicas: 1 → 2']],
    ['a field that comes', { spec: {} }, { spec: { paused: true } }, ['+ spec.paused: true']],
    ['a field that goes', { a: 'x', b: 1 }, { a: 'x' }, ['- b: 1']],
    ['a type', { a: 1 }, { a: '1' }, ['~ a: 1 → "1"']],
    [
      'an item that has a name, wherever it stands',
      { containers: [{ name: 'a', image: 'x:1' }, { name: 'b' }] },
      { containers: [{ name: 'b' }, { name: 'a', image: 'x:2' }] },
      ['~ containers[a].image: x:1 → x:2'],
    ],
    ['words of a list', { args: ['--a', '--b'] }, { args: ['--b', '--c'] }, ['- args[]: --a', '+ args[]: --c']],
    ['the order of a list', { args: ['a', 'b'] }, { args: ['b', 'a'] }, ['~ args: ["a","b"] → ["b","a"]']],
    ['an item without a name', { rules: [{ port: 1 }] }, { rules: [{ port: 2 }] }, ['~ rules[0].port: 1 → 2']],
    ['an item that comes', { rules: [{ port: 1 }] }, { rules: [{ port: 1 }, { port: 2 }] }, ['+ rules[]: {"port":2}']],
    [
      'lines of a text',
      { text: 'a\nb\nc\n' },
      { text: 'a\nB\nc\n' },
      ['@@ text @@', '@@ line 1', ' a', '-b', '+B', ' c'],
    ],
    ['a key with dots', { data: { 'a.b/c': 'x' } }, { data: { 'a.b/c': 'y' } }, ['~ data[a.b/c]: x → y']],
  ])('shows %s', (_, before, after, lines) => {
    expect(linesOf(before, after)).toEqual(lines);
  });

  it('reads JSON inside a text, which would be one line of hundreds of characters', () => {
    const [before, after] = [1, 2].map((step) => ({
      data: { 'x.json': JSON.stringify({ deep: { step }, same: true }) },
    }));
    expect(linesOf(before ?? {}, after ?? {})).toEqual(['~ data[x.json].deep.step: 1 → 2']);
  });

  it('shows the entries of a slice, and not the digest that follows from them', () => {
    const slice = (name: string) => ({
      data: { 'slice.json': JSON.stringify({ catalog: { networks: [{ id: 'base', name }] }, digest: name }) },
    });
    expect(linesOf(slice('Base'), slice('Bass'))).toEqual([
      '@@ data[slice.json] @@',
      '~ network/base',
      '~     name: Base → Bass',
    ]);
  });

  it('shows the digest where it alone differs', () => {
    const slice = (digest: string) => ({ s: JSON.stringify({ catalog: { networks: [] }, digest }) });
    expect(linesOf(slice('a'), slice('b'))).toEqual(['~ s.digest: a → b']);
  });

  it('shows what is long over several lines', () => {
    const value = { to: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'x'.repeat(90) } } }] };
    expect(linesOf({}, { rule: value }).length).toBeGreaterThan(3);
    expect(linesOf({}, { rule: value }).every((line) => line.startsWith('+ '))).toBe(true);
  });

  it('is empty for equal values, and for no others', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
        const [before, after] = [JSON.parse(JSON.stringify({ a })), JSON.parse(JSON.stringify({ a: b }))];
        expect(diffValues(before, after).length === 0).toBe(isSame(before, after));
        expect(diffValues(before, JSON.parse(JSON.stringify(before)))).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });
});

describe(diffCatalogs.name, () => {
  it('tells what came, went and changed, by kind and id', () => {
    const before = { networks: [{ id: 'a' }, { id: 'b', priority: 1 }], pairs: [] };
    const after = { networks: [{ id: 'b', priority: 2 }], pairs: [{ symbol: 'XUSDT' }] };
    expect(diffCatalogs(before, after).map(({ kind, entry }) => `${kind} ${entry}`)).toEqual([
      'removed network/a',
      'changed network/b',
      'added pair/XUSDT',
    ]);
  });
});

function linesOf(before: object, after: object): string[] {
  const [a, b] = [before, after].map((value) => JSON.parse(JSON.stringify(value)));
  return bodyOf({ kind: 'changed', edits: diffValues(a, b), lines: [] });
}
