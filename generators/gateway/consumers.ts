import type { Plan } from '../../catalog/schema/plan.ts';
import { metadataOf } from '../app.ts';
import { gatewayNamespace } from '../conventions.ts';
import { renderFilledSecret } from '../external-secret.ts';
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
  return renderFilledSecret(
    metadataOf({
      name: credentialOf(plan),
      namespace: gatewayNamespace,
      wave: 'secret',
      sources: [`plan/${plan}`, 'service/gateway'],
    }),
    { secret: signingKey },
    {
      engineVersion: 'v2',
      metadata: { labels: { 'konghq.com/credential': 'jwt' } },
      data: { algorithm: 'HS256', key: plan, secret: '{{ .secret }}' },
    },
  );
}

function credentialOf(plan: string): string {
  return `plan-${plan}-jwt`;
}
