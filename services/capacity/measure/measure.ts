import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openApiStores } from '../../bench/api/stores.ts';
import { measureChain } from './measure-chain.ts';
import { measureMarket } from './measure-market.ts';
import { measureSockets } from './measure-sockets.ts';
import { createMeter } from './meter.ts';

/**
 * Measures on embedded stores, each a process of its own, and tells a line a figure: costs.ts is written by hand from those, as
 * some need two of them to be taken apart (blocks of 10 and of 200 transactions: what is fixed, and what a transaction costs). What is
 * measured with the store here, in this process, is the sum of Node and ClickHouse: of marks `stream.markMs` and `clickhouse.markMs`, of
 * windows `stream.windowMs` and `clickhouse.windowMs`, of a search `clickhouse.searchMs`.
 */
export async function measureCosts(tell: (line: string) => void): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'defimon-capacity-'));
  try {
    const stores = await openApiStores(folder);
    try {
      const meter = createMeter(stores.servers);
      await measureSockets(tell);
      await measureChain({ stores, meter, folder, tell });
      await measureMarket({ stores, meter, folder, tell });
    } finally {
      await stores.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
