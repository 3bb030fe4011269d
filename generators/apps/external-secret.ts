import { secretStore } from '../conventions.ts';
import { RenderError } from '../inputs.ts';
import { type ServiceContext, serviceMetadata } from './service-context.ts';
import { type SecretVariable, secretVariablesOf } from './variables.ts';

/** One Secret for each service and all its shards, with nothing in it that the service does not need. */
export function renderExternalSecret(context: ServiceContext): object | undefined {
  const variables = allVariablesOf(context);
  if (variables.length === 0) return undefined;
  return {
    apiVersion: 'external-secrets.io/v1',
    kind: 'ExternalSecret',
    metadata: serviceMetadata(
      context,
      'secret',
      variables.flatMap(({ sources }) => sources),
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

/** The variables of every workload, each once. */
function allVariablesOf(context: ServiceContext): SecretVariable[] {
  const byName = new Map<string, SecretVariable>();
  for (const variable of context.workloads.flatMap((workload) => secretVariablesOf(context, workload))) {
    const other = byName.get(variable.env);
    if (other !== undefined && other.secretRef !== variable.secretRef) {
      const both = `${other.secretRef} and ${variable.secretRef}`;
      throw new RenderError(
        `service/${context.service.id}: ${both} would both be ${variable.env}: rename one of the two`,
      );
    }
    byName.set(variable.env, { ...variable, sources: [...(other?.sources ?? []), ...variable.sources] });
  }
  return [...byName.values()];
}

function splitReference(secretRef: string): [string, string] {
  const slash = secretRef.indexOf('/');
  return [secretRef.slice(0, slash), secretRef.slice(slash + 1)];
}
