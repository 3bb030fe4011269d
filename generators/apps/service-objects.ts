import { IntOrString, KubeService, KubeServiceAccount } from 'cdk8s-plus-28/lib/imports/k8s.js';
import type { Service } from '../../catalog/schema/service.ts';
import { opsPort, shardLabel, stickyPolicy } from '../conventions.ts';
import { type ServiceContext, selectorOf, serviceMetadata } from './service-context.ts';

/** The longest that Kubernetes keeps a caller with a pod, and how long a session lives by the brief. */
const daySeconds = 86_400;

/** The identity of the pods. They never talk to Kubernetes, so they get no token. */
export function renderServiceAccount(context: ServiceContext): object {
  return KubeServiceAccount.manifest({
    metadata: serviceMetadata(context, 'config'),
    automountServiceAccountToken: false,
  });
}

/** The ports of a service's pods: those it serves others on, and the one for metrics and health. */
export function portsOf({ ports }: Pick<Service, 'ports'>): { name: string; port: number }[] {
  return [...ports.map(({ name, port }) => ({ name, port })), opsPort];
}

/** Its address in the cluster: one for all of its pods. A service without ports of its own has none. */
export function renderServiceObject(context: ServiceContext): object | undefined {
  const { service } = context;
  if (service.ports.length === 0) return undefined;
  return KubeService.manifest({
    metadata: addressMetadata(context),
    spec: {
      type: 'ClusterIP',
      ...(service.sessionAffinity === true
        ? { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIp: { timeoutSeconds: daySeconds } } }
        : {}),
      selector: selectorOf(service),
      ports: service.ports.map(servicePort),
    },
  });
}

/** Its pods' metrics and health, which are asked pod by pod: the name leads to every pod, those that are not ready above all. */
export function renderOpsObject(context: ServiceContext): object {
  const { service } = context;
  const metadata = serviceMetadata(context, 'workload');
  return KubeService.manifest({
    metadata: { ...metadata, name: opsServiceOf(service) },
    spec: {
      clusterIp: 'None',
      publishNotReadyAddresses: true,
      selector: selectorOf(service),
      ports: [servicePort(opsPort)],
    },
  });
}

/** The Service by which the pods of one of ours are found one by one. */
export function opsServiceOf({ id, ports }: Pick<Service, 'id' | 'ports'>): string {
  return ports.length === 0 ? id : `${id}-ops`;
}

function servicePort({ name, port }: { name: string; port: number }) {
  return { name, port, protocol: 'TCP', targetPort: IntOrString.fromString(name) };
}

function addressMetadata(context: ServiceContext) {
  const metadata = serviceMetadata(context, 'workload');
  if (context.service.sessionAffinity !== true) return metadata;
  return { ...metadata, annotations: { ...metadata.annotations, 'konghq.com/upstream-policy': stickyPolicy } };
}

/** Tells Prometheus to scrape every pod of the service, and to label what it finds with the shard. */
export function renderServiceMonitor(context: ServiceContext): object {
  const { service } = context;
  const shard = { sourceLabels: [`__meta_kubernetes_pod_label_${labelName(shardLabel)}`], targetLabel: 'shard' };
  return {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'ServiceMonitor',
    metadata: serviceMetadata(context, 'config'),
    spec: {
      selector: { matchLabels: selectorOf(service) },
      // The metric label that dashboards and alerts go by is the catalog's id.
      jobLabel: 'app.kubernetes.io/name',
      endpoints: [
        {
          port: opsPort.name,
          path: '/metrics',
          interval: '15s',
          ...(service.shards === undefined ? {} : { relabelings: [shard] }),
        },
      ],
    },
  };
}

/** A label as Prometheus spells it. */
function labelName(label: string): string {
  return label.replaceAll(/[^A-Za-z0-9_]/g, '_');
}
