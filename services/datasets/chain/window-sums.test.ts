import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ChainEvent } from './changes.ts';
import { type ChainStores, openChainStores } from './read-fixtures.ts';
import { spans } from './span.ts';
import { readSpanDetails } from './span-details.ts';
import { type ChainDraft, chainDraft, changesOf, processChanges } from './span-fixtures.ts';
import { modelSpan } from './span-model.ts';
import { writeChainEvents } from './timeseries.ts';
import { modelOf } from './window-model.ts';
import { windowSeconds, windowSizes } from './window-size.ts';
import { readWindowSums, type WindowSums } from './window-sums.ts';
import { readWindows, readWindowsOf } from './windows.ts';

let stores: ChainStores;
let networks = 0;
beforeAll(async () => {
  stores = await openChainStores();
});
afterAll(() => stores[Symbol.asyncDispose]());

describe(readWindowSums, () => {
  test('says of each network what its blocks of the span say, whatever reorgs, holes and redeliveries there were', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(chainDraft, { minLength: 2, maxLength: 4 }), fc.nat(), async (drafts, chosen) => {
        const chains = drafts.map((draft) => chainOf(draft));
        await processChanges(
          stores.timeseries,
          chains.flatMap(({ events }) => [...events, ...events.slice(-3)]),
        );
        for (const [at, span] of Object.values(spans).entries()) {
          const expected = new Map(
            chains.flatMap(({ id, model, startBlock }) => {
              const some = modelSpan(id, model, span, startBlock);
              return some === undefined ? [] : [[id, some]];
            }),
          );
          const sums = await readWindowSums(stores.timeseries, span, chains);
          expect(sums).toEqual(new Map([...expected].map(([id, { sums: some }]) => [id, some])));
          if (at !== chosen % 4) continue;
          for (const [id, { details }] of expected)
            expect(await readSpanDetails(stores.timeseries, sums.get(id) as WindowSums)).toEqual(details);
        }
      }),
      { numRuns: 5, seed: 6, endOnFailure: true },
    );
  }, 400_000);

  test('has nothing to say of no networks', async () => {
    expect(await readWindowSums(stores.timeseries, spans['1h'], [])).toEqual(new Map());
  });

  test('ends at the newest block of each network, also where nothing came for weeks', async () => {
    const [idle, live] = [chainOf(steady(3)), chainOf(steady(3))];
    const weekLater = live.events.map((event) =>
      event.kind === 'finalized' ? event : { ...event, timestamp: event.timestamp + 30 * 86_400 },
    );
    await processChanges(stores.timeseries, [...idle.events, ...weekLater]);
    const sums = await readWindowSums(stores.timeseries, spans['24h'], [idle, live]);
    expect([...sums.values()].map(({ asOf, blocks }) => [asOf.timestamp, blocks])).toEqual(
      expect.arrayContaining([
        [1_700_000_030, 3],
        [1_702_592_030, 3],
      ]),
    );
  });
});

describe(readSpanDetails, () => {
  test('is of the chain there is when it was reorganised since the windows were computed, and says so', async () => {
    const chain = chainOf(steady(4));
    await processChanges(stores.timeseries, chain.events);
    const sums = (await readWindowSums(stores.timeseries, spans['1h'], [chain])).get(chain.id) as WindowSums;
    const { steps } = steady(4);
    const reorganised = changesOf(chain.id, {
      ...steady(4),
      steps: [...steps, { retract: 2, append: blocksOf(2), final: null }],
    });
    await writeChainEvents(stores.timeseries, reorganised.slice(chain.events.length));
    const details = await readSpanDetails(stores.timeseries, sums);
    const after = modelSpan(chain.id, modelOf(reorganised), spans['1h'], 0);
    expect(details).toEqual(after?.details);
    expect(details?.asOf.hash).not.toBe(sums.asOf.hash);
  });
});

describe(readWindowsOf, () => {
  test('gives each network its windows, as if it was asked alone', async () => {
    const chains = [chainOf(steady(3)), chainOf(steady(12)), chainOf(steady(0))];
    await processChanges(
      stores.timeseries,
      chains.flatMap(({ events }) => events),
    );
    for (const size of windowSizes) {
      const times = { size, from: 0, to: 2 ** 32 - 1 };
      const found = await readWindowsOf(stores.timeseries, { networks: chains.map(({ id }) => id), ...times });
      for (const { id, model } of chains) {
        const expected = [...model.windows(windowSeconds[size]).values()].sort((a, b) => a.start - b.start);
        expect(found.get(id)?.map(({ version: _, ...window }) => window)).toEqual(expected);
        expect(await readWindows(stores.timeseries, { network: id, ...times })).toEqual(found.get(id));
      }
    }
  });
});

interface TestChain {
  readonly id: string;
  readonly startBlock: number;
  readonly events: ChainEvent[];
  readonly model: ReturnType<typeof modelOf>;
}

function chainOf(draft: ChainDraft): TestChain {
  const id = `spans_${networks++}`;
  const events = changesOf(id, draft);
  return { id, startBlock: draft.startBlock, events, model: modelOf(events) };
}

/** Blocks ten seconds apart. */
function steady(count: number): ChainDraft {
  const knows = { hasStatuses: true, hasPrices: true, hasL1Fees: false, hasBaseFees: true };
  return { startBlock: 0, ...knows, steps: [{ retract: 0, append: blocksOf(count), final: null }] };
}

function blocksOf(count: number): ChainDraft['steps'][number]['append'] {
  return Array.from({ length: count }, () => ({
    ...{ after: 10, missing: 0, gasUsed: '21000', gasLimit: '30000000', baseFeePerGas: '7', txs: [] },
  }));
}
