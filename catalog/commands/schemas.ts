import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { renderEditorSchemas } from '../editor-schemas.ts';
import { count } from './report.ts';
import { paint, type Terminal } from './terminal.ts';

/** `schemas`: the editor's JSON Schemas, written where their bytes differ; others in the folder are removed. */
export function writeSchemas(dir: string, { stdout }: Terminal): number {
  const stale = staleSchemas(dir);
  for (const { path, text } of stale) {
    const file = join(dir, path);
    if (text === undefined) rmSync(file);
    else {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
    }
    stdout.write(`${text === undefined ? 'removed' : 'wrote'} ${file}\n`);
  }
  if (stale.length === 0) stdout.write('The editor schemas are up to date.\n');
  return 0;
}

/** `schemas --check`: exit 1 if one is stale. */
export function checkSchemas(dir: string, { stdout, stderr }: Terminal): number {
  const stale = staleSchemas(dir);
  if (stale.length === 0) {
    stdout.write('The editor schemas are up to date.\n');
    return 0;
  }
  for (const { path } of stale) stderr.write(`${paint(stderr, 'red', 'stale')} ${join(dir, path)}\n`);
  stderr.write(`\n${count(stale.length, 'schema is', 'schemas are')} stale: run "npm run catalog -- schemas"\n`);
  return 1;
}

/** The files to write, and with no text those to remove. */
function staleSchemas(dir: string): { path: string; text: string | undefined }[] {
  const wanted = renderEditorSchemas();
  const folder = 'schema/generated';
  const kept = new Set(wanted.map(({ path }) => path));
  let present: string[];
  try {
    present = readdirSync(join(dir, folder));
  } catch {
    present = [];
  }
  const removed = present
    .map((name) => `${folder}/${name}`)
    .filter((path) => path.endsWith('.schema.json') && !kept.has(path))
    .map((path) => ({ path, text: undefined }));
  const changed = wanted.filter(({ path, text }) => {
    try {
      return readFileSync(join(dir, path), 'utf8') !== text;
    } catch {
      return true;
    }
  });
  return [...changed, ...removed];
}
