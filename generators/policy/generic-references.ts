import type { Manifest } from '../emit/manifest.ts';
import type { Json, JsonObject } from '../emit/yaml.ts';
import type { Index } from './reference-index.ts';
import { isMapping, isProviders, mappingsIn, mappingsOf, valueAt } from './walk.ts';

/** Keys whose value names a Secret, and mostly one of its keys, whatever the object: `passwordSecretRef`, `secretKeyRef`. */
const secretKey = /(^s|S)ecret(Key)?Ref$|SecretRef$|^redisSecret$|^secretTargetRef$/;
/** Of these the object is not the reader but the maker. */
const madeHere = new Set(['privateKeySecretRef', 'writeConnectionSecretToRef', 'secretStoreRef']);

/**
 * References that look the same in objects of every kind: to Secrets and their keys, to classes of disks, and among what
 * is made at a cloud provider.
 */
export function* genericReferences(manifest: Manifest, index: Index): Iterable<string> {
  for (const { path, value } of mappingsIn(manifest)) {
    for (const [key, item] of Object.entries(value)) {
      const at = path === '' ? key : `${path}.${key}`;
      if (secretKey.test(key) && !madeHere.has(key)) {
        for (const one of listOf(item)) yield* secretReference(manifest, index, at, one);
      }
      if (isStorageClass(manifest, key) && typeof item === 'string' && !index.has('StorageClass', item)) {
        yield `${at} asks for disks of class ${item}, which is not there`;
      }
      if (isProviders(manifest.apiVersion) && /Refs?$/.test(key) && !/[sS]ecret/.test(key)) {
        for (const one of listOf(item)) yield* machineReference(index, at, key, one);
      }
    }
  }
}

function* secretReference(manifest: Manifest, index: Index, at: string, reference: JsonObject): Iterable<string> {
  const { name, key } = reference;
  if (typeof name !== 'string') return;
  const namespace = typeof reference.namespace === 'string' ? reference.namespace : manifest.metadata.namespace;
  if (!index.has('Secret', name, namespace)) {
    yield `${at} reads Secret ${name}, which nothing makes`;
    return;
  }
  const keys = index.keysOf(name, namespace);
  for (const wanted of typeof key === 'string' ? [key] : Object.values(isMapping(key) ? key : {})) {
    if (keys !== undefined && !keys.has(String(wanted)))
      yield `${at} reads ${String(wanted)} of Secret ${name}, which has no such key`;
  }
}

function* machineReference(index: Index, at: string, key: string, reference: JsonObject): Iterable<string> {
  const { name, kind } = reference;
  if (typeof name !== 'string') return;
  const wanted = typeof kind === 'string' ? kind : key === 'providerConfigRef' ? 'ProviderConfig' : undefined;
  if (!index.hasMachine(name, wanted)) yield `${at} names ${wanted ?? 'an object'} ${name}, which is not there`;
}

/** Elsewhere the word means a provider's class of storage. */
function isStorageClass({ apiVersion }: Manifest, key: string): boolean {
  return key === 'storageClassName' || (key === 'storageClass' && apiVersion.startsWith('postgresql.cnpg.io/'));
}

function listOf(value: Json | undefined): JsonObject[] {
  if (Array.isArray(value)) return mappingsOf(value);
  if (!isMapping(value)) return [];
  // Some kinds wrap it: redisReplicationPassword.secretKeyRef is met on its own.
  return [isMapping(valueAt(value, 'valueFrom')) ? {} : value];
}
