import { describe, expect, it } from 'vitest';
import { RenderError } from '../inputs.ts';
import { type Body, named, objectsOf, only, stagingWith } from './testing/render-service.ts';
import { renderWorkload } from './workload.ts';

describe(renderWorkload.name, () => {
  it('gives a service one Deployment by default, which selects by its id', () => {
    const { spec } = only(objectsOf('analytics-api'), 'Deployment');
    expect(spec.selector.matchLabels).toEqual({ 'app.kubernetes.io/name': 'analytics-api' });
    expect(spec.strategy).toEqual({ type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } });
    expect(spec).not.toHaveProperty('replicas');
  });

  it('gives each shard a workload that selects its own pods, and never doubles a single writer', () => {
    const deployments = named(objectsOf('chain-sync'), 'Deployment');
    for (const [name, { spec }] of Object.entries(deployments)) {
      const labels = {
        'app.kubernetes.io/name': 'chain-sync',
        'defimon.highfunk.uk/shard': name.slice('chain-sync-'.length),
      };
      expect(spec.selector.matchLabels).toEqual(labels);
      expect(spec.template.metadata.labels).toMatchObject(labels);
      expect(spec.strategy).toEqual({ type: 'Recreate' });
      expect(spec.replicas).toBe(1);
    }
  });

  it('runs shards by the class of their tier', () => {
    const classOf = ({ spec }: Body) => spec.template.spec.priorityClassName;
    const deployments = Object.values(named(objectsOf('chain-sync'), 'Deployment'));
    expect(deployments.map(classOf)).toEqual(['defimon-critical', 'defimon-standard', 'defimon-background']);
    expect(classOf(only(objectsOf('stream-processor'), 'Deployment'))).toBe('defimon-standard');
    expect(classOf(only(objectsOf('market-api'), 'Deployment'))).toBe('defimon-critical');
    const { jobTemplate } = only(objectsOf('forecast-training'), 'CronJob').spec;
    expect(classOf(jobTemplate)).toBe('defimon-background');
  });

  it('keeps the disks of a StatefulSet whatever goes, and lets itself go with its shard', () => {
    const sets = Object.values(named(objectsOf('market-collector'), 'StatefulSet'));
    expect(sets.map(({ metadata }) => metadata.name)).toEqual(
      ['0', '1', '2', '3'].map((shard) => `market-collector-${shard}`),
    );
    for (const { metadata, spec } of sets) {
      expect(metadata.annotations).not.toHaveProperty(['argocd.argoproj.io/sync-options']);
      expect(spec.persistentVolumeClaimRetentionPolicy).toEqual({ whenDeleted: 'Retain', whenScaled: 'Retain' });
      expect(spec.serviceName).toBe('market-collector');
      const [claim, ...others] = spec.volumeClaimTemplates;
      expect(others).toEqual([]);
      expect(claim.spec).toMatchObject({
        storageClassName: 'defimon-retain',
        resources: { requests: { storage: '3Gi' } },
      });
      const [container] = spec.template.spec.containers;
      expect(container.volumeMounts).toContainEqual({ name: claim.metadata.name, mountPath: '/var/lib/defimon' });
      expect(container.args).toContain('--data-dir=/var/lib/defimon');
    }
  });

  it('refuses a StatefulSet without a disk', () => {
    const inputs = stagingWith('stream-processor', { workload: { kind: 'statefulset' } });
    expect(() => objectsOf('stream-processor', inputs)).toThrow(RenderError);
    expect(() => objectsOf('stream-processor', inputs)).toThrow('add "volume:" with its size');
  });

  it('runs training at night, one at a time, and again only where that may help', () => {
    const inputs = stagingWith('forecast-training', { released: true });
    const { spec } = only(objectsOf('forecast-training', inputs), 'CronJob');
    expect(spec).toMatchObject({ schedule: '30 2 * * *', timeZone: 'Etc/UTC', concurrencyPolicy: 'Forbid' });
    expect(spec).not.toHaveProperty('suspend');
    const { spec: job } = spec.jobTemplate;
    expect(job.activeDeadlineSeconds).toBe(480 * 60);
    expect(job.template.spec.restartPolicy).toBe('Never');
    expect(job.podFailurePolicy.rules[1]).toMatchObject({ action: 'FailJob', onExitCodes: { values: [1] } });
  });

  it('lets what is not released sleep', () => {
    expect(only(objectsOf('auth'), 'Deployment').spec.replicas).toBe(0);
    const collector = objectsOf('market-collector', stagingWith('market-collector', { released: false }));
    for (const { spec } of Object.values(named(collector, 'StatefulSet'))) expect(spec.replicas).toBe(0);
    expect(only(objectsOf('forecast-training'), 'CronJob').spec.suspend).toBe(true);
    expect(only(objectsOf('auth', stagingWith('auth', { released: true })), 'Deployment').spec).not.toHaveProperty(
      'replicas',
    );
  });

  it('rolls pods when their Secret is rotated', () => {
    for (const { metadata } of Object.values(named(objectsOf('chain-sync'), 'Deployment'))) {
      expect(metadata.annotations?.['secret.reloader.stakater.com/reload']).toBe('chain-sync');
    }
    expect(only(objectsOf('forecast-training'), 'CronJob').metadata.annotations).not.toHaveProperty([
      'secret.reloader.stakater.com/reload',
    ]);
  });
});
