import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import formats from 'ajv-formats';
import fc from 'fast-check';
import Type, { type TSchema } from 'typebox';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { createCheck } from './fits-schema.ts';
import { kinds } from './kinds.ts';

const ajv = formats.default(new Ajv({ strict: true }));

/** Each file of the catalog with the schema of its kind. */
const cases = kinds.flatMap(({ layout, at, schema }) => {
  const folder = join(import.meta.dirname, layout === 'file' ? '' : at);
  const names = layout === 'file' ? [at] : readdirSync(folder).filter((name) => name.endsWith('.yaml'));
  return names.map((name) => ({ name, schema, value: parse(readFileSync(join(folder, name), 'utf8')) as unknown }));
});

describe(createCheck.name, () => {
  it('knows every file of the catalog for what it is', () => {
    const unknown = cases.filter(({ schema, value }) => !createCheck(schema, ajv.formats)(value));
    expect(unknown.map(({ name }) => name)).toEqual([]);
  });

  it('lets nothing pass that ajv refuses, however a file was edited', () => {
    const checks = new Map(kinds.map(({ schema }) => [schema, createCheck(schema, ajv.formats)]));
    const compiled = new Map(kinds.map(({ schema }) => [schema, ajv.compile(schema)]));
    fc.assert(
      fc.property(
        fc.constantFrom(...cases),
        fc.infiniteStream(fc.nat()),
        fc.constantFrom(...strays),
        (one, at, stray) => {
          const value = edited(one.value, at, stray);
          if (!checks.get(one.schema)?.(value)) return;
          expect({ value, valid: compiled.get(one.schema)?.(value) }).toEqual({ value, valid: true });
        },
      ),
      { numRuns: 5000 },
    );
  });

  it.each<[string, TSchema, unknown]>([
    ['a keyword it does not know', Type.Number({ multipleOf: 2 }), 4],
    ['a format it does not know', Type.String({ format: 'unheard-of' }), 'x'],
    ['a schema for the properties that are not named', Type.Object({}, { additionalProperties: Type.String() }), {}],
    ['lists of lists that must differ', Type.Array(Type.Array(Type.String()), { uniqueItems: true }), [['a']]],
  ])('cannot tell of %s', (_, schema, value) => {
    expect(createCheck(schema, ajv.formats)(value)).toBe(false);
  });
});

const strays: readonly unknown[] = [
  ...[undefined, null, true, 0, -1, 1.5, 1e9, '', ' ', 'a', 'A-b', '1', '-1', '0.0', 'x'.repeat(600), '😀'],
  ...[[], ['a', 'a'], {}, { a: 1 }, { kind: 'cronjob' }, 'https://a.example', '2026-02-30', 'a.example', '1Gi', '250m'],
];

/** The value with one of its parts replaced by a stray, given one more property, or without one of them. */
function edited(value: unknown, at: Iterator<number>, stray: unknown): unknown {
  const step = (): number => at.next().value ?? 0;
  if (typeof value !== 'object' || value === null || step() % 6 === 0) return stray;
  if (Array.isArray(value)) {
    const index = step() % (value.length + 1);
    return [...value.slice(0, index), edited(value[index], at, stray), ...value.slice(index + 1)];
  }
  const keys = Object.keys(value);
  if (step() % 8 === 0) return { ...value, [`x${step() % 3}`]: stray };
  const key = keys[step() % keys.length] ?? 'x';
  if (step() % 8 === 0) return Object.fromEntries(Object.entries(value).filter(([name]) => name !== key));
  return { ...value, [key]: edited(Reflect.get(value, key), at, stray) };
}
