import { describe, expect, it } from 'vitest';
import { parseCatalog } from './load.ts';
import { rpcKeysOf, rpcKeyVariable } from './rpc-keys.ts';
import type { Network } from './schema/network.ts';
import { smallCatalog } from './testing/small-catalog.ts';

describe(rpcKeyVariable.name, () => {
  it('is named by the reference alone', () => {
    expect(rpcKeyVariable('alchemy/token')).toBe('RPC_KEY_ALCHEMY_TOKEN');
    expect(rpcKeyVariable('quick-node/api.key_2')).toBe('RPC_KEY_QUICK_NODE_API_KEY_2');
  });
});

describe(rpcKeysOf.name, () => {
  it('names each key once, with the networks in use that ask for it', () => {
    const networks = [
      networkWith('b', ['infura/key', 'alchemy/key', undefined]),
      networkWith('a', ['infura/key', 'infura/key']),
      { ...networkWith('gone', ['old/key']), status: 'retired' as const },
    ];
    expect(rpcKeysOf(networks)).toEqual([
      { secretRef: 'alchemy/key', networks: ['b'] },
      { secretRef: 'infura/key', networks: ['b', 'a'] },
    ]);
  });
});

function networkWith(id: string, secretRefs: readonly (string | undefined)[]): Network {
  const [network] = parseCatalog(new Map(Object.entries(smallCatalog))).catalog?.networks ?? [];
  if (network === undefined) throw new Error('the small catalog has networks');
  const url = 'https://rpc.example.com';
  return {
    ...network,
    id,
    rpc: secretRefs.map((secretRef) => (secretRef === undefined ? { url } : { url, secretRef })),
  };
}
