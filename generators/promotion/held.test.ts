import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { runGenerate } from '../command.ts';
import { copyRepository, createRepository, createSink, type Repository } from '../testing/repository.ts';
import { checkHeld } from './held.ts';
import { runPromote } from './promote-command.ts';

const lock = 'environments/production/catalog.lock.json';

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

describe(checkHeld.name, () => {
  it('refuses a lock that staging never held', () => {
    forge();
    const { code, err } = project.check();
    expect(code).toBe(1);
    expect(err).toContain(`${lock}:1:1 GEN007 staging never held this lock — restore it ("git checkout HEAD --`);
    expect(err).toContain('npm run promote -- staging production');
  });

  it('is heeded by generate as a warning', () => {
    forge();
    const { texts, out, err } = createSink();
    expect(runGenerate(project.root, [], out, err)).toBe(0);
    expect(texts.err).toContain(`${lock}:1:1 GEN007 (warning) staging never held this lock`);
  });

  it('refuses one that staging gets in the same merge request, when told where that begins', () => {
    project.git('branch', 'target');
    project.edit('catalog/networks/beta.yaml', 'name: Beta', 'name: Beta again');
    project.generateAndCommit('Rename');
    project.write(lock, project.read('environments/staging/catalog.lock.json'));
    project.generateAndCommit('Promote in the same request');
    expect(project.check().code).toBe(0);
    expect(project.check('--held-in', 'target').err).toContain('staging never held this lock');
    expect(project.check('--held-in', 'nowhere').err).toContain(
      'GEN007 (warning) cannot tell whether staging ever held it',
    );
  });

  it('refuses a lock together with images that staging held at another time', () => {
    project.edit('environments/staging/images.lock.yaml', '0.1.0', '0.2.0');
    project.edit('catalog/networks/beta.yaml', 'name: Beta', 'name: Beta again');
    project.generateAndCommit('Both');
    project.edit('environments/production/images.lock.yaml', '0.1.0', '0.2.0');
    project.generateAndCommit('The images alone');
    expect(project.check().err).toContain('staging never held this lock together with these images');
  });

  it('accepts what staging held long ago, in a branch that was merged', async () => {
    project.git('switch', '--quiet', '--create', 'topic');
    project.edit('catalog/networks/beta.yaml', 'name: Beta', 'name: Beta again');
    project.generateAndCommit('Rename');
    const held = project.read('environments/staging/catalog.lock.json');
    project.edit('catalog/networks/beta.yaml', 'Beta again', 'Beta thrice');
    project.generateAndCommit('Rename');
    project.git('switch', '--quiet', 'main');
    project.git('merge', '--quiet', '--no-ff', '--message', 'Merge', 'topic');
    project.write(lock, held);
    project.generateAndCommit('Take the first of both');
    expect(project.check()).toMatchObject({ code: 0, err: '' });
  });

  it('accepts as the first lock only what staging holds now', () => {
    restart();
    expect(project.check()).toMatchObject({ code: 0, err: '' });
    project.edit('catalog/networks/alpha.yaml', 'name: Alpha', 'name: Other');
    project.generate();
    expect(project.check().err).toContain('the first lock is not what staging holds');
  });

  it('says so where it cannot tell', () => {
    forge();
    const copy = mkdtempSync(join(tmpdir(), 'defimon-export-'));
    cpSync(project.root, copy, { recursive: true, filter: (path) => !path.endsWith('.git') });
    const { texts, out, err } = createSink();
    expect(runGenerate(copy, ['--check'], out, err)).toBe(0);
    expect(texts.err).toContain('GEN007 (warning) cannot tell whether staging ever held it: this is no git checkout');
    rmSync(copy, { recursive: true, force: true });
  });

  it('warns in a shallow clone, and is content once the history is there', async () => {
    project.edit('catalog/networks/beta.yaml', 'name: Beta', 'name: Beta again');
    project.generateAndCommit('Rename');
    const { out, err } = createSink();
    await runPromote(project.root, ['staging', 'production', '--yes', '--commit'], { out, err });
    project.edit('catalog/networks/beta.yaml', 'Beta again', 'Beta thrice');
    project.generateAndCommit('Rename');
    const clone = mkdtempSync(join(tmpdir(), 'defimon-clone-'));
    project.git('clone', '--quiet', '--depth=1', `file://${project.root}`, clone);
    const { texts, ...sinks } = createSink();
    expect(runGenerate(clone, ['--check'], sinks.out, sinks.err)).toBe(0);
    expect(texts.err).toMatch(
      /GEN007 \(warning\) .*the history here is not whole — fetch the whole history: .*GIT_DEPTH: 0/,
    );
    project.git('-C', clone, 'fetch', '--quiet', '--unshallow');
    const whole = createSink();
    expect(runGenerate(clone, ['--check'], whole.out, whole.err)).toBe(0);
    expect(whole.texts.err).toBe('');
    rmSync(clone, { recursive: true, force: true });
  });
});

/** A lock that is sound in itself, made from a catalog that was never committed. */
function forge(): void {
  project.edit('catalog/networks/alpha.yaml', 'name: Alpha', 'name: Forged');
  project.generate();
  project.write(lock, project.read('environments/staging/catalog.lock.json'));
  project.generate();
  project.git('checkout', '--quiet', '--', 'catalog', 'environments/staging', 'environments/dev');
}

/** The same files in a history that begins before them. */
function restart(): void {
  project.git('switch', '--quiet', '--orphan', 'again');
  project.git('commit', '--quiet', '--allow-empty', '--message', 'Empty');
  project.git('checkout', 'main', '--', '.');
  project.git('reset', '--quiet');
}
