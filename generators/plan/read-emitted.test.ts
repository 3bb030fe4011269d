import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { writeYaml } from '../emit/yaml.ts';
import { readEmitted } from './read-emitted.ts';

describe(readEmitted.name, () => {
  it('reads back what the emitter writes', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), words(), (value, text) => {
        for (const one of [value, { [text]: value, list: [text, value, [value]], text }]) {
          const json = JSON.parse(JSON.stringify(one, (_, item) => (isWritable(item) ? item : 0)));
          expect(readEmitted(writeYaml(json))).toEqual(json);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('says what a full parser says of any text, or nothing', () => {
    const line = fc.constantFrom(
      'a: 1',
      'b:',
      '  c: x',
      '- d',
      '  - e: f',
      '    g: [h]',
      '# i',
      'j: |',
      '    k',
      '',
      "l: 'm'",
      'n: "o"',
      'p: q # r',
      's: &t u',
      'v: *t',
      '--- ',
      'w: 0x1F',
      'x: ~',
      'y: yes',
      '? z',
      'a: b: c',
      '  - - 1',
      '-',
      '  l: >-',
      'm: 1_000',
      '  n: 010',
      '\to: p',
      'q:  r',
      "s: 't' u",
    );
    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 6 }), (lines) => {
        const text = `${lines.join('\n')}\n`;
        const read = readEmitted(text);
        if (read !== undefined) expect(read).toEqual(parse(text, { uniqueKeys: false, logLevel: 'silent' }));
      }),
      { numRuns: 3000 },
    );
  });

  it('leaves to others what the emitter never writes', () => {
    for (const text of [
      'a: b # comment\n',
      'a: [1]\n',
      'a: &x 1\n',
      'a: 0755\n',
      'a: yes\n',
      'a: x\n  y\n',
      'a: b',
      '',
    ]) {
      expect([text, readEmitted(text)]).toEqual([text, undefined]);
    }
  });
});

/** The emitter refuses whole numbers that may be rounded, and writes -0 as 0. */
function isWritable(value: unknown): boolean {
  if (typeof value !== 'number' || Object.is(value, -0)) return typeof value !== 'number';
  return !Number.isInteger(value) || Number.isSafeInteger(value);
}

/** Texts where parsers of YAML differ. */
function words(): fc.Arbitrary<string> {
  return fc.oneof(
    fc.constantFrom(
      'yes',
      '0755',
      '1:30',
      'a: b',
      'a #b',
      ' a',
      'a\nb',
      'a\n\nb\n',
      '- a',
      "it's",
      '"',
      '{}',
      '[]',
      '~',
      '250m',
      'a:b',
      '__proto__',
      '# a',
      'x:',
      '1e3',
      '|',
      '',
    ),
    fc.string(),
  );
}
