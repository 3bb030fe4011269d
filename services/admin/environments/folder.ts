import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** One file of the project by its path, as text; undefined if there is none. Throws why it cannot be read. */
export type ReadProjectFile = (path: string) => Promise<string | undefined>;

/** Files of the project in a folder of this machine. */
export function createFolderReader(root: string): ReadProjectFile {
  return async (path) => {
    try {
      return await readFile(join(root, path), 'utf8');
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      throw error;
    }
  };
}
