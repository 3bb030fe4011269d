import { destinationOf } from '../conventions.ts';
import { renderFilledSecret } from '../external-secret.ts';
import { RenderError } from '../inputs.ts';
import { providerConfigOf } from './managed.ts';
import { type PoolContext, poolMetadata } from './pool-context.ts';

/** Keys of the entry in the secret store that lets a provider's controllers in, and the Secret they read. */
const accessOf = {
  gcp: { secret: 'gcp', keys: { credentials: 'credentials' } },
  aws: { secret: 'aws', keys: { credentials: 'credentials' } },
  digitalocean: { secret: 'digitalocean', keys: { credentials: 'credentials' } },
  hetzner: { secret: 'hetzner', keys: { hcloud: 'hcloud-token' } },
} as const;

/** The Secret with the provider's key, filled from the secret store. */
export function renderAccessSecret(context: PoolContext): object {
  const { secret, keys } = accessOf[providerOf(context)];
  return renderSecret(context, secret, secret, keys);
}

/** A Secret beside a pool's machines, filled from one entry of the secret store. */
export function renderSecret(
  context: PoolContext,
  name: string,
  entry: string,
  keys: Readonly<Record<string, string>>,
): object {
  return renderFilledSecret(
    poolMetadata(context, { name, namespace: context.place.namespace, wave: 'secret' }),
    Object.fromEntries(Object.entries(keys).map(([key, property]) => [key, `${entry}/${property}`])),
  );
}

/** Whose account a pool is rented on, and by which key. */
export function renderProviderConfig(context: PoolContext): object {
  const { place } = context;
  const provider = providerOf(context);
  const name = providerConfigOf(context);
  const credentials = {
    source: 'Secret',
    secretRef: { name: accessOf[provider].secret, namespace: place.namespace, key: 'credentials' },
  };
  if (provider === 'gcp') {
    return {
      apiVersion: 'gcp.upbound.io/v1beta1',
      kind: 'ProviderConfig',
      metadata: poolMetadata(context, { name, wave: 'config' }),
      spec: { projectID: gcpProjectOf(context), credentials },
    };
  }
  if (provider === 'aws') {
    return {
      apiVersion: 'aws.upbound.io/v1beta1',
      kind: 'ProviderConfig',
      metadata: poolMetadata(context, { name, wave: 'config' }),
      spec: {
        credentials,
        // The key is of a user who may take this one role of the environment's account, and nothing else.
        assumeRoleChain: [{ roleARN: awsRole(context, 'crossplane') }],
      },
    };
  }
  return {
    apiVersion: 'digitalocean.m.crossplane.io/v1beta1',
    kind: 'ProviderConfig',
    metadata: poolMetadata(context, { name, namespace: place.namespace, wave: 'config' }),
    spec: { credentials },
  };
}

export function gcpProjectOf({ accounts, place }: PoolContext): string {
  if (accounts.gcp !== undefined) return accounts.gcp.project;
  throw new RenderError(`environments/${place.environment}/environment.yaml: add accounts.gcp.project`);
}

export function awsAccountOf({ accounts, place }: PoolContext): { accountId: string; kmsKey: string } {
  if (accounts.aws !== undefined) return accounts.aws;
  throw new RenderError(
    `environments/${place.environment}/environment.yaml: add accounts.aws with accountId and kmsKey`,
  );
}

/**
 * A role of the environment's account. Roles and keys are made outside of this repository, by whoever owns the account:
 * what rents machines must not be able to give itself rights.
 */
export function awsRole(context: PoolContext, name: string): string {
  return `arn:aws:iam::${awsAccountOf(context).accountId}:role/defimon-${name}`;
}

/** The key that encrypts what is kept in a region: one key with a replica in each. */
export function awsKey(context: PoolContext, region: string): string {
  const { accountId, kmsKey } = awsAccountOf(context);
  return `arn:aws:kms:${region}:${accountId}:key/${kmsKey}`;
}

/** A cluster's name at its provider, the one Argo CD knows it by. */
export function baseNameOf({ place }: PoolContext, cluster: string): string {
  return destinationOf(place.environment, cluster);
}

function providerOf({ pool }: PoolContext): keyof typeof accessOf {
  if (pool.provider !== 'undecided') return pool.provider;
  throw new RenderError(`pool/${pool.id} has no provider`);
}
