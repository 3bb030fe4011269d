import { describe, expect, it } from 'vitest';
import { getPool } from './inputs.ts';
import { inputsOf } from './testing/project.ts';
import { waitsOf } from './waits.ts';

describe(waitsOf.name, () => {
  const { catalog } = inputsOf('staging');

  it('says what an undecided pool waits for', () => {
    const waits = waitsOf(getPool(catalog, 'ml'), catalog);
    expect(waits).toEqual(
      expect.arrayContaining([
        'the GPU machines of node group "training"',
        'cluster "defimon-ml" and its place at Argo CD',
        'its storage class',
        'its price',
      ]),
    );
  });

  it('says nothing of a pool that has a provider', () => {
    expect(waitsOf(getPool(catalog, 'analytics'), catalog)).toEqual([]);
  });
});
