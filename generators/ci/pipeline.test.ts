import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { noteMarker } from '../plan/format-markdown.ts';
import { startFakeGitlab } from './testing/fake-gitlab.ts';
import { type Checkout, checkOut, listJobs, mergeRequestOf, runJobs } from './testing/pipeline.ts';

// .gitlab-ci.yml itself, run by gitlab-ci-local in a checkout of this project: its rules, its scripts, its artefacts.

const hasRsync = spawnSync('rsync', ['--version']).status === 0;
const minutes = 60_000;

let folder: string;
let checkout: Checkout;
/** The end of main. */
let base: string;
/** A commit on it that changes the catalog and renders it. */
let good: string;

beforeAll(() => {
  if (!hasRsync) return;
  folder = mkdtempSync(join(tmpdir(), 'defimon-pipeline-'));
  checkout = checkOut(folder);
  base = checkout.git('rev-parse', 'HEAD');
  raisePriority('10');
  checkout.npm('generate');
  good = checkout.commit('Raise a priority');
}, 5 * minutes);

afterAll(() => {
  if (hasRsync) rmSync(folder, { recursive: true, force: true });
});

describe.skipIf(!hasRsync)('.gitlab-ci.yml (needs rsync: apt-get install rsync)', () => {
  beforeEach(() => {
    checkout.git('checkout', '--quiet', '--force', '--detach', base);
    checkout.git('clean', '-fdq');
  });

  it('shows a merge request its plan, and lets it deliver nothing', async () => {
    const jobs = await listJobs(checkout, { ...mergeRequestOf(base), PLAN_NOTE_TOKEN: 'glpat-test' });

    expect(Object.keys(jobs)).toEqual(
      expect.arrayContaining([
        'validate',
        'check',
        'test',
        'test:networked',
        'render',
        'plan',
        'note',
        'policy',
        'kubeconform',
      ]),
    );
    expect(Object.keys(jobs).filter((name) => /release|production|bench/.test(name))).toEqual([]);
  });

  it("gives the note's token to no fork", async () => {
    const fork = { ...mergeRequestOf(base), CI_MERGE_REQUEST_SOURCE_PROJECT_ID: '666', PLAN_NOTE_TOKEN: 'glpat-test' };

    const jobs = await listJobs(checkout, fork);

    expect(jobs).toHaveProperty('plan');
    expect(jobs).not.toHaveProperty('note');
  });

  it('leaves production of main to a person, and a schedule to the bench', async () => {
    const main = await listJobs(checkout, { CI_PIPELINE_SOURCE: 'push', CI_COMMIT_BRANCH: 'main' });
    const nightly = await listJobs(checkout, { CI_PIPELINE_SOURCE: 'schedule', CI_COMMIT_BRANCH: 'main' });

    expect(main).toMatchObject({ 'promote:production': 'manual', 'rollback:production': 'manual', test: 'on_success' });
    expect(main).not.toHaveProperty('plan');
    expect(Object.keys(nightly)).toEqual(['bench']);
  });

  it('has the image built and released by a push that changes what is in it, and by no other', async () => {
    const push = { CI_PIPELINE_SOURCE: 'push', CI_COMMIT_BRANCH: 'main' };
    raisePriority('10');
    checkout.commit('Raise a priority');
    expect(await listJobs(checkout, push)).not.toHaveProperty('release');

    edit('services/main.ts', /^/, '// Changed.\n');
    checkout.commit('Change the program');
    expect(await listJobs(checkout, push)).toMatchObject({ build: 'on_success', release: 'on_success' });
  });

  it(
    'passes a good merge request, and writes its plan into one note',
    async () => {
      await using gitlab = await startFakeGitlab();
      checkout.git('checkout', '--quiet', good);
      const variables = {
        ...mergeRequestOf(base),
        PLAN_NOTE_TOKEN: 'glpat-test',
        CI_API_V4_URL: `${gitlab.url}/api/v4`,
      };

      const { ok, log } = await runJobs(checkout, ['validate', 'render', 'policy', 'plan', 'note'], variables);

      expect(ok, log).toBe(true);
      expect(gitlab.notes).toHaveLength(1);
      expect(gitlab.notes[0]?.body).toContain(noteMarker);
      expect(gitlab.notes[0]?.body).toContain('network/base');
      expect(read('plan-full.md')).toContain('network/base');
      expect(Array.isArray(JSON.parse(read('plan-codequality.json')))).toBe(true);
      expect(read('plan.xml')).toContain('<testsuites');
      expect(read('policy.xml')).toContain('<testsuites');
    },
    5 * minutes,
  );

  it(
    'stops a bad catalog with the line that is wrong, also in the plan',
    async () => {
      raisePriority('11');
      checkout.commit('Break the catalog');
      const line = read('catalog/networks/base.yaml').split('\n').indexOf('priority: 11') + 1;

      const { ok, log } = await runJobs(checkout, ['validate', 'plan'], mergeRequestOf(base));

      expect(ok).toBe(false);
      expect(log).toMatch(new RegExp(`validate +> .*catalog/networks/base\\.yaml:${line}:\\d+ CAT\\d+ `));
      expect(JSON.parse(read('plan-codequality.json'))).toContainEqual(
        expect.objectContaining({ location: { path: 'catalog/networks/base.yaml', lines: { begin: line } } }),
      );
    },
    5 * minutes,
  );

  it(
    'stops a stale render, and offers what is missing as a patch',
    async () => {
      raisePriority('10');
      checkout.commit('Raise a priority, and forget to render');

      const { ok, log } = await runJobs(checkout, ['render'], mergeRequestOf(base));

      expect(ok).toBe(false);
      expect(log).toContain('What is missing is in stale-render.patch');
      checkout.git('checkout', '--quiet', '--force', 'HEAD');
      checkout.git('apply', '--index', 'stale-render.patch');
      expect(checkout.git('diff', '--name-only', 'HEAD').split('\n')).toContain(
        'environments/staging/catalog.lock.json',
      );
      expect(checkout.git('diff', '--stat', good)).toBe('');
    },
    5 * minutes,
  );

  it(
    'releases an image to staging, promotes what staging holds, as planned, and rolls it back byte for byte',
    async () => {
      const push = { CI_PIPELINE_SOURCE: 'push', CI_COMMIT_BRANCH: 'main' };
      checkout.git('checkout', '--quiet', good);
      checkout.git('push', '--quiet', 'origin', 'HEAD:main');
      const before = productionTree();

      const digest = `sha256:${'ab'.repeat(32)}`;
      const image = { IMAGE_TAG: good.slice(0, 8), IMAGE_DIGEST: digest };
      const released = await runJobs(checkout, ['release', '--no-evaluate-rule-changes'], { ...push, ...image });

      expect(released.ok, released.log).toBe(true);
      expect(imagesOf('staging')).toContain(digest);
      expect(productionTree()).toBe(before);

      // As the pipeline of that push has it: it began before the release was there.
      checkout.git('checkout', '--quiet', good);
      const promoted = await runJobs(checkout, ['plan:production', 'promote:production'], push);

      expect(productionTree(), promoted.log).not.toBe(before);
      expect(promoted.log).toMatch(/plan:production +> A dry run/);
      expect(promoted.log).toContain('No GitHub mirror');
      expect(lockOf('production')).toBe(lockOf('staging'));
      expect(imagesOf('production')).toContain(digest);
      expect(checkout.origin('rev-list', '--count', `${good}..main`)).toBe('2');

      const rolledBack = await runJobs(checkout, ['rollback:production'], push);

      expect(productionTree(), rolledBack.log).toBe(before);
      expect(imagesOf('staging')).toContain(digest);
    },
    5 * minutes,
  );
});

/** Git's name of all that production has, in the repository that GitLab has. */
function productionTree(): string {
  return checkout.origin('rev-parse', 'main:environments/production');
}

function imagesOf(environment: string): string {
  return checkout.origin('show', `main:environments/${environment}/images.lock.yaml`);
}

function lockOf(environment: string): string {
  return checkout.origin('show', `main:environments/${environment}/catalog.lock.json`);
}

function read(path: string): string {
  const file = join(checkout.root, path);
  if (!existsSync(file)) throw new Error(`the pipeline did not write ${path}`);
  return readFileSync(file, 'utf8');
}

function raisePriority(to: string): void {
  edit('catalog/networks/base.yaml', /^priority: .*$/m, `priority: ${to}`);
}

function edit(path: string, what: RegExp, by: string): void {
  const text = read(path);
  const edited = text.replace(what, by);
  if (edited === text) throw new Error(`${path} has no ${what}`);
  writeFileSync(join(checkout.root, path), edited);
}
