import { describe, expect, it } from 'vitest';
import { componentsOf, componentsOfManagement } from './components.ts';
import { loadCatalog } from './load.ts';
import type { Pool } from './schema/pool.ts';

const catalog = loadCatalog(import.meta.dirname);

describe(componentsOf.name, () => {
  it('gives a cluster the operators of the stores that run in it, and of no other', () => {
    expect(idsOf(pool({ stores: [{ kind: 'bus', engine: 'kafka', managed: false }] }))).toContain('strimzi');
    const rented = idsOf(pool({ stores: [{ kind: 'relational', engine: 'postgresql', managed: true }] }));
    expect(rented).not.toContain('cloudnative-pg');
    expect(rented).not.toContain('strimzi');
  });

  it('gives a cluster what its provider leaves to its customers', () => {
    expect(idsOf(pool({ provider: 'hetzner' }))).toEqual(
      expect.arrayContaining(['hcloud-cloud-controller-manager', 'hcloud-csi', 'metrics-server']),
    );
    expect(idsOf(pool({ provider: 'gcp' }))).toEqual(['cert-manager', 'external-secrets']);
  });

  it('gives backups to the pools that keep them, and logs to those that list Loki', () => {
    const workloads = [{ id: 'loki', purpose: 'Logs', nodeGroup: 'general', replicas: 1 }];
    const backups = { dailyRetentionDays: 7, weeklyRetentionDays: 28 };
    expect(idsOf(pool({ backups, workloads }))).toEqual(expect.arrayContaining(['velero', 'loki', 'alloy']));
  });

  it('gives a gateway to the clusters of services that the public reaches', () => {
    expect(componentsOf(pool({ id: 'market' }), catalog).map(({ id }) => id)).toContain('kong');
    expect(idsOf(pool({ id: 'nobody' }))).not.toContain('kong');
  });

  it('restarts pods when their secrets change where there are such pods', () => {
    expect(componentsOf(pool({ id: 'market' }), catalog).map(({ id }) => id)).toContain('reloader');
    expect(componentsOf(pool({ id: 'infrastructure' }), catalog).map(({ id }) => id)).not.toContain('reloader');
  });

  it('finds a use for every component of the catalog', () => {
    const engines = ['postgresql', 'clickhouse', 'kafka', 'redis', 'minio', 'mongodb', 'elasticsearch'] as const;
    const everything = {
      stores: engines.map((engine) => ({ kind: 'objects' as const, engine, managed: false })),
      workloads: ['prometheus', 'loki'].map((id) => ({ id, purpose: id, nodeGroup: 'general', replicas: 1 })),
      backups: { dailyRetentionDays: 7, weeklyRetentionDays: 28 },
      nodeGroups: [{ id: 'gpus', kind: 'kubernetes' as const, accelerator: 'gpu' as const, min: 0, max: 1 }],
    };
    const services = catalog.services.map((service) => ({ ...service, scaling: { min: 1, max: 2, targetLag: 1 } }));
    const used = (['hetzner', 'aws'] as const).flatMap((provider) =>
      componentsOf(pool({ ...everything, id: 'analytics', provider }), { ...catalog, services }),
    );
    const ids = [...used, ...componentsOfManagement(catalog)].map(({ id }) => id);
    expect(catalog.components.map(({ id }) => id).filter((id) => !ids.includes(id))).toEqual([]);
  });
});

describe(componentsOfManagement.name, () => {
  it('is what describes the machines of the others, and what that needs', () => {
    expect(componentsOfManagement(catalog).map(({ id }) => id)).toEqual([
      'cert-manager',
      'cluster-api-operator',
      'crossplane',
      'external-secrets',
    ]);
  });
});

function idsOf(of: Pool): string[] {
  return componentsOf(of, { ...catalog, services: [] }).map(({ id }) => id);
}

function pool(overrides: Partial<Pool>): Pool {
  const empty = { regions: ['here'], namespaces: ['apps'], nodeGroups: [], stores: [] };
  return {
    id: 'example',
    name: 'Example',
    purpose: 'Example',
    owner: 'platform',
    provider: 'gcp',
    ...empty,
    ...overrides,
  };
}
