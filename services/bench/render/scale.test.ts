import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseCatalog, readCatalogFiles } from '../../../catalog/load.ts';
import { readGeneration } from '../../../generators/workspace.ts';
import { objectFiles } from './objects.ts';
import { writeProject } from './project.ts';
import { type Factors, scaleCatalog } from './scale.ts';

const projectRoot = join(import.meta.dirname, '../../..');
const files = readCatalogFiles(join(projectRoot, 'catalog'));
const asItIs = { pools: 1, entries: 1 };

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'bench-scale-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

describe(scaleCatalog.name, () => {
  it('leaves the catalog as it is at a factor of one', () => {
    expect(scaleCatalog(files, asItIs)).toEqual(files);
  });

  it.each<Factors>([
    { pools: 3, entries: 1 },
    { pools: 1, entries: 3 },
    { pools: 2, entries: 2 },
  ])('gives a catalog that is valid by every rule, and so many times as large: %o', (factors) => {
    const { catalog, problems } = parseCatalog(scaleCatalog(files, factors));
    expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
    const before = parseCatalog(files).catalog;
    for (const key of ['pools', 'services', 'topics'] as const) {
      expect(catalog?.[key]).toHaveLength(factors.pools * (before?.[key].length ?? 0));
    }
    for (const key of ['networks', 'pairs'] as const) {
      expect(catalog?.[key]).toHaveLength(factors.entries * (before?.[key].length ?? 0));
    }
  });
});

describe(writeProject.name, () => {
  it('writes what every environment is rendered from: objects grow with the pools, and slices do not', () => {
    const before = render('as-it-is', asItIs);
    const after = render('scaled', { pools: 3, entries: 1 });
    expect(after.objects / before.objects).toBeGreaterThan(2.8);
    expect(after.objects / before.objects).toBeLessThan(3.1);
    expect(after.bytes / before.bytes).toBeLessThan(3.2);
  });

  it('has as many objects when the entries grow, and larger ones', () => {
    const before = render('as-it-is', asItIs);
    const after = render('scaled', { pools: 1, entries: 3 });
    expect(after.objects / before.objects).toBeLessThan(1.1);
    expect(after.bytes / before.bytes).toBeGreaterThan(1.3);
  });
});

function render(name: string, factors: Factors): { objects: number; bytes: number } {
  const folder = join(root, name);
  writeProject(folder, projectRoot, factors);
  const { generation, problems } = readGeneration(folder, {});
  expect(problems).toEqual([]);
  const rendered = objectFiles(generation?.files ?? []);
  return { objects: rendered.length, bytes: rendered.reduce((sum, { text }) => sum + text.length, 0) };
}
