import { KubeIngress } from 'cdk8s-plus-28/lib/imports/k8s.js';
import type { Environment } from '../../catalog/schema/environment.ts';
import type { Pool } from '../../catalog/schema/pool.ts';
import type { Service } from '../../catalog/schema/service.ts';
import { metadataOf, type Place } from '../app.ts';
import { chartServices } from '../platform/chart-services.ts';
import { hostOf } from './hosts.ts';
import { kongClass } from './plugins.ts';
import { certificateSecretOf, renderCertificate } from './routes.ts';

/** Where Grafana's Service answers unless the pool says otherwise: 3001 in the brief, on every pool. */
export const grafanaPort = 3001;

/** Where people find the Grafana of a cluster. */
export interface GrafanaDoor {
  readonly host: string;
  readonly port: number;
}

/**
 * The door of a cluster's Grafana: a name of its own below the pool's, since the gateway takes no port beside 80 and 443.
 * A pool in several regions has one for each, as what is seen there differs. Undefined where there is no Grafana, or no
 * gateway: there `kubectl -n monitoring port-forward service/grafana 3001` opens it.
 */
export function findGrafanaDoor(
  pool: Pool,
  environment: Environment,
  services: readonly Pick<Service, 'routes'>[],
  region?: string,
): GrafanaDoor | undefined {
  const workload = pool.workloads?.find(({ id }) => id === 'grafana');
  const isWatched = pool.workloads?.some(({ id }) => id === 'prometheus') ?? false;
  if (workload === undefined || !isWatched || !services.some(({ routes }) => routes.length > 0)) return undefined;
  const label = pool.regions.length > 1 && region !== undefined ? `grafana-${region}` : 'grafana';
  return { host: `${label}.${hostOf(pool, environment)}`, port: workload.port ?? grafanaPort };
}

/** Its route and certificate. Grafana asks for its own login, and slows down who guesses. */
export function renderGrafanaRoute(place: Place, { host, port }: GrafanaDoor): object[] {
  const { name, component } = chartServices.grafana;
  return [
    renderCertificate(place, host),
    KubeIngress.manifest({
      metadata: metadataOf({
        name,
        namespace: place.namespace,
        wave: 'edge',
        sources: [`component/${component}`],
        annotations: {
          'konghq.com/plugins': 'request-id',
          'konghq.com/protocols': 'https',
          'konghq.com/https-redirect-status-code': '308',
          'konghq.com/strip-path': 'false',
          // The page is told of changes by a socket, with this name.
          'konghq.com/preserve-host': 'true',
        },
      }),
      spec: {
        ingressClassName: kongClass,
        tls: [{ hosts: [host], secretName: certificateSecretOf(host) }],
        rules: [
          {
            host,
            http: {
              paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name, port: { number: port } } } }],
            },
          },
        ],
      },
    }),
  ];
}
