import type { Network } from './schema/network.ts';

/** How much a network matters: it decides the class of its pods, its shard of chain-sync and how loud its alerts are. */
export type Tier = 'critical' | 'standard' | 'background';

/** From the one that matters most. */
export const tiers: readonly Tier[] = ['critical', 'standard', 'background'];

/** What Alertmanager routes by. */
export const severities: Readonly<Record<Tier, 'critical' | 'warning' | 'info'>> = {
  critical: 'critical',
  standard: 'warning',
  background: 'info',
};

/**
 * A network's tier: the lesser of what its priority (8 to 10, 6 and 7, 5 and less: the brief's bands) and its phase
 * (1, 2, 3) say. A network of a later phase is on trial, whatever its priority.
 */
export function tierOf({ priority, phase }: Pick<Network, 'priority' | 'phase'>): Tier {
  const byPriority = priority >= 8 ? 0 : priority >= 6 ? 1 : 2;
  return tiers[Math.max(byPriority, Math.min(phase, 3) - 1)] ?? 'background';
}
