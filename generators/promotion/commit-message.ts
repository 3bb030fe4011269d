import { type Images, referenceOf } from '../images.ts';

interface Trailers {
  /** Of the environment's whole lock. */
  readonly catalogDigest: string;
  readonly images: Images;
  /** What was done, as further trailers that come first. */
  readonly others: Readonly<Record<string, string>>;
}

/** A commit message whose trailers say what the environment holds from then on, so that history can be searched. */
export function commitMessage(subject: string, { catalogDigest, images, others }: Trailers): string {
  const digests = Object.entries(images.images).map(([name, image]) => `Image-Digest: ${name}=${referenceOf(image)}`);
  const poolDigests = Object.entries(images.pools ?? {}).flatMap(([pool, its]) =>
    Object.entries(its).map(([name, image]) => `Image-Digest: ${pool}/${name}=${referenceOf(image)}`),
  );
  const lines = [
    ...Object.entries(others).map(([key, value]) => `${key}: ${value}`),
    `Catalog-Digest: ${catalogDigest}`,
    ...digests,
    ...poolDigests,
  ];
  return `${subject}\n\n${lines.join('\n')}\n`;
}
