import { componentsOfManagement } from '../../catalog/components.ts';
import type { Environment } from '../../catalog/schema/environment.ts';
import type { Pool } from '../../catalog/schema/pool.ts';
import { managementCluster } from '../conventions.ts';
import { hostOf } from '../gateway/hosts.ts';
import type { RenderInputs } from '../inputs.ts';
import { machineNamespaceOf, placedPoolsOf } from '../platform/cluster-namespaces.ts';
import { type Unit, unit } from '../unit.ts';
import { renderAwsBuckets } from './aws/buckets.ts';
import { renderAwsClusters } from './aws/cluster.ts';
import { renderAwsDatabase } from './aws/database.ts';
import { renderAwsNetworks } from './aws/network.ts';
import { renderDigitalOceanPool } from './digitalocean/cluster.ts';
import { renderGcpBackups } from './gcp/backups.ts';
import { renderGcpCluster } from './gcp/cluster.ts';
import { renderGcpMachines } from './gcp/machines.ts';
import { renderGcpNetwork } from './gcp/network.ts';
import { renderHetznerPool } from './hetzner/cluster.ts';
import type { PoolContext } from './pool-context.ts';
import { renderAccessSecret, renderProviderConfig } from './provider-access.ts';
import { providersUnit } from './providers.ts';

type Part = (context: PoolContext) => object | readonly object[];

/** What is rented from each provider, part by part. */
const parts: Readonly<Record<Exclude<Pool['provider'], 'undecided'>, readonly Part[]>> = {
  gcp: [
    renderAccessSecret,
    renderProviderConfig,
    renderGcpNetwork,
    renderGcpCluster,
    renderGcpMachines,
    renderGcpBackups,
  ],
  hetzner: [renderAccessSecret, renderHetznerPool],
  digitalocean: [renderAccessSecret, renderProviderConfig, renderDigitalOceanPool],
  aws: [
    renderAccessSecret,
    renderProviderConfig,
    renderAwsNetworks,
    renderAwsClusters,
    renderAwsDatabase,
    renderAwsBuckets,
  ],
};

/** The machines, clusters, networks and rented stores of every pool that has a provider, as objects of `management`. */
export function poolUnits({ catalog, environment }: RenderInputs): Unit[] {
  // A lock that is older than these objects says neither what makes clusters of them nor which version they have.
  if (!componentsOfManagement(catalog).some(({ id }) => id === 'crossplane')) return [];
  const pools = placedPoolsOf(catalog).filter(({ kubernetesVersion }) => kubernetesVersion !== undefined);
  const origins = pools.map((pool) => `https://${hostOf(pool, environment)}`);
  return [
    providersUnit(
      environment.name,
      pools.map(({ provider }) => provider),
    ),
    ...pools.map((pool) => poolUnit(pool, environment, origins)),
  ];
}

function poolUnit(pool: Pool, { name, accounts = {}, management }: Environment, origins: readonly string[]): Unit {
  return unit({
    place: {
      environment: name,
      pool: managementCluster,
      cluster: managementCluster,
      namespace: machineNamespaceOf(pool),
    },
    name: `pool-${pool.id}`,
    tier: 'stores',
    owner: pool.owner,
    inputs: {
      pool,
      accounts,
      cidrs: management?.cidrs ?? [],
      // Of all pools: what a page of one shows may come from another's data.
      origins: pool.stores.some(({ engine }) => engine === 's3') ? origins : [],
    },
    render: (place, inputs) => {
      const { provider } = inputs.pool;
      return provider === 'undecided' ? [] : parts[provider].flatMap((render) => render({ place, ...inputs }));
    },
  });
}
