import { describe, expect, it } from 'vitest';
import { renderEnvironment } from '../render.ts';
import { inputsOf } from '../testing/project.ts';
import { secretEntriesOf } from './inventory.ts';

describe(secretEntriesOf.name, () => {
  const { apps, inputs } = renderEnvironment(inputsOf('staging'));
  const entries = secretEntriesOf(apps);

  it('names what a service asks for, on the clusters of its pool and on no other', () => {
    const binance = entries.filter(({ entry }) => entry === 'binance');
    expect(binance).toEqual([
      {
        environment: 'staging',
        cluster: 'defimon-market',
        entry: 'binance',
        keys: ['api-key'],
        readBy: ['market-collector'],
      },
    ]);
  });

  it('holds every secretRef of every service', () => {
    for (const { id, secrets = [], workload } of inputs.catalog.services) {
      if (workload?.kind === 'kong') continue;
      for (const { secretRef } of secrets) {
        const [name, key] = secretRef.split('/');
        const found = entries.some(
          ({ entry, keys, readBy }) => entry === name && keys.includes(key ?? '') && readBy.includes(id),
        );
        expect(found, `${id} ${secretRef}`).toBe(true);
      }
    }
  });
});
