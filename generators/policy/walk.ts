import type { Manifest } from '../emit/manifest.ts';
import type { Json, JsonObject } from '../emit/yaml.ts';

/** A mapping inside a manifest, with the way to it: `spec.template.spec`. */
export interface Place {
  readonly path: string;
  readonly value: JsonObject;
}

/** Every mapping in an object, itself included, from the outside in. */
export function* mappingsIn(value: Json | undefined, path = ''): Generator<Place> {
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) yield* mappingsIn(item, `${path}[${index}]`);
  } else if (isMapping(value)) {
    yield { path, value };
    for (const [key, item] of Object.entries(value)) yield* mappingsIn(item, path === '' ? key : `${path}.${key}`);
  }
}

/** Every string in an object, with the way to it. */
export function* stringsIn(value: Json | undefined, path = ''): Generator<{ path: string; key: string; text: string }> {
  for (const { path: at, value: mapping } of mappingsIn(value, path)) {
    for (const [key, item] of Object.entries(mapping)) {
      const itemPath = at === '' ? key : `${at}.${key}`;
      const texts = Array.isArray(item) ? item : [item];
      for (const text of texts) if (typeof text === 'string') yield { path: itemPath, key, text };
    }
  }
}

/** Pod specs in an object, wherever they stand: in a template of ours or inside an operator's object. */
export function podSpecsOf(manifest: Manifest): Place[] {
  return [...mappingsIn(manifest)].filter(({ value }) => Array.isArray(value.containers));
}

/** The containers of a pod spec, init containers among them. */
export function containersOf({ path, value }: Place): Place[] {
  return ['initContainers', 'containers', 'ephemeralContainers'].flatMap((list) =>
    mappingsOf(value[list]).map((container, index) => ({ path: `${path}.${list}[${index}]`, value: container })),
  );
}

/** The mappings of a list; none if it is no list. */
export function mappingsOf(value: Json | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isMapping) : [];
}

/** What stands at a path of keys; undefined if the way ends before. */
export function valueAt(value: Json | undefined, ...keys: readonly string[]): Json | undefined {
  return keys.reduce<Json | undefined>((at, key) => (isMapping(at) ? at[key] : undefined), value);
}

/** As valueAt, if it is a mapping of strings, such as labels; else an empty one. */
export function stringMapAt(value: Json | undefined, ...keys: readonly string[]): Record<string, string> {
  const found = valueAt(value, ...keys);
  if (!isMapping(found)) return {};
  return Object.fromEntries(
    Object.entries(found).filter((pair): pair is [string, string] => typeof pair[1] === 'string'),
  );
}

export function isMapping(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether an object describes something of a cloud provider, made by Crossplane or the Cluster API. */
export function isProviders(apiVersion: string): boolean {
  return /(^|\.)(upbound\.io|crossplane\.io|cluster\.x-k8s\.io)\//.test(apiVersion);
}
