import { execFileSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { isInterrupted, recoverTree } from '../emit/tree.ts';
import { copyRepository, createRepository, createSink, type Repository } from '../testing/repository.ts';
import { applyChange } from './environment-change.ts';
import { planPromotion } from './promote.ts';
import { runPromote } from './promote-command.ts';
import { planRollback } from './rollback.ts';

let template: Repository;
let project: Repository;
beforeAll(() => {
  template = createRepository();
});
afterAll(() => template.remove());
beforeEach(() => {
  project = copyRepository(template);
});
afterEach(() => project.remove());

const productionLock = 'environments/production/catalog.lock.json';
const productionImages = 'environments/production/images.lock.yaml';

describe(runPromote.name, () => {
  it('carries the bytes of staging, where the settings are the same', async () => {
    renameBeta();
    const { code } = await run('staging', 'production', '--yes');
    expect(code).toBe(0);
    // Let's Encrypt has a staging of its own.
    const rename = (text: string) => text.replaceAll(/(?<!letsencrypt-|acme-)staging/g, 'production');
    const renamed = Object.entries(project.tree('environments/staging')).map(([path, text]) => [
      rename(path),
      rename(text).replace('follow: head', 'follow: lock'),
    ]);
    expect(project.tree('environments/production')).toEqual(Object.fromEntries(renamed));
    project.commit('Promote');
    expect(project.check()).toMatchObject({ code: 0, err: '' });
  });

  it('shows what it brings to which cluster, and the message that records it', async () => {
    renameBeta();
    release('0.2.0');
    const { out } = await run('staging', 'production', '--yes');
    expect(out).toMatch(/^Promote staging to production\nCatalog {2}production: sha256:\w{12} → sha256:\w{12}\n/);
    expect(out).toContain('~ network/beta\n');
    expect(out).toContain('  registry.example.com/defimon:0.1.0\n');
    expect(out).toContain('  → registry.example.com/defimon:0.2.0\n');
    expect(out).toMatch(/production\/main +\+0 +~\d+/);
    expect(out).not.toMatch(/^(dev|staging)\//m);
    expect(out).toContain(`Promoted-From: staging@${project.git('rev-parse', 'HEAD')}`);
    expect(out).toMatch(
      /Catalog-Digest: sha256:\w{64}\n +Image-Digest: defimon=registry.example.com\/defimon:0\.2\.0\n/,
    );
  });

  it('commits it alone with --commit, and its trailers can be asked for', async () => {
    renameBeta();
    project.write('NOTES.md', 'not part of it\n');
    project.git('add', 'NOTES.md');
    const { code } = await run('staging', 'production', '--yes', '--commit');
    expect(code).toBe(0);
    const trailers = project.git('log', '-1', '--format=%s|%(trailers:key=Promoted-From,valueonly)');
    expect(trailers).toContain(`Promote staging to production|staging@${project.git('rev-parse', 'HEAD^')}`);
    expect(project.git('show', '--name-only', '--format=').split('\n')).not.toContain('NOTES.md');
    expect(project.git('status', '--porcelain')).toBe('A  NOTES.md');
  });

  it('loses nothing when git refuses the commit: the commands and the message are told, and finish it', async () => {
    renameBeta();
    project.write('.git/hooks/pre-commit', '#!/bin/sh\necho not today >&2\nexit 1\n');
    chmodSync(join(project.root, '.git/hooks/pre-commit'), 0o755);
    const { code, err } = await run('staging', 'production', '--yes', '--commit');
    expect(code).toBe(1);
    expect(err).toContain('not today');
    expect(err).toContain('All of it is written, and not committed.');
    expect(err).toMatch(/ {2}Promote staging to production\n\n/);
    expect(err).toContain(`  Promoted-From: staging@${project.git('rev-parse', 'HEAD')}`);
    const command = /^ {2}(git add .*)$/m.exec(err)?.[1] ?? '';

    const again = await run('staging', 'production', '--yes', '--commit');
    expect(again.code).toBe(1);
    expect(again.err).toContain('holds "Promote staging to production", written whole but never committed');
    expect(again.err).toContain(command);

    project.write('.git/hooks/pre-commit', undefined);
    execFileSync('sh', ['-c', command], { cwd: project.root });
    expect(project.git('log', '-1', '--format=%s')).toBe('Promote staging to production');
    expect(project.git('status', '--porcelain')).toBe('');
    expect(project.check()).toMatchObject({ code: 0, err: '' });
  });

  it('calls a tree with other changes than the written ones not clean', async () => {
    renameBeta();
    await run('staging', 'production', '--yes');
    expect((await run('staging', 'production')).err).toContain('written whole but never committed');
    project.write('environments/production/notes.md', 'mine\n');
    expect((await run('staging', 'production')).err).toContain('is not clean');
    project.write('environments/production/notes.md', undefined);
    project.edit(productionImages, '0.1.0', '0.9.0');
    expect((await run('staging', 'production')).err).toContain('is not clean');
  });

  it('writes nothing in a dry run, nor without consent', async () => {
    renameBeta();
    const before = project.tree('environments', 'argocd');
    expect(await run('staging', 'production', '--dry-run')).toMatchObject({ code: 0 });
    expect(await run('staging', 'production')).toMatchObject({ code: 1, err: expect.stringContaining('--yes') });
    expect(await answer(false)).toBe(1);
    expect(project.tree('environments', 'argocd')).toEqual(before);
    expect(await answer(true)).toBe(0);
    expect(project.tree('environments', 'argocd')).not.toEqual(before);
  });

  it('has nothing to do when production holds it already', async () => {
    expect(await run('staging', 'production', '--yes')).toMatchObject({
      code: 0,
      out: expect.stringContaining('Nothing to promote'),
    });
  });

  it('keeps comments of production images, and its own settings', async () => {
    project.edit(productionImages, '# What runs here.', '# What the clients see.');
    project.commit('Comment');
    release('0.2.0');
    await run('staging', 'production', '--yes');
    expect(project.read(productionImages)).toMatch(/^# What the clients see\.\n/);
    expect(project.read('environments/production/environment.yaml')).toContain('name: production');
  });

  it.each([
    [['staging', 'qa'], 'environments: there is no environment "qa"'],
    [['staging', 'staging'], 'environments/staging: is both source and target'],
    [['production', 'staging'], 'environments/staging: follows the catalog: no promotion changes it'],
    [['dev', 'production'], 'environments/dev: production takes only what staging has held — promote staging'],
    [['staging', 'production', '--pool', 'mian'], '--pool: there is no pool "mian" — did you mean "main"?'],
  ])('refuses %j', async (argv, message) => {
    renameBeta();
    expect(await run(...argv, '--yes')).toMatchObject({ code: 1, err: expect.stringContaining(message) });
  });

  it.each([[[]], [['staging']], [['a', 'b', 'c']], [['staging', 'production', '--frobnicate']]])(
    'explains itself to %j',
    async (argv) => {
      expect(await run(...argv)).toMatchObject({ code: 2, err: expect.stringContaining('npm run promote --') });
      expect(await run('--help')).toMatchObject({ code: 0, out: expect.stringContaining('--dry-run') });
    },
  );

  it('refuses a working tree with changes, naming them', async () => {
    renameBeta();
    project.edit('catalog/networks/alpha.yaml', 'name: Alpha', 'name: Other');
    project.write('environments/production/main/api/extra.yaml', 'kind: Secret\n');
    const { code, err } = await run('staging', 'production', '--yes');
    expect(code).toBe(1);
    expect(err).toContain('M catalog/networks/alpha.yaml, ?? environments/production/main/api/extra.yaml');
  });

  it('refuses a stale render of staging', async () => {
    project.edit('catalog/networks/beta.yaml', 'name: Beta', 'name: Beta again');
    project.commit('Rename, without generate');
    const { code, err } = await run('staging', 'production', '--yes');
    expect(code).toBe(1);
    expect(err).toContain('environments/staging: what is rendered is not what the catalog says');
    expect(err).toContain('run "npm run generate"');
  });

  it('refuses a lock that no commit holds', async () => {
    renameBeta();
    project.git('update-index', '--assume-unchanged', 'environments/staging/catalog.lock.json');
    project.edit('environments/staging/catalog.lock.json', 'Beta again', 'Beta still');
    const { code, err } = await run('staging', 'production', '--yes');
    expect(code).toBe(1);
    expect(err).toContain('environments/staging/catalog.lock.json: was never committed as it stands');
  });

  it('refuses what is no checkout', async () => {
    project.git('gc', '--quiet');
    project.write('.git/HEAD', undefined);
    expect(await run('staging', 'production')).toMatchObject({
      code: 1,
      err: expect.stringContaining('is no git checkout'),
    });
  });

  describe('--pool', () => {
    it('brings one pool ahead of the others, which stay as they are', async () => {
      const before = project.tree('environments/production/later');
      renameBeta();
      project.edit('environments/production/environment.yaml', 'phases: [1, 2, 3]', 'phases: [1, 2, 3] # all');
      project.generateAndCommit('Comment');
      const { code, out } = await run('staging', 'production', '--pool', 'main', '--yes', '--commit');
      expect(code).toBe(0);
      expect(out).toContain('Pool main goes ahead of the others');
      expect(project.tree('environments/production/later')).toEqual(before);
      expect(project.read('environments/production/main/api/configmap-api.yaml')).toContain('Beta again');
      expect(project.read(productionLock)).not.toContain('Beta again');
      expect(project.read('environments/production/catalog.main.lock.json')).toBe(
        project.read('environments/staging/catalog.lock.json'),
      );
      expect(project.check()).toMatchObject({ code: 0, err: '' });
      expect((await run('staging', 'production', '--pool', 'main', '--yes')).out).toContain('Nothing to promote');
    });

    it('gives it images of its own', async () => {
      release('0.2.0');
      await run('staging', 'production', '--pool', 'later', '--yes', '--commit');
      const imagesIn = (pool: string) =>
        Object.values(project.tree(`environments/production/${pool}`)).flatMap(
          (text) => text.match(/defimon:\d\.\d\.\d/g) ?? [],
        );
      expect(new Set(imagesIn('later'))).toEqual(new Set(['defimon:0.2.0']));
      expect(new Set(imagesIn('main'))).toEqual(new Set(['defimon:0.1.0']));
    });

    it('is over with the next promotion of the whole', async () => {
      renameBeta();
      release('0.2.0');
      await run('staging', 'production', '--pool', 'main', '--yes', '--commit');
      const { code, out } = await run('staging', 'production', '--yes', '--commit');
      expect(code).toBe(0);
      expect(out).toContain('No pool of production is ahead of the others any more.');
      expect(project.has('environments/production/catalog.main.lock.json')).toBe(false);
      expect(project.read(productionImages)).not.toContain('pools');
      expect(project.check()).toMatchObject({ code: 0, err: '' });
    });
  });
});

describe(applyChange.name, () => {
  it('leaves the old state or the new one, wherever it is stopped: lock, images and tree together', () => {
    renameBeta();
    release('0.2.0');
    const old = project.tree('environments', 'argocd');
    const change = planPromotion(project.root, { source: 'staging', target: 'production' });
    if (change === undefined) throw new Error('nothing to promote');
    const steps: string[] = [];
    applyChange(project.root, change, (name) => steps.push(name));
    const fresh = project.tree('environments', 'argocd');
    expect(steps.filter((name) => name.startsWith('move ')).join()).toMatch(
      /catalog\.lock\.json.*images\.lock\.yaml.*main/,
    );
    for (const [index, name] of steps.entries()) {
      // One file is prepared like another: every tenth will do.
      if (name.startsWith('prepare ') && index % 10 > 0) continue;
      project.git('checkout', '--quiet', '--', '.');
      project.git('clean', '--quiet', '-fd', 'environments', 'argocd');
      let at = 0;
      const stop = () => {
        if (at++ === index) throw new Error('stopped');
      };
      expect(() => applyChange(project.root, change, stop), name).toThrow('stopped');
      const isDecided = isInterrupted(project.root);
      recoverTree(project.root);
      expect(project.tree('environments', 'argocd'), name).toEqual(isDecided || name === 'clean' ? fresh : old);
    }
  });
});

describe('production', () => {
  it('never changes with the catalog until it is promoted, and a rollback gives the identical tree', async () => {
    const edits = fc.record({
      name: fc.stringMatching(/^[A-Z][a-z]{2,12}$/),
      priority: fc.integer({ min: 5, max: 7 }),
      pool: fc.constantFrom(undefined, 'main', 'later'),
      image: fc.boolean(),
    });
    let count = 0;
    await fc.assert(
      fc.asyncProperty(edits, async ({ name, priority, pool, image }) => {
        count += 1;
        const before = project.tree('environments/production', 'argocd');
        project.write(
          'catalog/networks/beta.yaml',
          project
            .read('catalog/networks/beta.yaml')
            .replace(/^name: .*$/m, `name: ${name} ${count}`)
            .replace(/^priority: .*$/m, `priority: ${priority}`),
        );
        if (image)
          project.write(
            'environments/staging/images.lock.yaml',
            `images:\n  defimon: { repository: registry.example.com/defimon, tag: v${count} }\n`,
          );
        project.generateAndCommit(`Edit ${count}`);
        expect(project.tree('environments/production', 'argocd')).toEqual(before);

        const request = { source: 'staging', target: 'production', ...(pool === undefined ? {} : { pool }) };
        const promotion = planPromotion(project.root, request);
        if (promotion === undefined) throw new Error('nothing to promote');
        applyChange(project.root, promotion);
        project.commit('Promote');
        expect(project.check()).toMatchObject({ code: 0, err: '' });
        const rollback = planRollback(project.root, { environment: 'production' });
        if (rollback === undefined) throw new Error('nothing to roll back');
        applyChange(project.root, rollback);
        expect(project.tree('environments/production', 'argocd')).toEqual(before);
        project.commit('Roll back');
        expect(project.check()).toMatchObject({ code: 0, err: '' });
      }),
      { numRuns: 4 },
    );
  });
});

function renameBeta(): void {
  project.edit('catalog/networks/beta.yaml', 'name: Beta', 'name: Beta again');
  project.generateAndCommit('Rename Beta');
}

function release(tag: string): void {
  project.edit('environments/staging/images.lock.yaml', 'tag: 0.1.0', `tag: ${tag}`);
  project.generateAndCommit(`Release ${tag}`);
}

async function run(...argv: string[]) {
  const { texts, out, err } = createSink();
  const code = await runPromote(project.root, argv, { out, err });
  return { code, ...texts };
}

async function answer(yes: boolean): Promise<number> {
  const { out, err } = createSink();
  return runPromote(project.root, ['staging', 'production'], { out, err, confirm: async () => yes });
}
