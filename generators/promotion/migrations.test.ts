import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Images } from '../images.ts';
import { openProject } from '../project-files.ts';
import { lostMigrations, readIrreversible, refuseLostMigrations } from './migrations.ts';
import { readImagesOf } from './preconditions.ts';

const drop = 'chain/relational/003-drop';

describe(lostMigrations.name, () => {
  it('finds none when the images to come hold what the present ones do', () => {
    expect(lostMigrations(images([drop]), images([drop, 'chain/timeseries/004-merge']))).toEqual([]);
    expect(lostMigrations(images(undefined), images([drop]))).toEqual([]);
  });

  it('finds what an older image lacks, and one that is not there at all', () => {
    const lost = [{ image: 'defimon', migration: drop }];
    expect(lostMigrations(images([drop]), images([]))).toEqual(lost);
    expect(lostMigrations(images([drop]), images(undefined))).toEqual(lost);
    expect(lostMigrations(images([drop]), { images: {} })).toEqual(lost);
  });

  it('looks at each pool for itself: one goes ahead while another already did', () => {
    const one = { images: images([]).images, pools: { market: images([drop]).images } };
    const both = { ...one, pools: { ...one.pools, social: images([drop]).images } };
    expect(lostMigrations(one, both)).toEqual([]);
    expect(lostMigrations(both, images([drop]))).toEqual([]);
    expect(lostMigrations(one, images([]))).toEqual([{ image: 'defimon', migration: drop, pool: 'market' }]);
  });
});

describe(readIrreversible.name, () => {
  it.each(['dev', 'staging', 'production'])('finds what %s says of an image that was never released', (environment) => {
    const files = openProject(fileURLToPath(new URL('../../', import.meta.url)));
    const { digest, irreversible } = readImagesOf(files, environment).images.images.defimon ?? {};
    // Without a digest it is built from this tree; `npm run release` writes both.
    if (digest === undefined) expect(irreversible).toEqual([...readIrreversible(files).keys()]);
  });
});

describe(refuseLostMigrations.name, () => {
  it('names the migration, its reason and the way out', () => {
    const reasons = new Map([[drop, 'the raw logs are gone']]);
    expect(() => refuseLostMigrations('production', images([drop]), images([]), reasons)).toThrow(
      'environments/production: these migrations cannot be undone: ' +
        'defimon has run chain/relational/003-drop (the raw logs are gone) — go forward instead',
    );
  });
});

function images(irreversible: string[] | undefined): Images {
  const image = { repository: 'registry.example.com/defimon', tag: '0.1.0' };
  return { images: { defimon: irreversible === undefined ? image : { ...image, irreversible } } };
}
