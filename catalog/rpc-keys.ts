import { compareCodePoints } from './kinds.ts';
import type { Network } from './schema/network.ts';

/** Letters that every variable of an endpoint's key begins with. */
export const rpcKeyPrefix = 'RPC_KEY_';

/**
 * The environment variable that holds the key of RPC endpoints with this `secretRef`: `RPC_KEY_ALCHEMY_TOKEN` of
 * `alchemy/token`. It goes by the reference, so that networks with one provider share it.
 */
export function rpcKeyVariable(secretRef: string): string {
  return `${rpcKeyPrefix}${secretRef.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_')}`;
}

/** The keys that the endpoints of networks in use ask for, each once and sorted, with the ids of those networks. */
export function rpcKeysOf(networks: readonly Network[]): { secretRef: string; networks: string[] }[] {
  const used = networks
    .filter(({ status }) => status !== 'retired')
    .flatMap(({ id, rpc }) => rpc.flatMap(({ secretRef }) => (secretRef === undefined ? [] : [{ id, secretRef }])));
  return [...Map.groupBy(used, ({ secretRef }) => secretRef)]
    .map(([secretRef, those]) => ({ secretRef, networks: [...new Set(those.map(({ id }) => id))] }))
    .sort((a, b) => compareCodePoints(a.secretRef, b.secretRef));
}
