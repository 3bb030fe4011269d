import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { migrateTimeseries } from '../../stores/migrate.ts';
import { openDatasetStores } from '../../stores/testing/dataset-stores.ts';
import { type ChainDraft, changesOf, recomputeStale } from './span-fixtures.ts';
import { writeChainEvents } from './timeseries.ts';
import { modelOf } from './window-model.ts';
import { windowSeconds, windowSizes } from './window-size.ts';
import { readWindows } from './windows.ts';

const before = mkdtempSync(join(tmpdir(), 'defimon-before-'));
afterAll(() => rmSync(before, { recursive: true, force: true }));

test('a store from before user operations were counted ends with all its windows computed anew', async () => {
  const migrations = join(import.meta.dirname, 'timeseries');
  for (const file of readdirSync(migrations).filter((name) => name < '005'))
    cpSync(join(migrations, file), join(before, file));
  await using stores = await openDatasetStores('market');
  const { timeseries } = stores;
  await migrateTimeseries(timeseries, 'chain', before);
  const network = 'upgraded';
  const events = changesOf(network, draft);
  await writeChainEvents(timeseries, events);
  // What was computed then, of one network, and what noted that it had been touched.
  const starts = [1_699_999_980, 1_700_000_040];
  const then = { network, watermark: 1_700_000_090, version: events.length };
  const rows = windowSizes.flatMap((size) =>
    starts.map((start) => ({ ...then, size, start: start - (start % windowSeconds[size]), blocks: 1, gas_used: '9' })),
  );
  await timeseries.insert('chain_windows', rows);
  await timeseries.insert(
    'chain_touched',
    starts.map((start) => ({ ...then, start })),
  );

  await migrateTimeseries(timeseries, 'chain', migrations);
  expect(await readWindows(timeseries, { network, size: 'minute', from: 0, to: 2 ** 32 - 1 })).toEqual([]);
  // A process that does not know what is new cannot hide a window from those that do.
  await expect(timeseries.insert('chain_windows', rows)).rejects.toThrow(/has_last_hash/);
  await recomputeStale(timeseries, network);
  for (const size of windowSizes) {
    const windows = await readWindows(timeseries, { network, size, from: 0, to: 2 ** 32 - 1 });
    expect(windows.map(({ version: _, ...window }) => window)).toEqual([
      ...modelOf(events).windows(windowSeconds[size]).values(),
    ]);
  }
}, 240_000);

const draft: ChainDraft = {
  ...{ startBlock: 5, hasStatuses: true, hasPrices: true, hasL1Fees: false, hasBaseFees: true },
  steps: [
    {
      retract: 0,
      append: [10, 40, 40].map((after) => ({
        ...{ after, missing: 0, gasUsed: '21000', gasLimit: '30000000', baseFeePerGas: '7', txs: [] },
      })),
      final: null,
    },
  ],
};
