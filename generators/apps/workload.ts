import {
  type DeploymentStrategy,
  IntOrString,
  KubeCronJob,
  KubeDeployment,
  KubeStatefulSet,
  Quantity,
} from 'cdk8s-plus-28/lib/imports/k8s.js';
import type { Service } from '../../catalog/schema/service.ts';
import { storageClass } from '../conventions.ts';
import { RenderError } from '../inputs.ts';
import { variableSources } from './neighbours.ts';
import { dataVolume, podTemplateOf } from './pod.ts';
import { isAutoscaled } from './scaling.ts';
import {
  type ServiceContext,
  sizeSources,
  type Workload,
  workloadMetadata,
  workloadSelectorOf,
} from './service-context.ts';
import { trustedProxySources } from './trusted-proxies.ts';
import { secretVariablesOf } from './variables.ts';

/** What runs the pods of a workload, by the service's kind. */
export function renderWorkload(context: ServiceContext, workload: Workload): object {
  const { workload: kind = { kind: 'deployment' } } = context.service;
  switch (kind.kind) {
    case 'deployment':
      return renderDeployment(context, workload);
    case 'statefulset':
      return renderStatefulSet(context, workload);
    case 'cronjob':
      return renderCronJob(context, workload, kind);
    case 'kong':
      throw new RenderError(`service/${context.service.id} is Kong's work: the gateway renders it`);
  }
}

function renderDeployment(context: ServiceContext, workload: Workload): object {
  return KubeDeployment.manifest({
    metadata: metadataOfWorkload(context, workload),
    spec: {
      ...replicasOf(context),
      revisionHistoryLimit: 5,
      selector: { matchLabels: workloadSelectorOf(context.service, workload) },
      strategy: strategyOf(context.service),
      template: podTemplateOf(context, workload),
    },
  });
}

/**
 * It goes with its shard, so that nothing collects what another shard is given. Its volumes stay, for they hold what
 * nothing else has: the claims are kept on deletion, and a shard that comes back finds its own.
 */
function renderStatefulSet(context: ServiceContext, workload: Workload): object {
  const { service } = context;
  if (service.volume === undefined) {
    throw new RenderError(`service/${service.id}: a statefulset keeps a disk: add "volume:" with its size`);
  }
  return KubeStatefulSet.manifest({
    metadata: metadataOfWorkload(context, workload),
    spec: {
      ...replicasOf(context),
      serviceName: service.id,
      // Replicas do not know each other.
      podManagementPolicy: 'Parallel',
      revisionHistoryLimit: 5,
      selector: { matchLabels: workloadSelectorOf(service, workload) },
      updateStrategy: { type: 'RollingUpdate' },
      template: podTemplateOf(context, workload),
      persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
      volumeClaimTemplates: [
        {
          metadata: { name: dataVolume.name, labels: workloadSelectorOf(service, workload) },
          spec: {
            accessModes: ['ReadWriteOnce'],
            storageClassName: storageClass,
            resources: { requests: { storage: Quantity.fromString(service.volume) } },
          },
        },
      ],
    },
  });
}

function renderCronJob(
  context: ServiceContext,
  workload: Workload,
  { schedule, deadlineMinutes }: Extract<Service['workload'], { kind: 'cronjob' }>,
): object {
  const template = podTemplateOf(context, workload, { restartPolicy: 'Never' });
  return KubeCronJob.manifest({
    metadata: metadataOfWorkload(context, workload),
    spec: {
      schedule,
      timeZone: 'Etc/UTC',
      // One that could not begin within an hour is left out: the next one does its work.
      startingDeadlineSeconds: 3600,
      concurrencyPolicy: 'Forbid',
      ...(context.service.released ? {} : { suspend: true }),
      successfulJobsHistoryLimit: 3,
      failedJobsHistoryLimit: 3,
      jobTemplate: {
        metadata: { labels: workloadSelectorOf(context.service, workload) },
        spec: {
          activeDeadlineSeconds: deadlineMinutes * 60,
          backoffLimit: 2,
          podFailurePolicy: {
            rules: [
              // A pod that a node or a preemption took has not failed.
              { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
              // 1 is "the configuration must change": the same again would end the same.
              {
                action: 'FailJob',
                onExitCodes: { containerName: context.service.id, operator: 'In', values: [1] },
                onPodConditions: [],
              },
            ],
          },
          template,
        },
      },
    },
  });
}

/**
 * A service without a program in the image sleeps, at no replica: everything around it is there, and it would do nothing
 * but crash. An autoscaler leaves a workload alone that is at none. Else the autoscaler decides, if there is one.
 */
function replicasOf(context: ServiceContext): { replicas?: number } {
  if (!context.service.released) return { replicas: 0 };
  return isAutoscaled(context.service) ? {} : { replicas: context.service.scaling.min };
}

/**
 * A service that the catalog holds to one replica is not doubled while it is replaced either: two chain-syncs would spend
 * every provider's rate budget twice, and refuse each other's commits.
 */
function strategyOf({ scaling }: Service): DeploymentStrategy {
  if (scaling.max === 1) return { type: 'Recreate' };
  const rollingUpdate = { maxSurge: IntOrString.fromNumber(1), maxUnavailable: IntOrString.fromNumber(0) };
  return { type: 'RollingUpdate', rollingUpdate };
}

function metadataOfWorkload(context: ServiceContext, workload: Workload) {
  const { service, environment } = context;
  const hasSecret = secretVariablesOf(context, workload).length > 0;
  return workloadMetadata(context, workload, {
    wave: 'workload',
    sources: [
      `environment/${environment.name}`,
      ...sizeSources(context),
      ...trustedProxySources(context),
      ...variableSources(context),
    ],
    // Variables are read at the start: Reloader rolls the pods when a secret is rotated. A run reads them anew anyway.
    ...(hasSecret && service.workload?.kind !== 'cronjob'
      ? { annotations: { 'secret.reloader.stakater.com/reload': service.id } }
      : {}),
  });
}
