import { monitoringNamespace } from '../conventions.ts';

/** A Service that a chart brings. */
interface ChartService {
  readonly component: string;
  readonly namespace: string;
  readonly name: string;
}

/** Those of them that our objects lead to. Their names are those that the charts' values give. */
export const chartServices = {
  grafana: { component: 'kube-prometheus-stack', namespace: monitoringNamespace, name: 'grafana' },
} as const satisfies Readonly<Record<string, ChartService>>;
