import { describe, expect, it } from 'vitest';
import type { Network } from '../../catalog/schema/network.ts';
import { sourcesOf } from '../emit/manifest.ts';
import { renderExternalSecret } from './external-secret.ts';
import { type Body, named, objectsOf, only, staging } from './testing/render-service.ts';

describe(renderExternalSecret.name, () => {
  it('gives a service the addresses of the stores it needs, its own secrets, and no other', () => {
    expect(keysOf('chain-sync')).toEqual({
      DATABASE_URL: 'postgresql/url',
      KAFKA_BROKERS: 'kafka/brokers',
      KAFKA_PASSWORD: 'kafka/chain-sync',
    });
    expect(keysOf('stream-processor')).toEqual({
      DATABASE_URL: 'postgresql/url',
      CLICKHOUSE_URL: 'clickhouse/url',
      KAFKA_BROKERS: 'kafka/brokers',
      KAFKA_PASSWORD: 'kafka/stream-processor',
    });
    expect(Object.keys(keysOf('data-processor'))).toEqual(
      expect.arrayContaining(['MONGODB_URL', 'ELASTICSEARCH_URL', 'OBJECTS_URL']),
    );
    expect(keysOf('market-collector')).toEqual({
      DATABASE_URL: 'postgresql/url',
      // Of the rented server's authority.
      DATABASE_CA: 'postgresql/ca',
      // And where the bus is that its pool borrows is no secret.
      KAFKA_PASSWORD: 'kafka/market-collector',
      BINANCE_API_KEY: 'binance/api-key',
    });
  });

  it('holds every key that a variable of the pods asks for', () => {
    for (const { id } of staging.catalog.services) {
      const objects = objectsOf(id);
      const asked = objects.flatMap(({ kind, spec }) => {
        const pod = kind === 'CronJob' ? spec.jobTemplate.spec.template.spec : spec?.template?.spec;
        return (pod?.containers ?? []).flatMap(variablesFromSecrets);
      });
      for (const { name, key } of asked) {
        expect(name, id).toBe(id);
        expect(keysOf(id), id).toHaveProperty(key);
      }
    }
  });

  it('gives chain-sync the keys of its networks, and each shard those it asks for', () => {
    const inputs = stagingWithKeys({ optimism: 'alchemy/token', fantom: 'alchemy/token', near: 'near/key' });
    const objects = objectsOf('chain-sync', inputs);
    expect(keysOf('chain-sync', objects)).toEqual({
      DATABASE_URL: 'postgresql/url',
      KAFKA_BROKERS: 'kafka/brokers',
      KAFKA_PASSWORD: 'kafka/chain-sync',
      RPC_KEY_ALCHEMY_TOKEN: 'alchemy/token',
      RPC_KEY_NEAR_KEY: 'near/key',
    });
    expect(sourcesOf(only(objects, 'ExternalSecret'))).toEqual(
      expect.arrayContaining(['network/optimism', 'network/fantom', 'network/near']),
    );
    const namesOf = ({ spec }: Body) =>
      variablesFromSecrets(spec.template.spec.containers[0]).flatMap(({ key }) =>
        key.startsWith('RPC_KEY_') ? [key] : [],
      );
    const deployments = named(objects, 'Deployment');
    expect(Object.fromEntries(Object.entries(deployments).map(([name, body]) => [name, namesOf(body)]))).toEqual({
      'chain-sync-critical': ['RPC_KEY_ALCHEMY_TOKEN'],
      'chain-sync-standard': ['RPC_KEY_ALCHEMY_TOKEN'],
      'chain-sync-background': ['RPC_KEY_NEAR_KEY'],
    });
    expect(keysOf('analytics-api', objectsOf('analytics-api', inputs))).not.toHaveProperty('RPC_KEY_NEAR_KEY');
  });

  it('refuses two references that would be one variable', () => {
    const inputs = stagingWithKeys({ optimism: 'a-b/c', base: 'a/b-c' });
    expect(() => objectsOf('chain-sync', inputs)).toThrow('would both be RPC_KEY_A_B_C: rename one of the two');
  });
});

function keysOf(id: string, objects = objectsOf(id)): Record<string, string> {
  const external = objects.find(({ kind }) => kind === 'ExternalSecret');
  const data: { secretKey: string; remoteRef: { key: string; property: string } }[] = external?.spec.data ?? [];
  return Object.fromEntries(
    data.map(({ secretKey, remoteRef }) => [secretKey, `${remoteRef.key}/${remoteRef.property}`]),
  );
}

function variablesFromSecrets(container: {
  env: { valueFrom?: { secretKeyRef: { name: string; key: string } } }[];
}): { name: string; key: string }[] {
  return container.env.flatMap(({ valueFrom }) => (valueFrom === undefined ? [] : [valueFrom.secretKeyRef]));
}

/** Staging, where the first endpoint of some networks asks for a key. */
function stagingWithKeys(keys: Readonly<Record<string, string>>): typeof staging {
  const networks = staging.catalog.networks.map((network): Network => {
    const secretRef = keys[network.id];
    const [first, ...others] = network.rpc;
    if (secretRef === undefined || first === undefined) return network;
    return { ...network, status: 'active', rpc: [{ ...first, secretRef }, ...others] };
  });
  return { ...staging, catalog: { ...staging.catalog, networks } };
}
