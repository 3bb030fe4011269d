import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { loadEnvironment } from '../../catalog/environment.ts';
import { loadCatalog } from '../../catalog/load.ts';
import { renderLock } from '../../catalog/lock.ts';
import type { Catalog } from '../../catalog/schema/catalog.ts';
import type { StatusAnswer } from '../contracts/admin-answers.ts';
import type { LiveCatalog } from '../runtime/live-catalog.ts';
import { createAdminApp } from './app.ts';
import type { AdminDeps } from './deps.ts';
import type { ReadProjectFile } from './environments/folder.ts';
import { createKeptEnvironments } from './environments/kept-environments.ts';

const root = join(import.meta.dirname, '..', '..');
export const catalog = loadCatalog(join(root, 'catalog'));
export const digest = renderLock(catalog).digest;
export const localEnvironment = loadEnvironment(join(root, 'environments', 'local', 'environment.yaml'), catalog);

export function statusOf(changed: Partial<StatusAnswer> = {}): StatusAnswer {
  return {
    ...{ service: null, shard: null, targets: ['admin'], version: '1.2.3', environment: 'local', startedAt: 1_000 },
    catalog: { digest, since: 2_000, refused: [] },
    modules: [{ name: 'catalog', ok: true, detail: null }],
    recentErrors: [],
    ...changed,
  };
}

export function liveCatalogOf(held: Catalog, networks = held.networks): LiveCatalog {
  const current = { catalog: held, networks, digest: renderLock(held).digest, since: new Date(2_000) };
  return { current: () => current, refused: () => [], subscribe: () => () => undefined };
}

/** An environment's files, those of a lock as it would be written. */
export function environmentFiles(name: string, held: Catalog, changed: Record<string, string | undefined> = {}) {
  const domain = name === 'production' ? 'highfunk.uk' : `${name}.highfunk.uk`;
  const files: Record<string, string | undefined> = {
    'environment.yaml': `name: ${name}
domain: ${domain}
follow: ${name === 'production' ? 'lock' : 'head'}
phases: [1, 2]
sync: { intervalSeconds: 12, batchSize: 100, maxConcurrentRequests: 20, priorityThreshold: 6, requestsPerSecond: 25, requestTimeoutSeconds: 10 }
stores:
  kind: networked
  relational: { secretRef: postgresql/url }
  timeseries: { secretRef: clickhouse/url }
secretStore: { server: https://vault.highfunk.uk }
`,
    'catalog.lock.json': renderLock(held).text,
    'images.lock.yaml': imagesText('0.1.0'),
    ...changed,
  };
  return Object.fromEntries(Object.entries(files).map(([file, text]) => [`environments/${name}/${file}`, text]));
}

export function imagesText(tag: string): string {
  return `images:\n  defimon:\n    repository: registry.gitlab.com/highfunk/defimon\n    tag: "${tag}"\n`;
}

export interface AppFixture extends Partial<AdminDeps> {
  readonly readFile?: ReadProjectFile;
}

/** The app with the real catalog in force, and nothing around it. */
export function openApp({ readFile = async () => undefined, ...changed }: AppFixture = {}) {
  const log = pino({ level: 'silent' });
  const clock = Date.now;
  const deps: AdminDeps = {
    catalog: liveCatalogOf(catalog),
    heldKinds: () => undefined,
    environment: localEnvironment,
    version: '1.2.3',
    startedAt: 1_000,
    upstreams: {},
    opsUrls: undefined,
    ownStatus: async () => statusOf(),
    ownOpsUrl: 'http://127.0.0.1:9464',
    grafanaUrl: undefined,
    pagesFolder: join(import.meta.dirname, 'no-such-folder'),
    ...{ clock, log, metrics: new Registry() },
    ...changed,
  };
  const place = { kind: 'folder' } as const;
  return createAdminApp({ ...deps, environments: createKeptEnvironments({ place, readFile, freshMs: 0, clock, log }) });
}

/** A folder with these files, and how to remove it. */
export async function writeFiles(
  files: Record<string, string | Buffer>,
): Promise<{ folder: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'defimon-admin-'));
  for (const [path, content] of Object.entries(files)) {
    await mkdir(join(folder, path, '..'), { recursive: true });
    await writeFile(join(folder, path), content);
  }
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}
