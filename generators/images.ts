import Type, { type Static } from 'typebox';
import { type Document, isMap, isScalar, parseDocument, Scalar } from 'yaml';
import { canonicalJson } from '../catalog/lock.ts';
import type { Problem } from '../catalog/problem.ts';
import { schemaProblems } from '../catalog/validate.ts';
import { type FileContent, parseYaml } from '../catalog/yaml.ts';

export const tagPattern = '^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$';
export const digestPattern = '^sha256:[0-9a-f]{64}$';

const closed = { additionalProperties: false };

const Image = Type.Object(
  {
    repository: Type.String({
      pattern: '^[a-z0-9.-]+(:[0-9]+)?(/[a-z0-9._-]+)+$',
      maxLength: 255,
      examples: ['registry.gitlab.com/highfunk/defimon'],
      description: 'Registry and path, without tag',
    }),
    tag: Type.String({ pattern: tagPattern, examples: ['"0.1.0"'] }),
    digest: Type.Optional(
      Type.String({ pattern: digestPattern, description: 'What the tag meant when it was released' }),
    ),
    irreversible: Type.Optional(
      Type.Array(Type.String({ pattern: '^[a-z][a-z0-9-]*/(relational|timeseries)/[0-9]{3}-[a-z0-9-]+$' }), {
        uniqueItems: true,
        description: 'SQL migrations in the image that cannot be undone: no image without them can follow it',
      }),
    ),
  },
  closed,
);
export type Image = Static<typeof Image>;

const ImagesByName = Type.Record(Type.String({ pattern: '^[a-z][a-z0-9-]*$' }), Image, closed);
export type ImagesByName = Static<typeof ImagesByName>;

/** environments/<env>/images.lock.yaml: what runs there. CI writes it when it releases; promotion copies it. */
export const Images = Type.Object(
  {
    images: ImagesByName,
    pools: Type.Optional(
      Type.Record(Type.String({ pattern: '^[a-z][a-z0-9-]*$' }), ImagesByName, {
        ...closed,
        description: 'Of pools that were promoted ahead of the others, by pool',
      }),
    ),
  },
  closed,
);
export type Images = Static<typeof Images>;

/** All problems at once, each at its place. */
export function parseImages(file: string, content: FileContent): { images: Images | undefined; problems: Problem[] } {
  const parsed = parseYaml(file, content);
  if (parsed.value === undefined) return { images: undefined, problems: parsed.problems };
  const wrong = schemaProblems(file, Images, parsed);
  if (wrong.length > 0) return { images: undefined, problems: wrong.map(({ path: _, ...problem }) => problem) };
  // The schema has just said so.
  const images = parsed.value as Images;
  const floating = entriesOf(images).filter(({ image }) => image.tag === 'latest');
  const problems = floating.map(
    ({ path }): Problem => ({
      file,
      ...parsed.placeOf([...path, 'tag']),
      code: 'GEN001',
      message: 'the tag "latest" means another image every day',
      fix: 'name a version',
      severity: 'error',
    }),
  );
  return { images: problems.length === 0 ? images : undefined, problems };
}

/** The images that a pool runs: its own where it was promoted ahead, the whole environment's otherwise. */
export function imagesOfPool({ images, pools }: Images, pool: string | undefined): Images {
  return { images: (pool === undefined ? undefined : pools?.[pool]) ?? images };
}

/** `repository:tag`, with `@digest` when it is known: the digest is what is pulled, the tag is for the reader. */
export function imageOf({ images }: Images, name: string): string {
  const image = images[name];
  if (image === undefined) throw new RangeError(`images.lock.yaml has no image "${name}": add it under images`);
  return referenceOf(image);
}

/** Equal for what runs the same images. */
export function canonicalImages({ images }: Images): string {
  return canonicalJson(images);
}

/** `repository:tag@digest` */
export function referenceOf({ repository, tag, digest }: Image): string {
  return digest === undefined ? `${repository}:${tag}` : `${repository}:${tag}@${digest}`;
}

/** The text of images.lock.yaml with other images in it; what is equal, and every comment, stays as it is written. */
export function rewriteImages(text: string, next: Images): string {
  const document = parseDocument(text);
  const changed = [
    writeMap(document, ['images'], next.images),
    writeMap(
      document,
      ['pools'],
      next.pools === undefined || Object.keys(next.pools).length === 0 ? undefined : next.pools,
    ),
  ];
  return changed.includes(true) ? document.toString({ lineWidth: 0, flowCollectionPadding: false }) : text;
}

/** Sets what differs at the path, key by key so that comments stay; true if anything did. */
function writeMap(document: Document, path: readonly string[], value: unknown): boolean {
  const node = document.getIn(path, true);
  if (value === undefined) return document.deleteIn(path);
  if (!isMap(node) || typeof value !== 'object' || value === null || Array.isArray(value)) {
    if (JSON.stringify(toPlain(node)) === JSON.stringify(value)) return false;
    if (isScalar(node) && typeof value === 'string') Object.assign(node, quoted(value));
    else document.setIn(path, nodeOf(document, value));
    return true;
  }
  const present = node.items.map(({ key }) => String(toPlain(key)));
  const wanted = Object.entries(value).filter(([, child]) => child !== undefined);
  const gone = present.filter((key) => !wanted.some(([name]) => name === key));
  for (const key of gone) document.deleteIn([...path, key]);
  const changed = wanted.map(([key, child]) => writeMap(document, [...path, key], child));
  return gone.length > 0 || changed.includes(true);
}

/** Tags look like numbers: every text is quoted. */
function quoted(value: string) {
  return { value, type: Scalar.QUOTE_DOUBLE };
}

function nodeOf(document: Document, value: unknown) {
  if (typeof value === 'string') return Object.assign(new Scalar(value), quoted(value));
  const node = document.createNode(value);
  if (Array.isArray(value)) Object.assign(node, { flow: true });
  return node;
}

function toPlain(node: unknown): unknown {
  if (typeof node === 'object' && node !== null && 'toJSON' in node && typeof node.toJSON === 'function') {
    return node.toJSON();
  }
  return node;
}

function entriesOf({ images, pools = {} }: Images): { path: readonly string[]; image: Image }[] {
  const inside = (path: readonly string[], byName: ImagesByName) =>
    Object.entries(byName).map(([name, image]) => ({ path: [...path, name], image }));
  return [
    ...inside(['images'], images),
    ...Object.entries(pools).flatMap(([pool, byName]) => inside(['pools', pool], byName)),
  ];
}
