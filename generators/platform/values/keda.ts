import type { JsonObject } from '../../emit/yaml.ts';
import { resources } from '../resources.ts';

/** Source: keda/values.yaml of kedacore. */
export function kedaValues(): JsonObject {
  const scraped = { enabled: true, serviceMonitor: { enabled: true } };
  return {
    resources: {
      operator: resources('20m', '96Mi', { cpu: '500m', memory: '256Mi' }),
      metricServer: resources('20m', '96Mi', { cpu: '500m', memory: '256Mi' }),
      webhooks: resources('20m', '64Mi', { cpu: '200m', memory: '128Mi' }),
    },
    podSecurityContext: Object.fromEntries(
      ['operator', 'metricServer', 'webhooks'].map((part) => [
        part,
        { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      ]),
    ),
    prometheus: { operator: scraped, metricServer: scraped, webhooks: scraped },
  };
}
