import { type App, folderOf } from '../app.ts';
import { managementCluster } from '../conventions.ts';
import { byPath } from '../emit/output.ts';
import type { RenderInputs } from '../inputs.ts';
import { type Rendering, renderEnvironment } from '../render.ts';

/**
 * Renders an environment in which some pools are ahead of the others: their apps come from their own catalog and
 * images, all others from the whole environment's.
 */
export function renderPools(inputs: RenderInputs, ahead: ReadonlyMap<string, RenderInputs>): Rendering {
  const whole = renderEnvironment(inputs);
  if (ahead.size === 0) return whole;
  const parts = [
    takeApps(whole, (app) => !ahead.has(poolOf(app))),
    ...[...ahead].map(([pool, own]) => takeApps(renderEnvironment(own), (app) => poolOf(app) === pool)),
  ];
  return {
    ...whole,
    apps: parts.flatMap(({ apps }) => apps),
    files: parts.flatMap(({ files }) => files).sort(byPath),
  };
}

/** The pool that an app is promoted with: the machines of a pool, which another cluster describes, go with it. */
function poolOf({ pool, cluster, namespace }: App): string {
  return cluster === managementCluster && namespace.startsWith('pool-') ? namespace.slice('pool-'.length) : pool;
}

function takeApps({ apps, files }: Rendering, isTaken: (app: App) => boolean): Pick<Rendering, 'apps' | 'files'> {
  const taken = apps.filter(isTaken);
  const folders = new Set(taken.map(folderOf));
  return {
    apps: taken,
    files: files.filter(({ path }) => folders.has(path.split('/').slice(0, 4).join('/'))),
  };
}
