import type { Component } from '../../catalog/schema/component.ts';
import { metadataOf } from '../app.ts';
import { renderFilledSecret } from '../external-secret.ts';

/** A Secret that a chart expects to find: its keys, and where each is kept. */
interface ChartSecret {
  readonly name: string;
  readonly keys: Readonly<Record<string, string>>;
}

/** The Secrets of each component: the names are those that its values give. */
const secrets: Readonly<Record<string, ChartSecret>> = {
  'clickhouse-operator': {
    name: 'clickhouse-operator',
    keys: { username: 'clickhouse-operator/username', password: 'clickhouse-operator/password' },
  },
  'kube-prometheus-stack': {
    name: 'grafana',
    keys: { 'admin-user': 'grafana/admin-user', 'admin-password': 'grafana/admin-password' },
  },
};

/** The ExternalSecrets of a cluster's charts. */
export function renderChartSecrets(components: readonly Component[]): object[] {
  return components.flatMap(({ id, namespace }) => {
    const secret = secrets[id];
    if (secret === undefined) return [];
    const metadata = metadataOf({ name: secret.name, namespace, wave: 'secret', sources: [`component/${id}`] });
    return [renderFilledSecret(metadata, secret.keys)];
  });
}
