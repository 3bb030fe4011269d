import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The project's files as they are on the disk, or as they would be with some of them changed. Paths from its root. */
export interface ProjectFiles {
  /** Undefined if there is none. */
  find(path: string): string | Buffer | undefined;
  /** As find, as text. */
  findText(path: string): string | undefined;
  /** Every file below the folder, sorted. */
  listFiles(folder: string): string[];
  /** Names of the files directly in the folder, sorted. */
  listNames(folder: string): string[];
  /** Names of the folders in the folder, sorted. */
  listFolders(folder: string): string[];
}

/** `changes` stand before what is on the disk; undefined is a file that is gone. */
export function openProject(root: string, changes: ReadonlyMap<string, string | undefined> = new Map()): ProjectFiles {
  const find = (path: string) => {
    if (changes.has(path)) return changes.get(path);
    return existsSync(join(root, path)) ? readFileSync(join(root, path)) : undefined;
  };
  /** Paths below the folder that the changes add, without the folder. */
  const added = (folder: string) =>
    [...changes]
      .filter(([path, text]) => text !== undefined && path.startsWith(`${folder}/`))
      .map(([path]) => path.slice(folder.length + 1));
  const isThere = (path: string) => !changes.has(path);
  return {
    find,
    findText: (path) => find(path)?.toString(),
    listFiles: (folder) => {
      const present = filesUnder(root, folder).filter(isThere);
      return [...present, ...added(folder).map((path) => `${folder}/${path}`)].sort();
    },
    listNames: (folder) => {
      const present = namesIn(root, folder, 'file').filter((name) => isThere(`${folder}/${name}`));
      return [...present, ...added(folder).filter((path) => !path.includes('/'))].sort();
    },
    listFolders: (folder) => {
      const coming = added(folder).flatMap((path) => (path.includes('/') ? [path.slice(0, path.indexOf('/'))] : []));
      return [...new Set([...namesIn(root, folder, 'folder'), ...coming])].sort();
    },
  };
}

function filesUnder(root: string, folder: string): string[] {
  const inside = namesIn(root, folder, 'folder').flatMap((name) => filesUnder(root, `${folder}/${name}`));
  return [...namesIn(root, folder, 'file').map((name) => `${folder}/${name}`), ...inside];
}

function namesIn(root: string, folder: string, kind: 'file' | 'folder'): string[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() === (kind === 'folder'))
    .map(({ name }) => name);
}
