import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { copyRepository, createRepository, createSink, type Repository } from '../testing/repository.ts';
import { planKeep } from './keep.ts';
import { runPromote } from './promote-command.ts';

const production = ['environments/production', 'argocd'] as const;
const keptFile = 'environments/production/rendered.lock.json';

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

describe(planKeep.name, () => {
  it('shields a tree from what would render it anew, until it is promoted', async () => {
    const before = project.tree(...production);
    // Stands for a change of the generators: it, too, reaches what follows a lock without a promotion.
    project.edit('environments/production/environment.yaml', 'batchSize: 100', 'batchSize: 200');
    const slice = 'environments/production/main/chain-sync/configmap-chain-sync.yaml';
    project.generate('--keep', 'production');
    const { [keptFile]: kept, 'environments/production/environment.yaml': _, ...tree } = project.tree(...production);
    const { 'environments/production/environment.yaml': __, ...expected } = before;
    expect(tree).toEqual(expected);
    expect(kept).toContain(project.git('rev-parse', 'HEAD'));
    project.commit('Keep');
    expect(project.check()).toMatchObject({ code: 0, err: '' });

    const { out, err } = createSink();
    expect(await runPromote(project.root, ['staging', 'production', '--yes', '--commit'], { out, err })).toBe(0);
    expect(project.has(keptFile)).toBe(false);
    expect(project.read(slice)).not.toBe(before[slice]);
    expect(project.check()).toMatchObject({ code: 0, err: '' });
  });

  it('refuses a tree that is not what was committed, and what is kept already', () => {
    const slice = 'environments/production/main/api/configmap-api.yaml';
    project.edit(slice, 'kind: ConfigMap', '# by hand\nkind: ConfigMap');
    expect(() => project.generate('--keep', 'production')).toThrow(
      'environments/production: is not what was committed',
    );
    project.git('checkout', '--quiet', '--', '.');
    project.generate('--keep', 'production');
    expect(() => project.generate('--keep', 'production')).toThrow('production is kept already');
    expect(() => project.generate('--keep', 'staging')).toThrow('environments/staging: follows the catalog');
  });
});
