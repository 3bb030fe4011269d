import { withEnvironment } from '../catalog/environment.ts';
import type { App } from './app.ts';
import { serviceUnits } from './apps/units.ts';
import { backupUnits } from './backup/units.ts';
import { byPath, type OutputFile, refuseSamePaths, refuseTwins } from './emit/output.ts';
import { gatewayUnits } from './gateway/units.ts';
import type { RenderInputs } from './inputs.ts';
import { namespaceUnits } from './namespaces/units.ts';
import { observabilityUnits } from './observability/units.ts';
import { type Install, installsOf } from './platform/installs.ts';
import { platformUnits } from './platform/units.ts';
import { poolUnits } from './pools/units.ts';
import { isEqual, type RenderCache, renderOnce } from './render-cache.ts';
import { storeUnits } from './stores/units.ts';
import type { Unit } from './unit.ts';
import { workloadUnits } from './workloads/units.ts';

/** Everything of one environment: what Argo CD's own objects are derived from, too. */
export interface Rendering {
  readonly inputs: RenderInputs;
  readonly apps: readonly App[];
  /** Charts that Argo CD renders itself. */
  readonly installs: readonly Install[];
  /** Sorted by path. */
  readonly files: readonly OutputFile[];
}

/**
 * Renders every app of an environment. Pure: the files depend on the inputs alone, and on nothing of their order.
 *
 * @param cache Units that it holds from the same inputs are not rendered again.
 *
 * @throws RenderError when the inputs do not suffice, ClashError when two objects or files would be one.
 */
export function renderEnvironment(given: RenderInputs, cache?: RenderCache): Rendering {
  if (cache?.last !== undefined && isEqual(cache.last.inputs, given)) return cache.last;
  const inputs = { ...given, catalog: withEnvironment(given.catalog, given.environment) };
  // An app without an object would be an Application of nothing.
  const rendered = unitsOf(inputs)
    .map((unit) => renderOnce(unit, cache))
    .filter(({ app }) => app.manifests.length > 0);
  const apps = rendered.map(({ app }) => app);
  const clusters = Map.groupBy(apps, ({ cluster }) => cluster);
  for (const [cluster, itsApps] of clusters) {
    refuseTwins(
      `${inputs.environment.name}/${cluster}`,
      itsApps.flatMap(({ manifests }) => manifests),
    );
  }
  const files = rendered.flatMap((unit) => unit.files).sort(byPath);
  refuseSamePaths(files);
  const rendering = { inputs: given, apps, installs: installsOf(inputs), files };
  if (cache !== undefined) cache.last = rendering;
  return rendering;
}

/** The apps of an environment, one line a part of the platform. */
function unitsOf(inputs: RenderInputs): Unit[] {
  return [
    ...namespaceUnits(inputs),
    ...platformUnits(inputs),
    ...gatewayUnits(inputs),
    ...observabilityUnits(inputs),
    ...storeUnits(inputs),
    ...backupUnits(inputs),
    ...workloadUnits(inputs),
    ...poolUnits(inputs),
    ...serviceUnits(inputs),
  ];
}
