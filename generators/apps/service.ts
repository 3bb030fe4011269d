import type { Chart } from 'cdk8s';
import type { Service } from '../../catalog/schema/service.ts';
import { sliceOf } from '../../catalog/slice.ts';
import { type App, collectManifests, type Place } from '../app.ts';
import { waves } from '../conventions.ts';
import { imageOf } from '../images.ts';
import { getPool, type RenderInputs } from '../inputs.ts';
import { addConfigMap } from './config-map.ts';
import { addDeployment } from './deployment.ts';
import { addExternalSecret } from './external-secret.ts';
import { addNetworkPolicy } from './network-policy.ts';
import { addDisruptionBudget, addScaler } from './scaling.ts';
import type { ServiceContext } from './service-context.ts';
import { addServiceAccount, addServiceMonitor, addServiceObject } from './service-objects.ts';

/** All objects of one service on one cluster. */
export function renderService(place: Place, service: Service, inputs: RenderInputs): App {
  const { catalog, environment, images } = inputs;
  const context: ServiceContext = {
    place,
    service,
    pool: getPool(catalog, service.pool),
    environment,
    image: imageOf(images, 'defimon'),
    slice: sliceOf(catalog, service.id),
  };
  const manifests = collectManifests((chart) => {
    for (const add of parts) add(chart, context);
  });
  return { ...place, name: service.id, tier: 'services', wave: waves.workload, manifests };
}

/** A service, object by object. Those that do not apply to it add nothing. */
const parts: readonly ((chart: Chart, context: ServiceContext) => void)[] = [
  addServiceAccount,
  addExternalSecret,
  addConfigMap,
  addNetworkPolicy,
  addDeployment,
  addServiceObject,
  addScaler,
  addDisruptionBudget,
  addServiceMonitor,
];
