import type { App } from '../app.ts';
import { secretStore } from '../conventions.ts';
import { mappingsOf, valueAt } from '../policy/walk.ts';

/** An entry that a cluster's secret store must hold before what reads it can start. */
export interface SecretEntry {
  readonly environment: string;
  readonly cluster: string;
  /** `postgresql` */
  readonly entry: string;
  /** `password`, `url`, `username`: sorted. */
  readonly keys: readonly string[];
  /** Apps that read it: sorted. */
  readonly readBy: readonly string[];
}

/** What the secret stores of all clusters must hold, by environment, cluster and entry: read from what is rendered. */
export function secretEntriesOf(apps: readonly App[]): SecretEntry[] {
  const reads = apps.flatMap(({ environment, cluster, name, manifests }) =>
    manifests
      .filter(({ kind }) => kind === 'ExternalSecret')
      .filter((manifest) => valueAt(manifest, 'spec', 'secretStoreRef', 'name') === secretStore)
      .flatMap((manifest) => mappingsOf(valueAt(manifest, 'spec', 'data')))
      .map((data) => ({
        environment,
        cluster,
        app: name,
        entry: String(valueAt(data, 'remoteRef', 'key')),
        key: String(valueAt(data, 'remoteRef', 'property')),
      })),
  );
  const groups = Map.groupBy(reads, ({ environment, cluster, entry }) => `${environment} ${cluster} ${entry}`);
  return [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, group]) => {
      const [first] = group;
      if (first === undefined) return [];
      const { environment, cluster, entry } = first;
      return [{ environment, cluster, entry, keys: unique(group, 'key'), readBy: unique(group, 'app') }];
    });
}

function unique<K extends string>(group: readonly Record<K, string>[], key: K): string[] {
  return [...new Set(group.map((read) => read[key]))].sort();
}
