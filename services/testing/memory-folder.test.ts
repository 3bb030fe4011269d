import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { makeMemoryFolder } from './memory-folder.ts';

describe(makeMemoryFolder, () => {
  let place: string;
  beforeEach(() => {
    place = mkdtempSync(join(tmpdir(), 'defimon-place-'));
    return () => rmSync(place, { recursive: true, force: true });
  });

  it('makes a folder where there is room, and takes away what a killed process has left there', () => {
    const notAProcess = 2 ** 22 + 1;
    const [left, others, used] = [`defimon-tests-${notAProcess}-a`, 'others', `defimon-tests-${process.ppid}-b`];
    for (const name of [left, others, used]) mkdirSync(join(place, name));

    const folder = makeMemoryFolder(place, { freeBytes: 1, memoryBytes: 1 }) ?? '';

    expect(dirname(folder)).toBe(place);
    expect(existsSync(folder)).toBe(true);
    expect(readdirSync(place).sort()).toEqual([basename(folder), others, used].sort());
  });

  it('leaves a place alone that is not there, or has too little room', () => {
    const room = { freeBytes: 1, memoryBytes: 1 };
    expect(makeMemoryFolder('/no/such/place', room)).toBeUndefined();
    expect(makeMemoryFolder(tmpdir(), { ...room, freeBytes: 2 ** 60 })).toBeUndefined();
    expect(makeMemoryFolder(tmpdir(), { ...room, memoryBytes: 2 ** 60 })).toBeUndefined();
  });
});
