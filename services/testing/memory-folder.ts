import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const gib = 2 ** 30;

/** Where Linux keeps files in memory. */
const memoryFiles = '/dev/shm';
const prefix = 'defimon-tests-';

/**
 * Makes a folder for temporary files that is kept in memory, gone with this process. Tests write some hundred thousand small files and
 * wait for their stores to have each on disk: here both cost next to nothing.
 *
 * @returns undefined where there is no such place, too little room in it (a container has 64 MiB unless told otherwise), or where
 * nothing in it may be run as a program
 */
export function makeMemoryFolder(place = memoryFiles, room = { freeBytes: 4 * gib, memoryBytes: 6 * gib }) {
  try {
    const { bavail, bsize } = statfsSync(place);
    if (bavail * bsize < room.freeBytes || process.availableMemory() < room.memoryBytes) return undefined;
    removeLeft(place);
    const folder = mkdtempSync(join(place, `${prefix}${process.pid}-`));
    process.once('exit', () => remove(folder));
    // As every folder for temporary files: PostgreSQL runs as another user.
    chmodSync(folder, 0o1777);
    return runsPrograms(folder) ? folder : undefined;
  } catch {
    return undefined;
  }
}

/** What a process that was killed has left behind. */
function removeLeft(place: string): void {
  for (const name of readdirSync(place).filter((each) => each.startsWith(prefix))) {
    const pid = Number(name.slice(prefix.length).split('-')[0]);
    if (!existsSync(`/proc/${pid}`)) remove(join(place, name));
  }
}

/** As far as it lets us: what a program that outlives the tests still writes, or another user's, is for the next who comes. */
function remove(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  } catch {
    // See above.
  }
}

function runsPrograms(folder: string): boolean {
  const program = join(folder, 'probe');
  writeFileSync(program, '#!/bin/sh\n', { mode: 0o755 });
  const { status } = spawnSync(program);
  rmSync(program);
  return status === 0;
}
