import { describe, expect, it } from 'vitest';
import { podTemplateOf } from './pod.ts';
import { type Body, named, objectsOf, only, staging, stagingWith } from './testing/render-service.ts';

describe(podTemplateOf.name, () => {
  it('gives every container of ours requests, limits, probes on the ops port, a fixed image and no privilege', () => {
    for (const { id } of staging.catalog.services) {
      for (const pod of podsOf(objectsOf(id))) {
        expect(pod.securityContext, id).toMatchObject({
          runAsNonRoot: true,
          seccompProfile: { type: 'RuntimeDefault' },
        });
        expect(pod.automountServiceAccountToken, id).toBe(false);
        expect(pod.imagePullSecrets, id).toEqual([{ name: 'registry-credentials' }]);
        const [container, ...others] = pod.containers;
        expect(others).toEqual([]);
        for (const kind of ['requests', 'limits']) {
          expect(Object.keys(container.resources[kind]), id).toEqual(expect.arrayContaining(['cpu', 'memory']));
        }
        expect(container.image, id).toMatch(/:[^:@]+(@sha256:[0-9a-f]{64})?$/);
        expect(container.securityContext, id).toEqual({
          allowPrivilegeEscalation: false,
          capabilities: { drop: ['ALL'] },
          readOnlyRootFilesystem: true,
        });
        for (const probe of ['startupProbe', 'livenessProbe', 'readinessProbe']) {
          expect(container[probe].httpGet.port, id).toBe('ops');
        }
      }
    }
  });

  it('starts the target by the mounted slice and environment', () => {
    for (const [name, deployment] of Object.entries(named(objectsOf('chain-sync'), 'Deployment'))) {
      const { containers, volumes } = deployment.spec.template.spec;
      expect(containers[0].args).toEqual([
        '--target=chain-sync',
        '--environment-file=/etc/defimon/config/environment.yaml',
        '--catalog=/etc/defimon/config/slice.json',
        '--host=0.0.0.0',
        '--data-dir=/tmp/defimon',
      ]);
      expect(containers[0].volumeMounts).toContainEqual({
        name: 'config',
        mountPath: '/etc/defimon/config',
        readOnly: true,
      });
      expect(volumes).toContainEqual({ name: 'config', configMap: { name } });
    }
  });

  it('asks for GPUs as a limit, on nodes that are kept for them', () => {
    const [pod] = podsOf(objectsOf('forecast-training'));
    expect(pod?.containers[0].resources).toMatchObject({
      requests: { 'nvidia.com/gpu': 1 },
      limits: { 'nvidia.com/gpu': 1 },
    });
    expect(pod?.tolerations).toEqual([{ key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' }]);
    expect(podsOf(objectsOf('chain-sync'))[0]).not.toHaveProperty('tolerations');
  });

  it('keeps the pods of a service apart, whichever shard they are of', () => {
    for (const pod of podsOf(objectsOf('market-collector'))) {
      const all = { matchLabels: { 'app.kubernetes.io/name': 'market-collector' } };
      const [preferred] = pod.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution;
      expect(preferred.podAffinityTerm).toEqual({ topologyKey: 'kubernetes.io/hostname', labelSelector: all });
      for (const constraint of pod.topologySpreadConstraints) expect(constraint.labelSelector).toEqual(all);
    }
  });

  it('rolls chain-sync for settings that it reads at its start, and nothing else', () => {
    const { environment } = staging;
    const slower = { ...staging, environment: { ...environment, sync: { ...environment.sync, batchSize: 50 } } };
    const elsewhere = { ...staging, environment: { ...environment, domain: 'other.example' } };
    const templates = (id: string, inputs = staging) => JSON.stringify(podsOf(objectsOf(id, inputs), 'template'));
    expect(templates('chain-sync')).toMatch(/checksum\/settings":"sha256:[0-9a-f]{64}/);
    expect(templates('chain-sync', slower)).not.toBe(templates('chain-sync'));
    expect(templates('chain-sync', elsewhere)).toBe(templates('chain-sync'));
    expect(templates('analytics-api', slower)).toBe(templates('analytics-api'));
  });

  it('rolls a service that cannot reload for another slice, and one that can for none', () => {
    const annotationsOf = (inputs: typeof staging) =>
      only(objectsOf('stream-processor', inputs), 'Deployment').spec.template.metadata.annotations;
    const restarting = stagingWith('stream-processor', { reload: 'restart' });
    const networks = restarting.catalog.networks.slice(1);
    const fewer = { ...restarting, catalog: { ...restarting.catalog, networks } };
    expect(annotationsOf(staging)).toBeUndefined();
    expect(annotationsOf(restarting)['checksum/config']).toMatch(/^sha256:/);
    expect(annotationsOf(fewer)).not.toEqual(annotationsOf(restarting));
  });
});

/** The pods that a service's objects make, or their whole templates. */
function podsOf(objects: readonly Body[], what: 'spec' | 'template' = 'spec') {
  return objects.flatMap(({ kind, spec }) => {
    const template = kind === 'CronJob' ? spec.jobTemplate.spec.template : spec?.template;
    if (!['CronJob', 'Deployment', 'StatefulSet'].includes(kind)) return [];
    return [what === 'spec' ? template.spec : template];
  });
}
