import { describe, expect, test } from 'vitest';
import type { Network } from '../../catalog/schema/network.ts';
import { decideSync, isLoopback, type Selection } from './select-networks.ts';

const everything: Selection = {
  phases: [1, 2, 3],
  priorityThreshold: 1,
  only: undefined,
  remoteEndpoints: true,
};

describe(decideSync, () => {
  test('syncs from the endpoints that need no key, in their order', () => {
    const rpc = [
      { url: 'https://a.example/' },
      { url: 'https://b.example/', secretRef: 'rpc/key' },
      { url: 'https://c.example/' },
    ];
    expect(urlsOf(networkOf({ rpc }), everything)).toEqual(['https://a.example/', 'https://c.example/']);
  });

  test('uses an endpoint with the key it asks for, at the end of its path', () => {
    const rpc = [
      { url: 'https://b.example/v2/', secretRef: 'rpc/key' },
      { url: 'https://c.example/v3', secretRef: 'rpc/other', requestsPerSecond: 5 },
      { url: 'https://d.example', secretRef: 'rpc/missing' },
    ];
    const keys: Record<string, string> = { 'rpc/key': 'k1', 'rpc/other': 'k/2' };
    expect(decideSync(networkOf({ rpc }), { ...everything, keyOf: (secretRef) => keys[secretRef] })).toEqual({
      sync: true,
      endpoints: [
        { rpc: rpc[0], url: 'https://b.example/v2/k1' },
        { rpc: rpc[1], url: 'https://c.example/v3/k%2F2' },
      ],
    });
  });

  test.each<readonly [string, Partial<Network>, Partial<Selection>, RegExp]>([
    ['retired', { status: 'retired', statusNote: 'sunset in May' }, {}, /retired: sunset in May/],
    ['an alias', { aliasOf: 'ethereum' }, {}, /another name of ethereum/],
    ['of another kind', { kind: 'solana' }, {}, /kind solana/],
    ['of a phase that is off', { phase: 3 }, { phases: [1, 2] }, /phase 3 is not on/],
    ['below the threshold', { priority: 5 }, { priorityThreshold: 6 }, /priority 5 is below the threshold 6/],
    ['not named in L2_NETWORKS', {}, { only: ['other'] }, /L2_NETWORKS/],
    ['only on the internet', {}, { remoteEndpoints: false }, /--live/],
    ['without an endpoint', { rpc: [] }, {}, /no RPC endpoint/],
    [
      'with endpoints that all need a key',
      { rpc: [{ url: 'https://a.example/', secretRef: 'rpc/key' }] },
      {},
      /ask for keys that are not given/,
    ],
  ])('leaves out one that is %s', (_, network, selection, reason) => {
    const decision = decideSync(networkOf(network), { ...everything, ...selection });
    expect(decision).toMatchObject({ sync: false, reason: expect.stringMatching(reason) });
  });

  test('syncs what L2_NETWORKS names whatever its phase and priority, but nothing that is retired', () => {
    const only = ['simulated'];
    expect(
      decideSync(networkOf({ phase: 3, priority: 1 }), { ...everything, phases: [1], priorityThreshold: 9, only }).sync,
    ).toBe(true);
    expect(decideSync(networkOf({ status: 'retired' }), { ...everything, only }).sync).toBe(false);
    expect(decideSync(networkOf({ status: 'deprecated' }), everything).sync).toBe(true);
  });

  test('keeps to this machine unless told otherwise', () => {
    const rpc = [{ url: 'https://a.example/' }, { url: 'http://127.0.0.1:8545' }];
    expect(urlsOf(networkOf({ rpc }), { ...everything, remoteEndpoints: false })).toEqual(['http://127.0.0.1:8545']);
  });
});

describe(isLoopback, () => {
  test.each([
    'http://127.0.0.1:8545',
    'http://127.9.9.9/',
    'http://localhost:1',
    'http://node.localhost/',
    'http://[::1]:8545/',
  ])('%s is', (url) => {
    expect(isLoopback(url)).toBe(true);
  });

  test.each([
    'http://127.0.0.1.example.com/',
    'https://localhost.example/',
    'http://10.0.0.1/',
    'http://0.0.0.0/',
    'http://[::2]/',
  ])('%s is not', (url) => {
    expect(isLoopback(url)).toBe(false);
  });
});

function urlsOf(network: Network, selection: Selection): string[] {
  const decision = decideSync(network, selection);
  if (!decision.sync) throw new Error(decision.reason);
  return decision.endpoints.map(({ url }) => url);
}

function networkOf(parts: Partial<Network>): Network {
  return {
    id: 'simulated',
    name: 'Simulated',
    kind: 'evm',
    chainId: 1,
    status: 'active',
    phase: 1,
    priority: 10,
    owner: 'platform',
    stack: 'ethereum',
    settlement: 'self',
    nativeCurrency: { symbol: 'ETH', decimals: 18 },
    finality: {},
    rpc: [{ url: 'https://a.example/' }],
    ...parts,
  };
}
