import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { loadCatalog } from '../../catalog/load.ts';
import { renderSlice, sliceOf } from '../../catalog/slice.ts';
import { playgroundAddress } from '../testing/playground/playground.ts';
import { catalogSourceOf, readSources } from './catalog-source.ts';

const root = join(import.meta.dirname, '..', '..');
const catalogDir = join(root, 'catalog');
const local = join(root, 'environments', 'local', 'environment.yaml');

let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'catalog-source-'));
});

afterEach(async () => {
  await rm(dir, { recursive: true });
});

describe(catalogSourceOf.name, () => {
  it('takes a file for a slice, and anything else for a folder', async () => {
    expect(catalogSourceOf(await sliceFile())).toMatchObject({ kind: 'slice' });
    expect(catalogSourceOf(catalogDir)).toMatchObject({ kind: 'folder' });
    expect(catalogSourceOf(join(dir, 'missing'))).toMatchObject({ kind: 'folder' });
  });
});

describe(readSources.name, () => {
  it('reads a slice under the digest that it was rendered with', async () => {
    const slice = sliceOf(loadCatalog(catalogDir), 'chain-sync');

    const reading = readSources({ kind: 'slice', path: await sliceFile() }, local, 0);

    expect(reading).toMatchObject({ digest: slice.digest, catalog: { pairs: [] } });
  });

  it('reads an environment from a file of any folder, in YAML or JSON', async () => {
    const yaml = await readFile(join(root, 'environments', 'staging', 'environment.yaml'), 'utf8');
    for (const text of [yaml, JSON.stringify(parse(yaml))]) {
      const file = join(dir, 'mounted.yaml');
      await writeFile(file, text);
      const reading = readSources({ kind: 'slice', path: await sliceFile() }, file, 0);
      expect(reading).toMatchObject({ environment: { name: 'staging', phases: [1, 2] } });
    }
  });

  it('tells what is wrong with a slice, as of a folder', async () => {
    const path = await sliceFile((text) => text.replace('"priority":', '"prioritty":'));

    expect(readSources({ kind: 'slice', path }, local, 0)).toEqual({
      problems: [expect.stringMatching(/slice\.json:1:1 CAT006 .*priority/)],
    });
  });

  it('counts the protocols of an environment among those of the catalog', () => {
    const reading = readSources(catalogSourceOf(catalogDir), local, 0);
    if ('problems' in reading) throw new Error(reading.problems.join('\n'));

    const ids = reading.catalog.protocols.map(({ id }) => id);
    expect(ids).toEqual([...loadCatalog(catalogDir).protocols.map(({ id }) => id), 'playground'].sort());
    const playground = reading.catalog.protocols.find(({ id }) => id === 'playground');
    expect(playground?.contracts.map(({ address }) => address.toLowerCase())).toEqual([
      playgroundAddress,
      playgroundAddress,
    ]);
  });

  it('moves the ports of own networks, and nothing else of their addresses', async () => {
    const environment = await environmentWith('http://127.0.0.1:18545/v1/evm', 'https://rpc.example.org/v1/evm');

    expect(urlsOf(environment, 0)).toEqual(['http://127.0.0.1:18545/v1/evm', 'https://rpc.example.org/v1/evm']);
    expect(urlsOf(environment, 100)).toEqual(['http://127.0.0.1:18645/v1/evm', 'https://rpc.example.org/v1/evm']);
  });
});

function urlsOf(environmentFile: string, portOffset: number): string[] {
  const reading = readSources(catalogSourceOf(catalogDir), environmentFile, portOffset);
  if ('problems' in reading) throw new Error(reading.problems.join('\n'));
  return reading.environmentNetworks.flatMap((network) => network.rpc.map((endpoint) => endpoint.url));
}

async function sliceFile(change = (text: string): string => text): Promise<string> {
  const path = join(dir, 'slice.json');
  await writeFile(path, change(renderSlice(sliceOf(loadCatalog(catalogDir), 'chain-sync'))));
  return path;
}

async function environmentWith(...urls: string[]): Promise<string> {
  const path = join(dir, 'local', 'environment.yaml');
  await mkdir(join(dir, 'local'));
  await writeFile(
    path,
    `name: local
domain: localhost
follow: head
phases: [1]
sync:
  { intervalSeconds: 1, batchSize: 100, maxConcurrentRequests: 20, priorityThreshold: 1, requestsPerSecond: 25, requestTimeoutSeconds: 10 }
stores: { kind: embedded }
networks:
  - id: own
    name: Own
    kind: evm
    chainId: 7700009
    status: active
    phase: 1
    priority: 10
    owner: platform
    stack: anvil
    settlement: self
    nativeCurrency: { symbol: ETH, decimals: 18 }
    finality: { tag: finalized }
    rpc: [${urls.map((url) => `{ url: "${url}" }`).join(', ')}]
`,
  );
  return path;
}
