import type { Pool } from '../../catalog/schema/pool.ts';
import { metadataOf, type Place } from '../app.ts';
import { clustersOf } from '../clusters.ts';
import { monitoringNamespace } from '../conventions.ts';
import type { RenderInputs } from '../inputs.ts';
import { type Unit, unit } from '../unit.ts';
import { renderAlertRouting } from './alert-routing.ts';
import { chainAlerts } from './chain-alerts.ts';
import { renderDashboards } from './dashboards/dashboards.ts';
import { marketAlerts } from './market-alerts.ts';
import { type RuleGroup, renderGroup } from './rule-group.ts';
import { serviceAlerts } from './service-alerts.ts';
import { streamAlerts } from './stream-alerts.ts';

/** What each cluster is watched by: the alerts and dashboards of what runs there. */
export function observabilityUnits({ catalog, environment }: RenderInputs): Unit[] {
  return catalog.pools.flatMap((pool) => {
    const services = catalog.services.filter((service) => service.pool === pool.id);
    const followsChains = services.some(({ id }) => id === 'chain-sync');
    const collectsPairs = services.some(({ id }) => id === 'market-collector');
    const inputs = {
      pool,
      owners: catalog.owners,
      environment,
      services,
      networks: followsChains ? catalog.networks : [],
      pairs: collectsPairs ? catalog.pairs : [],
      protocols: followsChains ? catalog.protocols : [],
    };
    return clustersOf(pool).map((cluster) => {
      const place = { environment: environment.name, pool: pool.id, cluster, namespace: monitoringNamespace };
      return monitoringUnit(place, inputs);
    });
  });
}

interface Watched extends Pick<RenderInputs, 'environment'> {
  readonly pool: Pool;
  readonly owners: RenderInputs['catalog']['owners'];
  readonly services: RenderInputs['catalog']['services'];
  readonly networks: RenderInputs['catalog']['networks'];
  readonly pairs: RenderInputs['catalog']['pairs'];
  readonly protocols: RenderInputs['catalog']['protocols'];
}

function monitoringUnit(place: Place, inputs: Watched): Unit {
  return unit({
    place,
    name: 'monitoring',
    tier: 'platform',
    owner: inputs.pool.owner,
    inputs,
    render: (_, { pool, owners, services, networks, pairs, protocols, environment }) => [
      ...renderAlertRouting(owners, pool.owner),
      ...chainAlerts(networks, environment).map((group) =>
        renderRule(group, [`environment/${environment.name}`, ...networksIn(group, networks)]),
      ),
      ...serviceAlerts(services).map((group) =>
        renderRule(group, [`pool/${pool.id}`, `service/${group.name.replace(/^service-/, '')}`]),
      ),
      ...marketAlerts(services, pairs).map((group) =>
        renderRule(group, [`pool/${pool.id}`, 'service/market-collector']),
      ),
      ...streamAlerts(services).map((group) =>
        renderRule(group, [`pool/${pool.id}`, 'service/chain-sync', 'service/stream-processor']),
      ),
      ...renderDashboards({ pool, environment, services, networks, protocols }),
    ],
  });
}

function renderRule(group: RuleGroup, sources: readonly string[]): object {
  return {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PrometheusRule',
    metadata: metadataOf({ name: group.name, namespace: monitoringNamespace, wave: 'config', sources }),
    spec: { groups: [renderGroup(group)] },
  };
}

/** The catalog ids of the networks that a group watches. */
function networksIn({ alerts }: RuleGroup, networks: Watched['networks']): string[] {
  const watched = new Set(alerts.map(({ network }) => network));
  return networks.filter(({ id }) => watched.has(id)).map(({ id }) => `network/${id}`);
}
