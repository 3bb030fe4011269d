import { concat, dataSlice, zeroPadValue } from 'ethers';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findEvent } from '../../../catalog/protocol-event.ts';
import type { Hex } from './block.ts';
import { encodedOf, historyOf, type LogParts, protocolOf, signatures } from './protocol-fixtures.ts';
import { layoutsOf } from './protocol-layout.ts';
import { modelWindows } from './protocol-model.ts';
import { readProtocolTotals } from './protocol-totals.ts';
import { recomputeProtocolWindows } from './protocol-windows.ts';
import { addressOf, type ChainStores, openChainStores } from './read-fixtures.ts';
import { readProtocolVolumes, readProtocolWindows } from './read-protocols.ts';
import { writeChainEvents } from './timeseries.ts';

const emitter = addressOf('emitter');
const minute = 1_700_000_040;

let stores: ChainStores;
let networks = 0;
beforeAll(async () => {
  stores = await openChainStores();
});
afterAll(() => stores[Symbol.asyncDispose]());

describe(readProtocolTotals, () => {
  test('decodes events of any signature as ethers encodes them, and sums them as BigInt does', async () => {
    const drafts = signatures(12).chain((all) =>
      fc.tuple(
        fc.constant(all),
        ...all.map((signature) => fc.array(fc.tuple(encodedOf(signature), fc.nat(), fc.nat(5)), { maxLength: 8 })),
      ),
    );
    await fc.assert(
      fc.asyncProperty(drafts, async ([all, ...encoded]) => {
        const network = `decoded_${networks++}`;
        const protocol = protocolOf(
          'any',
          network,
          { Any: [emitter] },
          all.map((signature) => ['Any', signature]),
        );
        const logs = encoded.flatMap((some, at) => {
          // Dynamic parts of dynamic parts are not looked at: what they lack is not seen.
          const isNested = /(bytes|string|\[\])\[/.test(all[at] ?? '');
          return some.map(([{ topics, data }, cut, chance]): LogParts => {
            const left = chance === 0 && !isNested ? (dataSlice(data, 0, cut % (data.length / 2)) as Hex) : data;
            return { address: emitter, topics, data: left };
          });
        });
        const blocks = await store(network, logs);
        const model = modelWindows([protocol], network, blocks, 60, [minute]);
        await recomputeProtocolWindows(stores.timeseries, [protocol], {
          network,
          size: 'minute',
          starts: [minute],
          version: 1,
        });
        const query = { network, size: 'minute', fromSeconds: minute, toSeconds: minute + 60 } as const;
        const [window] = await readProtocolWindows(stores.timeseries, [protocol], query);
        expect(window).toMatchObject({ logs: logs.length, events: model.windows[0]?.events });
        expect(await readProtocolVolumes(stores.timeseries, [protocol], query)).toEqual(model.volumes);
      }),
      { numRuns: 12, seed: 11, endOnFailure: true },
    );
  }, 240_000);

  const word = (digits: string): string => digits.padStart(64, '0');
  const note = 'event Noted(address indexed by, int24 amount, bool flag, bytes3 tag, bytes note)';
  const good = ['5', '1', '', '80', '4', 'aabbccdd'.padEnd(64, '0')].map(word);
  const by = zeroPadValue(emitter, 32) as Hex;
  const bad: [reason: string, what: string, topics: Hex[], words: string[]][] = [
    ['', 'it is as its contract emits it', [by], good],
    ['', 'more data follows', [by], [...good, word('7')]],
    ['topics', 'an indexed parameter is missing', [], good],
    ['topics', 'there is one topic too many', [by, by], good],
    ['data', 'the data ends before the parameters do', [by], good.slice(0, 3)],
    ['value', 'an address has more than 20 bytes', [`0x1${by.slice(3)}`], good],
    ['value', 'an integer does not fit its type', [by], good.with(0, word('800000'))],
    ['value', 'a negative integer is not extended', [by], good.with(0, `ff${word('800000').slice(2)}`)],
    ['value', 'a boolean is 2', [by], good.with(1, word('2'))],
    ['value', 'fixed bytes go on after their end', [by], good.with(2, '1'.padEnd(64, '1'))],
    ['tail', 'an offset leads out of the data', [by], good.with(3, word('c0'))],
    ['tail', 'an offset is beyond any number', [by], good.with(3, 'f'.repeat(64))],
    ['tail', 'a length leads out of the data', [by], good.with(4, word('21'))],
    ['tail', 'a length is beyond any number', [by], good.with(4, 'f'.repeat(64))],
  ];
  test.each(bad)('says "%s" when %s', async (reason, _, topics, words) => {
    const network = `reasons_${networks++}`;
    const protocol = protocolOf('any', network, { Any: [emitter] }, [['Any', note]]);
    const topic0 = findEvent(note)?.topicHash as Hex;
    await store(network, [
      { address: emitter, topics: [topic0, ...topics], data: concat(words.map((one) => `0x${one}`)) as Hex },
    ]);
    const range = { network, seconds: 60, starts: [minute] };
    const { events } = await readProtocolTotals(stores.timeseries, layoutsOf([protocol], network), range);
    expect(events.map((event) => event.reason)).toEqual([reason]);
  });
});

/** One block of that minute, with these logs of one transaction. */
async function store(network: string, logs: readonly LogParts[]) {
  const txs = [{ sender: 1, recipient: emitter, status: 1 as const, logs }];
  const { events, canonical } = historyOf(network, [{ retract: 0, append: [{ after: 50, txs }] }]);
  await writeChainEvents(stores.timeseries, events);
  return canonical;
}
