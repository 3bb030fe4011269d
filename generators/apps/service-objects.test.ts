import { describe, expect, it } from 'vitest';
import { renderOpsObject, renderServiceMonitor, renderServiceObject } from './service-objects.ts';
import { named, objectsOf, only, staging } from './testing/render-service.ts';

describe(renderServiceObject.name, () => {
  it('names ports of the pods, and finds the pods of every shard', () => {
    for (const { id } of staging.catalog.services.filter(({ id }) => id !== 'gateway')) {
      const objects = objectsOf(id);
      const services = objects.filter(({ kind }) => kind === 'Service');
      const templates = objects.flatMap(({ kind, spec }) => {
        if (kind === 'CronJob') return [spec.jobTemplate.spec.template];
        return kind === 'Deployment' || kind === 'StatefulSet' ? [spec.template] : [];
      });
      expect(templates.length, id).toBeGreaterThan(0);
      for (const { metadata, spec } of templates) {
        const names = spec.containers[0].ports.map(({ name }: { name: string }) => name);
        const targets = services.flatMap((service) =>
          service.spec.ports.map(({ targetPort }: { targetPort: string }) => targetPort),
        );
        expect(names, id).toEqual(targets);
        for (const {
          spec: { selector },
        } of services)
          expect(metadata.labels, id).toMatchObject(selector);
      }
    }
  });

  it('keeps a caller with one replica where the brief asks for it', () => {
    for (const id of ['auth', 'billing', 'social-integrator']) {
      expect(serviceOf(id, id), id).toMatchObject({
        sessionAffinity: 'ClientIP',
        sessionAffinityConfig: { clientIP: { timeoutSeconds: 86_400 } },
      });
    }
    expect(serviceOf('analytics-api', 'analytics-api')).not.toHaveProperty('sessionAffinity');
  });
});

describe(renderOpsObject.name, () => {
  it('leads to each pod by itself, ready or not, and to nothing but its ops port', () => {
    for (const [id, name] of [
      ['analytics-api', 'analytics-api-ops'],
      ['chain-sync', 'chain-sync'],
    ] as const) {
      expect(serviceOf(id, name), id).toMatchObject({ clusterIP: 'None', publishNotReadyAddresses: true });
      expect(serviceOf(id, name).ports, id).toEqual([{ name: 'ops', port: 9464, protocol: 'TCP', targetPort: 'ops' }]);
    }
  });

  it('is the only Service of ours that Prometheus finds the pods by, so that none is asked twice', () => {
    for (const { id } of staging.catalog.services.filter(({ id }) => id !== 'gateway')) {
      const objects = objectsOf(id);
      const [{ port }] = only(objects, 'ServiceMonitor').spec.endpoints;
      const { matchLabels } = only(objects, 'ServiceMonitor').spec.selector;
      const found = objects.filter(
        ({ kind, metadata, spec }) =>
          kind === 'Service' &&
          labelled(metadata.labels, matchLabels) &&
          spec.ports.some(({ name }: { name: string }) => name === port),
      );
      expect(found, id).toHaveLength(1);
    }
  });
});

describe(renderServiceMonitor.name, () => {
  it('scrapes the ops port, and tells shards apart', () => {
    const [endpoint] = only(objectsOf('chain-sync'), 'ServiceMonitor').spec.endpoints;
    expect(endpoint).toMatchObject({
      port: 'ops',
      relabelings: [{ sourceLabels: ['__meta_kubernetes_pod_label_defimon_highfunk_uk_shard'], targetLabel: 'shard' }],
    });
    expect(only(objectsOf('analytics-api'), 'ServiceMonitor').spec.endpoints[0]).not.toHaveProperty('relabelings');
  });
});

/** The spec of one of a service's Services. */
function serviceOf(id: string, name: string) {
  const service = named(objectsOf(id), 'Service')[name];
  if (service === undefined) throw new Error(`${id} has no Service ${name}`);
  return service.spec;
}

function labelled(labels: unknown, wanted: Record<string, string>): boolean {
  return Object.entries(wanted).every(([key, value]) => (labels as Record<string, unknown>)[key] === value);
}
