import type { StoreKind } from '../../catalog/schema/common.ts';
import { secretStore } from '../conventions.ts';
import { RenderError } from '../inputs.ts';
import { type ServiceContext, serviceMetadata } from './service-context.ts';

/** One environment variable that is filled from the secret store, never from a file of ours. */
interface SecretVariable {
  readonly env: string;
  /** `<secret>/<key>` */
  readonly secretRef: string;
  readonly source: string;
}

/** The variables that carry the addresses of the stores, with the password in them. */
const addressVariables = {
  relational: 'DATABASE_URL',
  timeseries: 'CLICKHOUSE_URL',
  cache: 'REDIS_URL',
  bus: 'KAFKA_BROKERS',
  objects: 'OBJECTS_URL',
  document: 'MONGODB_URL',
  search: 'ELASTICSEARCH_URL',
} as const;

/** All secret variables of a service: the addresses of the stores it needs, then its own. */
export function secretVariablesOf({ service, environment }: ServiceContext): SecretVariable[] {
  const own = (service.secrets ?? []).map((secret) => ({ ...secret, source: `service/${service.id}` }));
  return [...service.needs.map((store) => addressOf(store, service.id, environment)), ...own];
}

/** One Secret for each service, with nothing in it that the service does not need. */
export function renderExternalSecret(context: ServiceContext): object | undefined {
  const variables = secretVariablesOf(context);
  if (variables.length === 0) return undefined;
  return {
    apiVersion: 'external-secrets.io/v1',
    kind: 'ExternalSecret',
    metadata: serviceMetadata(
      context,
      'secret',
      variables.map(({ source }) => source),
    ),
    spec: {
      refreshInterval: '1h',
      secretStoreRef: { kind: 'ClusterSecretStore', name: secretStore },
      // A store that is away for an hour must not take the running pods' secret with it.
      target: { name: context.service.id, creationPolicy: 'Owner', deletionPolicy: 'Retain' },
      data: variables.map(({ env, secretRef }) => {
        const [key, property] = splitReference(secretRef);
        return { secretKey: env, remoteRef: { key, property } };
      }),
    },
  };
}

function addressOf(store: StoreKind, service: string, environment: ServiceContext['environment']): SecretVariable {
  const { stores, name } = environment;
  const file = `environments/${name}/environment.yaml`;
  if (stores.kind !== 'networked') {
    throw new RenderError(`${file}: its stores are ${stores.kind}, and pods need networked ones: set stores.kind`);
  }
  const address = stores[store];
  if (address === undefined) {
    throw new RenderError(`${file}: service/${service} needs the ${store} store: add stores.${store}.secretRef`);
  }
  return { env: addressVariables[store], secretRef: address.secretRef, source: `environment/${name}` };
}

function splitReference(secretRef: string): [string, string] {
  const slash = secretRef.indexOf('/');
  return [secretRef.slice(0, slash), secretRef.slice(slash + 1)];
}
