import { KubeConfigMap } from 'cdk8s-plus-28/lib/imports/k8s.js';
import type { Environment } from '../../../catalog/schema/environment.ts';
import type { Network } from '../../../catalog/schema/network.ts';
import type { Pool } from '../../../catalog/schema/pool.ts';
import type { Protocol } from '../../../catalog/schema/protocol.ts';
import type { Service } from '../../../catalog/schema/service.ts';
import { metadataOf } from '../../app.ts';
import { monitoringNamespace } from '../../conventions.ts';
import { hasClickhouse } from '../../stores/clickhouse-reader.ts';
import { renderReaderSecret } from './clickhouse-source.ts';
import type { Dashboard } from './dashboard.ts';
import { renderEthereumNodes } from './ethereum-nodes.ts';
import { renderGasFees } from './gas-fees.ts';
import { renderMarket } from './market.ts';
import { renderNetworkPerformance } from './network-detail.ts';
import { renderNetworksOverview } from './networks-overview.ts';
import { renderProtocolActivity } from './protocol-activity.ts';
import { renderStores } from './stores.ts';
import { renderStream } from './stream.ts';
import { renderSystemHealth } from './system-health.ts';

interface Shown {
  readonly pool: Pool;
  readonly environment: Environment;
  /** Of the pool. */
  readonly services: readonly Service[];
  /** All of the catalog where they are synced, none elsewhere. */
  readonly networks: readonly Network[];
  /** As the networks. */
  readonly protocols: readonly Protocol[];
}

/** The dashboards of a cluster: of what runs there, and none where no Prometheus would know about it. */
export function dashboardsOf({ pool, environment, services, networks, protocols }: Shown): Dashboard[] {
  const { workloads = [] } = pool;
  if (!['prometheus', 'grafana'].every((needed) => workloads.some(({ id }) => id === needed))) return [];
  return [
    ...(networks.length === 0
      ? []
      : [renderNetworksOverview(networks, environment), renderNetworkPerformance(), renderGasFees()]),
    protocols.length > 0 && hasClickhouse(pool) ? renderProtocolActivity(protocols) : undefined,
    services.some(({ id }) => id === 'stream-processor') ? renderStream(pool) : undefined,
    services.some(({ id }) => id === 'market-collector') ? renderMarket(pool) : undefined,
    renderSystemHealth(pool, services),
    renderStores(pool),
    renderEthereumNodes(pool),
  ].filter((dashboard) => dashboard !== undefined);
}

/** The objects that bring Grafana its dashboards, and what it reads for them. */
export function renderDashboards(shown: Shown): object[] {
  const dashboards = dashboardsOf(shown);
  const asksClickhouse = dashboards.length > 0 && hasClickhouse(shown.pool);
  return [...(asksClickhouse ? [renderReaderSecret(shown.pool)] : []), ...dashboards.map(renderDashboard)];
}

/** Grafana's sidecar takes in every ConfigMap of this label, in whatever namespace. */
const sidecarLabel = { grafana_dashboard: '1' };

/** The object that carries a dashboard to Grafana. */
export function renderDashboard({ id, sources, json }: Dashboard): object {
  return KubeConfigMap.manifest({
    metadata: metadataOf({
      name: `dashboard-${id}`,
      namespace: monitoringNamespace,
      wave: 'config',
      labels: sidecarLabel,
      sources,
    }),
    data: { [`${id}.json`]: json },
  });
}
