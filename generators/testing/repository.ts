import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { smallCatalog } from '../../catalog/testing/small-catalog.ts';
import { runGenerate } from '../command.ts';

/** A small project in a git checkout of its own. */
export interface Repository {
  readonly root: string;
  read(path: string): string;
  /** Writes a file, or takes it away. */
  write(path: string, text: string | undefined): void;
  /** Every `from` must be there. */
  edit(path: string, from: string, to: string): void;
  has(path: string): boolean;
  git(...args: string[]): string;
  /** Renders; throws with what generate says if it refuses. */
  generate(...argv: string[]): void;
  /** Commits all there is, and gives the commit. */
  commit(message: string): string;
  generateAndCommit(message: string): string;
  /** `npm run generate -- --check` */
  check(...argv: string[]): { code: number; err: string; out: string };
  /** Every file below the folders, by path. */
  tree(...folders: string[]): Record<string, string>;
  remove(): void;
}

const environments = ['dev', 'staging', 'production'] as const;

/** A commit with the small catalog, its second pool decided, in three environments of equal settings. */
export function createRepository(): Repository {
  const repository = openRepository(mkdtempSync(join(tmpdir(), 'defimon-repository-')));
  for (const [path, text] of Object.entries(smallCatalog)) repository.write(`catalog/${path}`, text);
  // The second pool is like the first, so that it can be rendered too.
  repository.write(
    'catalog/pools/later.yaml',
    (smallCatalog['pools/main.yaml'] ?? '').replaceAll(/\bmain\b(?!:)/g, 'later'),
  );
  repository.edit('catalog/services/forecast.yaml', 'released: false', 'released: true');
  repository.edit('catalog/plans.yaml', '{ channels: 3 }', '{ channels: 3, requestsPerMinute: 100 }');
  for (const name of environments) {
    repository.write(`environments/${name}/environment.yaml`, settingsOf(name));
    repository.write(`environments/${name}/images.lock.yaml`, imagesText);
  }
  repository.write('.gitattributes', '* text=auto eol=lf\n');
  repository.git('init', '--quiet', '--initial-branch=main');
  for (const [key, value] of Object.entries({
    'user.name': 'Test',
    'user.email': 'test@example.com',
    'gc.auto': '0',
  })) {
    repository.git('config', key, value);
  }
  repository.generate('--init', 'production');
  repository.commit('Begin');
  // Each test copies all of it: a history in one file is five hundred files less.
  repository.git('gc', '--quiet');
  return repository;
}

/** The same project again, in another folder: what one test does to it, no other sees. */
export function copyRepository({ root }: Repository): Repository {
  const copy = mkdtempSync(join(tmpdir(), 'defimon-repository-'));
  cpSync(root, copy, { recursive: true });
  return openRepository(copy);
}

function openRepository(root: string): Repository {
  const repository: Repository = {
    root,
    read: (path) => readFileSync(join(root, path), 'utf8'),
    write: (path, text) => {
      if (text === undefined) return rmSync(join(root, path));
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    },
    edit: (path, from, to) => {
      const text = repository.read(path);
      if (!text.includes(from)) throw new Error(`"${from}" is not in ${path}`);
      repository.write(
        path,
        text.replace(from, () => to),
      );
    },
    has: (path) => existsSync(join(root, path)),
    git: (...args) =>
      execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim(),
    generate: (...argv) => {
      const { code, err } = runHere(root, argv);
      if (code !== 0) throw new Error(err);
    },
    commit: (message) => {
      repository.git('add', '--all');
      repository.git('commit', '--quiet', '--allow-empty', '--message', message);
      return repository.git('rev-parse', 'HEAD');
    },
    generateAndCommit: (message) => {
      repository.generate();
      return repository.commit(message);
    },
    check: (...argv) => runHere(root, ['--check', ...argv]),
    tree: (...folders) =>
      Object.fromEntries(
        folders.flatMap((folder) => filesUnder(root, folder)).map((path) => [path, repository.read(path)]),
      ),
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
  return repository;
}

/** Collects what a command writes. */
export function createSink() {
  const texts = { out: '', err: '' };
  const sink = (name: keyof typeof texts) => ({
    write: (text: string) => {
      texts[name] += text;
    },
  });
  return { texts, out: sink('out'), err: sink('err') };
}

function runHere(root: string, argv: readonly string[]) {
  const { texts, out, err } = createSink();
  return { code: runGenerate(root, argv, out, err), ...texts };
}

function filesUnder(root: string, folder: string): string[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .sort();
}

const imagesText = `# What runs here.
images:
  defimon:
    repository: registry.example.com/defimon
    tag: 0.1.0 # the first
`;

function settingsOf(name: (typeof environments)[number]): string {
  return `name: ${name}
domain: ${name}.example.com
follow: ${name === 'production' ? 'lock' : 'head'}
phases: [1, 2, 3]
sync:
  intervalSeconds: 12
  batchSize: 100
  maxConcurrentRequests: 20
  priorityThreshold: 6
  requestsPerSecond: 25
  requestTimeoutSeconds: 10
secretStore: { server: 'https://vault.example.com' }
stores:
  kind: networked
  relational: { secretRef: postgresql/url }
  timeseries: { secretRef: clickhouse/url }
  cache: { secretRef: redis/url }
  bus: { secretRef: kafka/brokers }
`;
}
