import { type StoreContext, storeMetadata } from './store-context.ts';

interface MonitorOptions {
  readonly name?: string;
  readonly pods: Readonly<Record<string, string>>;
  /** Name of a container's port; a number where the operator names none. */
  readonly port: string | number;
  readonly path?: string;
  readonly basicAuth?: object;
}

/** Lets Prometheus scrape the pods of a store. */
export function renderPodMonitor(context: StoreContext, { name, pods, port, path, basicAuth }: MonitorOptions): object {
  return {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PodMonitor',
    metadata: storeMetadata(context, { ...(name === undefined ? {} : { name }), wave: 'config' }),
    spec: {
      selector: { matchLabels: pods },
      podMetricsEndpoints: [
        {
          ...(typeof port === 'string' ? { port } : { portNumber: port }),
          interval: '30s',
          ...(path === undefined ? {} : { path }),
          ...(basicAuth === undefined ? {} : { basicAuth }),
        },
      ],
    },
  };
}
