import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { copyRepository, createRepository, createSink, type Repository } from '../testing/repository.ts';
import { runPromote } from './promote-command.ts';
import { runRelease } from './release-command.ts';
import { runRollback } from './rollback-command.ts';

const digest = `sha256:${'a'.repeat(64)}`;
const stagingImages = 'environments/staging/images.lock.yaml';

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

describe(runRelease.name, () => {
  it('writes the image where the catalog is followed, comments kept, and renders it', async () => {
    const { code, out } = await release('0.2.0');
    expect(code).toBe(0);
    expect(project.read(stagingImages)).toBe(`# What runs here.
images:
  defimon:
    repository: registry.example.com/defimon
    tag: "0.2.0" # the first
    digest: "${digest}"
    irreversible: []
`);
    expect(project.read('environments/dev/images.lock.yaml')).toBe(project.read(stagingImages));
    expect(project.read('environments/staging/main/api/deployment-api.yaml')).toContain(`defimon:0.2.0@${digest}`);
    expect(project.read('environments/production/images.lock.yaml')).toContain('0.1.0');
    expect(out).toMatch(/^Release defimon 0\.2\.0 to dev and staging\n/);
    expect(project.check()).toMatchObject({ code: 0, err: '' });
  });

  it('does so in the environments that are named', async () => {
    await release('0.2.0', '--environment', 'dev');
    expect(project.read('environments/dev/images.lock.yaml')).toContain('0.2.0');
    expect(project.read(stagingImages)).toContain('0.1.0');
  });

  it('with --check only tells whether it is done', async () => {
    const before = project.tree('environments');
    expect(await release('0.2.0', '--check')).toMatchObject({
      code: 1,
      err: expect.stringContaining('is not what defimon 0.2.0 makes of it'),
    });
    expect(project.tree('environments')).toEqual(before);
    await release('0.2.0');
    expect(await release('0.2.0', '--check')).toMatchObject({
      code: 0,
      out: expect.stringContaining('Nothing to release'),
    });
  });

  it.each([
    [['--tag', 'latest'], '--tag: "latest" means another image every day'],
    [['--tag', 'a b'], '--tag: "a b" is no tag'],
    [['--digest', 'sha256:abc'], '--digest: "sha256:abc" is no digest'],
    [['--environment', 'production'], 'environments/production: changes by promotion alone — release to staging'],
    [['--environment', 'qa'], 'there is no environment "qa"'],
    [['--image', 'defimno'], 'there is no image "defimno" — did you mean "defimon"?'],
  ])('refuses %j', async (argv, message) => {
    expect(await release('0.2.0', ...argv)).toMatchObject({ code: 1, err: expect.stringContaining(message) });
  });

  it('explains itself', async () => {
    expect(await run(runRelease, '--help')).toMatchObject({ code: 0, out: expect.stringContaining('--check') });
    expect(await run(runRelease, '--image', 'defimon')).toMatchObject({
      code: 2,
      err: expect.stringContaining('Give --image, --tag and --digest.'),
    });
  });

  it('records the migrations that cannot be undone, which no rollback then crosses', async () => {
    project.write('services/datasets/chain/relational/001-chain.sql', '-- Begins.\nCREATE SCHEMA chain;\n');
    await release('0.2.0', '--commit');
    await promote();
    project.write(
      'services/datasets/chain/relational/002-drop.sql',
      '-- irreversible: the raw logs are gone\nDROP TABLE raw;\n',
    );
    project.commit('Drop');
    const { out } = await release('0.3.0', '--commit');
    expect(out).toContain('It holds migrations that cannot be undone: chain/relational/002-drop.');
    expect(project.read(stagingImages)).toContain('irreversible: [chain/relational/002-drop]');
    await promote();

    const { code, err } = await run(runRollback, 'production', '--yes');
    expect(code).toBe(1);
    expect(err).toContain('defimon has run chain/relational/002-drop (the raw logs are gone)');
    expect(err).toContain('go forward instead');

    // Nor does a promotion of an older image.
    project.write('services/datasets/chain/relational/002-drop.sql', undefined);
    project.commit('Revert');
    await release('0.4.0', '--commit');
    expect((await promote()).err).toContain('002-drop (its file is gone, and the reason with it)');
  });

  it('lets a rollback pass where both images hold them', async () => {
    project.write('services/datasets/chain/relational/002-drop.sql', '-- irreversible: the raw logs are gone\n');
    project.commit('Drop');
    await release('0.2.0', '--commit');
    await promote();
    await release('0.3.0', '--commit');
    await promote();
    expect((await run(runRollback, 'production', '--yes')).code).toBe(0);
  });

  it('refuses a migration that does not say why', async () => {
    project.write('services/datasets/chain/timeseries/002-drop.sql', '-- irreversible:\n');
    expect((await release('0.2.0')).err).toContain(
      'services/datasets/chain/timeseries/002-drop.sql: is irreversible without a reason',
    );
  });
});

function release(tag: string, ...argv: string[]) {
  return run(runRelease, '--image', 'defimon', '--tag', tag, '--digest', digest, '--yes', ...argv);
}

function promote() {
  return run(runPromote, 'staging', 'production', '--yes', '--commit');
}

async function run(command: typeof runRelease, ...argv: string[]) {
  const { texts, out, err } = createSink();
  const code = await command(project.root, argv, { out, err });
  return { code, ...texts };
}
