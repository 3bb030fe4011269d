import { metrics } from '../../catalog/metrics.ts';
import type { Environment } from '../../catalog/schema/environment.ts';
import type { Network } from '../../catalog/schema/network.ts';
import { severities, type Tier, tierOf, tiers } from '../../catalog/tiers.ts';
import { behindBlocks, followedNetworks, usualBlockSeconds } from './followed-networks.ts';
import type { RuleGroup } from './rule-group.ts';

/** The least time without a block that is worth telling anyone, whatever the block time. */
const silentSecondsMin = 120;

/**
 * Alerts of the networks that an environment follows. A network's tier says how loud they are, its own block time how
 * long it may be silent, its owner who is told.
 */
export function chainAlerts(networks: readonly Network[], environment: Environment): RuleGroup[] {
  const followed = followedNetworks(networks, environment);
  return tiers.flatMap((tier) => {
    const ofTier = followed.filter((network) => tierOf(network) === tier);
    return ofTier.length === 0 ? [] : [{ name: `chain-${tier}`, alerts: ofTier.flatMap((one) => alertsOf(one, tier)) }];
  });
}

function alertsOf(network: Network, tier: Tier): RuleGroup['alerts'] {
  const { id, name, owner, blockTimeSeconds = usualBlockSeconds } = network;
  const severity = severities[tier];
  const of = (metric: keyof typeof metrics) => `${metrics[metric].name}{network="${id}"}`;
  const silentSeconds = Math.max(silentSecondsMin, Math.ceil(behindBlocks * blockTimeSeconds));
  // A chain of many blocks a second is behind by more of them between two looks.
  const behind = Math.max(behindBlocks, Math.ceil(silentSecondsMin / blockTimeSeconds));
  const seeHealth = `see /api/v1/health/networks, and the endpoints in catalog/networks/${id}.yaml`;
  return [
    {
      alert: 'NetworkBehind',
      expr: `${of('headBlock')} - ${of('syncedBlock')} > ${behind}`,
      for: '5m',
      severity,
      owner,
      network: id,
      summary: `${name} is {{ $value }} blocks behind its head`,
      action: `${seeHealth}; more requests a second help if the endpoint allows them`,
    },
    {
      alert: 'NetworkSilent',
      // One series that stays, or none at all: the head that we see has not moved.
      expr: `changes(${of('headBlock')}[${silentSeconds}s]) == 0 or absent(${of('headBlock')})`,
      for: '2m',
      severity,
      owner,
      network: id,
      summary: `${name} shows no new block since ${silentSeconds} seconds`,
      action: `compare with its explorer: either the chain stands still, or our endpoints do; ${seeHealth}`,
    },
    {
      alert: 'NetworkErrors',
      expr: `${of('syncErrorRate')} > 0.5`,
      for: '10m',
      severity,
      owner,
      network: id,
      summary: `{{ $value | humanizePercentage }} of the requests to ${name}'s endpoints fail`,
      action: `${seeHealth}; add or replace an endpoint`,
    },
  ];
}
