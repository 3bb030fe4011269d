import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { canonicalJson } from '../../../catalog/lock.ts';
import { toManifest } from '../../../generators/emit/manifest.ts';
import type { OutputFile } from '../../../generators/emit/output.ts';
import { readEmitted } from '../../../generators/plan/read-emitted.ts';
import type { Folder, KubernetesObject, RenderInput } from './input.ts';

/** A row of the comparison: an object with its keys in order, so that two of them are equal exactly when the objects are. */
export function rowOf(object: unknown): string {
  return canonicalJson(object).trimEnd();
}

/** The files of a render that hold objects: all but locks, schemas and the files that Argo CD makes applications from. */
export function objectFiles(files: readonly OutputFile[]): OutputFile[] {
  return files.filter(({ path }) => /^(?:argocd|environments\/[^/]+\/[^/]+\/[^/]+)\/.*\.yaml$/.test(path));
}

/** How many objects a file of ours holds: mostly one. */
export function countObjects(text: string): number {
  return text.split('\n---\n').length;
}

/** The objects of a file of ours. */
export function objectsOf(text: string): KubernetesObject[] {
  return text
    .split(/(?<=\n)---\n/)
    .flatMap((part) => {
      const value = readEmitted(part);
      return value === undefined ? parseObjects(part) : [value];
    })
    .map(toManifest);
}

/** The objects of any YAML, as whoever applies it reads them. */
export function parseObjects(text: string): unknown[] {
  return parseAllDocuments(text, { version: '1.2', schema: 'core', merge: false })
    .map((document) => document.toJS({ maxAliasCount: -1 }) as unknown)
    .filter((value) => value !== null && value !== undefined);
}

/** All objects of the YAML files below a folder, as rows. */
export function rowsBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.yaml'))
    .flatMap((path) => parseObjects(readFileSync(join(folder, path), 'utf8')).map(rowOf));
}

/** What the bench wrote for its subjects. */
export function readFolders({ objectsFile }: RenderInput): Folder[] {
  return JSON.parse(readFileSync(objectsFile, 'utf8'));
}

export function countOf(folders: readonly Folder[]): number {
  return folders.reduce((sum, { objects }) => sum + objects.length, 0);
}
