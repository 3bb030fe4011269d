import { createDocumentReader, type FileDocument } from './documents.ts';
import { type FilePlace, placeOf, type Tree } from './tree.ts';

/** What stands for one object, or one file that is none, in the two trees. At least one side is there. */
export interface Pair extends FilePlace {
  readonly before?: FileDocument;
  readonly after?: FileDocument;
  /** False where only the writing of the file differs. */
  readonly isReal: boolean;
}

/**
 * What differs between two trees, object by object: the paths of all pairs are exactly the files that differ. An object
 * that went from one file of a cluster to another is one pair.
 *
 * @param environments Names by which files below argocd/ are told.
 */
export function pairTrees(before: Tree, after: Tree, environments: readonly string[]): Pair[] {
  // Of thousands of files most are equal: only the others are parsed.
  const paths = [...new Set([...before.keys(), ...after.keys()])].filter(
    (path) => before.get(path) !== after.get(path),
  );
  const read = createDocumentReader();
  const documentsOf = (tree: Tree, path: string): readonly FileDocument[] => {
    const text = tree.get(path);
    return text === undefined ? [] : read(path, text);
  };
  const places = Map.groupBy(paths.sort(), (path) => {
    const { environment, cluster } = placeOf(path, environments);
    return `${environment} ${cluster}`;
  });
  return [...places.values()].flatMap((group) =>
    pairDocuments(
      group.flatMap((path) => documentsOf(before, path)),
      group.flatMap((path) => documentsOf(after, path)),
    ).map((pair) => ({ ...placeOf(pair.after?.path ?? pair.before?.path ?? '', environments), ...pair })),
  );
}

type Sides = Pick<Pair, 'before' | 'after' | 'isReal'>;

/** The documents of one cluster: first by file and identity, then by identity, so that a move is seen as one. */
function pairDocuments(before: readonly FileDocument[], after: readonly FileDocument[]): Sides[] {
  const pairs: Sides[] = [];
  const inPlace = new Map(before.map((document) => [`${document.path} ${document.identity}`, document]));
  const moved: FileDocument[] = [];
  for (const document of after) {
    const key = `${document.path} ${document.identity}`;
    const old = inPlace.get(key);
    inPlace.delete(key);
    if (old === undefined) moved.push(document);
    else pairs.push({ before: old, after: document, isReal: old.meaning !== document.meaning });
  }
  const left = new Set(inPlace.values());
  const byIdentity = new Map([...left].filter(isObject).map((document) => [document.identity, document]));
  for (const document of moved) {
    const old = isObject(document) ? byIdentity.get(document.identity) : undefined;
    byIdentity.delete(document.identity);
    if (old !== undefined) left.delete(old);
    pairs.push(old === undefined ? { after: document, isReal: true } : { before: old, after: document, isReal: true });
  }
  pairs.push(...[...left].map((document) => ({ before: document, isReal: true })));
  return withoutEqual(pairs);
}

/** Of a file with several objects, only those that differ; if none does, one pair says that the file does. */
function withoutEqual(pairs: readonly Sides[]): Sides[] {
  const real = pairs.filter(({ isReal }) => isReal);
  const told = new Set(real.flatMap(({ before, after }) => [before?.path, after?.path]));
  const texts = new Map<string, Sides>();
  for (const pair of pairs) {
    const path = pair.after?.path ?? '';
    if (!pair.isReal && !told.has(path) && !texts.has(path)) texts.set(path, pair);
  }
  return [...real, ...texts.values()];
}

function isObject({ manifest }: FileDocument): boolean {
  return manifest !== undefined;
}
