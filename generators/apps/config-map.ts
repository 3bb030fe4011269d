import { KubeConfigMap } from 'cdk8s-plus-28/lib/imports/k8s.js';
import { getId, kinds } from '../../catalog/kinds.ts';
import { type CatalogSlice, renderSlice } from '../../catalog/slice.ts';
import { type ServiceContext, serviceMetadata } from './service-context.ts';

/** File of the ConfigMap that holds the slice, and where it is mounted. */
export const sliceFile = 'slice.json';
export const catalogFolder = '/etc/defimon/catalog';

/**
 * The service's slice of the catalog. Its name stays: a new slice changes the mounted file in place, and old pods
 * never lose the one they use. An entry that the service does not read changes nothing here.
 */
export function renderConfigMap(context: ServiceContext): object {
  return KubeConfigMap.manifest({
    metadata: serviceMetadata(context, 'config', entriesOf(context.slice)),
    data: { [sliceFile]: renderSlice(context.slice) },
  });
}

/** The catalog ids of all entries in a slice: `network/base`. */
function entriesOf({ catalog }: CatalogSlice): string[] {
  return kinds.flatMap(({ kind, key }) => (catalog[key] ?? []).map((entry: object) => `${kind}/${getId(kind, entry)}`));
}
