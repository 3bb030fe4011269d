import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Protocol } from '../../../catalog/schema/protocol.ts';
import type { BlockAppended, ChainEvent } from './changes.ts';
import { chainChange, historyOf, protocolsOn } from './protocol-fixtures.ts';
import { modelWindows } from './protocol-model.ts';
import { type ProtocolWindowSize, recomputeProtocolWindows } from './protocol-windows.ts';
import { type ChainStores, openChainStores } from './read-fixtures.ts';
import { readProtocolVolumes, readProtocolWindows } from './read-protocols.ts';
import { writeChainEvents } from './timeseries.ts';

let stores: ChainStores;
let networks = 0;
beforeAll(async () => {
  stores = await openChainStores();
});
afterAll(() => stores[Symbol.asyncDispose]());

describe(recomputeProtocolWindows, () => {
  test('says what the canonical chain says, whatever reorgs and redeliveries there were', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(chainChange(protocolsOn('any')), { maxLength: 6 }),
        fc.array(fc.record({ size: fc.integer({ min: 1, max: 9 }), back: fc.nat(4) }), { maxLength: 8 }),
        async (changes, batches) => {
          const network = `protocols_${networks++}`;
          const protocols = protocolsOn(network);
          const { events, canonical } = historyOf(network, changes);
          let at = 0;
          for (const { size, back } of [...batches, { size: events.length, back: 0 }]) {
            const from = Math.max(0, at - back);
            await process(protocols, events.slice(from, from + size));
            at = Math.max(at, from + size);
          }
          await expectModel(network, protocols, events, canonical, 'minute', 60);
          for (const [size, seconds] of [
            ['hour', 3600],
            ['day', 86_400],
          ] as const) {
            const starts = startsOf(events, seconds);
            await recomputeProtocolWindows(stores.timeseries, protocols, {
              network,
              size,
              starts,
              version: events.length,
            });
            await expectModel(network, protocols, events, canonical, size, seconds);
          }
        },
      ),
      { numRuns: 12, seed: 7 },
    );
  }, 240_000);
});

/** As the stream processor handles a batch. */
async function process(protocols: readonly Protocol[], events: readonly ChainEvent[]): Promise<void> {
  const last = events.at(-1);
  if (last === undefined) return;
  await writeChainEvents(stores.timeseries, events);
  const windows = { network: last.network, size: 'minute', starts: startsOf(events, 60), version: last.seq } as const;
  await recomputeProtocolWindows(stores.timeseries, protocols, windows);
}

async function expectModel(
  network: string,
  protocols: readonly Protocol[],
  events: readonly ChainEvent[],
  canonical: readonly BlockAppended[],
  size: ProtocolWindowSize,
  seconds: number,
): Promise<void> {
  const query = { network, size, fromSeconds: 0, toSeconds: 2_000_000_000 };
  const model = modelWindows(protocols, network, canonical, seconds, startsOf(events, seconds));
  const windows = await readProtocolWindows(stores.timeseries, protocols, query);
  expect(
    windows.map(({ version: _, isCurrent, undecoded, ...window }) => ({
      ...{ ...window, isCurrent },
      undecoded: Object.values(undecoded).reduce((sum, count) => sum + count, 0),
    })),
  ).toEqual(model.windows.map((window) => ({ ...window, isCurrent: true, undecoded: window.undecoded.any ?? 0 })));
  expect(await readProtocolVolumes(stores.timeseries, protocols, query)).toEqual(model.volumes);
}

function startsOf(events: readonly ChainEvent[], seconds: number): number[] {
  const starts = events.flatMap((event) =>
    event.kind === 'finalized' ? [] : [Math.floor(event.timestamp / seconds) * seconds],
  );
  return [...new Set(starts)].sort((a, b) => a - b);
}
