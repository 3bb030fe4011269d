import { clustersOf } from '../clusters.ts';
import { getPool, type RenderInputs } from '../inputs.ts';
import type { Unit } from '../unit.ts';
import { serviceUnit } from './service.ts';

/** Every service of ours, once for each cluster of its pool. What Kong does there is the gateway's. */
export function serviceUnits(inputs: RenderInputs): Unit[] {
  const { catalog, environment } = inputs;
  return catalog.services
    .filter(({ workload }) => workload?.kind !== 'kong')
    .flatMap((service) =>
      clustersOf(getPool(catalog, service.pool)).map((cluster) =>
        serviceUnit(
          { environment: environment.name, pool: service.pool, cluster, namespace: service.namespace },
          service,
          inputs,
        ),
      ),
    );
}
