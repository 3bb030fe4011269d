import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BlockAppended, ChainEvent } from './changes.ts';
import { chainChange, historyOf, protocolsOn } from './protocol-fixtures.ts';
import { modelWindows } from './protocol-model.ts';
import { type ProtocolSums, readProtocolSums, readProtocolUses } from './protocol-sums.ts';
import { recomputeProtocolWindows } from './protocol-windows.ts';
import { type ChainStores, openChainStores } from './read-fixtures.ts';
import { readProtocolVolumesOf, readProtocolWindows, readProtocolWindowsOf } from './read-protocols.ts';
import { type Span, spanStart, spans } from './span.ts';
import { writeChainEvents } from './timeseries.ts';
import { windowSeconds, windowStart } from './window-size.ts';

let stores: ChainStores;
let networks = 0;
beforeAll(async () => {
  stores = await openChainStores();
});
afterAll(() => stores[Symbol.asyncDispose]());

describe(readProtocolSums, () => {
  test('says of each protocol on each network what the blocks of the span say', async () => {
    const change = chainChange(protocolsOn('any'));
    const changes = fc.array(change, { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(changes, changes, fc.constantFrom(...Object.values(spans)), async (some, others, span) => {
        const chains = [await chainOf(some, span), await chainOf(others, span)];
        const sums = new Map(
          chains.flatMap(({ network, canonical }) => {
            const tip = canonical.at(-1);
            return tip === undefined ? [] : [[network, { asOf: tip, from: spanStart(span, tip.timestamp) }] as const];
          }),
        );
        const protocols = chains.flatMap(({ network }) => protocolsOn(network));
        // Each protocol is on both networks, as in the catalog.
        const joined = [...Map.groupBy(protocols, ({ id }) => id).values()].flatMap(([first, second]) =>
          first === undefined || second === undefined
            ? []
            : [{ ...first, contracts: [...first.contracts, ...second.contracts] }],
        );
        const expected = chains
          .filter(({ canonical }) => canonical.length > 0)
          .flatMap(({ network, canonical }) => modelSums(network, canonical, span));
        const byPlace = (a: ProtocolSums, b: ProtocolSums): number =>
          `${a.protocol} ${a.network}` < `${b.protocol} ${b.network}` ? -1 : 1;
        const found = await readProtocolSums(stores.timeseries, joined, span, sums);
        expect(
          found.map(({ undecoded, ...rest }) => ({
            ...rest,
            undecoded: { any: Object.values(undecoded).reduce((sum, count) => sum + count, 0) },
          })),
        ).toEqual(expected.sort(byPlace));
        const uses = await readProtocolUses(stores.timeseries, joined, span, sums);
        expect(uses).toEqual(found.map(({ volumes: _, ...rest }) => rest));
      }),
      { numRuns: 6, seed: 4, endOnFailure: true },
    );
  }, 240_000);

  test('says that a window was computed from another definition of the protocol', async () => {
    const span = spans['1h'];
    const { network, canonical } = await chainOf([{ retract: 0, append: [{ after: 1, txs: [] }] }], span);
    const tip = canonical[0] as BlockAppended;
    const sums = new Map([[network, { asOf: tip, from: spanStart(span, tip.timestamp) }]]);
    const [changed, ...others] = protocolsOn(network);
    if (changed === undefined) throw new Error('the fixtures have no protocol');
    const protocols = [{ ...changed, events: changed.events.slice(1) }, ...others];
    const found = await readProtocolSums(stores.timeseries, protocols, span, sums);
    expect(found.filter(({ isCurrent }) => !isCurrent).map(({ protocol }) => protocol)).toEqual([changed.id]);
  });

  test('has nothing to say of networks without protocols', async () => {
    expect(await readProtocolSums(stores.timeseries, [], spans['1h'], new Map())).toEqual([]);
    expect(await readProtocolUses(stores.timeseries, [], spans['1h'], new Map())).toEqual([]);
  });
});

describe(readProtocolWindowsOf, () => {
  test('gives the windows of several networks by protocol, network and start', async () => {
    const change = { retract: 0, append: [{ after: 1, txs: [] }] };
    const chains = [await chainOf([change], spans['1h']), await chainOf([change], spans['1h'])];
    const protocols = chains.flatMap(({ network }) => protocolsOn(network));
    const times = { size: 'minute', fromSeconds: 0, toSeconds: 2_000_000_000 } as const;
    const names = chains.map(({ network }) => network);
    const alone = await Promise.all(
      names.map((network) => readProtocolWindows(stores.timeseries, protocols, { network, ...times })),
    );
    const found = await readProtocolWindowsOf(stores.timeseries, protocols, { networks: names, ...times });
    expect(names.map((name) => found.filter(({ network }) => network === name))).toEqual(alone);
    expect(found.length).toBeGreaterThan(0);
    expect(await readProtocolVolumesOf(stores.timeseries, protocols, { networks: names, ...times })).toEqual([]);
  });
});

/** A network with such a history, processed, and the chain that is left of it. */
async function chainOf(
  changes: Parameters<typeof historyOf>[1],
  { size }: Span,
): Promise<{ network: string; canonical: BlockAppended[] }> {
  const network = `protocol_sums_${networks++}`;
  const { events, canonical } = historyOf(network, changes);
  await writeChainEvents(stores.timeseries, events);
  const starts = startsOf(events, windowSeconds[size]);
  const windows = { network, size, starts, version: events.length };
  await recomputeProtocolWindows(stores.timeseries, protocolsOn(network), windows);
  return { network, canonical };
}

/** As if the span was one window. */
function modelSums(network: string, canonical: readonly BlockAppended[], span: Span): ProtocolSums[] {
  const newest = canonical.at(-1)?.timestamp ?? 0;
  const from = spanStart(span, newest);
  const { windows, volumes } = modelWindows(protocolsOn(network), network, canonical, newest - from + 1, [from]);
  return windows.map(({ protocol, calls, failedCalls, logs, events, undecoded }) => ({
    ...{ protocol, network, from, newestStart: windowStart(span.size, newest) },
    ...{ calls, failedCalls, logs, events, undecoded: { any: undecoded.any ?? 0 }, isCurrent: true },
    volumes: volumes
      .filter((volume) => volume.protocol === protocol)
      .map(({ protocol: _protocol, network: _network, start: _start, ...volume }) => volume),
  }));
}

function startsOf(events: readonly ChainEvent[], seconds: number): number[] {
  const starts = events.flatMap((event) =>
    event.kind === 'finalized' ? [] : [Math.floor(event.timestamp / seconds) * seconds],
  );
  return [...new Set(starts)].sort((a, b) => a - b);
}
