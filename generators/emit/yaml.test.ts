import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { type Json, writeYaml } from './yaml.ts';

/** Strings that a YAML 1.1 or 1.2 parser takes for something else when they stand unquoted. */
const treacherous = [
  ...['yes', 'no', 'on', 'off', 'y', 'n', 'Y', 'N', 'Yes', 'NO', 'On', 'OFF', 'true', 'False', 'TRUE'],
  ...['null', 'Null', '~', '', '=', '<<', '-', '?', ':', '[]', '{}', '*a', '&a', '!a', '%a', '@a', '`a', '|', '>', '#'],
  ...[
    '0755',
    '0o17',
    '0x1F',
    '0b101',
    '1e3',
    '1E3',
    '1.5e3',
    '1:30',
    '190:20:30',
    '1_000',
    '0',
    '-0',
    '+1',
    '.5',
    '1.',
  ],
  ...[
    '.inf',
    '-.inf',
    '.nan',
    'NaN',
    'inf',
    '007',
    '08',
    '1.0',
    '12e03',
    '685.230_15e+03',
    '0x_0A_74_AE',
    '0b1010_0111',
  ],
  ...['2001-12-14', '2001-12-14t21:59:43.10-05:00', '2001-12-14 21:59:43.10 -5', '2002-1-1'],
  ...['a: b', 'a:', ':a', 'a #b', '#a', 'a ', ' a', 'a,b', '- a', '--- a', '...', '---', "it's", '"quoted"', 'a\\b'],
  ...['a\tb', '\ta', 'a\n', '\n', '\n\n', 'a\n\n', '\na', ' a\nb', 'a\n b\n', 'a \nb', 'a\r\nb', 'a\n\n\nb', 'a\n\tb'],
  ...[
    '\u0000',
    '\u0007',
    '\u007f',
    '\u0085',
    '\u2028',
    '\u2029',
    '\ufeff',
    '\ufffe',
    'ключ',
    '😀',
    'a\u00a0b',
    '\u00a0',
  ],
  ...['250m', '1Gi', '1d', '1s', '10M', '0m', '1E', 'https://rpc.example/v1?a=b#c', '$(VAR)', '{{ .name }}'],
];

describe(writeYaml.name, () => {
  it.each(treacherous.map((text) => [JSON.stringify(text), text]))('brings %s back as the same string', (_, text) => {
    expectRoundTrip({ value: text, list: [text], nested: { deeper: [{ value: text }] } });
    if (text !== '') expectRoundTrip({ [text]: 'as a key', list: [{ [text]: 1 }] });
  });

  it('brings any value back, in YAML 1.1 and 1.2', () => {
    fc.assert(
      fc.property(anyJson(), (value) => expectRoundTrip(value)),
      { numRuns: 500 },
    );
  });

  it('brings any list of lines back', () => {
    const line = fc.string({ unit: fc.constantFrom('a', ' ', ':', '#', '-', '\t', "'", '"', '\\', '{') });
    fc.assert(
      fc.property(fc.array(line), (lines) => expectRoundTrip({ a: { text: lines.join('\n') } })),
      { numRuns: 500 },
    );
  });

  it('gives the same bytes in whatever order the keys were set', () => {
    const shuffled = anyObject().chain((value) =>
      fc
        .shuffledSubarray(Object.keys(value), { minLength: Object.keys(value).length })
        .map((keys) => ({ value, keys })),
    );
    fc.assert(
      fc.property(shuffled, ({ value, keys }) => {
        expect(writeYaml(Object.fromEntries(keys.map((key) => [key, value[key] as Json])))).toBe(writeYaml(value));
      }),
      { numRuns: 100 },
    );
  });

  it('puts what readers look for first, then goes by code point', () => {
    const text = writeYaml({
      spec: { b: 1, a: 2, B: 3 },
      data: { x: 'y' },
      metadata: { labels: {}, namespace: 'analytics', name: 'chain-sync' },
      kind: 'ConfigMap',
      apiVersion: 'v1',
    });
    expect(text).toBe(
      [
        'apiVersion: v1',
        'kind: ConfigMap',
        'metadata:',
        '  name: chain-sync',
        '  namespace: analytics',
        '  labels: {}',
        'data:',
        "  x: 'y'",
        'spec:',
        '  B: 3',
        '  a: 2',
        '  b: 1',
        '',
      ].join('\n'),
    );
  });

  it('shows a text of lines as a literal block', () => {
    expect(writeYaml({ data: { 'slice.json': '{\n  "a": 1\n}\n' } })).toBe(
      'data:\n  slice.json: |\n    {\n      "a": 1\n    }\n',
    );
  });

  it('leaves undefined out', () => {
    expect(writeYaml({ a: undefined, b: { c: undefined } })).toBe('b: {}\n');
  });

  it('writes floats with a point, which YAML 1.1 asks for', () => {
    expect(writeYaml({ a: 1e-7, b: 0.5, c: -0 })).toBe('a: 1.0e-7\nb: 0.5\nc: 0\n');
  });

  it.each([[Number.NaN], [Number.POSITIVE_INFINITY], [2 ** 53]])('refuses %d and says where it stood', (value) => {
    expect(() => writeYaml({ spec: { ports: [{ port: value }] } })).toThrow(/^spec\.ports\[0\]\.port: /);
  });

  it('refuses half of a surrogate pair', () => {
    expect(() => writeYaml({ a: '\ud800' })).toThrow(/^a: /);
  });
});

function expectRoundTrip(value: Json): void {
  const text = writeYaml(value);
  for (const version of ['1.1', '1.2'] as const) {
    expect(parse(text, { version, schema: version === '1.1' ? 'yaml-1.1' : 'core', merge: false }), text).toEqual(
      value,
    );
  }
}

function anyString(): fc.Arbitrary<string> {
  return fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), fc.constantFrom(...treacherous));
}

function anyJson(): fc.Arbitrary<Json> {
  return fc.letrec<{ value: Json }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      anyString(),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(anyString().filter(isKey), tie('value'), { maxKeys: 4, noNullPrototype: true }),
    ),
  })).value;
}

function anyObject(): fc.Arbitrary<Record<string, Json>> {
  return fc.dictionary(anyString().filter(isKey), anyJson(), { minKeys: 2, maxKeys: 6, noNullPrototype: true });
}

function isKey(key: string): boolean {
  return key !== '__proto__';
}
