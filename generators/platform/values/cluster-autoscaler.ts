import { destinationOf } from '../../conventions.ts';
import type { JsonObject } from '../../emit/yaml.ts';
import { RenderError } from '../../inputs.ts';
import type { ComponentContext } from '../component-context.ts';
import { restrictedContainer, restrictedPod } from '../pod-security.ts';
import { resources } from '../resources.ts';

/** On AWS: it finds the node groups by the tags that EKS gives them. Source: charts/cluster-autoscaler/values.yaml of kubernetes. */
export function clusterAutoscalerValues({ environment, cluster, region }: ComponentContext): JsonObject {
  const account = environment.accounts?.aws?.accountId;
  if (account === undefined || region === undefined) {
    throw new RenderError(
      `environments/${environment.name}/environment.yaml: cluster ${cluster} is on AWS: add accounts.aws.accountId`,
    );
  }
  return {
    fullnameOverride: 'cluster-autoscaler',
    cloudProvider: 'aws',
    awsRegion: region,
    autoDiscovery: { clusterName: destinationOf(environment.name, cluster) },
    rbac: {
      serviceAccount: {
        name: 'cluster-autoscaler',
        annotations: {
          'eks.amazonaws.com/role-arn': `arn:aws:iam::${account}:role/${environment.name}-${cluster}-cluster-autoscaler`,
        },
      },
    },
    extraArgs: { 'balance-similar-node-groups': true, 'skip-nodes-with-local-storage': false },
    resources: resources('20m', '192Mi', { cpu: '200m', memory: '384Mi' }),
    securityContext: { ...restrictedPod, runAsUser: 65534, runAsGroup: 65534 },
    containerSecurityContext: restrictedContainer,
    serviceMonitor: { enabled: true, namespace: 'kube-system', selector: {} },
  };
}
