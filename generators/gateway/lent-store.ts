import { KubeIngress } from 'cdk8s-plus-28/lib/imports/k8s.js';
import { metadataOf, type Place } from '../app.ts';
import { clickhouseReader } from '../stores/clickhouse-reader.ts';
import { kongClass } from './plugins.ts';
import { certificateSecretOf, renderCertificate } from './routes.ts';

/**
 * The door of a ClickHouse that other pools borrow: a name of its own below the pool's, by TLS alone. ClickHouse asks for its
 * own login. A limit of calls by address would be one for all collectors behind it.
 */
export function renderLentStore(place: Place, host: string, borrowers: readonly string[]): object[] {
  const { service, port } = clickhouseReader;
  return [
    renderCertificate(place, host),
    KubeIngress.manifest({
      metadata: metadataOf({
        name: 'clickhouse',
        namespace: place.namespace,
        wave: 'edge',
        sources: [`pool/${place.pool}`, ...borrowers.map((pool) => `pool/${pool}`)],
        annotations: {
          'konghq.com/plugins': 'request-id',
          // A password must not come in clear, not even to be redirected.
          'konghq.com/protocols': 'https',
          'konghq.com/https-redirect-status-code': '426',
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
              paths: [
                { path: '/', pathType: 'Prefix', backend: { service: { name: service, port: { number: port } } } },
              ],
            },
          },
        ],
      },
    }),
  ];
}
