import { compareCodePoints } from '../catalog/kinds.ts';
import type { Service } from '../catalog/schema/service.ts';
import { type App, folderOf, type Place } from './app.ts';
import { renderNamespace } from './apps/namespace.ts';
import { renderService } from './apps/service.ts';
import { renderAppFile } from './argocd/app-file.ts';
import { clustersOf } from './clusters.ts';
import { byPath, type OutputFile, refuseTwins, renderManifests } from './emit/output.ts';
import { getPool, type RenderInputs } from './inputs.ts';

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
 * @throws RenderError when the inputs do not suffice, ClashError when two objects or files would be one.
 */
export function renderEnvironment(inputs: RenderInputs): Rendering {
  const apps = renderApps(inputs);
  const clusters = Map.groupBy(apps, ({ cluster }) => cluster);
  for (const [cluster, itsApps] of clusters) {
    refuseTwins(
      `${inputs.environment.name}/${cluster}`,
      itsApps.flatMap(({ manifests }) => manifests),
    );
  }
  const files = apps.flatMap((app) => [renderAppFile(app), ...renderManifests(folderOf(app), app.manifests)]);
  return { inputs, apps, files: files.sort(byPath) };
}

/** The apps of an environment, one line a kind of app. */
function renderApps(inputs: RenderInputs): App[] {
  const placed = placeServices(inputs);
  const namespaces = Map.groupBy(placed, ({ place }) => `${place.cluster} ${place.namespace}`);
  return [
    ...[...namespaces.values()].flatMap((group) => renderNamespaceOf(group)),
    ...placed.map(({ place, service }) => renderService(place, service, inputs)),
  ];
}

interface Placed {
  readonly place: Place;
  readonly service: Service;
}

/** Every released service, once for each cluster of its pool. A pool whose provider is undecided has none. */
function placeServices({ catalog, environment }: RenderInputs): Placed[] {
  const released = catalog.services.filter((service) => service.released);
  return [...released]
    .sort((a, b) => compareCodePoints(a.id, b.id))
    .flatMap((service) =>
      clustersOf(getPool(catalog, service.pool)).map((cluster) => ({
        place: { environment: environment.name, pool: service.pool, cluster, namespace: service.namespace },
        service,
      })),
    );
}

/** A namespace exists because its pool lists it and a service is in it. */
function renderNamespaceOf(group: readonly Placed[]): App[] {
  const [first] = group;
  return first === undefined ? [] : [renderNamespace(first.place, [`pool/${first.place.pool}`])];
}
