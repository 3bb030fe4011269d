import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CiError } from './ci-error.ts';

export interface FreshOptions {
  readonly root: string;
  /** Where the patch goes when the render is stale. */
  readonly patch: string;
  /** More for generate --check. */
  readonly checkArgs: readonly string[];
  /** How a reader gets at it. */
  readonly whereIsIt: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: (line: string) => void;
}

const generated = ['environments', 'argocd', 'catalog/schema/generated', 'catalog/METRICS.md'];

/**
 * Fails when the rendered files are not what the catalog says, and then leaves what is missing as a patch, so that whoever
 * edited the catalog in a browser can take it from there.
 *
 * @returns The exit code: 0 fresh, 1 stale or not to be rendered.
 */
export function checkFresh({ root, patch, checkArgs, whereIsIt, env, log }: FreshOptions): number {
  const generate = (args: readonly string[], stdio: 'inherit' | 'ignore'): number | null =>
    spawnSync('npm', ['run', '--silent', 'generate', '--', ...args], { cwd: root, env: { ...env }, stdio }).status;
  if (generate(['--check', ...checkArgs], 'inherit') === 0) return 0;
  // With a catalog that is in error there is nothing to render; --check has just said so.
  if (generate([], 'ignore') !== 0) return 1;
  const text = diffFromHead(root, env);
  if (text.length === 0) return 1;
  writeFileSync(join(root, patch), text);
  log(`What is missing is in ${patch} (${whereIsIt}): "git apply ${patch}", and commit.`);
  return 1;
}

/** Through an index of its own: the reader's stays as it is. */
function diffFromHead(root: string, env: FreshOptions['env']): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'defimon-index-'));
  const git = (...args: string[]): Buffer => {
    const { status, stdout, stderr } = spawnSync('git', args, {
      cwd: root,
      env: { ...env, GIT_INDEX_FILE: join(folder, 'index') },
      maxBuffer: 1024 * 1024 * 1024,
    });
    if (status !== 0)
      throw new CiError(`git ${args[0]}: ${stderr.toString('utf8').trim()}: the patch could not be made`);
    return stdout;
  };
  try {
    git('read-tree', 'HEAD');
    git('add', '--all', '--', ...generated);
    return git('diff', '--cached', '--binary', '--no-color', '--no-ext-diff', 'HEAD', '--', ...generated);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
