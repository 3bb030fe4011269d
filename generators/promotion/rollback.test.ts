import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { isInterrupted, recoverTree } from '../emit/tree.ts';
import { copyRepository, createRepository, createSink, type Repository } from '../testing/repository.ts';
import { applyChange } from './environment-change.ts';
import { runPromote } from './promote-command.ts';
import { planRollback } from './rollback.ts';
import { runRollback } from './rollback-command.ts';

const production = ['environments/production', 'argocd'] as const;
const keptFile = 'environments/production/rendered.lock.json';

let template: Repository;
let project: Repository;
/** The state before the one promotion of the template. */
let first: { rev: string; tree: Record<string, string> };
beforeAll(async () => {
  template = createRepository();
  project = template;
  project.edit('catalog/networks/beta.yaml', 'name: Beta', 'name: Beta again');
  project.edit('environments/staging/images.lock.yaml', '0.1.0', '0.2.0');
  first = { rev: project.generateAndCommit('Rename Beta'), tree: project.tree(...production) };
  await promote();
});
afterAll(() => template.remove());
beforeEach(() => {
  project = copyRepository(template);
});
afterEach(() => project.remove());

describe(runRollback.name, () => {
  it('restores the state before the last promotion byte for byte, and nothing else', async () => {
    const staging = project.tree('environments/staging', 'environments/dev', 'catalog');
    const { code, out } = await run('production', '--yes', '--commit');
    expect(code).toBe(0);
    expect(project.tree(...production)).toEqual(first.tree);
    expect(project.tree('environments/staging', 'environments/dev', 'catalog')).toEqual(staging);
    expect(project.check()).toMatchObject({ code: 0, err: '' });
    expect(out).toMatch(/^Roll production back to \w{7}\n/);
    expect(out).toContain('~ network/beta\n');
    expect(out).toContain('→ registry.example.com/defimon:0.1.0\n');
    expect(project.git('log', '-1', '--format=%(trailers:key=Rolled-Back-To,valueonly)')).toBe(first.rev);
  });

  it('finds that state below commits that only render anew, and in merged branches', async () => {
    project.git('switch', '--quiet', '--create', 'topic');
    project.edit('environments/production/environment.yaml', 'batchSize: 100', 'batchSize: 200');
    project.generateAndCommit('Larger batches');
    project.git('switch', '--quiet', 'main');
    project.git('merge', '--quiet', '--no-ff', '--message', 'Merge', 'topic');
    expect((await run('production', '--yes')).code).toBe(0);
    expect(project.tree(...production)).toEqual(first.tree);
  });

  it('goes to a state that is named', async () => {
    const second = { rev: project.git('rev-parse', 'HEAD'), tree: project.tree(...production) };
    project.edit('catalog/networks/beta.yaml', 'Beta again', 'Beta thrice');
    project.generateAndCommit('Rename Beta');
    await promote();
    expect((await run('production', '--to', first.rev.slice(0, 8), '--yes', '--commit')).code).toBe(0);
    expect(project.tree(...production)).toEqual(first.tree);
    expect((await run('production', '--to', second.rev, '--yes', '--commit')).code).toBe(0);
    expect(project.tree(...production)).toEqual(second.tree);
    expect((await run('production', '--to', second.rev)).out).toContain('Nothing to roll back');
    expect(project.check()).toMatchObject({ code: 0, err: '' });
  });

  it('does not go back and forth: after a rollback the state must be named', async () => {
    await run('production', '--yes', '--commit');
    const { code, err } = await run('production', '--yes');
    expect(code).toBe(1);
    expect(err).toContain('its last change was a rollback');
    expect(err).toMatch(/name the state with --to:\n {2}\w{7} \d{4}-\d\d-\d\d Roll production back to/);
    expect(err).toContain('Promote staging to production');
  });

  it('writes nothing in a dry run', async () => {
    const before = project.tree(...production);
    expect((await run('production', '--dry-run')).code).toBe(0);
    expect(project.tree(...production)).toEqual(before);
  });

  it.each([
    [['qa'], 'there is no environment "qa"'],
    [['staging'], 'environments/staging: follows the catalog: no rollback changes it — revert the commit'],
    [['production', '--to', 'nowhere'], '--to: there is no revision nowhere — name a commit; production changed in:'],
    [['production', '--to', '--help-me'], 'npm run rollback --'],
  ])('refuses %j', async (argv, message) => {
    const { code, err } = await run(...argv);
    expect(code).toBeGreaterThan(0);
    expect(err).toContain(message);
  });

  it('refuses a revision without production, and one of another branch', async () => {
    project.git('switch', '--quiet', '--orphan', 'other');
    const orphan = project.commit('Nothing in common');
    project.git('switch', '--quiet', 'main');
    expect((await run('production', '--to', orphan)).err).toContain('is not in the history of this branch');
    project.git('merge', '--quiet', '--allow-unrelated-histories', '--message', 'Merge', 'other');
    expect((await run('production', '--to', orphan)).err).toContain('has no environments/production/catalog.lock.json');
  });

  it('refuses a working tree with changes, and a first state', async () => {
    project.edit('catalog/networks/alpha.yaml', 'name: Alpha', 'name: Other');
    expect((await run('production')).err).toContain('the working tree: is not clean: M catalog/networks/alpha.yaml');
    project.git('reset', '--quiet', '--hard', `${first.rev}^`);
    expect((await run('production')).err).toContain('there is no earlier state');
  });

  it('does not depend on a catalog that can be rendered', async () => {
    project.edit('catalog/networks/alpha.yaml', 'kind: evm', 'kind: evn');
    project.commit('Break the catalog');
    const { code, out } = await run('production', '--yes', '--commit');
    expect(code).toBe(0);
    const { [keptFile]: kept, ...tree } = project.tree(...production);
    expect(tree).toEqual(first.tree);
    expect(JSON.parse(kept ?? '')).toMatchObject({ rev: first.rev });
    expect(out).toContain('rendered.lock.json keeps it as it was');
  });

  describe('of a tree that today would be rendered differently', () => {
    const slice = 'environments/production/main/api/configmap-api.yaml';

    let old: typeof first;

    beforeEach(async () => {
      // As an older generator may have written it: the file holds what none writes today.
      project.git('reset', '--quiet', '--hard', `${first.rev}^`);
      project.edit(slice, 'kind: ConfigMap', '# as of old\nkind: ConfigMap');
      project.edit('argocd/projects/production-main.yaml', 'kind: AppProject', '# as of old\nkind: AppProject');
      old = { rev: project.commit('Old generators'), tree: project.tree(...production) };
      project.edit('catalog/networks/beta.yaml', 'name: Beta', 'name: Beta again');
      project.generateAndCommit('New generators');
      await promote();
      await run('production', '--to', old.rev, '--yes', '--commit');
    });

    it('keeps that tree, whatever happens to catalog and generators', () => {
      const { [keptFile]: kept, ...tree } = project.tree(...production);
      expect(tree).toEqual(old.tree);
      expect(kept).toContain(old.rev);
      expect(project.check()).toMatchObject({ code: 0, err: '', out: expect.stringContaining('production: kept as') });
      project.edit('catalog/networks/beta.yaml', 'Beta again', 'Beta thrice');
      project.edit('environments/production/environment.yaml', 'batchSize: 100', 'batchSize: 200');
      project.generateAndCommit('Go on');
      expect(project.read(slice)).toBe(old.tree[slice]);
      expect(project.read('environments/staging/main/api/configmap-api.yaml')).toContain('Beta thrice');
      expect(project.check().code).toBe(0);
      expect(project.check('--environment', 'production').code).toBe(0);
    });

    it('tells a change of it', () => {
      project.edit(slice, '# as of old\n', '');
      const { code, err } = project.check();
      expect(code).toBe(1);
      expect(err).toContain(`${keptFile}:1:1 GEN008 production is kept as ${old.rev.slice(0, 7)} had it`);
    });

    it('tells a digest that was written for another tree', () => {
      project.edit(keptFile, old.rev, project.git('rev-parse', 'HEAD~2'));
      expect(project.check().err).toContain('the digest is not that of the tree in');
    });

    it('ends with the next promotion', async () => {
      const { out } = await promote();
      expect(out).toContain('production is no longer kept as it was: it is rendered again.');
      expect(project.has(keptFile)).toBe(false);
      expect(project.read(slice)).not.toContain('as of old');
      expect(project.check()).toMatchObject({ code: 0, err: '' });
    });

    it('lets no single pool go ahead', async () => {
      const { code, err } = await promote('--pool', 'main');
      expect(code).toBe(1);
      expect(err).toContain(`${keptFile}: the whole tree is kept after a rollback — promote the whole`);
    });
  });

  it('ends when pools were ahead, and can bring that back', async () => {
    project.edit('catalog/networks/beta.yaml', 'Beta again', 'Beta thrice');
    project.generateAndCommit('Rename Beta');
    await promote('--pool', 'main');
    const ahead = { rev: project.git('rev-parse', 'HEAD'), tree: project.tree(...production) };
    expect((await run('production', '--yes', '--commit')).code).toBe(0);
    expect(project.has('environments/production/catalog.main.lock.json')).toBe(false);
    expect((await run('production', '--yes', '--commit', '--to', ahead.rev)).code).toBe(0);
    expect(project.tree(...production)).toEqual(ahead.tree);
    expect(project.check()).toMatchObject({ code: 0, err: '' });
  });
});

describe(applyChange.name, () => {
  it('leaves the tree before or after a rollback, wherever it is stopped', () => {
    const before = project.tree(...production);
    const change = planRollback(project.root, { environment: 'production' });
    if (change === undefined) throw new Error('nothing to roll back');
    const steps: string[] = [];
    applyChange(project.root, change, (name) => steps.push(name));
    for (const [index, name] of steps.entries()) {
      // One file is prepared like another: every tenth will do.
      if (name.startsWith('prepare ') && index % 10 > 0) continue;
      project.git('checkout', '--quiet', '--', '.');
      let at = 0;
      const stop = () => {
        if (at++ === index) throw new Error('stopped');
      };
      expect(() => applyChange(project.root, change, stop), name).toThrow('stopped');
      const isDecided = isInterrupted(project.root);
      recoverTree(project.root);
      expect(project.tree(...production), name).toEqual(isDecided || name === 'clean' ? first.tree : before);
    }
  });
});

async function run(...argv: string[]) {
  const { texts, out, err } = createSink();
  const code = await runRollback(project.root, argv, { out, err });
  return { code, ...texts };
}

async function promote(...argv: string[]) {
  const { texts, out, err } = createSink();
  const code = await runPromote(project.root, ['staging', 'production', '--yes', '--commit', ...argv], { out, err });
  return { code, ...texts };
}
