import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { OutputFile } from './output.ts';
import { compareTree, isInterrupted, type Owned, recoverTree, replaceTree } from './tree.ts';

const owned: Owned = {
  folders: ['environments/staging/analytics', 'environments/staging/gone', 'argocd'],
  files: ['environments/staging/catalog.lock.json'],
};
const oldFiles = outputs({
  'environments/staging/analytics/app/a.yaml': 'a: 1\n',
  'environments/staging/analytics/app/b.yaml': 'b: 1\n',
  'environments/staging/analytics/left/c.yaml': 'c: 1\n',
  'environments/staging/gone/app/d.yaml': 'd: 1\n',
  'environments/staging/catalog.lock.json': '{"lock":1}\n',
  'argocd/bootstrap.yaml': 'e: 1\n',
});
const newFiles = outputs({
  'environments/staging/analytics/app/a.yaml': 'a: 2\n',
  'environments/staging/analytics/app/b.yaml': 'b: 1\n',
  'environments/staging/analytics/come/f.yaml': 'f: 1\n',
  'environments/staging/catalog.lock.json': '{"lock":2}\n',
  'argocd/bootstrap.yaml': 'e: 2\n',
});

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'defimon-tree-'));
  write('environments/staging/environment.yaml', 'name: staging\n');
  replaceTree(root, oldFiles, owned);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

describe(replaceTree.name, () => {
  it('adds, changes and removes, and keeps what the generator does not own', () => {
    const changes = replaceTree(root, newFiles, owned);
    expect(treeOf(root)).toEqual(expectedTree(newFiles));
    expect(changes.map(({ kind, path }) => `${kind} ${path}`)).toEqual([
      'changed argocd/bootstrap.yaml',
      'changed environments/staging/analytics/app/a.yaml',
      'added environments/staging/analytics/come/f.yaml',
      'removed environments/staging/analytics/left/c.yaml',
      'changed environments/staging/catalog.lock.json',
      'removed environments/staging/gone/app/d.yaml',
    ]);
  });

  it('writes nothing when the bytes are equal', () => {
    const before = stampsOf(root);
    expect(replaceTree(root, oldFiles, owned)).toEqual([]);
    expect(stampsOf(root)).toEqual(before);
  });

  it('leaves unchanged files of a changed folder as they are on the disk', () => {
    const file = join(root, 'environments/staging/analytics/app/b.yaml');
    const before = statSync(file);
    replaceTree(root, newFiles, owned);
    expect(statSync(file).ino).toBe(before.ino);
    expect(statSync(file).mtimeMs).toBe(before.mtimeMs);
  });

  it('puts an edited file right and removes an unknown one', () => {
    write('environments/staging/analytics/app/a.yaml', 'a: by hand\n');
    write('environments/staging/analytics/app/unknown.yaml', 'kind: Secret\n');
    replaceTree(root, oldFiles, owned);
    expect(treeOf(root)).toEqual(expectedTree(oldFiles));
  });

  it('refuses a file outside the folders it owns, and leaves nothing behind', () => {
    const stray = outputs({ 'environments/staging/environment.yaml': 'name: mine\n' });
    expect(() => replaceTree(root, stray, owned)).toThrow('no folder that the generator owns');
    expect(treeOf(root)).toEqual(expectedTree(oldFiles));
  });

  it('refuses to run beside another generator', () => {
    write('.generate/pid', String(process.ppid));
    expect(() => replaceTree(root, newFiles, owned)).toThrow(`runs as process ${process.ppid}`);
    rmSync(join(root, '.generate'), { recursive: true });
  });

  it('stopped at any step, leaves whole folders, and the next run makes the tree new', () => {
    for (const [index, name] of stepsOf().entries()) {
      resetTo(oldFiles);
      expect(() => replaceTree(root, newFiles, owned, stopAt(index)), name).toThrow('stopped');
      expectWholeFolders();
      if (!isInterrupted(root))
        expect([expectedTree(oldFiles), expectedTree(newFiles)], name).toContainEqual(treeOf(root));
      replaceTree(root, newFiles, owned);
      expect(treeOf(root), name).toEqual(expectedTree(newFiles));
    }
  });
});

describe(recoverTree.name, () => {
  it('leaves the old tree or the new one, wherever the run was stopped', () => {
    for (const [index, name] of stepsOf().entries()) {
      resetTo(oldFiles);
      expect(() => replaceTree(root, newFiles, owned, stopAt(index))).toThrow('stopped');
      const afterJournal = isInterrupted(root);
      recoverTree(root);
      expect(treeOf(root), name).toEqual(expectedTree(afterJournal || name === 'clean' ? newFiles : oldFiles));
    }
  });

  it('may itself be stopped at any step', () => {
    const steps = stepsOf();
    const firstMove = steps.findIndex((name) => name.startsWith('move'));
    for (let index = firstMove; index < steps.length; index += 1) {
      for (let again = 0; again < steps.length - firstMove; again += 1) {
        resetTo(oldFiles);
        expect(() => replaceTree(root, newFiles, owned, stopAt(firstMove))).toThrow('stopped');
        try {
          recoverTree(root, stopAt(again));
        } catch {}
        recoverTree(root);
        expect(treeOf(root)).toEqual(expectedTree(newFiles));
      }
    }
  });

  it('repairs the tree of a process that was killed among its moves', () => {
    const script = `
      import { replaceTree } from ${JSON.stringify(join(import.meta.dirname, 'tree.ts'))};
      const [root, files, owned] = JSON.parse(process.argv[1]);
      replaceTree(root, files, owned, (name) => {
        if (name === 'move environments/staging/analytics in') process.kill(process.pid, 'SIGKILL');
      });`;
    const run = () =>
      execFileSync(process.execPath, ['--input-type=module', '-e', script, JSON.stringify([root, newFiles, owned])], {
        stdio: 'pipe',
      });
    expect(run).toThrow();
    expect(existsSync(join(root, 'environments/staging/analytics'))).toBe(false);
    expect(isInterrupted(root)).toBe(true);
    recoverTree(root);
    expect(treeOf(root)).toEqual(expectedTree(newFiles));
  });
});

describe(compareTree.name, () => {
  it('reports each file that differs, with both texts, and writes nothing', () => {
    const before = stampsOf(root);
    const changes = compareTree(root, newFiles, owned);
    expect(changes).toContainEqual({
      path: 'environments/staging/analytics/app/a.yaml',
      kind: 'changed',
      before: 'a: 1\n',
      after: 'a: 2\n',
    });
    expect(changes).toHaveLength(6);
    expect(stampsOf(root)).toEqual(before);
  });
});

/** No file is half written and no folder half filled: each is the old one, the new one, or for a moment absent. */
function expectWholeFolders(): void {
  for (const place of [...owned.folders, ...owned.files]) {
    const found = partOf(treeOf(root), place);
    const [older, newer] = [partOf(expectedTree(oldFiles), place), partOf(expectedTree(newFiles), place)];
    expect([{}, older, newer]).toContainEqual(found);
  }
}

function partOf(tree: Record<string, string>, place: string): Record<string, string> {
  return Object.fromEntries(Object.entries(tree).filter(([path]) => path === place || path.startsWith(`${place}/`)));
}

/** The names of all steps of the change from old to new. */
function stepsOf(): string[] {
  const steps: string[] = [];
  resetTo(oldFiles);
  replaceTree(root, newFiles, owned, (name) => steps.push(name));
  expect(steps.length).toBeGreaterThan(10);
  return steps;
}

function stopAt(index: number): (name: string) => void {
  let count = 0;
  return () => {
    if (count++ === index) throw new Error('stopped');
  };
}

function resetTo(files: readonly OutputFile[]): void {
  replaceTree(root, files, owned);
  expect(treeOf(root)).toEqual(expectedTree(files));
}

function outputs(texts: Record<string, string>): OutputFile[] {
  return Object.entries(texts).map(([path, text]) => ({ path, text, sources: [] }));
}

function expectedTree(files: readonly OutputFile[]): Record<string, string> {
  const texts = files.map(({ path, text }) => [path, text]);
  return Object.fromEntries([...texts, ['environments/staging/environment.yaml', 'name: staging\n']]);
}

function treeOf(folder: string): Record<string, string> {
  return Object.fromEntries(filesOf(folder).map((path) => [path, readFileSync(join(folder, path), 'utf8')]));
}

function stampsOf(folder: string): Record<string, string> {
  return Object.fromEntries(
    filesOf(folder).map((path) => {
      const { ino, mtimeMs } = statSync(join(folder, path));
      return [path, `${ino} ${mtimeMs}`];
    }),
  );
}

function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .filter((path) => !path.startsWith('.generate/'));
}

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}
