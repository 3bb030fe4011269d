import { IntOrString, KubeService, KubeServiceAccount } from 'cdk8s-plus-28/lib/imports/k8s.js';
import type { Service } from '../../catalog/schema/service.ts';
import { opsPort } from '../conventions.ts';
import { type ServiceContext, selectorOf, serviceMetadata } from './service-context.ts';

/** The identity of the pods. They never talk to Kubernetes, so they get no token. */
export function renderServiceAccount(context: ServiceContext): object {
  return KubeServiceAccount.manifest({
    metadata: serviceMetadata(context, 'config'),
    automountServiceAccountToken: false,
  });
}

/** The ports of a service's pods: those it serves others on, and the one for metrics and health. */
export function portsOf(service: Service): { name: string; port: number }[] {
  return [...servingPortsOf(service), opsPort];
}

function servingPortsOf({ ports }: Service): { name: string; port: number }[] {
  return ports.map(({ name, port }) => ({ name, port }));
}

/** Its address in the cluster. A service without ports of its own is only scraped, pod by pod: it needs no address. */
export function renderServiceObject(context: ServiceContext): object {
  const { service } = context;
  return KubeService.manifest({
    metadata: serviceMetadata(context, 'workload'),
    spec: {
      ...(servingPortsOf(service).length === 0 ? { clusterIp: 'None' } : { type: 'ClusterIP' }),
      selector: selectorOf(service),
      ports: portsOf(service).map(({ name, port }) => ({
        name,
        port,
        protocol: 'TCP',
        targetPort: IntOrString.fromString(name),
      })),
    },
  });
}

/** Tells Prometheus to scrape every pod of the service. */
export function renderServiceMonitor(context: ServiceContext): object {
  return {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'ServiceMonitor',
    metadata: serviceMetadata(context, 'edge'),
    spec: {
      selector: { matchLabels: selectorOf(context.service) },
      // The metric label that dashboards and alerts go by is the catalog's id.
      jobLabel: 'app.kubernetes.io/name',
      endpoints: [{ port: opsPort.name, path: '/metrics', interval: '15s' }],
    },
  };
}
