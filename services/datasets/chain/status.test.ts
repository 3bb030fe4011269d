import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ChainStores, openChainStores } from './read-fixtures.ts';
import { readStatus, type SyncReport, writeStatus } from './status.ts';

let stores: ChainStores;
beforeAll(async () => {
  stores = await openChainStores();
});
afterAll(() => stores[Symbol.asyncDispose]());

describe(writeStatus, () => {
  test('leaves the reports of other processes alone', async () => {
    await writeStatus(stores.relational, [reportOf('base', 1), reportOf('optimism', 1)]);
    await writeStatus(stores.relational, [reportOf('near', 1)]);
    await writeStatus(stores.relational, [reportOf('base', 2)]);
    expect(await headsHeld()).toEqual({ base: 2, near: 1, optimism: 1 });
  });

  test('forgets what nobody has renewed for a day', async () => {
    await writeStatus(stores.relational, [reportOf('base', 1), reportOf('gone', 1)]);
    await stores.relational.query(
      `UPDATE chain.status SET updated_at = now() - interval '25 hours' WHERE network = 'gone'`,
    );
    await writeStatus(stores.relational, []);
    expect(await headsHeld()).not.toHaveProperty('gone');
    expect(await headsHeld()).toHaveProperty('base');
  });
});

async function headsHeld(): Promise<Record<string, number | null>> {
  const statuses = await readStatus(stores.relational);
  return Object.fromEntries(statuses.map(({ report }) => [report.network, report.head]));
}

function reportOf(network: string, head: number): SyncReport {
  return {
    network,
    state: 'synced',
    reason: null,
    head,
    synced: null,
    finalized: null,
    blocksHeld: 0,
    backfillRemaining: 0,
    blocksPerSecond: 0,
    errorRate: null,
    finalitySeconds: null,
    reorgs: 0,
    endpoints: [],
  };
}
