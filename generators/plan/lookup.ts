import { getId, kinds } from '../../catalog/kinds.ts';
import { findNearest, nearestFirst, suggest } from '../../catalog/nearest.ts';
import type { Catalog } from '../../catalog/schema/catalog.ts';
import { createDocumentReader, type FileDocument } from './documents.ts';
import { argocdPlace, type Tree } from './tree.ts';

/** What a reader meant by a word, or the words it may have been. */
export type Lookup<T> = { readonly found: T } | { readonly hint: string };

/** A catalog entry by `network/base`, or by its id alone where no other kind has one of that name. */
export function findEntry(wanted: string, catalogs: readonly Catalog[]): Lookup<string> {
  const entries = [
    ...new Set(
      catalogs.flatMap((catalog) =>
        kinds.flatMap(({ kind, key }) => catalog[key].map((entry: object) => `${kind}/${getId(kind, entry)}`)),
      ),
    ),
  ];
  const isMeant = (entry: string): boolean =>
    [entry, idOf(entry)].some((name) => name === wanted || name.toLowerCase() === wanted.toLowerCase());
  const found = entries.filter(isMeant);
  const [first] = found.filter((entry) => entry === wanted).concat(found);
  if (first !== undefined && (found.length === 1 || first === wanted)) return { found: first };
  if (found.length > 1) return { hint: `there are several: ${found.sort().join(', ')}` };
  return { hint: suggest(wanted, wanted.includes('/') ? entries : [...new Set(entries.map(idOf))]) };
}

function idOf(entry: string): string {
  return entry.slice(entry.indexOf('/') + 1);
}

/** The catalog with an entry that reads otherwise, in nothing that a generator looks at. */
export function withEditedEntry(catalog: Catalog, entry: string): Catalog {
  const kind = kinds.find((candidate) => candidate.kind === entry.slice(0, entry.indexOf('/')));
  if (kind === undefined) return catalog;
  const entries = catalog[kind.key].map((candidate: object) =>
    getId(kind.kind, candidate) === idOf(entry) ? { ...candidate, edited: true } : candidate,
  );
  return { ...catalog, [kind.key]: entries };
}

/** The catalog without an entry. Nobody has checked that the others can do without it. */
export function withoutEntry(catalog: Catalog, entry: string): Catalog {
  const kind = kinds.find((candidate) => candidate.kind === entry.slice(0, entry.indexOf('/')));
  if (kind === undefined) return catalog;
  const others = catalog[kind.key].filter((candidate: object) => getId(kind.kind, candidate) !== idOf(entry));
  return { ...catalog, [kind.key]: others };
}

/**
 * Objects by `Kind/name`, `Kind/namespace/name` or with its group, `Kind.group/namespace/name`; kind and group in any case.
 * In every environment and cluster where there is one.
 */
export function findObjects(wanted: string, tree: Tree): Lookup<FileDocument[]> {
  const [kindAndGroup = '', ...rest] = wanted.split('/');
  const name = rest.at(-1);
  const names = new Set<string>();
  const read = createDocumentReader();
  const found = [...tree].flatMap(([path, text]) => {
    // A glance at the text is enough to pass over nearly all of some thousand files.
    const glance = glanceAt(text);
    for (const object of glance) names.add(object);
    const isNear = name !== undefined && glance.some((object) => object.endsWith(`/${name}`));
    return isNear ? read(path, text).filter(({ identity }) => isNamed(identity, kindAndGroup, rest)) : [];
  });
  if (found.length > 0) return { found };
  const nearest = findNearest(wanted, [...names].sort());
  if (nearest !== undefined) return { hint: `did you mean "${nearest}"?` };
  // A name alone is nearest to the objects of that name, whatever their kind.
  const readings = new Map([...names].map((object) => [object, [object, object.slice(object.indexOf('/') + 1)]]));
  return { hint: `the nearest are ${nearestFirst(wanted, readings, hintsMax).join(', ')}` };
}

const hintsMax = 5;

/** `Deployment/chain-sync` for each object that a text holds, by how the emitter writes. */
function glanceAt(text: string): string[] {
  return [...text.matchAll(/^kind: (\S+)\nmetadata:\n {2}name: (\S+)$/gm)].map(([, kind, name]) => `${kind}/${name}`);
}

function isNamed(identity: string, kindAndGroup: string, rest: readonly string[]): boolean {
  const [kind = '', ...others] = identity.split('/');
  const [asked, known] = [kindAndGroup.toLowerCase(), kind.toLowerCase()];
  if (asked !== known && asked !== known.split('.')[0]) return false;
  // Without a namespace, those of every namespace.
  return rest.length === others.length
    ? rest.join('/') === others.join('/')
    : rest.length === 1 && rest[0] === others.at(-1);
}

/** True for what Argo CD itself reads. */
export function isArgocd(path: string): boolean {
  return path.startsWith(`${argocdPlace}/`);
}
