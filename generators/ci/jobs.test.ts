import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { projectFilesOf, projectRoot } from './testing/project-copy.ts';

interface Job {
  readonly script?: string | readonly string[];
  readonly after_script?: readonly string[];
  readonly extends?: string;
  readonly interruptible?: boolean;
  readonly resource_group?: string;
  readonly environment?: { readonly name: string };
  readonly variables?: Readonly<Record<string, string>>;
}

const pipeline: Record<string, Job> = parse(read('.gitlab-ci.yml'));
const globals = ['workflow', 'stages', 'variables', 'default'];
const jobs = Object.entries(pipeline).filter(([name]) => !globals.includes(name) && !name.startsWith('.'));

describe('.gitlab-ci.yml', () => {
  it.for(jobs)('runs in %s one script that a laptop has too', ([, job]) => {
    const { scripts } = JSON.parse(read('package.json'));
    const lines = [job.script ?? [], job.after_script ?? []].flat();

    expect([job.script].flat()).toHaveLength(1);
    for (const line of lines) {
      const [, npmScript, file] = /^(?:npm (?:run )?([\w:-]+)|(\.ci\/[\w-]+))/.exec(line) ?? [];
      if (npmScript !== undefined) expect(scripts).toHaveProperty([npmScript]);
      else accessSync(join(projectRoot, file ?? `nothing known in: ${line}`), constants.X_OK);
    }
  });

  it('has no job of a name that GitLab keeps for itself', () => {
    const kept = [
      'image',
      'services',
      'cache',
      'before_script',
      'after_script',
      'include',
      'true',
      'false',
      'nil',
      'pages',
    ];

    expect(jobs.map(([name]) => name).filter((name) => kept.includes(name))).toEqual([]);
  });

  it('lets nothing that pushes be cancelled halfway, or run beside another of its kind', () => {
    const pushing = jobs.filter(([, { script }]) => /deliver -- (?!--dry-run)/.test(String(script)));

    expect(pushing.map(([name]) => name)).toEqual(['release', 'promote:production', 'rollback:production']);
    for (const [, job] of pushing) {
      const whole = inherited(job);
      expect(whole.interruptible).toBe(false);
      expect(whole.resource_group).toBe(whole.environment?.name);
    }
  });

  it('gives the networked tests every server that they can use', () => {
    const tests = projectFilesOf().filter((path) => path.startsWith('services/') && path.endsWith('.test.ts'));
    const wanted = new Set(tests.flatMap((path) => read(path).match(/\bTEST_[A-Z_]*(?:URL|BROKERS)\b/g) ?? []));

    expect(wanted.size).toBeGreaterThan(1);
    expect(Object.keys(pipeline['test:networked']?.variables ?? {})).toEqual(expect.arrayContaining([...wanted]));
  });
});

describe('.ci/build-image', () => {
  let folder: string;
  const digest = `sha256:${'ab'.repeat(32)}`;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'defimon-build-'));
    mkdirSync(join(folder, '.ci'));
    mkdirSync(join(folder, 'tmp'));
    mkdirSync(join(folder, 'bin'));
    writeFileSync(join(folder, '.ci/build-image'), read('.ci/build-image'), { mode: 0o755 });
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("pushes the commit's image, and hands over its digest", () => {
    const { status, stdout } = build(
      { PUSH: 'true' },
      `{"containerimage.config.digest": "sha256:0", "containerimage.digest": "${digest}"}`,
    );

    expect(status).toBe(0);
    expect(stdout).toContain(`registry.example/defimon:c0ffee00@${digest}`);
    expect(readFileSync(join(folder, 'image.env'), 'utf8')).toBe(`IMAGE_TAG=c0ffee00\nIMAGE_DIGEST=${digest}\n`);
    expect(asked('arguments')).toContain('type=image,name=registry.example/defimon:c0ffee00,push=true');
    expect(asked('arguments')).toContain('build-arg:CREATED=2026-11-21T09:00:00+03:00');
  });

  it('shows the password to BuildKit alone, in a file that is gone afterwards', () => {
    build({ PUSH: 'true' }, `{"containerimage.digest": "${digest}"}`);

    const auth = Buffer.from('ci:hunter2').toString('base64');
    expect(JSON.parse(asked('config'))).toEqual({ auths: { 'registry.example': { auth } } });
    expect(asked('arguments')).not.toMatch(new RegExp(`hunter2|${auth}`));
    expect(readdirSync(join(folder, 'tmp'))).toEqual([]);
  });

  it('neither pushes nor needs a password in a merge request', () => {
    const { status } = build(
      { CI_REGISTRY_USER: '', CI_REGISTRY_PASSWORD: '' },
      `{"containerimage.digest": "${digest}"}`,
    );

    expect(status).toBe(0);
    expect(asked('arguments')).toContain('push=false');
    expect(asked('config')).toBe('');
  });

  it('fails when the build fails, and when there is no digest to release', () => {
    expect(build({ FAIL: '1' }, '{}').status).not.toBe(0);

    const { status, stderr } = build({}, '{}');
    expect(status).toBe(1);
    expect(stderr).toContain('no containerimage.digest');
    expect(existsSync(join(folder, 'image.env'))).toBe(false);
  });

  function build(env: Record<string, string>, metadata: string): SpawnSyncReturns<string> {
    const fake = `#!/bin/sh
printf '%s\\n' "$@" >arguments
cat "\${DOCKER_CONFIG:-/nowhere}/config.json" >config 2>/dev/null
[ -z "\${FAIL:-}" ] || exit 1
echo '${metadata}' >image.json
`;
    return runWith('buildctl-daemonless.sh', fake, '.ci/build-image', {
      TMPDIR: join(folder, 'tmp'),
      CI_REGISTRY: 'registry.example',
      CI_REGISTRY_IMAGE: 'registry.example/defimon',
      CI_REGISTRY_USER: 'ci',
      CI_REGISTRY_PASSWORD: 'hunter2',
      CI_COMMIT_SHA: 'c0ffee00'.repeat(5),
      CI_COMMIT_SHORT_SHA: 'c0ffee00',
      CI_COMMIT_TIMESTAMP: '2026-11-21T09:00:00+03:00',
      CI_PROJECT_URL: 'https://gitlab.example/highfunk/defimon',
      ...env,
    });
  }

  function asked(file: string): string {
    return readFileSync(join(folder, file), 'utf8');
  }

  function runWith(
    program: string,
    text: string,
    script: string,
    env: Record<string, string>,
  ): SpawnSyncReturns<string> {
    writeFileSync(join(folder, 'bin', program), text, { mode: 0o755 });
    const path = `${join(folder, 'bin')}:${process.env.PATH}`;
    return spawnSync(join(folder, script), { cwd: folder, env: { PATH: path, ...env }, encoding: 'utf8' });
  }
});

describe('.ci/kubeconform', () => {
  it('checks strictly all that Argo CD applies, and nothing else', () => {
    const folder = mkdtempSync(join(tmpdir(), 'defimon-kubeconform-'));
    try {
      writeFileSync(join(folder, 'kubeconform'), '#!/bin/sh\nprintf "%s\\n" "$@"\n', { mode: 0o755 });
      const env = { PATH: `${folder}:${process.env.PATH}` };

      const { status, stdout } = spawnSync(join(projectRoot, '.ci/kubeconform'), ['-output', 'junit'], {
        env,
        encoding: 'utf8',
      });

      const args = stdout.trim().split('\n');
      expect(status).toBe(0);
      expect(args.slice(0, 3)).toEqual(['-output', 'junit', '-strict']);
      expect(args[args.indexOf('-kubernetes-version') + 1]).toMatch(/^1\.28\.\d+$/);
      const folders = args.filter((arg) => arg.startsWith('environments/') || arg === 'argocd');
      expect(folders).toContain('environments/production/defimon-analytics/');
      expect(folders).toContain('argocd');
      expect(folders.filter((path) => path !== 'argocd' && path.split('/').length !== 4)).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('says what is missing where there is none', () => {
    const { status, stderr } = spawnSync('/bin/sh', [join(projectRoot, '.ci/kubeconform')], {
      env: { PATH: '/usr/bin:/bin' },
      encoding: 'utf8',
    });

    expect({ status, stderr }).toMatchObject({ status: 1, stderr: expect.stringContaining('not on the path') });
  });
});

/** A job with what it has from those it extends. */
function inherited(job: Job): Job {
  const base = job.extends === undefined ? undefined : pipeline[job.extends];
  return base === undefined ? job : { ...inherited(base), ...job };
}

function read(path: string): string {
  return readFileSync(join(projectRoot, path), 'utf8');
}
