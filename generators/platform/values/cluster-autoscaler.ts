import { destinationOf } from '../../conventions.ts';
import type { JsonObject } from '../../emit/yaml.ts';
import { RenderError } from '../../inputs.ts';
import type { ComponentContext } from '../component-context.ts';
import { restrictedContainer, restrictedPod } from '../pod-security.ts';
import { resources } from '../resources.ts';

/** On AWS: it finds the node groups by the tags that EKS gives them. Source: charts/cluster-autoscaler/values.yaml of kubernetes. */
export function clusterAutoscalerValues({ environment, cluster, region }: ComponentContext): JsonObject {
  if (region === undefined)
    throw new RenderError(`cluster ${cluster} of environment ${environment.name} is in no region`);
  return {
    fullnameOverride: 'cluster-autoscaler',
    cloudProvider: 'aws',
    awsRegion: region,
    autoDiscovery: { clusterName: destinationOf(environment.name, cluster) },
    // Its rights on AWS come by a pod identity of this account, which the pool's objects hold.
    rbac: { serviceAccount: { name: 'cluster-autoscaler' } },
    extraArgs: { 'balance-similar-node-groups': true, 'skip-nodes-with-local-storage': false },
    resources: resources('20m', '192Mi', { cpu: '200m', memory: '384Mi' }),
    securityContext: { ...restrictedPod, runAsUser: 65534, runAsGroup: 65534 },
    containerSecurityContext: restrictedContainer,
    serviceMonitor: { enabled: true, namespace: 'kube-system', selector: {} },
  };
}
