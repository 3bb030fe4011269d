import Type from 'typebox';
import { compareCodePoints } from '../../../catalog/kinds.ts';
import { formatProblem } from '../../../catalog/problem.ts';
import { schemaProblems } from '../../../catalog/validate.ts';
import { parseYaml } from '../../../catalog/yaml.ts';

/** Of images.lock.yaml what is shown: releases may write more beside it. */
const Images = Type.Record(
  Type.String(),
  Type.Object({ repository: Type.String(), tag: Type.String(), digest: Type.Optional(Type.String()) }),
);
const ImagesFile = Type.Object({
  images: Images,
  pools: Type.Optional(Type.Record(Type.String(), Images)),
});

export interface Image {
  readonly name: string;
  /** The pool that was promoted ahead with it; null for the whole environment. */
  readonly pool: string | null;
  readonly repository: string;
  readonly tag: string;
  readonly digest: string | null;
}

/** Images by pool and name, or why the file cannot be read. */
export function parseImages(file: string, text: string): { images: readonly Image[] } | { problems: string[] } {
  const parsed = parseYaml(file, text);
  if (parsed.value === undefined) return { problems: parsed.problems.map(formatProblem) };
  const wrong = schemaProblems(file, ImagesFile, parsed);
  if (wrong.length > 0) return { problems: wrong.map(formatProblem) };
  // The schema has just said so.
  const { images, pools = {} } = parsed.value as Type.Static<typeof ImagesFile>;
  const inPool = (pool: string | null, byName: Type.Static<typeof Images>): Image[] =>
    Object.entries(byName)
      .sort(([a], [b]) => compareCodePoints(a, b))
      .map(([name, { repository, tag, digest = null }]) => ({ name, pool, repository, tag, digest }));
  return {
    images: [
      ...inPool(null, images),
      ...Object.entries(pools)
        .sort(([a], [b]) => compareCodePoints(a, b))
        .flatMap(([pool, byName]) => inPool(pool, byName)),
    ],
  };
}

/** The images that a pool runs: its own where it was promoted ahead, the whole environment's otherwise. */
export function imagesOfPool(images: readonly Image[], pool: string): readonly Image[] {
  const own = images.filter((image) => image.pool === pool);
  return own.length > 0 ? own : images.filter((image) => image.pool === null);
}

/** `repository:tag@digest`: what is pulled. */
export function referenceOf({ repository, tag, digest }: Image): string {
  return `${repository}:${tag}${digest === null ? '' : `@${digest}`}`;
}
