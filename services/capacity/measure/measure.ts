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
 * some need two of them to be taken apart (a commit of 10 and one of 100 transactions: what is fixed, and what a transaction costs).
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
