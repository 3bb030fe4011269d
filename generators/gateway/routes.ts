import { KubeIngress } from 'cdk8s-plus-28/lib/imports/k8s.js';
import type { Service } from '../../catalog/schema/service.ts';
import { metadataOf, type Place } from '../app.ts';
import { issuer, stickyPolicy } from '../conventions.ts';
import { kongClass, tokenPlugins } from './plugins.ts';

type Route = Service['routes'][number];

/** What a caller meets on the way to a route, by what the route asks of him. */
const pluginsOf: Readonly<Record<Route['auth'], readonly string[]>> = {
  none: ['request-id', 'cors', 'rate-limit-anonymous'],
  // The limits of a plan come with its consumer.
  jwt: ['request-id', 'cors', tokenPlugins.header],
  // The service checks the signature of the body; the sender is a program, not a page.
  signature: ['request-id', 'request-size', 'rate-limit-anonymous'],
};

export function pluginsFor(route: Pick<Route, 'auth' | 'websocket' | 'page'>): readonly string[] {
  const bearer = bearerOf(route);
  return (
    pluginsOf[route.auth]
      // What a page asks for is of its own origin: no other has to read it.
      .filter((plugin) => !(bearer === 'page' && plugin === 'cors'))
      .map((plugin) => (plugin === tokenPlugins.header ? tokenPlugins[bearer] : plugin))
  );
}

/** How the callers of a route bring their token, if it asks for one. */
function bearerOf({ websocket, page }: Pick<Route, 'websocket' | 'page'>): keyof typeof tokenPlugins {
  // The pages' WebSockets are below their path, and take the same cookie.
  if (page === true) return 'page';
  return websocket === true ? 'websocket' : 'header';
}

/** One Ingress for the routes of a service that ask the same of their callers. */
export function renderRoutes({ namespace }: Place, host: string, service: Service): object[] {
  const groups = Map.groupBy(service.routes, (route) => {
    const bearer = bearerOf(route);
    return bearer === 'header' ? route.auth : `${route.auth}-${bearer}`;
  });
  return [...groups].map(([group, routes]) =>
    KubeIngress.manifest({
      metadata: metadataOf({
        name: `${service.id}-${group}`,
        namespace,
        wave: 'edge',
        sources: [`service/${service.id}`],
        labels: { 'app.kubernetes.io/name': service.id },
        annotations: {
          'konghq.com/plugins': routes.slice(0, 1).flatMap(pluginsFor).join(','),
          'konghq.com/protocols': 'https',
          'konghq.com/https-redirect-status-code': '308',
          'konghq.com/strip-path': 'false',
        },
      }),
      spec: {
        ingressClassName: kongClass,
        tls: [{ hosts: [host], secretName: certificateSecretOf(host) }],
        rules: [
          {
            host,
            http: {
              paths: routes.map(({ path, port }) => ({
                path,
                pathType: 'Prefix',
                backend: { service: { name: service.id, port: { name: port } } },
              })),
            },
          },
        ],
      },
    }),
  );
}

/** What services with session affinity ask of Kong; nothing where none of them does. */
export function renderStickiness({ namespace }: Place, services: readonly Service[]): object | undefined {
  const sticky = services.filter(({ sessionAffinity }) => sessionAffinity === true);
  if (sticky.length === 0) return undefined;
  return {
    apiVersion: 'configuration.konghq.com/v1beta1',
    kind: 'KongUpstreamPolicy',
    metadata: metadataOf({
      name: stickyPolicy,
      namespace,
      wave: 'config',
      sources: sticky.map(({ id }) => `service/${id}`),
    }),
    spec: { algorithm: 'consistent-hashing', hashOn: { input: 'ip' } },
  };
}

/** The certificate of a host, and of others beside it, where its Ingresses are. */
export function renderCertificate({ namespace, pool }: Place, host: string, others: readonly string[] = []): object {
  return {
    apiVersion: 'cert-manager.io/v1',
    kind: 'Certificate',
    metadata: metadataOf({ name: certificateSecretOf(host), namespace, wave: 'config', sources: [`pool/${pool}`] }),
    spec: {
      secretName: certificateSecretOf(host),
      dnsNames: [host, ...others],
      issuerRef: { group: 'cert-manager.io', kind: 'ClusterIssuer', name: issuer },
      privateKey: { algorithm: 'ECDSA', size: 256, rotationPolicy: 'Always' },
    },
  };
}

/** The Secret that a host's certificate is in. */
export function certificateSecretOf(host: string): string {
  return `tls-${host.replaceAll('.', '-')}`;
}
