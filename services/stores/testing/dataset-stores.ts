import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { createChildren } from '../../runtime/children.ts';
import { embeddedStores } from '../../runtime/stores-config.ts';
import { migrateDataset } from '../migrate.ts';
import { createStores } from '../open.ts';
import type { Relational } from '../relational.ts';
import type { Timeseries } from '../timeseries.ts';
import { layCluster } from './laid-cluster.ts';

export interface DatasetStores extends AsyncDisposable {
  readonly relational: Relational;
  readonly timeseries: Timeseries;
}

/** Embedded stores with the tables of one dataset, in a folder of their own that goes with them, for tests. */
export async function openDatasetStores(dataset: string): Promise<DatasetStores> {
  const log = pino({ level: 'silent' });
  const dataDir = mkdtempSync(join(tmpdir(), `defimon-${dataset}-`));
  const children = createChildren({ log });
  const onLost = (error: Error): void => {
    throw error;
  };
  const stores = createStores(embeddedStores(dataDir), { log, children, onLost });
  await layCluster(join(dataDir, 'relational'));
  const relational = await stores.openRelational();
  const timeseries = await stores.openTimeseries();
  const tables = join(import.meta.dirname, '..', '..', 'datasets', dataset);
  await migrateDataset({ relational: relational.part, timeseries: timeseries.part }, dataset, tables);
  return {
    relational: relational.part,
    timeseries: timeseries.part,
    [Symbol.asyncDispose]: async () => {
      await timeseries.stop();
      await relational.stop();
      await children.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
