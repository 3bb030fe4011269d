import { KubeIngress } from 'cdk8s-plus-28/lib/imports/k8s.js';
import { metadataOf, type Place } from '../app.ts';
import { clickhouseReader } from '../stores/clickhouse-reader.ts';
import { kongClass, lentStoreLimit } from './plugins.ts';
import { certificateSecretOf, renderCertificate } from './routes.ts';

/** Who may come through the door of a lent store. */
export interface LentTo {
  /** Ids of pools, which are the names of their users. */
  readonly borrowers: readonly string[];
  /** Where they come from, as CIDRs; empty while one of them does not say it: then from anywhere. */
  readonly egress: readonly string[];
}

/**
 * The door of a ClickHouse that other pools borrow: a name of its own below the pool's, by TLS alone. It knows its borrowers'
 * users and nobody else: whoever gives another user, or none, meets no route, so that the owner's password cannot be tried here.
 * ClickHouse checks the borrower's password, and counts its failures.
 */
export function renderLentStore(place: Place, host: string, { borrowers, egress }: LentTo): object[] {
  const { service, port } = clickhouseReader;
  const plugin = (name: string, kind: string, config: object): object => ({
    apiVersion: 'configuration.konghq.com/v1',
    kind: 'KongPlugin',
    metadata: metadataOf({
      name,
      namespace: place.namespace,
      wave: 'config',
      sources: [`pool/${place.pool}`, ...borrowers.map((pool) => `pool/${pool}`)],
      annotations: { 'kubernetes.io/ingress.class': kongClass },
    }),
    plugin: kind,
    config,
  });
  return [
    renderCertificate(place, host),
    plugin('clickhouse-login', 'request-transformer', { remove: otherLogins }),
    ...(egress.length === 0 ? [] : [plugin('clickhouse-callers', 'ip-restriction', { allow: [...egress] })]),
    KubeIngress.manifest({
      metadata: metadataOf({
        name: 'clickhouse',
        namespace: place.namespace,
        wave: 'edge',
        sources: [`pool/${place.pool}`, ...borrowers.map((pool) => `pool/${pool}`)],
        annotations: {
          'konghq.com/plugins': [
            'request-id',
            'clickhouse-login',
            lentStoreLimit,
            ...(egress.length === 0 ? [] : ['clickhouse-callers']),
          ].join(','),
          'konghq.com/headers.authorization': `~*${loginPattern(borrowers)}`,
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

/** The other ways in which ClickHouse can be told a user. It refuses two at once; here they do not even reach it. */
const otherLogins = {
  headers: ['X-ClickHouse-User', 'X-ClickHouse-Key', 'X-ClickHouse-SSL-Certificate-Auth'],
  querystring: ['user', 'password'],
};

/** A regular expression for `Authorization: Basic …` (RFC 7617) of these users, whatever the password. */
export function loginPattern(users: readonly string[]): string {
  return `^Basic (?:${users.map((user) => base64Prefix(`${user}:`)).join('|')})`;
}

const base64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** What the base64 of any longer text begins with that begins with this one, in ASCII without what base64 writes as + or /. */
function base64Prefix(text: string): string {
  const whole = btoa(text.slice(0, text.length - (text.length % 3)));
  const rest = text.slice(text.length - (text.length % 3));
  if (rest === '') return whole;
  // The last characters hold bits of what follows: the last one may be any whose first bits are ours.
  const least = btoa(`${rest}\0\0`.slice(0, 3)).slice(0, rest.length + 1);
  const from = base64.indexOf(least.at(-1) ?? '');
  return `${whole}${least.slice(0, -1)}[${base64.slice(from, from + (rest.length === 1 ? 16 : 4))}]`;
}
