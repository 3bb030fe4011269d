import type { Network } from './schema/network.ts';
import type { Service } from './schema/service.ts';

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

/**
 * The tier of a service that is not split by networks or pairs, whose shards have one each. Callers wait for one that
 * has routes, and what a webhook did not deliver is lost; a run at night can wait for room; the others catch up.
 */
export function tierOfService({ routes, workload }: Pick<Service, 'routes' | 'workload'>): Tier {
  if (routes.length > 0) return 'critical';
  return workload?.kind === 'cronjob' ? 'background' : 'standard';
}
