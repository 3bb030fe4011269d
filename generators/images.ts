import Type, { type Static } from 'typebox';
import type { Problem } from '../catalog/problem.ts';
import { schemaProblems } from '../catalog/validate.ts';
import { type FileContent, parseYaml } from '../catalog/yaml.ts';

const Image = Type.Object(
  {
    repository: Type.String({
      pattern: '^[a-z0-9.-]+(:[0-9]+)?(/[a-z0-9._-]+)+$',
      maxLength: 255,
      examples: ['registry.gitlab.com/highfunk/defimon'],
      description: 'Registry and path, without tag',
    }),
    tag: Type.String({ pattern: '^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$', examples: ['"0.1.0"'] }),
    digest: Type.Optional(
      Type.String({ pattern: '^sha256:[0-9a-f]{64}$', description: 'What the tag meant when it was released' }),
    ),
  },
  { additionalProperties: false },
);

/** environments/<env>/images.lock.yaml: what runs there. CI writes it when it releases; promotion copies it. */
export const Images = Type.Object(
  { images: Type.Record(Type.String({ pattern: '^[a-z][a-z0-9-]*$' }), Image, { additionalProperties: false }) },
  { additionalProperties: false },
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
  const floating = Object.entries(images.images).filter(([, { tag }]) => tag === 'latest');
  const problems = floating.map(
    ([name]): Problem => ({
      file,
      ...parsed.placeOf(['images', name, 'tag']),
      code: 'GEN001',
      message: 'the tag "latest" means another image every day',
      fix: 'name a version',
      severity: 'error',
    }),
  );
  return { images: problems.length === 0 ? images : undefined, problems };
}

/** `repository:tag`, with `@digest` when it is known: the digest is what is pulled, the tag is for the reader. */
export function imageOf({ images }: Images, name: string): string {
  const image = images[name];
  if (image === undefined) throw new RangeError(`images.lock.yaml has no image "${name}": add it under images`);
  const { repository, tag, digest } = image;
  return digest === undefined ? `${repository}:${tag}` : `${repository}:${tag}@${digest}`;
}
