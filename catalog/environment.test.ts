import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadEnvironment, parseEnvironment, withOverride } from './environment.ts';
import { type Catalog, CatalogError, formatProblem, getEntry, parseCatalog } from './load.ts';
import { parseSlice, renderSlice, sliceOf } from './slice.ts';
import { smallCatalog, smallCatalogWith } from './testing/small-catalog.ts';

const file = 'environments/staging/environment.yaml';
const staging = `name: staging
domain: staging.example.com
follow: head
phases: [1, 2]
sync:
  intervalSeconds: 12
  batchSize: 100
  maxConcurrentRequests: 20
  priorityThreshold: 6
  requestsPerSecond: 25
  requestTimeoutSeconds: 10
stores:
  kind: networked
  relational: { secretRef: postgresql/url }
  timeseries: { secretRef: clickhouse/url }
services:
  api:
    replicas: { min: 1, max: 2 }
networks:
  - id: own
    name: Own
    kind: evm
    chainId: 9
    status: active
    phase: 1
    priority: 10
    owner: platform
    stack: anvil
    settlement: alpha
    nativeCurrency: { symbol: ETH, decimals: 18 }
    finality: { tag: finalized }
    rpc: [{ url: "http://127.0.0.1:8545" }]
`;

describe(parseEnvironment.name, () => {
  it('reads an environment that holds', () => {
    const { environment, problems } = parseEnvironment(file, staging, small());
    expect(problems.map(formatProblem)).toEqual([]);
    expect(environment?.sync.priorityThreshold).toBe(6);
    expect(environment?.sync.historyBlocks).toBeUndefined();
    expect(Object.isFrozen(environment?.networks?.[0])).toBe(true);
  });

  it('holds the protocols that exist only here against the catalog and the own networks', () => {
    const withContractOn = (network: string): string => `${staging}protocols:
  - id: playground
    name: Playground
    category: token
    status: active
    owner: platform
    contracts: [{ network: ${network}, name: Token, address: "0x4200000000000000000000000000000000000006" }]
    events: [{ contract: Token, signature: "event Transfer(address from, address to, uint256 value)" }]
`;
    const problemsOf = (network: string, catalog: Catalog): string[] =>
      parseEnvironment(file, withContractOn(network), catalog).problems.map(({ code }) => code);
    expect(problemsOf('own', small())).toEqual([]);
    expect(problemsOf('beta', small())).toEqual([]);
    expect(problemsOf('betta', small())).toEqual(['CAT060']);
    // A slice without networks cannot tell; its own networks still settle on one.
    expect(problemsOf('beta', { ...small(), networks: [] })).not.toContain('CAT060');
  });

  const wrong: [code: string, what: string, from: string, to: string, place: string][] = [
    ['CAT096', 'the name is not the folder', 'name: staging', 'name: dev', '1:7'],
    ['CAT097', 'production follows the head', 'name: staging', 'name: production', '3:9'],
    [
      'CAT097',
      'local follows a lock',
      'name: staging\ndomain: staging.example.com\nfollow: head',
      'name: local\ndomain: localhost\nfollow: lock',
      '3:9',
    ],
    [
      'CAT098',
      'a cluster embeds its stores',
      '  kind: networked\n  relational: { secretRef: postgresql/url }\n  timeseries: { secretRef: clickhouse/url }',
      '  kind: embedded',
      '13:9',
    ],
    ['CAT099', 'a service is unknown', '  api:', '  apj:', '17:3'],
    ['CAT072', 'an override has min above max', '{ min: 1, max: 2 }', '{ min: 3, max: 2 }', '18:22'],
    ['CAT100', 'a service that runs once is to run twice', '  api:', '  forecast:', '18:30'],
    ['CAT073', 'an override asks for more than the pool has', '{ min: 1, max: 2 }', '{ min: 20, max: 20 }', '17:3'],
    [
      'CAT088',
      'an override asks for more than its limit',
      'replicas: { min: 1, max: 2 }',
      "resources: { requests: { cpu: '1', memory: 1Gi }, limits: { cpu: 500m, memory: 1Gi } }",
      '18:28',
    ],
    [
      'CAT101',
      'a pool is unknown',
      'services:\n',
      'pools: { mian: { nodeGroups: { general: { min: 1, max: 2 } } } }\nservices:\n',
      '16:10',
    ],
    [
      'CAT101',
      'a node group is unknown',
      'services:\n',
      'pools: { main: { nodeGroups: { genral: { min: 1, max: 2 } } } }\nservices:\n',
      '16:32',
    ],
    [
      'CAT101',
      'a store is unknown',
      'services:\n',
      'pools: { main: { stores: { search: { storageGB: 9 } } } }\nservices:\n',
      '16:28',
    ],
    [
      'CAT072',
      'a node group has min above max',
      'services:\n',
      'pools: { main: { nodeGroups: { general: { min: 3, max: 2 } } } }\nservices:\n',
      '16:48',
    ],
    [
      'CAT071',
      'a machine is not on the price list',
      'services:\n',
      'pools: { main: { nodeGroups: { general: { min: 1, max: 2, machine: cx1 } } } }\nservices:\n',
      '16:68',
    ],
    [
      'CAT073',
      'the machines are too few',
      'services:\n',
      'pools: { main: { nodeGroups: { general: { min: 0, max: 2 } } } }\nservices:\n',
      '16:8',
    ],
    ['CAT095', 'a secret', 'name: staging', 'name: staging # AKIAIOSFODNN7EXAMPLE', '1:17'],
    ['CAT020', "a network has a catalog network's id", 'id: own', 'id: alpha', '20:9'],
    ['CAT031', "a network has a catalog network's chain id", 'chainId: 9', 'chainId: 1001', '23:14'],
    ['CAT033', 'a settlement is unknown', 'settlement: alpha', 'settlement: alhpa', '29:17'],
    ['CAT022', 'an owner is unknown', 'owner: platform', 'owner: plaform', '27:12'],
    ['CAT036', 'an endpoint is reached without TLS', 'http://127.0.0.1:8545', 'http://10.0.0.1:8545', '32:18'],
    [
      'CAT036',
      'an exchange is reached without TLS',
      'stores:\n',
      'market: { exchange: { spot: { rest: "https://a.example.com", stream: "ws://a.example.com" } } }\nstores:\n',
      '12:70',
    ],
    ['CAT013', 'a pool has no connection', 'stores:\n', 'database: { poolSize: 0 }\nstores:\n', '12:23'],
    ['CAT010', 'a networked store has no address', '  relational: { secretRef: postgresql/url }\n', '', '13:3'],
    ['CAT011', 'an unknown setting', 'batchSize:', 'batchsize:', '7:3'],
    ['CAT013', 'an unknown kind of store', 'kind: networked', 'kind: network', '13:3'],
    ['CAT013', 'a secret in place of a reference', 'secretRef: postgresql/url', 'secretRef: postgres', '14:28'],
    ['CAT001', 'broken YAML', 'phases: [1, 2]', 'phases: [1, 2', '5:1'],
  ];
  it.each(wrong)('%s: %s', (code, _what, from, to, place) => {
    expect(staging).toContain(from);
    const { environment, problems } = parseEnvironment(file, staging.replace(from, to), small());
    expect(environment).toBeUndefined();
    const places = problems.map((problem) => `${problem.code} ${problem.line}:${problem.col}`);
    expect(places, problems.map(formatProblem).join('\n')).toContain(`${code} ${place}`);
    expect(problems.every((problem) => problem.file === file)).toBe(true);
  });

  it('takes the file of a pod, whose folder has another name', () => {
    const { problems } = parseEnvironment('/etc/defimon/catalog/environment.yaml', staging, small());
    expect(problems.map(formatProblem)).toEqual([]);
  });

  it('counts every shard of a service as what the pool must hold', () => {
    const sharded = smallCatalogWith('services/api.yaml', ['routes:\n', 'shards: { of: pairs, size: 1 }\nroutes:\n']);
    const { catalog } = parseCatalog(sharded);
    if (catalog === undefined) throw new Error('the small catalog holds');
    const text = staging.replace('{ min: 1, max: 2 }', '{ min: 10, max: 10 }');
    expect(parseEnvironment(file, text, small()).problems.map(formatProblem)).toEqual([]);
    expect(parseEnvironment(file, text, catalog).problems.map(({ message }) => message)).toEqual([
      expect.stringContaining('20 × api'),
    ]);
  });

  it('checks what a slice can tell', () => {
    const { catalog } = parseSlice(renderSlice(sliceOf(small(), 'chain-sync')));
    expect(parseEnvironment(file, staging, catalog).problems.map(formatProblem)).toEqual([]);
  });
});

describe(loadEnvironment.name, () => {
  it('throws all problems, those of a file that is not there too', () => {
    expect(() => loadEnvironment('environments/none/environment.yaml', small())).toThrow(CatalogError);
    expect(() => loadEnvironment('environments/none/environment.yaml', small())).toThrow(
      'environments/none/environment.yaml:1:1 CAT004 the file cannot be read: it is not there',
    );
  });

  it('reads the environments of this repository', async () => {
    const { loadCatalog } = await import('./load.ts');
    const catalog = loadCatalog(import.meta.dirname);
    for (const name of ['local', 'dev', 'staging', 'production']) {
      const path = join(import.meta.dirname, '../environments', name, 'environment.yaml');
      expect(loadEnvironment(path, catalog).name).toBe(name);
    }
  });
});

describe(withOverride.name, () => {
  it('gives a service the size of its environment', () => {
    const { environment } = parseEnvironment(file, staging, small());
    if (environment === undefined) throw new Error('the environment holds');
    expect(withOverride(getEntry(small(), 'services', 'api'), environment).scaling).toEqual({ min: 1, max: 2 });
    expect(withOverride(getEntry(small(), 'services', 'chain-sync'), environment).scaling).toEqual({ min: 1, max: 2 });
  });
});

function small(): Catalog {
  const { catalog, problems } = parseCatalog(new Map(Object.entries(smallCatalog)));
  if (catalog === undefined) throw new CatalogError(problems);
  return catalog;
}
