import type { Environment } from '../../catalog/schema/environment.ts';
import { metadataOf } from '../app.ts';
import { secretStore } from '../conventions.ts';
import { RenderError } from '../inputs.ts';

/** The operator's own account and namespace, as its chart names them. */
const account = { name: 'external-secrets', namespace: 'external-secrets' };

/**
 * The door to Vault. Each cluster has a mount of secrets and a way to log in of its own, so that a cluster that was
 * broken into shows the secrets of no other, and one word (`postgresql/url`) means each cluster's own.
 *
 * @param namespaces Those that may read from it.
 */
export function renderSecretStore(
  environment: Pick<Environment, 'name' | 'secretStore'>,
  cluster: string,
  namespaces: readonly string[],
  sources: readonly string[],
): object {
  const { name, secretStore: vault } = environment;
  if (vault === undefined) {
    throw new RenderError(
      `environments/${name}/environment.yaml: pods read their secrets from Vault: add secretStore.server`,
    );
  }
  return {
    apiVersion: 'external-secrets.io/v1',
    kind: 'ClusterSecretStore',
    metadata: metadataOf({
      name: secretStore,
      wave: 'namespace',
      sources: [...sources, `environment/${name}`],
      syncOptions: ['Prune=confirm'],
    }),
    spec: {
      conditions: [{ namespaces: [...new Set(namespaces)].sort() }],
      provider: {
        vault: {
          server: vault.server,
          path: `defimon/${name}/${cluster}`,
          version: 'v2',
          auth: {
            kubernetes: {
              mountPath: `kubernetes/${name}/${cluster}`,
              role: 'external-secrets',
              serviceAccountRef: account,
            },
          },
        },
      },
    },
  };
}
