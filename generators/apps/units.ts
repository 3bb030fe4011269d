import { clustersOf } from '../clusters.ts';
import { getPool, type RenderInputs } from '../inputs.ts';
import type { Unit } from '../unit.ts';
import { serviceUnit } from './service.ts';

/** Every service, once for each cluster of its pool. */
export function serviceUnits(inputs: RenderInputs): Unit[] {
  const { catalog, environment } = inputs;
  return catalog.services.flatMap((service) =>
    clustersOf(getPool(catalog, service.pool)).map((cluster) =>
      serviceUnit(
        { environment: environment.name, pool: service.pool, cluster, namespace: service.namespace },
        service,
        inputs,
      ),
    ),
  );
}
