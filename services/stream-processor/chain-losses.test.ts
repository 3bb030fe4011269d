import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ChainEvent, markRelayed, readPending } from '../datasets/chain/changes.ts';
import { buildChain, type ChainStores, openChainStores, openChainWriter } from '../datasets/chain/read-fixtures.ts';
import { rebuildWindow } from '../datasets/chain/rebuild.ts';
import { writeChainEvents } from '../datasets/chain/timeseries.ts';
import { markTouched, type TouchedMinutes } from '../datasets/chain/touched-minutes.ts';
import { watchChainLosses } from './chain-losses.ts';

const start = 1_699_999_980;
const network = 'restored';
const polling = { timeout: 30_000, interval: 50 };
let stores: ChainStores;
beforeAll(async () => {
  stores = await openChainStores();
});
afterAll(() => stores[Symbol.asyncDispose]());

describe(watchChainLosses, () => {
  test('says once that PostgreSQL was put back, until the network is told again, and nothing of a replay', async () => {
    const { relational, timeseries } = stores;
    const { commit } = await openChainWriter(stores, network);
    const chain = buildChain(undefined, 30, (number) => ({ timestamp: start + 10 * number }));
    await commit({ append: chain });
    const told = await carry();

    const lines: { msg: string; command?: string }[] = [];
    const log = pino({ level: 'info' }, { write: (line) => void lines.push(JSON.parse(line)) });
    const metrics = new Registry();
    const clock = (): number => (start + 600) * 1000;
    const options = { relational, timeseries, clock, log, lookAgainMs: 50 };
    const losses = watchChainLosses({ ...options, metrics });
    losses.follow(await markTouched(timeseries, told.events.slice(0, 5)));
    await losses.stop();
    expect(losses.trouble()).toBeUndefined();
    expect(lines).toEqual([]);

    // As a backup from the time of block 9 has it; the chain goes on otherwise.
    for (const table of ['blocks', 'txs', 'logs'])
      await relational.query(
        `DELETE FROM chain.${table} WHERE network = $1 AND ${table === 'blocks' ? 'number' : 'block_number'} > 9`,
        [network],
      );
    await relational.query(
      `UPDATE chain.cursors SET seq = 10, relayed_seq = 10, synced = '{[0,10)}' WHERE network = $1`,
      [network],
    );
    const again = await openChainWriter(stores, network);
    const fork = buildChain(chain[9], 3, (number) => ({ timestamp: start + 10 * number, salt: 'fork' }));
    await again.commit({ append: fork });
    for (let times = 0; times < 2; times++) {
      losses.follow((await carry()).touched);
      await losses.stop();
    }
    expect(losses.trouble()).toMatch(
      /PostgreSQL has fewer changes of restored .* npm run rebuild -- --network restored/,
    );
    expect(lines.map(({ msg }) => msg)).toEqual([
      'PostgreSQL has fewer changes of a network than ClickHouse: new ones are ignored until it is told again',
    ]);
    expect(await metrics.getSingleMetricAsString('defimon_chain_lost_changes')).toContain('{network="restored"} 17');
    // A process that starts now hears of it without any change, and that it is over without any, too.
    const next = watchChainLosses({ ...options, metrics: new Registry() });
    await expect.poll(() => next.trouble(), polling).toBeDefined();

    await rebuildWindow(stores, { network, from: start + 60, to: start + 600 });
    await carry();
    await expect.poll(() => next.trouble(), polling).toBeUndefined();
    await next.stop();
    const hashes = await timeseries.query<{ hash: string }>(
      `SELECT hash FROM chain_blocks FINAL WHERE network = {network:String} ORDER BY number`,
      { network },
    );
    expect(hashes.map(({ hash }) => hash)).toEqual([...chain.slice(0, 10), ...fork].map(({ hash }) => hash));
  }, 60_000);
});

/** What relay and stream processor do together. */
async function carry(): Promise<{ events: ChainEvent[]; touched: TouchedMinutes[] }> {
  const { relational, timeseries } = stores;
  const pending = await readPending(relational, network, 1000, 20_000);
  const events = [...(pending?.events ?? [])];
  await writeChainEvents(timeseries, events);
  const touched = await markTouched(timeseries, events);
  if (pending !== undefined) await markRelayed(relational, network, pending.lastSeq);
  return { events, touched };
}
