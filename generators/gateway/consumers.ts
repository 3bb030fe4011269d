import type { Plan } from '../../catalog/schema/plan.ts';
import { metadataOf } from '../app.ts';
import { gatewayNamespace, secretStore } from '../conventions.ts';
import { kongClass, limitsOf } from './plugins.ts';

/**
 * Each plan as a consumer of Kong: a token whose `plan` claim names it, signed with the key that the auth service signs
 * with, is let in at that plan's limits. The key comes from the secret store.
 */
export function renderConsumers(plans: readonly Plan[], signingKey: string): object[] {
  const limited = new Set(limitsOf(plans).map(({ id }) => id));
  return plans.flatMap(({ id }) => [
    renderCredential(id, signingKey),
    {
      apiVersion: 'configuration.konghq.com/v1',
      kind: 'KongConsumer',
      metadata: metadataOf({
        name: `plan-${id}`,
        namespace: gatewayNamespace,
        wave: 'config',
        sources: [`plan/${id}`, 'service/gateway'],
        annotations: {
          'kubernetes.io/ingress.class': kongClass,
          ...(limited.has(id) ? { 'konghq.com/plugins': `rate-limit-${id}` } : {}),
        },
      }),
      username: id,
      credentials: [credentialOf(id)],
    },
  ]);
}

/** The Secret that Kong reads a consumer's key from. */
function renderCredential(plan: string, signingKey: string): object {
  const [key, property] = signingKey.split('/');
  const labels = { 'konghq.com/credential': 'jwt' };
  return {
    apiVersion: 'external-secrets.io/v1',
    kind: 'ExternalSecret',
    metadata: metadataOf({
      name: credentialOf(plan),
      namespace: gatewayNamespace,
      wave: 'secret',
      sources: [`plan/${plan}`, 'service/gateway'],
    }),
    spec: {
      refreshInterval: '1h',
      secretStoreRef: { kind: 'ClusterSecretStore', name: secretStore },
      target: {
        name: credentialOf(plan),
        creationPolicy: 'Owner',
        deletionPolicy: 'Retain',
        template: {
          engineVersion: 'v2',
          metadata: { labels },
          data: { algorithm: 'HS256', key: plan, secret: '{{ .secret }}' },
        },
      },
      data: [{ secretKey: 'secret', remoteRef: { key, property } }],
    },
  };
}

function credentialOf(plan: string): string {
  return `plan-${plan}-jwt`;
}
