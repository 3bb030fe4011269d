import type { Provider } from '../../catalog/schema/machine.ts';
import { addressPlan, awsRegions } from './address-plan.ts';

/** The networks from which the pods of a cluster have their addresses; none while no provider is decided. */
export function podNetworksOf(provider: Provider, region: string | undefined): readonly string[] {
  switch (provider) {
    case 'hetzner':
    case 'digitalocean':
    case 'gcp':
      return [addressPlan[provider].pods];
    // There a pod has an address of its machine's subnet, and machines stand in the private ones.
    case 'aws':
      return (awsRegions[region ?? '']?.zones ?? []).map(({ privateCidr }) => privateCidr);
    case 'undecided':
      return [];
  }
}
