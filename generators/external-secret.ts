import type { metadataOf } from './app.ts';
import { secretStore } from './conventions.ts';

/**
 * A Secret, named like the object, that External Secrets fills from the secret store.
 *
 * @param references Of each key, where its value is kept: `{ password: 'redis/password' }`.
 * @param template What the Secret is made like, where the values alone are not enough.
 */
export function renderFilledSecret(
  metadata: ReturnType<typeof metadataOf>,
  references: Readonly<Record<string, string>>,
  template?: object,
): object {
  return {
    apiVersion: 'external-secrets.io/v1',
    kind: 'ExternalSecret',
    metadata,
    spec: {
      refreshInterval: '1h',
      secretStoreRef: { kind: 'ClusterSecretStore', name: secretStore },
      // A secret store that is away must not take with it what runs on its secrets.
      target: {
        name: metadata.name,
        creationPolicy: 'Owner',
        deletionPolicy: 'Retain',
        ...(template === undefined ? {} : { template }),
      },
      data: Object.entries(references).map(([secretKey, reference]) => {
        const [key, property] = reference.split('/');
        return { secretKey, remoteRef: { key, property } };
      }),
    },
  };
}
