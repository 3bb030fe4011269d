import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { projectRoot } from './testing/project.ts';
import { createMemory, type GenerateOptions, type Generation, readGeneration } from './workspace.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'defimon-workspace-'));
  cpSync(join(projectRoot, 'catalog'), join(root, 'catalog'), {
    recursive: true,
    filter: (path) => !path.endsWith('.ts'),
  });
  for (const name of ['dev', 'staging']) {
    for (const file of ['environment.yaml', 'images.lock.yaml']) {
      cpSync(join(projectRoot, 'environments', name, file), join(root, 'environments', name, file));
    }
  }
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

describe(readGeneration.name, () => {
  it.each([
    ['a pair', 'catalog/pairs/ai.yaml', 'stepSize: "0.0001"', 'stepSize: "0.0007"'],
    ['a network', 'catalog/networks/base.yaml', 'priority: 9', 'priority: 3'],
    ['a service', 'catalog/services/analytics-api.yaml', 'reload: hot', 'reload: restart'],
    ['a pool', 'catalog/pools/market.yaml', 'storageGB: 100', 'storageGB: 120'],
    ['an environment', 'environments/staging/environment.yaml', 'batchSize: 100', 'batchSize: 50'],
    ['an image', 'environments/dev/images.lock.yaml', 'tag: ', 'tag: "9.9.9" # '],
  ])('gives the same with a memory as without one after %s was edited, and after it was put back', (_, ...edit) => {
    const memory = createMemory();
    const first = generate({ memory });
    const [path, before, after] = edit;
    const text = readFileSync(join(root, path), 'utf8');
    expect(text).toContain(before);
    writeFileSync(join(root, path), text.replace(before, after));
    const edited = generate({ memory });
    expect(edited.files).toEqual(generate({}).files);
    expect(edited.owned).toEqual(generate({}).owned);
    expect(edited.files).not.toEqual(first.files);
    writeFileSync(join(root, path), text);
    expect(generate({ memory }).files).toEqual(first.files);
  });
});

function generate(options: GenerateOptions): Generation {
  const { generation, problems } = readGeneration(root, options);
  if (generation === undefined) throw new Error(JSON.stringify(problems));
  return generation;
}
