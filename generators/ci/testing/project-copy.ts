import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The project that the tests run in. */
export const projectRoot = join(import.meta.dirname, '../../..');

/** Every file of the project as it stands, committed or about to be. */
export function projectFilesOf(): string[] {
  const args = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const listed = execFileSync('git', args, { cwd: projectRoot, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  // A file that was deleted and not yet committed is still listed.
  return listed.split('\0').filter((path) => path !== '' && existsSync(join(projectRoot, path)));
}

/** Copies the project's files, without its history and its packages. */
export function copyProject(to: string): void {
  for (const path of projectFilesOf()) {
    mkdirSync(dirname(join(to, path)), { recursive: true });
    copyFileSync(join(projectRoot, path), join(to, path));
  }
}
