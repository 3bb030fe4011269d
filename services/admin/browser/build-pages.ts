import { execFile } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const root = join(import.meta.dirname, '..', '..', '..');
const sources = ['services/admin/web', 'services/admin/vite.config.ts', 'services/contracts', 'package-lock.json'];
/** What the build writes last. */
const builtFile = join(root, 'services', 'admin', 'dist', 'index.html.br');

/** The folder that the build writes the pages into. */
export const distFolder = join(root, 'services', 'admin', 'dist');

/** Builds the pages of the dashboard, unless that was done since their sources changed. */
export async function buildPages(env: Readonly<Record<string, string>>): Promise<void> {
  const builtMs = statSync(builtFile, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (sources.every((source) => newestMs(join(root, source)) < builtMs)) return;
  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js');
  const args = [vite, 'build', '--config', 'services/admin/vite.config.ts', '--logLevel', 'warn'];
  await promisify(execFile)(process.execPath, args, { cwd: root, env });
}

function newestMs(path: string): number {
  const { mtimeMs, isDirectory } = infoOf(path);
  if (!isDirectory) return mtimeMs;
  const inside = readdirSync(path, { recursive: true, encoding: 'utf8' });
  return inside.reduce((newest, name) => Math.max(newest, infoOf(join(path, name)).mtimeMs), mtimeMs);
}

function infoOf(path: string): { mtimeMs: number; isDirectory: boolean } {
  const info = statSync(path, { throwIfNoEntry: false });
  return { mtimeMs: info?.mtimeMs ?? 0, isDirectory: info?.isDirectory() === true };
}
