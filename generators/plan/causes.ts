import { type Manifest, sourcesOf } from '../emit/manifest.ts';
import type { EntryEdit } from './edits.ts';
import { jsonOf } from './edits.ts';
import type { Pair } from './pairs.ts';
import type { Cause } from './plan.ts';

/** Where catalog entries are written, by `network/base`. */
export type EntryPlaces = ReadonlyMap<string, { readonly file: string; readonly line: number }>;

/** What changed of all that an environment is rendered from. */
export interface InputChanges {
  readonly entries: readonly EntryEdit[];
  readonly settings: boolean;
  /** Services whose work is divided, with the kind of entry that it is divided by: an entry more or less may be a shard. */
  readonly shards: ReadonlyMap<string, string>;
  /** Names of images. */
  readonly images: readonly string[];
}

/** What made an object differ; told by the ids that the object names as its sources. */
export function causesOf(pair: Pair, environment: string, changes: InputChanges, places: EntryPlaces): Cause[] {
  const manifests = [pair.before?.manifest, pair.after?.manifest].filter((manifest) => manifest !== undefined);
  const sources = new Set(manifests.flatMap(sourcesOf));
  const changed = new Set(changes.entries.map(({ entry }) => entry));
  const named = [...sources].filter((source) => changed.has(source));
  // What counts a service's entries or shards names neither, but the service.
  if (manifests.length === 1 || named.length === 0) named.push(...shardEntries(sources, changes));
  const settings = `environment/${environment}`;
  const images = changesImage(manifests) ? changes.images.map((image) => `images/${image}`) : [];
  const ids = [
    ...[...new Set(named)].sort(),
    ...(changes.settings && sources.has(settings) ? [settings] : []),
    ...images,
  ];
  // Most objects take their sizes and names from the settings without saying so.
  if (ids.length === 0 && changes.settings) ids.push(settings);
  return (ids.length > 0 ? ids : [restOf(changes)]).map((id) => placed(id, environment, places));
}

/** Entries that made a shard come or go, or another number of them: those that are now there, or no longer, of the kind that it holds. */
function shardEntries(sources: ReadonlySet<string>, { entries, shards }: InputChanges): string[] {
  const kinds = [...shards].flatMap(([service, kind]) => (sources.has(service) ? [kind] : []));
  return entries.flatMap(({ entry, kind }) =>
    kind !== 'changed' && kinds.includes(entry.slice(0, entry.indexOf('/'))) ? [entry] : [],
  );
}

/** What is left when no source explains a change: the generators, or an entry that the object does not name. */
function restOf({ entries }: InputChanges): string {
  return entries.length === 0 ? 'generators' : 'generators or an entry it does not name';
}

/** An entry with its place; settings and images are whole files. */
export function placed(id: string, environment: string, places: EntryPlaces): Cause {
  const place = places.get(id);
  if (place !== undefined) return { id, file: place.file, line: place.line };
  if (id.startsWith('environment/')) return { id, file: `environments/${environment}/environment.yaml`, line: 1 };
  if (id.startsWith('images/')) return { id, file: `environments/${environment}/images.lock.yaml`, line: 1 };
  return { id };
}

/** True when the container images of the two differ, or there is only one of them. */
function changesImage(manifests: readonly Manifest[]): boolean {
  const [a, b] = manifests.map((manifest) => [...jsonOf(manifest).matchAll(/"image":"([^"]*)"/g)].join(' '));
  return (a ?? '') !== (b ?? '');
}
