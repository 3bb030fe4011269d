import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { CatalogError, formatProblem, getEntry, loadCatalog, parseCatalog, readCatalog } from './load.ts';
import { smallCatalog, smallCatalogWith } from './testing/small-catalog.ts';
import type { FileContent } from './yaml.ts';

const alpha = 'networks/alpha.yaml';

describe(parseCatalog.name, () => {
  it('sorts each kind by id and freezes all of it', () => {
    const { catalog } = parseCatalog(small());
    expect(catalog?.networks.map(({ id }) => id)).toEqual(['alpha', 'beta', 'delta', 'gamma']);
    expect(catalog?.pairs.map(({ symbol }) => symbol)).toEqual(['AAVEUSDT', 'MKRUSDT', 'UNIUSDT']);
    expect(Object.isFrozen(catalog?.networks[0]?.rpc[0])).toBe(true);
  });

  it('gives a pair what its file says for all, unless it says otherwise', () => {
    const { catalog } = parseCatalog(small());
    expect(catalog?.pairs.map(({ symbol, quote, category, status }) => [symbol, quote, category, status])).toEqual([
      ['AAVEUSDT', 'USDT', 'defi', 'active'],
      ['MKRUSDT', 'USDT', 'defi', 'retired'],
      ['UNIUSDT', 'USDT', 'defi', 'active'],
    ]);
  });

  it('tells where each entry is written', () => {
    const { sources } = parseCatalog(small());
    expect(sources.get('network/beta')).toEqual({ file: 'catalog/networks/beta.yaml', line: 1, col: 1 });
    expect(sources.get('pair/AAVEUSDT')).toEqual({ file: 'catalog/pairs/defi.yaml', line: 12, col: 5 });
    expect(sources.get('machine/hetzner/volume')?.line).toBe(19);
  });

  it('reports all problems of all files at once, in order', () => {
    const files = smallCatalogWith(alpha, ['kind: evm', 'kind: evn'], ['owner: platform', 'ownr: platform']);
    files.set('plans.yaml', 'plans: [');
    expect(parseCatalog(files).problems.map(({ file, line, col, code }) => `${file}:${line}:${col} ${code}`)).toEqual([
      'catalog/networks/alpha.yaml:1:1 CAT010',
      'catalog/networks/alpha.yaml:3:7 CAT013',
      'catalog/networks/alpha.yaml:8:1 CAT011',
      'catalog/plans.yaml:1:9 CAT001',
    ]);
  });

  const wrongValues: [what: string, from: string, to: string, problem: string][] = [
    ['a missing property', 'name: Alpha\n', '', '1:1 CAT010 "name" is missing — add "name:"'],
    ['an unknown property', 'chainId:', 'chianId:', '4:1 CAT011 unknown property "chianId" — did you mean "chainId"?'],
    [
      'text for a number',
      'chainId: 1001',
      "chainId: '1001'",
      '4:10 CAT012 "chainId" must be a whole number, not "1001" — remove the quotes',
    ],
    ['a number for text', 'stack: geth', 'stack: 7', '9:8 CAT012 "stack" must be text, not 7 — quote it: "7"'],
    [
      'a fraction',
      'chainId: 1001',
      'chainId: 1.5',
      '4:10 CAT012 "chainId" must be a whole number, not 1.5 — write a whole number',
    ],
    [
      'nothing',
      'stack: geth',
      'stack:',
      '9:1 CAT012 "stack" must be text, not nothing — give it a value, or remove it',
    ],
    ['a value not allowed', 'kind: evm', 'kind: evmm', '3:7 CAT013 "kind" cannot be "evmm" — did you mean "evm"?'],
    ['a value out of range', 'priority: 8', 'priority: 11', '7:11 CAT013 "priority" is 11 — it must be at most 10'],
    ['a malformed id', 'id: alpha', 'id: Al-pha', '1:5 CAT013 "id" cannot be "Al-pha" — write it like arbitrum_one'],
    [
      'no list',
      'rpc:\n  - url: https://alpha.example.com',
      'rpc: https://alpha.example.com',
      '13:6 CAT012 "rpc" must be a list, not "https://alpha.example.com" — put "- " before each item',
    ],
    ['an unknown property deep inside', '- url:', '- ulr:', '14:5 CAT010 "url" is missing — add "url:"'],
    [
      'more than a number can hold',
      'chainId: 1001',
      'chainId: 90071992547409931',
      '4:10 CAT013 "chainId" is 90071992547409940 — it must be at most 9007199254740991',
    ],
    [
      'infinity',
      'priority: 8',
      'priority: .inf',
      '7:11 CAT012 "priority" must be a whole number, not Infinity — write a whole number',
    ],
  ];
  it.each(wrongValues)('points at %s', (_what, from, to, problem) => {
    const { problems } = parseCatalog(smallCatalogWith(alpha, [from, to]), '');
    expect(problems.map((one) => formatProblem(one).replace(`${alpha}:`, ''))).toContain(problem);
  });

  const brokenFiles: [what: string, content: FileContent, problem: string][] = [
    ['no content', '', '1:1 CAT003 the file is empty'],
    ['comments alone', '# nothing\n', '1:1 CAT003 the file is empty'],
    ['a null', '~', '1:1 CAT003 the file is empty'],
    ['a scalar', 'hello', '1:1 CAT012 the file must be a mapping, not "hello"'],
    ['a list', '- id: alpha', '1:1 CAT012 the file must be a mapping, not a list'],
    ['two documents', 'id: a\n---\nid: b\n', '2:1 CAT002 a second YAML document starts here'],
    ['a key that stands twice', 'id: a\nname: b\nid: c\n', '3:1 CAT001 this key stands twice in one mapping'],
    ['an anchor', 'id: &a x\n', '1:8 CAT002 &a is a YAML anchor'],
    ['an alias', 'id: &a x\nname: *a\n', '2:7 CAT002 *a is a YAML alias'],
    ['an alias to nothing', 'id: *a\n', '1:5 CAT002 *a is a YAML alias'],
    ['a merge key', '<<: { id: a }\n', '1:1 CAT002 "<<" is a YAML merge key'],
    ['a key that is a number', '1: a\n', '1:1 CAT002 this key is not text'],
    ['a key that is a list', '? [a]\n: b\n', '1:3 CAT002 this key is not text'],
    ['a tag', 'id: !secret x\n', '1:5 CAT001 a YAML tag stands here'],
    ['a core tag', 'id: !!set { a }\n', '1:5 CAT001 a YAML tag stands here'],
    ['an open quote', 'id: "a\n', '2:1 CAT001'],
    ['an open bracket', 'rpc: [a, b\n', '2:1 CAT001'],
    ['a tab', 'rpc:\n\t- a\n', '2:1 CAT001 a tab indents this line'],
    ['a NUL byte', 'id: a\nname: b\0c\n', '2:8 CAT004 a control character (U+0000) stands here'],
    ['a lone surrogate', 'id: \ud800\n', '1:5 CAT004'],
    ['UTF-16', new Uint8Array([0xff, 0xfe, 0x69, 0x00]), '1:1 CAT004 the file is not UTF-8'],
    ['Latin-1', new Uint8Array([0x69, 0x64, 0x3a, 0x0a, 0x61, 0xe9, 0x0a]), '2:2 CAT004 the file is not UTF-8'],
    ['too much', 'x'.repeat(300 * 1024), '1:1 CAT004 the file is larger than 256 KiB'],
    ['a long line', `# ${'x'.repeat(2100)}`, '1:2001 CAT004 this line is longer than 2000 characters'],
    ['nesting without end', '['.repeat(1900), '1:'],
    ['lists without end', '[\n'.repeat(60_000), '1:'],
    ['maps without end', '{a:\n'.repeat(50_000), '1:'],
    [
      'what cannot be read',
      { unreadable: 'permission denied' },
      '1:1 CAT004 the file cannot be read: permission denied',
    ],
  ];
  it.each(brokenFiles)('refuses %s', (_what, content, problem) => {
    const files = new Map<string, FileContent>([...small(), [alpha, content]]);
    const { catalog, problems } = parseCatalog(files, '');
    expect(catalog).toBeUndefined();
    const ours = problems.filter(({ file }) => file === alpha);
    expect(ours.length).toBeGreaterThan(0);
    expect(ours.length).toBeLessThan(20);
    const texts = ours.map((one) => formatProblem(one).replace(`${alpha}:`, ''));
    expect(
      texts.find((text) => text.startsWith(problem) || /^\d+:\d+ CAT001 the YAML is nested too deeply/.test(text)),
      texts.join('\n'),
    ).toBeDefined();
    // The file is there, so references to it are no second error.
    expect(problems.filter(({ file }) => file !== alpha)).toEqual([]);
  });

  it('takes keys that look like object internals for unknown properties', () => {
    const { problems } = parseCatalog(
      smallCatalogWith(alpha, ['id: alpha', 'id: alpha\n__proto__: { a: 1 }\nconstructor: b']),
    );
    expect(problems.map(({ line, code }) => [line, code])).toEqual([
      [2, 'CAT011'],
      [3, 'CAT011'],
    ]);
  });

  it.each(['networks/alpha.yml', 'networks/deep/alpha.yaml', 'netwroks/alpha.yaml', 'extra.yaml'])(
    'refuses %s, where no entry is kept',
    (path) => {
      const { problems } = parseCatalog(new Map([...small(), [path, 'id: a']]));
      expect(problems.map(({ file, code }) => [file, code])).toEqual([[`catalog/${path}`, 'CAT005']]);
    },
  );

  it('misses a file that must be there', () => {
    const files = small();
    files.delete('plans.yaml');
    expect(parseCatalog(files).problems.map(formatProblem)).toEqual([
      'catalog/plans.yaml:1:1 CAT005 the file is missing — restore it',
    ]);
  });

  it('reads a byte order mark and CRLF as if they were not there', () => {
    const plain = parseCatalog(small());
    const files = [...small()].map(([path, text]): [string, string] => [
      path,
      `\uFEFF${text.replaceAll('\n', '\r\n')}`,
    ]);
    expect(parseCatalog(new Map(files))).toEqual({ ...plain, sources: expect.any(Map) });
  });
});

describe(readCatalog.name, () => {
  it('reads a folder, and reports what in it cannot be read', () => {
    const dir = writeCatalog();
    expect(readCatalog(dir).problems).toEqual([]);
    mkdirSync(join(dir, 'networks/folder.yaml'));
    symlinkSync('nowhere.yaml', join(dir, 'networks/broken.yaml'));
    symlinkSync('loop.yaml', join(dir, 'networks/loop.yaml'));
    writeFileSync(join(dir, 'networks/.hidden.yaml'), 'left by an editor');
    writeFileSync(join(dir, 'networks/notes.txt'), 'no YAML');
    expect(readCatalog(dir).problems.map(({ message }) => message)).toEqual([
      'the file cannot be read: it is not there',
      'the file cannot be read: it is a directory',
      'the file cannot be read: it is a link to itself',
    ]);
  });

  it('reports a folder that is not there', () => {
    const { catalog, problems } = readCatalog(join(tmpdir(), 'no-such-catalog'));
    expect(catalog).toBeUndefined();
    expect(problems.map(({ message }) => message)).toContain('the catalog folder cannot be read: it is not there');
  });
});

describe(loadCatalog.name, () => {
  it('throws every problem in one message', () => {
    const dir = writeCatalog();
    writeFileSync(join(dir, alpha), 'id: [');
    writeFileSync(join(dir, 'plans.yaml'), '');
    const error = getError(() => loadCatalog(dir));
    expect(error).toBeInstanceOf(CatalogError);
    expect(error.message.split('\n')).toHaveLength(3);
    expect(error.message).toMatch(/^The catalog has 2 errors:\n.*alpha\.yaml:1:6 CAT001 .*\n.*plans\.yaml:1:1 CAT003 /);
  });
});

describe(getEntry.name, () => {
  it('finds an entry by its id, or throws', () => {
    const { catalog } = parseCatalog(small());
    if (catalog === undefined) throw new Error('the small catalog holds');
    expect(getEntry(catalog, 'services', 'api').name).toBe('API');
    expect(getEntry(catalog, 'pairs', 'UNIUSDT').base).toBe('UNI');
    expect(() => getEntry(catalog, 'services', 'apo')).toThrow(new RangeError('the catalog has no service "apo"'));
  });
});

function small(): Map<string, string> {
  return new Map(Object.entries(smallCatalog));
}

function writeCatalog(): string {
  const dir = mkdtempSync(join(tmpdir(), 'catalog-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  for (const [path, text] of small()) {
    mkdirSync(join(dir, path, '..'), { recursive: true });
    writeFileSync(join(dir, path), text);
  }
  return dir;
}

function getError(run: () => unknown): Error {
  try {
    run();
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error('nothing was thrown');
}
