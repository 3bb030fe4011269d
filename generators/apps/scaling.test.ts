import { describe, expect, it } from 'vitest';
import { groupOf } from '../../catalog/consumer-group.ts';
import { renderAutoscaler, renderDisruptionBudget, renderScaledObject } from './scaling.ts';
import { named, objectsOf, only, staging, stagingWith } from './testing/render-service.ts';

describe(renderAutoscaler.name, () => {
  it('scales every service of the social pool from 3 to 10 by CPU and memory, as the brief says', () => {
    const services = staging.catalog.services.filter(({ pool }) => pool === 'social');
    expect(services.length).toBeGreaterThan(3);
    for (const { id } of services) {
      const { spec } = only(objectsOf(id), 'HorizontalPodAutoscaler');
      expect(spec, id).toMatchObject({
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: id },
        minReplicas: 3,
        maxReplicas: 10,
      });
      const names = spec.metrics.map(({ resource }: { resource: { name: string } }) => resource.name);
      expect(names, id).toEqual(['cpu', 'memory']);
    }
  });

  it('takes the range from the environment where it states one', () => {
    const scaler = only(objectsOf('analytics-api'), 'HorizontalPodAutoscaler');
    expect(scaler.spec).toMatchObject({ minReplicas: 1, maxReplicas: 2 });
    expect(scaler.metadata.annotations?.['defimon.highfunk.uk/sources']).toContain('environment/staging');
  });

  it('is not there for one replica', () => {
    expect(named(objectsOf('chain-sync'), 'HorizontalPodAutoscaler')).toEqual({});
  });
});

describe(renderScaledObject.name, () => {
  it('scales the stream processor by its lag on each topic it consumes and by CPU, and no autoscaler beside it', () => {
    const objects = objectsOf('stream-processor');
    expect(named(objects, 'HorizontalPodAutoscaler')).toEqual({});
    const { spec, metadata } = only(objects, 'ScaledObject');
    expect(spec).toMatchObject({
      scaleTargetRef: { name: 'stream-processor' },
      minReplicaCount: 1,
      maxReplicaCount: 10,
    });
    expect(spec.triggers).toEqual([
      ...['chain.blocks', 'market.bars'].map((topic) => ({
        type: 'kafka',
        metadata: expect.objectContaining({
          bootstrapServers: 'kafka-kafka-bootstrap.analytics.svc:9092',
          consumerGroup: groupOf('stream-processor', topic),
          topic,
          lagThreshold: '1000',
        }),
        authenticationRef: { name: 'stream-processor' },
      })),
      // What it goes by until there is a lag to see.
      { type: 'cpu', metricType: 'Utilization', metadata: { value: '70' } },
    ]);
    expect(metadata.annotations).not.toHaveProperty(['autoscaling.keda.sh/paused-replicas']);
    expect(only(objects, 'Deployment').spec).not.toHaveProperty('replicas');
  });

  it('never has more replicas than partitions to give them', () => {
    const topic = staging.catalog.topics.find(({ id }) => id === 'chain.blocks');
    expect(only(objectsOf('stream-processor'), 'ScaledObject').spec.maxReplicaCount).toBeLessThanOrEqual(
      topic?.partitions ?? 0,
    );
  });

  it("asks the bus in the service's name, with a password that its pods have", () => {
    const objects = objectsOf('stream-processor');
    const { spec } = only(objects, 'TriggerAuthentication');
    const [container] = only(objects, 'Deployment').spec.template.spec.containers;
    const [username] = spec.env;
    expect(username.containerName).toBe(container.name);
    expect(container.env).toContainEqual({ name: username.name, value: 'stream-processor' });
    const keys = only(objects, 'ExternalSecret').spec.data.map(({ secretKey }: { secretKey: string }) => secretKey);
    expect(keys).toContain(spec.secretTargetRef[0].key);
  });

  it('also goes by CPU where a target is stated, and pauses what sleeps', () => {
    const scaling = { min: 1, max: 10, targetLag: 5, targetCpuPercent: 70 };
    const { spec, metadata } = only(
      objectsOf('stream-processor', stagingWith('stream-processor', { scaling, released: false })),
      'ScaledObject',
    );
    expect(spec.triggers.at(-1)).toEqual({ type: 'cpu', metricType: 'Utilization', metadata: { value: '70' } });
    expect(metadata.annotations?.['autoscaling.keda.sh/paused-replicas']).toBe('0');
  });

  it('refuses a service that consumes nothing', () => {
    const inputs = stagingWith('admin', { scaling: { min: 1, max: 2, targetLag: 5 } });
    expect(() => objectsOf('admin', inputs)).toThrow('name it as a consumer in catalog/topics.yaml');
  });
});

describe(renderDisruptionBudget.name, () => {
  it('lets one pod of each workload go at a time, and counts no runs', () => {
    const budgets = named(objectsOf('market-collector'), 'PodDisruptionBudget');
    const sets = named(objectsOf('market-collector'), 'StatefulSet');
    expect(Object.keys(budgets)).toEqual(Object.keys(sets));
    for (const [name, { spec }] of Object.entries(budgets)) {
      expect(spec.maxUnavailable).toBe(1);
      expect(spec.selector).toEqual(sets[name]?.spec.selector);
    }
    expect(named(objectsOf('forecast-training'), 'PodDisruptionBudget')).toEqual({});
  });
});
