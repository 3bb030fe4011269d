import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigurationError } from './errors.ts';
import { makeFolder } from './make-folder.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'make-folder-'));
});
afterEach(() => rmSync(root, { recursive: true }));

describe(makeFolder.name, () => {
  it('makes the missing parents, private to this user, and is content with what is there', () => {
    const folder = join(root, 'a b', 'ü', 'c');

    makeFolder(folder);
    makeFolder(folder);

    expect(statSync(folder).mode & 0o777).toBe(0o700);
  });

  it('says why where a file stands in the way', () => {
    writeFileSync(join(root, 'file'), '');

    expect(() => makeFolder(join(root, 'file', 'below'))).toThrow(ConfigurationError);
    expect(() => makeFolder(join(root, 'file'))).toThrow(/is no folder.*--data-dir/);
  });

  it.skipIf(process.platform !== 'linux')('returns with an error below /proc, which takes no entries', () => {
    expect(() => makeFolder('/proc/defimon')).toThrow(/\/proc\/defimon cannot be used/);
  });
});
