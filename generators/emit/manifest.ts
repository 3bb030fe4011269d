import type { JsonObject } from './yaml.ts';

/** One Kubernetes object, before it is text. */
export interface Manifest extends JsonObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ManifestMetadata;
}

interface ManifestMetadata extends JsonObject {
  readonly name: string;
  readonly namespace?: string;
  readonly annotations?: { readonly [key: string]: string };
}

/** The annotation that names the catalog entries an object came from: one id a line, so that a diff shows the one added. */
export const sourcesAnnotation = 'defimon.highfunk.uk/sources';

/** The catalog ids, e.g. `service/chain-sync`, that caused this object. */
export function sourcesOf(manifest: Manifest): string[] {
  return manifest.metadata.annotations?.[sourcesAnnotation]?.split('\n') ?? [];
}

/**
 * What makes two objects one in a cluster: group, kind, namespace and name. The version is no part of it, since
 * `autoscaling/v1` and `autoscaling/v2` show the same stored object.
 */
export function identityOf({ apiVersion, kind, metadata }: Manifest): string {
  const slash = apiVersion.indexOf('/');
  const group = slash === -1 ? '' : apiVersion.slice(0, slash);
  return [group === '' ? kind : `${kind}.${group}`, metadata.namespace, metadata.name]
    .filter((part) => part !== undefined)
    .join('/');
}

/** Checks what came out of cdk8s (typed `any`) before anything relies on it. */
export function toManifest(value: unknown): Manifest {
  if (!isManifest(value)) throw new Error(`not a Kubernetes object: ${JSON.stringify(value)?.slice(0, 200)}`);
  return value;
}

function isManifest(value: unknown): value is Manifest {
  if (!isObject(value) || !isObject(value.metadata)) return false;
  const { apiVersion, kind, metadata } = value;
  return typeof apiVersion === 'string' && typeof kind === 'string' && typeof metadata.name === 'string';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
