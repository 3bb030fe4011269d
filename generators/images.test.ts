import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { formatProblem } from '../catalog/problem.ts';
import { type Images, imageOf, imagesOfPool, parseImages, rewriteImages } from './images.ts';

const digest = `sha256:${'a'.repeat(64)}`;

describe(parseImages.name, () => {
  it('reads repository, tag and digest', () => {
    const { images, problems } = parseImages('images.lock.yaml', lock({ tag: '"0.1.0"', digest }));
    expect(problems).toEqual([]);
    expect(images?.images.defimon).toEqual({
      repository: 'registry.gitlab.com/highfunk/defimon',
      tag: '0.1.0',
      digest,
    });
  });

  it.each([
    ['latest', 'images.lock.yaml:4:10 GEN001'],
    ['1.0', 'images.lock.yaml:4:10 CAT012'],
    ['"a b"', 'images.lock.yaml:4:10 CAT013'],
  ])('refuses the tag %s at its place', (tag, expected) => {
    const { images, problems } = parseImages('images.lock.yaml', lock({ tag }));
    expect(images).toBeUndefined();
    expect(problems.map(formatProblem).join('\n')).toContain(expected);
  });
});

describe(imageOf.name, () => {
  it('pulls by digest when there is one', () => {
    const image = { repository: 'registry.example/defimon', tag: '0.1.0' };
    expect(imageOf({ images: { defimon: image } }, 'defimon')).toBe('registry.example/defimon:0.1.0');
    expect(imageOf({ images: { defimon: { ...image, digest } } }, 'defimon')).toBe(
      `registry.example/defimon:0.1.0@${digest}`,
    );
  });

  it('names the image that is missing', () => {
    expect(() => imageOf({ images: {} }, 'defimon')).toThrow('no image "defimon"');
  });
});

describe(rewriteImages.name, () => {
  const text = `# What runs here.
images:
  defimon: # the one image
    repository: registry.example.com/defimon
    tag: 0.1.0 # the first
`;
  const image = { repository: 'registry.example.com/defimon', tag: '0.1.0' };

  it('leaves the text alone when the images are the same', () => {
    const odd = text.replace('tag: 0.1.0', "tag:   '0.1.0'");
    expect(rewriteImages(odd, { images: { defimon: { tag: '0.1.0', repository: image.repository } } })).toBe(odd);
  });

  it('changes, adds and takes away, with every comment kept, so that it reads back', () => {
    const next: Images = {
      images: { defimon: { ...image, tag: '1e3', digest, irreversible: ['chain/relational/003-drop'] } },
      pools: { market: { defimon: { ...image, tag: '010' } } },
    };
    const written = rewriteImages(text, next);
    expect(parseImages('images.lock.yaml', written)).toEqual({ images: next, problems: [] });
    expect(written).toContain('# What runs here.\n');
    expect(written).toContain('# the one image\n');
    expect(written).toContain('tag: "1e3" # the first\n');
    expect(written).toContain('irreversible: [chain/relational/003-drop]\n');
    const back = rewriteImages(written, { images: { defimon: image } });
    expect(parse(back)).toEqual(parse(text));
    expect(back).toContain('tag: "0.1.0" # the first\n');
  });
});

describe(imagesOfPool.name, () => {
  it("gives a pool's own images where it has some, the environment's otherwise", () => {
    const [all, own] = ['0.1.0', '0.2.0'].map((tag) => ({ defimon: { repository: 'registry.example/defimon', tag } }));
    const images: Images = { images: all ?? {}, pools: { market: own ?? {} } };
    expect(imagesOfPool(images, 'market')).toEqual({ images: own });
    expect(imagesOfPool(images, 'social')).toEqual({ images: all });
    expect(imagesOfPool(images, undefined)).toEqual({ images: all });
  });
});

function lock(image: Record<string, string>): string {
  const lines = Object.entries(image).map(([key, value]) => `    ${key}: ${value}`);
  return `images:\n  defimon:\n    repository: registry.gitlab.com/highfunk/defimon\n${lines.join('\n')}\n`;
}
