import { componentsOf, componentsOfManagement } from '../../catalog/components.ts';
import type { Component } from '../../catalog/schema/component.ts';
import type { Provider } from '../../catalog/schema/machine.ts';
import type { Place } from '../app.ts';
import { clustersOf } from '../clusters.ts';
import { managementCluster } from '../conventions.ts';
import type { RenderInputs } from '../inputs.ts';
import { type Unit, unit } from '../unit.ts';
import { renderChartSecrets } from './chart-secrets.ts';
import {
  machineNamespaceOf,
  managementNamespacesOf,
  placedPoolsOf,
  platformNamespacesOf,
} from './cluster-namespaces.ts';
import { renderIssuers } from './issuers.ts';
import { renderPriorityClasses } from './priority-classes.ts';
import { renderSecretStore } from './secret-store.ts';
import { renderStorageClass } from './storage-class.ts';

/** Where the app of what belongs to no namespace is said to be: somewhere that exists in every cluster. */
const secretsNamespace = 'external-secrets';

/** What every cluster has once: its classes of pods and disks, its secret store, its issuers, the secrets of its charts. */
export function platformUnits(inputs: RenderInputs): Unit[] {
  const { catalog, environment } = inputs;
  const ofPools = catalog.pools.flatMap((pool) => {
    const namespaces = [...pool.namespaces, ...platformNamespacesOf(pool, catalog).map(({ name }) => name)];
    return clustersOf(pool).map((cluster) =>
      platformUnit(inputs, {
        place: { environment: environment.name, pool: pool.id, cluster, namespace: secretsNamespace },
        sources: [`pool/${pool.id}`],
        provider: pool.provider,
        dnsRegion: pool.provider === 'aws' && pool.regions.length > 1 ? pool.regions[0] : undefined,
        components: componentsOf(pool, catalog),
        namespaces,
      }),
    );
  });
  const management = componentsOfManagement(catalog);
  if (management.length === 0) return ofPools;
  const place = { environment: environment.name, pool: managementCluster, cluster: managementCluster };
  const namespaces = [
    ...managementNamespacesOf(catalog).map(({ name }) => name),
    ...placedPoolsOf(catalog).map(machineNamespaceOf),
  ];
  return [
    ...ofPools,
    platformUnit(inputs, {
      place: { ...place, namespace: secretsNamespace },
      sources: ['component/external-secrets'],
      provider: undefined,
      dnsRegion: undefined,
      components: management,
      namespaces,
    }),
  ];
}

interface ClusterPlatform {
  readonly place: Place;
  readonly sources: readonly string[];
  /** Undefined in the management cluster, which keeps nothing on disks and serves nobody. */
  readonly provider: Provider | undefined;
  /** Where the names of a pool in several regions are proven; undefined for the others. */
  readonly dnsRegion: string | undefined;
  readonly components: readonly Component[];
  readonly namespaces: readonly string[];
}

function platformUnit({ catalog, environment }: RenderInputs, { place, ...cluster }: ClusterPlatform): Unit {
  const { name, secretStore } = environment;
  const vault = { name, ...(secretStore === undefined ? {} : { secretStore }) };
  const contact = catalog.owners.find(({ id }) => id === 'platform')?.contact;
  return unit({
    place,
    name: 'platform',
    tier: 'platform',
    owner: 'platform',
    inputs: { ...cluster, vault, ...(contact === undefined ? {} : { contact }) },
    render: (at, { sources, provider, dnsRegion, components, namespaces, vault: store, contact: email }) => [
      renderSecretStore(store, at.cluster, namespaces, sources),
      ...renderChartSecrets(components),
      ...(provider === undefined
        ? []
        : [
            ...renderPriorityClasses(sources),
            renderStorageClass(provider, sources),
            ...(email === undefined
              ? []
              : renderIssuers(at.environment, email, [...sources, 'owner/platform'], dnsRegion)),
          ]),
    ],
  });
}
