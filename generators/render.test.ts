import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import type { CatalogFiles } from '../catalog/load.ts';
import type { OutputFile } from './emit/output.ts';
import type { RenderInputs } from './inputs.ts';
import { renderEnvironment } from './render.ts';
import { inputsOf, realCatalogFiles, renderedEnvironments } from './testing/project.ts';

const catalogFiles = realCatalogFiles();

describe(renderEnvironment.name, () => {
  it('gives the same bytes twice', () => {
    const inputs = inputsOf('staging');
    expect(renderEnvironment(inputs).files).toEqual(renderEnvironment(inputs).files);
  });

  it('gives the same bytes whatever the order of files and keys, and the line ends', () => {
    const expected = textsOf(inputsOf('staging'));
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        expect(textsOf(inputsOf('staging', scrambled(catalogFiles, seed)))).toEqual(expected);
      }),
      { numRuns: 3 },
    );
  });

  it('changes only the slices that hold a pair when it is edited: one shard of the collector', () => {
    const path = [...catalogFiles.keys()].find((name) => name.startsWith('pairs/')) ?? '';
    const edited = edit(path, (text) => text.replace(/stepSize: "?([0-9.]+)"?/, 'stepSize: "7$1"'));
    const [collector, ...others] = slicesOf(changedFiles(edited), 'market-collector');
    expect(collector).toMatch(/^market-collector-\d+$/);
    expect(others).toEqual(readersOf('pairs', 'market-collector'));
  });

  it('changes only the slices that hold networks when one is added, its alerts and the overview', () => {
    const files = changedFiles(addNetwork('zz_example'));
    const watches = (path: string) => path.includes('/monitoring/');
    expect(
      slicesOf(
        files.filter((path) => !watches(path)),
        'chain-sync',
      ),
    ).toEqual(['chain-sync-critical', ...readersOf('networks', 'chain-sync')]);
    const folder = 'environments/staging/defimon-analytics/monitoring';
    expect(files.filter(watches)).toEqual([
      `${folder}/configmap-dashboard-l2-networks-overview.yaml`,
      `${folder}/prometheusrule-chain-critical.yaml`,
    ]);
  });

  it('shows an added network as its line and its id, and names it as the source', () => {
    const path = 'environments/staging/defimon-analytics/chain-sync/configmap-chain-sync-critical.yaml';
    const [before, after] = [inputsOf('staging'), inputsOf('staging', addNetwork('zz_example'))].map((inputs) =>
      renderEnvironment(inputs).files.find((file) => file.path === path),
    );
    const oldLines = new Set(before?.text.split('\n'));
    const newLines = after?.text.split('\n').filter((line) => !oldLines.has(line)) ?? [];
    // The last entry before it gets its comma; the digest is another.
    expect(newLines.length).toBeLessThanOrEqual(4);
    expect(after?.sources).toContain('network/zz_example');
    expect(before?.sources).not.toContain('network/zz_example');
  });

  it('comes back to the same bytes when what was added is removed', () => {
    const removed = new Map(addNetwork('zz_example'));
    removed.delete('networks/zz_example.yaml');
    expect(changedFiles(removed)).toEqual([]);
  });

  it('renders the services of a pool whose provider is undecided', () => {
    const paths = Object.keys(textsOf(inputsOf('staging')));
    expect(paths).toContain('environments/staging/defimon-ml/forecast-api/deployment-forecast-api.yaml');
  });

  it('restarts only services that cannot reload when the catalog changes', () => {
    const restarting = edit('services/chain-sync.yaml', (text) => text.replace('reload: hot', 'reload: restart'));
    const before = deploymentOf(inputsOf('staging', restarting));
    const after = deploymentOf(inputsOf('staging', new Map([...restarting, ...addNetwork('zz_example', restarting)])));
    expect(before).toMatch(/checksum\/config: sha256:[0-9a-f]{64}/);
    expect(after).not.toBe(before);
    expect(deploymentOf(inputsOf('staging'))).not.toContain('checksum/config');
  });

  it('takes sizes from the environment where it states them', () => {
    const inputs = inputsOf('staging');
    const resources = { requests: { cpu: '123m', memory: '456Mi' } };
    const services = { ...inputs.environment.services, 'chain-sync': { replicas: { min: 3, max: 3 }, resources } };
    const text = deploymentOf({ ...inputs, environment: { ...inputs.environment, services } });
    expect(text).toContain('replicas: 3\n');
    expect(text).toContain('cpu: 123m\n');
  });

  it('leaves the replicas to the autoscaler where there is one', () => {
    const text = deploymentOf(inputsOf('production'), 'analytics-api');
    expect(text).not.toContain('replicas:');
  });

  it('says what to add when the environment states no address of a store that a service needs', () => {
    const inputs = inputsOf('staging');
    const { bus: _, ...stores } = { bus: undefined, ...inputs.environment.stores };
    expect(() => renderEnvironment({ ...inputs, environment: { ...inputs.environment, stores } })).toThrow(
      'environments/staging/environment.yaml: service/analytics-api needs the bus store: add stores.bus.secretRef',
    );
  });

  it.each(renderedEnvironments)('names the folder of each app of %s in its app.json', (name) => {
    const { files, apps } = renderEnvironment(inputsOf(name));
    const found = files.filter(({ path }) => path.endsWith('/app.json'));
    expect(found).toHaveLength(apps.length);
    for (const { path, text } of found) {
      const app: unknown = JSON.parse(text);
      expect(app).toMatchObject({
        path: path.slice(0, -'/app.json'.length),
      });
    }
  });
});

function textsOf(inputs: RenderInputs): Record<string, string> {
  return Object.fromEntries(renderEnvironment(inputs).files.map(({ path, text }) => [path, text]));
}

/** Paths of staging that differ from those of the real catalog. */
function changedFiles(files: CatalogFiles): string[] {
  const [before, after] = [textsOf(inputsOf('staging')), textsOf(inputsOf('staging', files))];
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .filter((path) => before[path] !== after[path])
    .sort();
}

function deploymentOf(inputs: RenderInputs, service = 'chain-sync-critical'): string {
  const isIt = ({ path }: OutputFile) => path.endsWith(`/deployment-${service}.yaml`);
  return renderEnvironment(inputs).files.find(isIt)?.text ?? '';
}

/** The names of the ConfigMaps that files hold, each once and sorted, those of one service first; any other file fails. */
function slicesOf(files: readonly string[], first: string): string[] {
  const names = [...new Set(files.map((path) => /\/configmap-([a-z0-9-]+)\.yaml$/.exec(path)?.[1] ?? path))].sort();
  return [...names.filter((name) => name.startsWith(first)), ...names.filter((name) => !name.startsWith(first))];
}

/** The services that read a kind and run whole in each cluster, sorted: all but one. */
function readersOf(key: 'networks' | 'pairs', but: string): string[] {
  const { services } = inputsOf('staging').catalog;
  return services.filter(({ id, reads }) => id !== but && reads.includes(key)).map(({ id }) => id);
}

function textOf(files: CatalogFiles, path: string): string {
  const content = files.get(path);
  if (content === undefined || (typeof content === 'object' && 'unreadable' in content)) throw new Error(`no ${path}`);
  return typeof content === 'string' ? content : new TextDecoder().decode(content);
}

function edit(path: string, change: (text: string) => string): CatalogFiles {
  const before = textOf(catalogFiles, path);
  const after = change(before);
  if (after === before) throw new Error(`${path} is not as this test expects it`);
  return new Map(catalogFiles).set(path, after);
}

/** A network like Base, but of its own name and chain. */
function addNetwork(id: string, files: CatalogFiles = catalogFiles): CatalogFiles {
  const text = textOf(files, 'networks/base.yaml')
    .replace(/^id: .*$/m, `id: ${id}`)
    .replace(/^name: .*$/m, 'name: Example')
    .replace(/^chainId: .*$/m, 'chainId: 987654321')
    .replace(/^networkId: .*$/m, 'networkId: "987654321"')
    .replaceAll('base', 'example');
  return new Map(files).set(`networks/${id}.yaml`, text);
}

/** The same catalog, written by somebody else: other order of files and keys, other line ends. */
function scrambled(files: CatalogFiles, seed: number): CatalogFiles {
  const random = fc.sample(fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })), { seed, numRuns: 1 })[0];
  const shuffle = <T>(items: readonly T[]): T[] =>
    items
      .map((item) => ({ item, rank: random?.next().value ?? 0 }))
      .sort((a, b) => a.rank - b.rank)
      .map(({ item }) => item);
  const rekey = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(rekey);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(shuffle(Object.entries(value)).map(([key, child]) => [key, rekey(child)]));
  };
  const rewritten = [...files.keys()].map((path): [string, string] => [
    path,
    stringify(rekey(parse(textOf(files, path))), { aliasDuplicateObjects: false }).replaceAll('\n', '\r\n'),
  ]);
  return new Map(shuffle(rewritten));
}
