import { metadataOf } from '../app.ts';
import { issuer } from '../conventions.ts';

const production = 'https://acme-v02.api.letsencrypt.org/directory';
/** Gives certificates that no browser trusts, as many as one likes; the other limits them by domain and week. */
const staging = 'https://acme-staging-v02.api.letsencrypt.org/directory';

/**
 * Let's Encrypt, and its rehearsal. In dev both are the rehearsal: clusters come and go there, and the limit counts for
 * all of a domain's names.
 *
 * @param email Told when a certificate is about to end.
 * @param dnsRegion Where one name leads to clusters in several regions, a question on port 80 reaches any of them: Route 53
 *   then answers for all, asked through this region.
 */
export function renderIssuers(
  environment: string,
  email: string,
  sources: readonly string[],
  dnsRegion?: string,
): object[] {
  return [
    { name: issuer, server: environment === 'dev' ? staging : production },
    { name: `${issuer}-staging`, server: staging },
  ].map(({ name, server }) => ({
    apiVersion: 'cert-manager.io/v1',
    kind: 'ClusterIssuer',
    metadata: metadataOf({ name, wave: 'config', sources }),
    spec: {
      acme: {
        server,
        email,
        privateKeySecretRef: { name: `${name}-account` },
        solvers: [
          dnsRegion === undefined
            ? // Let's Encrypt asks on port 80, through the gateway.
              { http01: { ingress: { ingressClassName: 'kong' } } }
            : { dns01: { route53: { region: dnsRegion } } },
        ],
      },
    },
  }));
}
