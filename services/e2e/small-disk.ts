import { execFileSync } from 'node:child_process';
import { closeSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** Mounts a small file system in memory on a folder. The function returned takes it away. */
export function mountSmallDisk(folder: string, mebibytes: number): () => void {
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'defimon-e2e', folder]);
  return () => execFileSync('umount', ['--lazy', folder]);
}

/** Fills a disk to its last page. The function returned gives the room back. */
export function filledDisk(folder: string): () => void {
  const file = join(folder, 'filler');
  const { bavail, bsize } = statfsSync(folder);
  const descriptor = openSync(file, 'w');
  try {
    for (let left = bavail; left > 0; left--) writeSync(descriptor, Buffer.alloc(bsize, 1));
  } catch {
    // Somebody else took the last page.
  } finally {
    closeSync(descriptor);
  }
  return () => rmSync(file, { force: true });
}
