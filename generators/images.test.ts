import { describe, expect, it } from 'vitest';
import { formatProblem } from '../catalog/problem.ts';
import { imageOf, parseImages } from './images.ts';

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

function lock(image: Record<string, string>): string {
  const lines = Object.entries(image).map(([key, value]) => `    ${key}: ${value}`);
  return `images:\n  defimon:\n    repository: registry.gitlab.com/highfunk/defimon\n${lines.join('\n')}\n`;
}
