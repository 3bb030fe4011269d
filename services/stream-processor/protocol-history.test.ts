import fc from 'fast-check';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Protocol } from '../../catalog/schema/protocol.ts';
import type { ChainEvent } from '../datasets/chain/changes.ts';
import { blockDraft, historyOf, protocolsOn } from '../datasets/chain/protocol-fixtures.ts';
import { modelWindows } from '../datasets/chain/protocol-model.ts';
import { type ProtocolWindowSize, recomputeProtocolWindows } from '../datasets/chain/protocol-windows.ts';
import { type ChainStores, openChainStores } from '../datasets/chain/read-fixtures.ts';
import { readProtocolVolumes, readProtocolWindows } from '../datasets/chain/read-protocols.ts';
import { writeChainEvents } from '../datasets/chain/timeseries.ts';
import { liveCatalogOf } from '../runtime/testing/live-catalog.ts';
import type { Timeseries } from '../stores/timeseries.ts';
import { createProtocolHistory } from './protocol-history.ts';

const sizes: Readonly<Record<ProtocolWindowSize, number>> = { minute: 60, hour: 3600, day: 86_400 };
const caughtUp = { timeout: 110_000, interval: 200 };

let stores: ChainStores;
beforeAll(async () => {
  stores = await openChainStores();
});
afterAll(() => stores[Symbol.asyncDispose]());

describe(createProtocolHistory, () => {
  test('computes the history of protocols that are added and changed while it runs', async () => {
    const network = 'history';
    const { events, everything } = chainOn(network);
    const [dex, ...others] = everything.toSorted((a, b) => (a.id < b.id ? -1 : 1)) as [Protocol, ...Protocol[]];
    const fewer: Protocol = { ...dex, events: dex.events.slice(0, 1), contracts: dex.contracts.slice(0, 1) };
    await writeChainEvents(stores.timeseries, events);
    // As the stream left it, at a version above that of the newest block.
    const starts = startsOf(events, 60);
    await recomputeProtocolWindows(stores.timeseries, [fewer], { network, size: 'minute', starts, version: 1_000_000 });
    const catalog = liveCatalogOf({ protocols: [fewer] });
    const history = await start(stores.timeseries, catalog);

    await vi.waitFor(() => expectModel(network, events, [fewer]), caughtUp);
    catalog.put({ protocols: [dex] });
    await vi.waitFor(() => expectModel(network, events, [dex]), caughtUp);
    catalog.put({ protocols: others });
    await vi.waitFor(() => expectModel(network, events, others), caughtUp);
    await history.stop();
  }, 400_000);

  test('goes on where a process was killed', async () => {
    const network = 'killed';
    const { events, everything } = chainOn(network);
    await writeChainEvents(stores.timeseries, events);
    let inserts = 0;
    const dying: Timeseries = {
      ...stores.timeseries,
      insert: async (table, rows) => {
        if (++inserts > 3) throw new Error('killed');
        await stores.timeseries.insert(table, rows);
      },
    };
    const catalog = liveCatalogOf({ protocols: everything });
    const first = await start(dying, catalog);
    await vi.waitFor(
      async () => expect(await first.health()).toMatchObject({ detail: expect.stringContaining('killed') }),
      caughtUp,
    );
    await first.stop();

    const second = await start(stores.timeseries, catalog);
    await vi.waitFor(() => expectModel(network, events, everything), caughtUp);
    await second.stop();
  }, 400_000);
});

function start(timeseries: Timeseries, catalog: ReturnType<typeof liveCatalogOf>) {
  return createProtocolHistory({ timeseries, catalog, log: pino({ level: 'silent' }), metrics: new Registry() });
}

/** Some minutes, hours and days of blocks, none retracted. */
function chainOn(network: string): { events: ChainEvent[]; everything: Protocol[] } {
  const everything = protocolsOn(network);
  const drafts = fc.sample(blockDraft(everything), { numRuns: 12, seed: 3 });
  const append = drafts.map((draft) => ({ ...draft, after: draft.after % 5000 }));
  return { events: historyOf(network, [{ retract: 0, append }]).events, everything };
}

async function expectModel(
  network: string,
  events: readonly ChainEvent[],
  protocols: readonly Protocol[],
): Promise<void> {
  const blocks = events.filter((event) => event.kind === 'appended');
  for (const [size, seconds] of Object.entries(sizes) as [ProtocolWindowSize, number][]) {
    const query = { network, size, fromSeconds: 0, toSeconds: 2_000_000_000 };
    const model = modelWindows(protocols, network, blocks, seconds, startsOf(events, seconds));
    const windows = await readProtocolWindows(stores.timeseries, protocols, query);
    expect(
      windows.map(({ start, calls, users, events: decoded, isCurrent }) => ({
        start,
        calls,
        users,
        decoded,
        isCurrent,
      })),
    ).toEqual(
      model.windows.map(({ start, calls, users, events: decoded }) => ({
        start,
        calls,
        users,
        decoded,
        isCurrent: true,
      })),
    );
    expect(await readProtocolVolumes(stores.timeseries, protocols, query)).toEqual(model.volumes);
  }
}

function startsOf(events: readonly ChainEvent[], seconds: number): number[] {
  const starts = events.flatMap((event) =>
    event.kind === 'finalized' ? [] : [event.timestamp - (event.timestamp % seconds)],
  );
  return [...new Set(starts)].sort((a, b) => a - b);
}
