import type { Service } from '../../catalog/schema/service.ts';
import { sliceOf } from '../../catalog/slice.ts';
import type { Place } from '../app.ts';
import { imageOf } from '../images.ts';
import { getPool, type RenderInputs } from '../inputs.ts';
import { type Unit, unit } from '../unit.ts';
import { renderConfigMap } from './config-map.ts';
import { renderDeployment } from './deployment.ts';
import { renderExternalSecret } from './external-secret.ts';
import { renderNetworkPolicy } from './network-policy.ts';
import { renderDisruptionBudget, renderScaler } from './scaling.ts';
import type { ServiceContext } from './service-context.ts';
import { renderServiceAccount, renderServiceMonitor, renderServiceObject } from './service-objects.ts';

/** One service on one cluster. */
export function serviceUnit(place: Place, service: Service, { catalog, environment, images }: RenderInputs): Unit {
  return unit({
    place,
    name: service.id,
    tier: 'services',
    owner: service.owner,
    inputs: {
      service,
      pool: getPool(catalog, service.pool),
      environment,
      image: imageOf(images, 'defimon'),
      slice: sliceOf(catalog, service.id),
    },
    render: (at, inputs) => parts.map((render) => render({ place: at, ...inputs })),
  });
}

/** A service, object by object. Those that do not apply to it give nothing. */
const parts: readonly ((context: ServiceContext) => object | undefined)[] = [
  renderServiceAccount,
  renderExternalSecret,
  renderConfigMap,
  renderNetworkPolicy,
  renderDeployment,
  renderServiceObject,
  renderScaler,
  renderDisruptionBudget,
  renderServiceMonitor,
];
