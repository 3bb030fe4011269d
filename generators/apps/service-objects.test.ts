import { describe, expect, it } from 'vitest';
import { renderServiceMonitor, renderServiceObject } from './service-objects.ts';
import { objectsOf, only, staging } from './testing/render-service.ts';

describe(renderServiceObject.name, () => {
  it('names ports of the pods, and finds the pods of every shard', () => {
    for (const { id } of staging.catalog.services.filter(({ id }) => id !== 'gateway')) {
      const objects = objectsOf(id);
      const { selector, ports } = only(objects, 'Service').spec;
      const templates = objects.flatMap(({ kind, spec }) => {
        if (kind === 'CronJob') return [spec.jobTemplate.spec.template];
        return kind === 'Deployment' || kind === 'StatefulSet' ? [spec.template] : [];
      });
      expect(templates.length, id).toBeGreaterThan(0);
      for (const { metadata, spec } of templates) {
        expect(metadata.labels, id).toMatchObject(selector);
        const names = spec.containers[0].ports.map(({ name }: { name: string }) => name);
        expect(names, id).toEqual(ports.map(({ targetPort }: { targetPort: string }) => targetPort));
      }
    }
  });

  it('keeps a caller with one replica where the brief asks for it', () => {
    for (const id of ['auth', 'billing', 'social-integrator']) {
      expect(only(objectsOf(id), 'Service').spec, id).toMatchObject({
        sessionAffinity: 'ClientIP',
        sessionAffinityConfig: { clientIP: { timeoutSeconds: 86_400 } },
      });
    }
    expect(only(objectsOf('analytics-api'), 'Service').spec).not.toHaveProperty('sessionAffinity');
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
