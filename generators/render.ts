import { withEnvironment } from '../catalog/environment.ts';
import type { App } from './app.ts';
import { serviceUnits } from './apps/units.ts';
import { byPath, type OutputFile, refuseTwins } from './emit/output.ts';
import { gatewayUnits } from './gateway/units.ts';
import type { RenderInputs } from './inputs.ts';
import { namespaceUnits } from './namespaces/units.ts';
import { observabilityUnits } from './observability/units.ts';
import { type RenderCache, renderOnce } from './render-cache.ts';
import type { Unit } from './unit.ts';

/** Everything of one environment: what Argo CD's own objects are derived from, too. */
export interface Rendering {
  readonly inputs: RenderInputs;
  readonly apps: readonly App[];
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
export function renderEnvironment(inputs: RenderInputs, cache?: RenderCache): Rendering {
  const rendered = unitsOf(inputs).map((unit) => renderOnce(unit, cache));
  const apps = rendered.map(({ app }) => app);
  const clusters = Map.groupBy(apps, ({ cluster }) => cluster);
  for (const [cluster, itsApps] of clusters) {
    refuseTwins(
      `${inputs.environment.name}/${cluster}`,
      itsApps.flatMap(({ manifests }) => manifests),
    );
  }
  return { inputs, apps, files: rendered.flatMap(({ files }) => files).sort(byPath) };
}

/** The apps of an environment, one line a part of the platform. */
function unitsOf(given: RenderInputs): Unit[] {
  const inputs = { ...given, catalog: withEnvironment(given.catalog, given.environment) };
  return [...namespaceUnits(inputs), ...gatewayUnits(inputs), ...observabilityUnits(inputs), ...serviceUnits(inputs)];
}
