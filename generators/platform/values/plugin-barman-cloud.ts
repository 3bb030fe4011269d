import type { JsonObject } from '../../emit/yaml.ts';
import { resources } from '../resources.ts';

/** Source: charts/plugin-barman-cloud/values.yaml of cloudnative-pg. */
export function pluginBarmanCloudValues(): JsonObject {
  return {
    crds: { create: true },
    // CloudNativePG and the plugin show each other certificates of cert-manager.
    certificate: { createIssuer: true, createClientCertificate: true, createServerCertificate: true },
    resources: resources('20m', '64Mi', { cpu: '200m', memory: '192Mi' }),
  };
}
