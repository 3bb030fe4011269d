import { mkdirSync, mkdtempSync, rmdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ConfigurationError } from './errors.ts';

/**
 * Makes a folder with its missing parents, private to this user, and sees that it can be written; an existing one is left as it is.
 * Step by step: Node's recursive mkdir does not return where a parent is there but takes no entries, as below /proc.
 * Throws ConfigurationError, with the folder and the reason.
 */
export function makeFolder(folder: string): void {
  try {
    make(folder);
    // Asks for what is needed later, so that a read-only place is told here and not by a store.
    rmdirSync(mkdtempSync(join(folder, '.probe-')));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigurationError(
      `the data folder ${folder} cannot be used (${reason}): choose another with --data-dir`,
      { cause: error },
    );
  }
}

function make(folder: string): void {
  const found = statSync(folder, { throwIfNoEntry: false });
  if (found?.isDirectory()) return;
  if (found !== undefined) throw new Error(`${folder} is no folder`);
  make(dirname(folder));
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    // Another process may have been faster.
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
}
