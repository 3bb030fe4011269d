import { type App, folderOf } from '../app.ts';
import { managementCluster } from '../conventions.ts';
import { byPath } from '../emit/output.ts';
import type { RenderInputs } from '../inputs.ts';
import { type Rendering, renderEnvironment } from '../render.ts';
import type { RenderCache } from '../render-cache.ts';

/**
 * Renders an environment in which some pools are ahead of the others: what is theirs comes from their own catalog and
 * images, all else from the whole environment's.
 *
 * @param cacheOf What was rendered before, of the whole environment or of a pool that is ahead.
 */
export function renderPools(
  inputs: RenderInputs,
  ahead: ReadonlyMap<string, RenderInputs>,
  cacheOf: (pool?: string) => RenderCache | undefined = () => undefined,
): Rendering {
  const whole = renderEnvironment(inputs, cacheOf());
  if (ahead.size === 0) return whole;
  const parts = [
    takePools(whole, (pool) => !ahead.has(pool)),
    ...[...ahead].map(([id, own]) => takePools(renderEnvironment(own, cacheOf(id)), (pool) => pool === id)),
  ];
  return {
    inputs: { ...inputs, catalog: { ...inputs.catalog, pools: mixPools(inputs, ahead) } },
    apps: parts.flatMap(({ apps }) => apps),
    installs: parts.flatMap(({ installs }) => installs),
    files: parts.flatMap(({ files }) => files).sort(byPath),
  };
}

/** The pool that an app is promoted with: the machines of a pool, which another cluster describes, go with it. */
function poolOf({ pool, cluster, namespace }: App): string {
  return cluster === managementCluster && namespace.startsWith('pool-') ? namespace.slice('pool-'.length) : pool;
}

function takePools(
  { apps, installs, files }: Rendering,
  isTaken: (pool: string) => boolean,
): Omit<Rendering, 'inputs'> {
  const taken = apps.filter((app) => isTaken(poolOf(app)));
  const folders = new Set(taken.map(folderOf));
  return {
    apps: taken,
    installs: installs.filter(({ pool }) => isTaken(pool)),
    files: files.filter(({ path }) => folders.has(path.split('/').slice(0, 4).join('/'))),
  };
}

/** Each pool as the catalog has it that it is rendered from. */
function mixPools({ catalog }: RenderInputs, ahead: ReadonlyMap<string, RenderInputs>) {
  const own = [...ahead].flatMap(([id, inputs]) => inputs.catalog.pools.filter((pool) => pool.id === id));
  const others = catalog.pools.filter(({ id }) => !ahead.has(id));
  return [...others, ...own].sort((a, b) => (a.id < b.id ? -1 : 1));
}
