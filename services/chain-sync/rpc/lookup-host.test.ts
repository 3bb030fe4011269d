import { describe, expect, it } from 'vitest';
import { assertHasAddress, lookupHost } from './lookup-host.ts';

describe(lookupHost.name, () => {
  it('leaves a name without a dot to the system, which knows the hosts file', async () => {
    const found = await new Promise((resolve, reject) => {
      lookupHost('localhost', { all: true }, (error, addresses) =>
        error === null ? resolve(addresses) : reject(error),
      );
    });

    expect(found).toContainEqual({ address: '127.0.0.1', family: 4 });
  });
});

describe(assertHasAddress.name, () => {
  it.each(['http://127.0.0.1:8545', 'http://[::1]:8545', 'http://localhost:8545', 'http://anvil:8545'])(
    'asks nobody for %s',
    async (url) => {
      await expect(assertHasAddress(url)).resolves.toBeUndefined();
    },
  );

  it('rejects a host that no name server can know (RFC 6761)', async () => {
    await expect(assertHasAddress('https://rpc.example.invalid')).rejects.toThrow(/rpc\.example\.invalid/);
  }, 60_000);
});
