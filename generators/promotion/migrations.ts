import { type Images, type ImagesByName, imagesOfPool } from '../images.ts';
import type { ProjectFiles } from '../project-files.ts';
import { refuse } from './refusal.ts';

const datasetsFolder = 'services/datasets';

/** The first line of a migration that cannot be undone; what follows the colon is why. */
const marker = /^--\s*irreversible\b:?\s*(.*)$/;

/** A migration that an image holds and another lacks. */
export interface LostMigration {
  readonly image: string;
  /** `chain/relational/003-drop-raw` */
  readonly migration: string;
  /** The pool that the image runs in, where it is one promoted ahead. */
  readonly pool?: string;
}

/**
 * Migrations that cannot be undone, by `chain/relational/003-drop-raw`, with the reason that each one's first line
 * states: `-- irreversible: the raw logs are gone`.
 *
 * @throws RefusalError when one states no reason.
 */
export function readIrreversible(files: ProjectFiles): Map<string, string> {
  const found = new Map<string, string>();
  for (const path of files.listFiles(datasetsFolder)) {
    const [, id] = /^services\/datasets\/(.+\/(?:relational|timeseries)\/[0-9]{3}-[^/]+)\.sql$/.exec(path) ?? [];
    if (id === undefined) continue;
    const [line = ''] = (files.findText(path) ?? '').split(/\r?\n/, 1);
    const reason = marker.exec(line)?.[1]?.trim();
    if (reason === undefined) continue;
    if (reason === '')
      refuse(path, 'is irreversible without a reason', 'write "-- irreversible: <why>" in its first line');
    found.set(id, reason);
  }
  return found;
}

/** What the databases have been through that the images to come know nothing of, pool by pool. */
export function lostMigrations(present: Images, coming: Images): LostMigration[] {
  const pools = [undefined, ...new Set([...Object.keys(present.pools ?? {}), ...Object.keys(coming.pools ?? {})])];
  const lost = pools.flatMap((pool) =>
    lostOf(imagesOfPool(present, pool).images, imagesOfPool(coming, pool).images).map((entry) =>
      pool === undefined ? entry : { ...entry, pool },
    ),
  );
  // A pool with images of its own mostly loses what all lose: told once.
  const byName = new Map(lost.map((entry) => [`${entry.image} ${entry.migration}`, entry] as const).reverse());
  return [...byName.values()].reverse();
}

function lostOf(present: ImagesByName, coming: ImagesByName): LostMigration[] {
  return Object.entries(present).flatMap(([image, { irreversible = [] }]) => {
    const kept = new Set(coming[image]?.irreversible);
    return irreversible.filter((migration) => !kept.has(migration)).map((migration) => ({ image, migration }));
  });
}

/** @throws RefusalError naming every migration that stands in the way, and why it cannot be undone. */
export function refuseLostMigrations(
  environment: string,
  present: Images,
  coming: Images,
  reasons: ReadonlyMap<string, string>,
): void {
  const lost = lostMigrations(present, coming);
  if (lost.length === 0) return;
  const told = lost.map(({ image, migration, pool }) => {
    const where = pool === undefined ? image : `${image} of pool ${pool}`;
    return `${where} has run ${migration} (${reasons.get(migration) ?? 'its file is gone, and the reason with it'})`;
  });
  const fix = 'go forward instead: release an image that holds them, and promote it';
  refuse(`environments/${environment}`, `these migrations cannot be undone: ${told.join('; ')}`, fix);
}
