import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadPlanning } from './planning.ts';
import { renderDocument } from './render.ts';
import { sizes, studyOf } from './sizes.ts';

const services = join(import.meta.dirname, '..');

describe(renderDocument, () => {
  it('is what services/CAPACITY.md holds: npm run capacity -- --write', () => {
    const catalog = loadPlanning(join(services, '..'));
    const text = renderDocument(sizes.map((size) => studyOf(catalog, size)));
    expect(readFileSync(join(services, 'CAPACITY.md'), 'utf8')).toBe(text);
  });
});
