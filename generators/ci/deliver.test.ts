import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Delivery, deliver } from './deliver.ts';

// With real git, and a remote that is a bare repository on this disk.

let folder: string;
let origin: string;
let root: string;
let lines: string[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'defimon-deliver-'));
  origin = join(folder, 'origin.git');
  root = join(folder, 'job');
  lines = [];
  git(folder, 'init', '--quiet', '--bare', '--initial-branch=main', origin);
  git(origin, 'config', 'receive.advertisePushOptions', 'true');
  clone('person');
  for (const path of ['environments/staging', 'environments/production', 'argocd']) {
    mkdirSync(join(folder, 'person', path), { recursive: true });
    writeFileSync(join(folder, 'person', path, 'tree.yaml'), 'one\n');
  }
  writeFileSync(join(folder, 'person/package-lock.json'), '{}\n');
  writeFileSync(join(folder, 'person/environments/staging/images.lock.yaml'), imagesOf('0.1.0'));
  writeFileSync(join(folder, 'person/package.json'), packageJson);
  writeFileSync(join(folder, 'person/script.mjs'), scriptText);
  pushFrom('person', 'Begin');
  clone('job');
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe(deliver.name, () => {
  it('pushes what the script committed, and asks for no pipeline', () => {
    const pushed = join(folder, 'push-options');
    const hook = `#!/bin/sh\necho "$GIT_PUSH_OPTION_0" >${pushed}\n`;
    writeFileSync(join(origin, 'hooks/pre-receive'), hook, { mode: 0o755 });

    const { commit } = deliver(deliveryOf({ args: ['two'] }));

    expect(git(origin, 'rev-parse', 'main')).toBe(commit);
    expect(git(origin, 'show', 'main:environments/production/tree.yaml')).toBe('two');
    expect(readFileSync(pushed, 'utf8')).toBe('ci.skip\n');
  });

  it("goes on from the newest commit of the branch, not from the pipeline's", () => {
    change('person', 'environments/staging/tree.yaml', 'from a later merge\n');

    deliver(deliveryOf({ args: ['two'] }));

    expect(git(origin, 'show', 'main:environments/staging/tree.yaml')).toBe('from a later merge');
    expect(git(origin, 'show', 'main:environments/production/tree.yaml')).toBe('two');
  });

  it('begins anew when somebody pushes in between, and loses neither', () => {
    clone('rival');
    writeFileSync(
      join(root, '../rival.sh'),
      `cd ${join(folder, 'rival')} && git pull -q && date +%N >own && git add own && ${commitAs} -qm Rival && git push -q\n`,
    );

    deliver(deliveryOf({ args: ['two', 'with-rival'] }));

    expect(git(origin, 'log', '--format=%s', 'main').split('\n')).toEqual(['Write two', 'Rival', 'Begin']);
    expect(lines.join('\n')).toContain('once more from its new end (1 of 5)');
  });

  it('pushes nothing in a dry run, and names the outcome that a real one may have', () => {
    const dry = deliver(deliveryOf({ args: ['two'], dryRun: true }));
    expect(git(origin, 'log', '--format=%s', 'main')).toBe('Begin');
    expect(git(root, 'status', '--branch', '--short')).toBe('## main...origin/main');

    const { commit, name } = deliver(deliveryOf({ args: ['two'], planned: dry.name }));

    expect(name).toBe(dry.name);
    expect(git(origin, 'rev-parse', 'main')).toBe(commit);
  });

  it('refuses another outcome than the planned one', () => {
    const { name } = deliver(deliveryOf({ args: ['two'], dryRun: true }));

    expect(() => deliver(deliveryOf({ args: ['three'], planned: name }))).toThrow('Look at a new plan');

    expect(git(origin, 'log', '--format=%s', 'main')).toBe('Begin');
  });

  it('has nothing to push when the script changes nothing', () => {
    const { commit } = deliver(deliveryOf({ args: ['one'] }));

    expect(commit).toBeUndefined();
    expect(lines.join('\n')).toContain('Nothing to deliver');
  });

  it('pushes nothing when the script fails, or leaves files that it did not commit', () => {
    expect(() => deliver(deliveryOf({ args: ['fail'] }))).toThrow('npm run promote ended with 1');
    expect(() => deliver(deliveryOf({ args: ['half'] }))).toThrow('files are changed here');

    expect(git(root, 'status', '--branch', '--short')).toBe('## main...origin/main');
    expect(git(origin, 'log', '--format=%s', 'main')).toBe('Begin');
  });

  it('does not release an image over one of a later commit: pipelines overtake each other', () => {
    change('person', 'environments/staging/tree.yaml', 'a later merge\n');
    const later = git(join(folder, 'person'), 'rev-parse', '--short=8', 'HEAD');
    change('person', 'environments/staging/images.lock.yaml', imagesOf(later));

    const { commit } = deliver(deliveryOf({ script: 'release', args: ['two'] }));

    expect(commit).toBeUndefined();
    expect(lines.join('\n')).toContain('newer than this commit');
  });

  it('refuses to go on with the packages of another commit', () => {
    change('person', 'package-lock.json', '{ "lockfileVersion": 3 }\n');

    expect(() => deliver(deliveryOf({ args: ['two'] }))).toThrow('run the job of the newest pipeline');
  });

  it('delivers only what is merged', () => {
    change('job', 'environments/staging/tree.yaml', 'mine\n', false);

    expect(() => deliver(deliveryOf({ args: ['two'] }))).toThrow('only what is merged');
  });

  it('says what a refused push needs', () => {
    writeFileSync(join(origin, 'hooks/pre-receive'), '#!/bin/sh\necho "GitLab: You are not allowed"; exit 1\n', {
      mode: 0o755,
    });

    expect(() => deliver(deliveryOf({ args: ['two'] }))).toThrow(/not allowed[\s\S]*DELIVERY_TOKEN needs/);
  });

  it('shows the credentials to git and not to the script', () => {
    const { env } = process;
    deliver(
      deliveryOf({
        args: ['env'],
        env: { ...env, ...identity },
        remoteEnv: { ...env, ...identity, DELIVERY_TOKEN: 'glpat-secret' },
      }),
    );

    expect(git(origin, 'show', 'main:environments/production/tree.yaml')).toBe('undefined');
  });
});

const identity = {
  GIT_AUTHOR_NAME: 'Test',
  GIT_AUTHOR_EMAIL: 'test@example.org',
  GIT_COMMITTER_NAME: 'Test',
  GIT_COMMITTER_EMAIL: 'test@example.org',
};
const commitAs = 'git -c user.name=Rival -c user.email=rival@example.org commit';

const packageJson = JSON.stringify({ scripts: { promote: 'node script.mjs', release: 'node script.mjs' } });

/** Stands for promote: writes its first argument to production's tree, and commits. */
const scriptText = `
import { execFileSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
const [text, rival] = process.argv.slice(2);
if (text === 'fail') process.exit(1);
writeFileSync('environments/production/tree.yaml', (text === 'env' ? process.env.DELIVERY_TOKEN : text) + '\\n');
if (text === 'half') process.exit(0);
try {
  execFileSync('git', ['commit', '-aqm', 'Write ' + text]);
} catch {}
if (rival !== undefined && existsSync('../rival.sh')) {
  execFileSync('sh', ['../rival.sh']);
  rmSync('../rival.sh');
}
`;

function deliveryOf(delivery: Partial<Delivery>): Delivery {
  const env = { ...process.env, ...identity };
  return {
    root,
    script: 'promote',
    args: [],
    remote: origin,
    branch: 'main',
    dryRun: false,
    remoteEnv: env,
    env,
    log: (line) => lines.push(line),
    ...delivery,
  };
}

function imagesOf(tag: string): string {
  return `images:\n  defimon:\n    repository: registry.example.org/highfunk/defimon\n    tag: "${tag}"\n`;
}

function clone(name: string): void {
  git(folder, 'clone', '--quiet', origin, join(folder, name));
}

function change(name: string, path: string, text: string, push = true): void {
  writeFileSync(join(folder, name, path), text);
  if (push) pushFrom(name, `Change ${path}`);
  else commitIn(name, `Change ${path}`);
}

function pushFrom(name: string, subject: string): void {
  commitIn(name, subject);
  git(join(folder, name), 'push', '--quiet', 'origin', 'HEAD:main');
}

function commitIn(name: string, subject: string): void {
  git(join(folder, name), 'add', '--all');
  git(join(folder, name), 'commit', '--quiet', '-m', subject);
}

function git(cwd: string, ...args: string[]): string {
  return execFileSync('git', args, {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, ...identity },
    stdio: 'pipe',
  }).trim();
}
