import { KubeConfigMap } from 'cdk8s-plus-28/lib/imports/k8s.js';
import { getId, kinds } from '../../catalog/kinds.ts';
import { type CatalogSlice, renderSlice } from '../../catalog/slice.ts';
import { renderEnvironmentFile } from './runtime-environment.ts';
import { type ServiceContext, type Workload, workloadMetadata } from './service-context.ts';

/** Files of the ConfigMap, and where they are mounted. */
export const sliceFile = 'slice.json';
export const environmentFile = 'environment.yaml';
export const configFolder = '/etc/defimon/config';

/**
 * The workload's slice of the catalog, and the environment it was checked with: both change in one step. Its name
 * stays: the mounted files change in place, and old pods never lose the ones they use. An entry that the workload does
 * not read changes nothing here.
 */
export function renderConfigMap(context: ServiceContext, workload: Workload): object {
  const { environment } = context;
  return KubeConfigMap.manifest({
    metadata: workloadMetadata(context, workload, {
      wave: 'config',
      sources: [`environment/${environment.name}`, ...entriesOf(workload.slice)],
    }),
    data: { [sliceFile]: renderSlice(workload.slice), [environmentFile]: renderEnvironmentFile(environment) },
  });
}

/** The catalog ids of all entries in a slice: `network/base`. */
function entriesOf({ catalog }: CatalogSlice): string[] {
  return kinds.flatMap(({ kind, key }) => (catalog[key] ?? []).map((entry: object) => `${kind}/${getId(kind, entry)}`));
}
