import { keptForEver, type MetadataOptions } from '../app.ts';
import { destinationOf } from '../conventions.ts';
import { type PoolContext, poolMetadata } from './pool-context.ts';

/** One thing that Crossplane rents: `forProvider` is what the provider is asked for. */
interface ManagedOptions {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  /** Its name at the provider, where that is not the object's. */
  readonly externalName?: string;
  readonly wave: MetadataOptions['wave'];
  readonly forProvider: object;
  /** Asked for when it is made, and left to the provider after that. */
  readonly initProvider?: object;
  /** Secret beside the pool's objects, for the address and the keys that the provider answers with. */
  readonly connectionSecret?: string;
}

/**
 * Crossplane makes it and keeps it so, and never deletes it: neither does Argo CD delete the object. Nothing is read back
 * into the object either (LateInitialize), so that what stands in git is what was asked for.
 */
const managementPolicies = ['Observe', 'Create', 'Update'];

/** A managed resource of GCP or AWS: these belong to no namespace, so their names carry the environment. */
export function managed(context: PoolContext, options: ManagedOptions): object {
  const { connectionSecret } = options;
  return {
    ...headOf(context, options),
    spec: {
      deletionPolicy: 'Orphan',
      ...requestOf(options),
      providerConfigRef: { name: providerConfigOf(context) },
      ...(connectionSecret === undefined
        ? {}
        : { writeConnectionSecretToRef: { name: connectionSecret, namespace: context.place.namespace } }),
    },
  };
}

/** A managed resource of DigitalOcean: it stands in the pool's namespace. */
export function managedInNamespace(context: PoolContext, options: ManagedOptions): object {
  const { connectionSecret } = options;
  return {
    ...headOf(context, options, context.place.namespace),
    spec: {
      ...requestOf(options),
      providerConfigRef: { kind: 'ProviderConfig', name: providerConfigOf(context) },
      ...(connectionSecret === undefined ? {} : { writeConnectionSecretToRef: { name: connectionSecret } }),
    },
  };
}

/** The ProviderConfig of a pool, which says whose account it is rented on. */
export function providerConfigOf({ place, pool }: PoolContext): string {
  return destinationOf(place.environment, pool.id);
}

function headOf(
  context: PoolContext,
  { apiVersion, kind, name, wave, externalName }: ManagedOptions,
  namespace?: string,
) {
  return {
    apiVersion,
    kind,
    metadata: poolMetadata(context, {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      wave,
      syncOptions: keptForEver,
      ...(externalName === undefined ? {} : { annotations: { 'crossplane.io/external-name': externalName } }),
    }),
  };
}

function requestOf({ forProvider, initProvider }: ManagedOptions) {
  return { managementPolicies, forProvider, ...(initProvider === undefined ? {} : { initProvider }) };
}
