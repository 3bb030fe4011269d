import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Protocol } from '../../../catalog/schema/protocol.ts';
import type { BucketName } from '../../contracts/analytics-answers.ts';
import type { ProtocolsAnswer } from '../../contracts/protocol-answers.ts';
import type { BlockAppended, ChainEvent } from '../../datasets/chain/changes.ts';
import { blockDraft, historyOf, protocolsOn } from '../../datasets/chain/protocol-fixtures.ts';
import { modelWindows } from '../../datasets/chain/protocol-model.ts';
import { recomputeProtocolWindows } from '../../datasets/chain/protocol-windows.ts';
import { type ChainStores, openChainStores } from '../../datasets/chain/read-fixtures.ts';
import { processChanges } from '../../datasets/chain/span-fixtures.ts';
import { windowSeconds, windowSizes } from '../../datasets/chain/window-size.ts';
import type { HttpApp } from '../../runtime/http.ts';
import { catalogOf, networkLike, openAnalytics } from './analytics-fixtures.ts';

const networks = [
  networkLike({ id: 'east' }),
  networkLike({ id: 'west' }),
  networkLike({ id: 'never' }),
  networkLike({ id: 'empty' }),
  networkLike({ id: 'old_east', aliasOf: 'east', status: 'retired', statusNote: 'Former name of east.' }),
];
/** Each protocol on two networks that are synced, and one that is not. */
const protocols = protocolsOn('east').map((protocol): Protocol => {
  const contracts = ['east', 'west', 'never'].flatMap((network) =>
    protocol.contracts.map((contract) => ({ ...contract, network })),
  );
  const isRetired = protocol.id === 'nft';
  return { ...protocol, contracts, ...(isRetired && { status: 'retired' as const, statusNote: 'Gone.' }) };
});
const east = untilYesterday(historyOf('east', changesOf(31)).events);
// It stopped years ago.
const west = historyOf('west', changesOf(32)).events;

let stores: ChainStores;
let app: HttpApp;
beforeAll(async () => {
  stores = await openChainStores();
  await processChanges(stores.timeseries, [...east, ...west]);
  for (const events of [east, west]) {
    for (const size of windowSizes) {
      const network = events[0]?.network ?? '';
      const starts = startsOf(events, windowSeconds[size]);
      await recomputeProtocolWindows(stores.timeseries, protocols, { network, size, starts, version: events.length });
    }
  }
  const inForce = catalogOf(networks);
  const current = { ...inForce, catalog: { ...inForce.catalog, protocols } };
  app = await openAnalytics(stores, networks, {
    catalog: { current: () => current, refused: () => [], subscribe: () => () => undefined },
  });
}, 240_000);
afterAll(async () => {
  await app?.close();
  await stores?.[Symbol.asyncDispose]();
});

describe('GET /api/v1/analytics/protocols', () => {
  it('has of each protocol on each network, and of all together, what their blocks say', async () => {
    const answer = await get('window=30d');
    expect(answer.bucket).toBeNull();
    expect(answer.networks.map(({ network }) => network)).toEqual(['east', 'never', 'west']);
    expect(answer.protocols.map(({ protocol }) => protocol)).toEqual(['dex', 'lending', 'nft', 'token']);
    for (const { protocol, networks: rows, totals, status } of answer.protocols) {
      expect(rows.map(({ network, volumes, buckets }) => [network, volumes, buckets])).toEqual([
        ['east', null, null],
        ['never', null, null],
        ['west', null, null],
      ]);
      if (status === 'retired') {
        // It is not counted any more, and stays in the list.
        expect([protocol, totals, rows.map(({ figures }) => figures)]).toEqual(['nft', null, [null, null, null]]);
        continue;
      }
      const [onEast, onNever, onWest] = rows.map(({ figures }) => figures);
      expect(onNever).toBeNull();
      expect(tallied(onEast)).toEqual(expectedOf(answer, protocol, east).figures);
      expect(tallied(onWest)).toEqual(expectedOf(answer, protocol, west).figures);
      // What stopped before the span of those that did not is told of the network alone.
      const { calls, failedCalls, logs, events } = onEast ?? {};
      expect(totals).toEqual({ networks: 1, calls, failedCalls, logs, events });
    }
  });

  it.each([
    ['24h', 'hour'],
    ['30d', 'day'],
  ] as const)('has of a protocol over %s its volumes, and users by %s', async (window, bucket) => {
    const answer = await get(`protocol=dex&window=${window}`);
    expect(answer).toMatchObject({ bucket, protocols: [{ protocol: 'dex', category: 'dex' }] });
    for (const [network, events] of [
      ['east', east],
      ['west', west],
    ] as const) {
      const row = answer.protocols[0]?.networks.find((each) => each.network === network);
      const expected = expectedOf(answer, 'dex', events, bucket);
      expect(row?.volumes).toEqual(expected.volumes);
      expect(row?.buckets?.map(({ undecoded, ...each }) => ({ ...each, undecoded: countOf(undecoded) }))).toEqual(
        expected.buckets,
      );
    }
    expect(answer.protocols[0]?.networks[1]).toMatchObject({
      network: 'never',
      figures: null,
      volumes: [],
      buckets: [],
    });
  });

  it('has of a network what is done there, also asked for by another name of it', async () => {
    const answer = await app.inject('/api/v1/analytics/protocols?network=old_east&window=7d');
    const own = await get('network=east&window=7d');
    expect(answer.json<ProtocolsAnswer>().protocols).toEqual(own.protocols);
    expect(answer.headers.link).toBe('</api/v1/analytics/protocols?network=east&window=7d>; rel="canonical"');
    expect(own.networks.map(({ network }) => network)).toEqual(['east']);
    for (const { networks: rows } of own.protocols) expect(rows.map(({ network }) => network)).toEqual(['east']);
    expect(await get('network=empty')).toMatchObject({ networks: [{ network: 'empty', asOf: null }], protocols: [] });
    expect(await get('network=empty&protocol=dex')).toMatchObject({ protocols: [{ protocol: 'dex', networks: [] }] });
  });

  it('refuses what there is not, and too many buckets', async () => {
    const problemOf = async (query: string) => (await app.inject(`/api/v1/analytics/protocols?${query}`)).json();
    expect(await problemOf('protocol=lend1ng')).toMatchObject({
      ...{ status: 404, type: 'urn:defimon:problem:unknown-protocol', near: ['lending'] },
    });
    expect(await problemOf('network=eats')).toMatchObject({ status: 404, near: ['east'] });
    expect(await problemOf('bucket=hour')).toMatchObject({ status: 400, errors: [{ parameter: 'bucket' }] });
    for (const window of ['7d', '30d']) {
      const problem = await problemOf(`protocol=dex&bucket=minute&window=${window}`);
      expect(problem).toMatchObject({ status: 400, errors: [{ parameter: 'bucket' }] });
    }
  });
});

async function get(query: string): Promise<ProtocolsAnswer> {
  const answer = await app.inject(`/api/v1/analytics/protocols?${query}`);
  expect({ query, status: answer.statusCode, body: answer.body.slice(0, 500) }).toMatchObject({ status: 200 });
  return answer.json<ProtocolsAnswer>();
}

/** By the plain model, over the blocks from `from` to `asOf` of the answer. */
function expectedOf(answer: ProtocolsAnswer, protocol: string, events: readonly ChainEvent[], bucket?: BucketName) {
  const network = events[0]?.network ?? '';
  const { from, asOf } = answer.networks.find((each) => each.network === network) ?? {};
  if (typeof from !== 'number' || asOf === null || asOf === undefined) throw new Error(`${network} is not held`);
  const own = protocols.filter(({ id }) => id === protocol);
  const { seconds, size } = answer.window;
  const whole = modelWindows(own, network, canonicalOf(events), seconds, [from]);
  const [window] = whole.windows;
  if (window === undefined) throw new Error(`no window of ${protocol}`);
  const step = windowSeconds[bucket ?? size];
  const touched = startsOf(events, step).filter((start) => start + step > from && start <= asOf.timestamp);
  const byBucket = modelWindows(own, network, canonicalOf(events), step, touched);
  const newest = asOf.timestamp - (asOf.timestamp % windowSeconds[size]);
  const { calls, failedCalls, logs, events: decoded } = window;
  return {
    figures: {
      ...{ calls, failedCalls, logs, events: decoded, undecoded: countOf(window.undecoded) },
      ...{ newest, isCurrent: true },
    },
    volumes: whole.volumes.map(({ protocol: _, network: __, start: ___, ...volume }) => volume),
    buckets: byBucket.windows.map(({ protocol: _, network: __, undecoded, ...each }) => ({
      ...each,
      undecoded: countOf(undecoded),
    })),
  };
}

type Figures = ProtocolsAnswer['protocols'][number]['networks'][number]['figures'];

/** The model does not know why a log could not be decoded. */
function tallied(figures: Figures | undefined) {
  return figures && { ...figures, undecoded: countOf(figures.undecoded) };
}

function countOf(undecoded: Readonly<Record<string, number>>): number {
  return Object.values(undecoded).reduce((sum, count) => sum + count, 0);
}

function canonicalOf(events: readonly ChainEvent[]): BlockAppended[] {
  return events.filter((event) => event.kind === 'appended');
}

function startsOf(events: readonly ChainEvent[], seconds: number): number[] {
  const times = events.flatMap((event) => (event.kind === 'finalized' ? [] : [event.timestamp]));
  return [...new Set(times.map((at) => at - (at % seconds)))].sort((a, b) => a - b);
}

function changesOf(seed: number) {
  const drafts = fc.sample(blockDraft(protocolsOn('east')), { seed, numRuns: 25 });
  return [{ retract: 0, append: drafts.map((draft) => ({ ...draft, after: Math.min(draft.after, 5000) })) }];
}

/** Moves a chain by whole days, so that its newest block is of yesterday. */
function untilYesterday(events: readonly ChainEvent[]): ChainEvent[] {
  const day = 86_400;
  const newest = Math.max(...canonicalOf(events).map(({ timestamp }) => timestamp));
  const today = Math.floor(Date.now() / 1000 / day) * day;
  const shift = today - day - (newest - (newest % day));
  return canonicalOf(events).map((event) => ({ ...event, timestamp: event.timestamp + shift }));
}
