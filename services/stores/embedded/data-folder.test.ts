import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { ConfigurationError } from '../../runtime/errors.ts';
import { openDataFolder, startOf } from './data-folder.ts';

const dir = mkdtempSync(path.join(os.tmpdir(), 'defimon-test-'));
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(dir, 'folder-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe(openDataFolder.name, () => {
  it('takes a folder once, until it is given back', () => {
    const unlock = openDataFolder(folder);
    expect(() => openDataFolder(folder)).toThrow(ConfigurationError);
    unlock();
    openDataFolder(folder)();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('makes the folder and its parents', () => {
    const deep = path.join(folder, 'a/b');
    openDataFolder(deep)();
    expect(existsSync(deep)).toBe(true);
  });

  it.each([
    ['a process that is gone', JSON.stringify({ pid: 4_194_304, startedAt: 'long ago' })],
    ['an earlier process with the pid of this one', JSON.stringify({ pid: process.pid, startedAt: 'long ago' })],
    ['nobody: an empty file', ''],
  ])('takes over the lock of %s', (_, text) => {
    writeFileSync(path.join(folder, 'owner.json'), text);
    openDataFolder(folder)();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('respects a live process', () => {
    const pid = process.ppid;
    writeFileSync(path.join(folder, 'owner.json'), JSON.stringify({ pid, startedAt: startOf(pid) }));
    expect(() => openDataFolder(folder)).toThrow(`in use by another Defimon, process ${pid}`);
    expect(readdirSync(folder)).toEqual(['owner.json']);
  });
});
