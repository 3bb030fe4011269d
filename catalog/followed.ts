import type { Network } from './schema/network.ts';

/** What of an environment decides which networks are followed there. */
export interface Following {
  readonly phases: readonly number[];
  /** Networks of lower priority are left out: L2_PRIORITY_THRESHOLD. */
  readonly priorityThreshold: number;
  /** Only these, whatever their priority and phase: L2_NETWORKS. */
  readonly only?: readonly string[] | undefined;
}

/** Why a network is not followed, for people; undefined if it is. The service, its alerts and the plan all ask here. */
export function whyNotFollowed(network: Network, { phases, priorityThreshold, only }: Following): string | undefined {
  if (network.status === 'retired') return `retired: ${network.statusNote ?? 'no longer in use'}`;
  if (network.aliasOf !== undefined) return `another name of ${network.aliasOf}`;
  if (network.kind !== 'evm') return `chains of kind ${network.kind} are not synced yet`;
  if (only !== undefined) return only.includes(network.id) ? undefined : 'not named in L2_NETWORKS';
  if (!phases.includes(network.phase)) return `phase ${network.phase} is not on in this environment`;
  if (network.priority < priorityThreshold)
    return `priority ${network.priority} is below the threshold ${priorityThreshold}`;
  return undefined;
}
