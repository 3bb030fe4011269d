import { Registry } from 'prom-client';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Pair } from '../../../catalog/schema/pair.ts';
import type { Protocol } from '../../../catalog/schema/protocol.ts';
import { ChainNews, GasNow, NetworkNow } from '../../contracts/live-messages.ts';
import type { Block } from '../../datasets/chain/block.ts';
import { chainTopic, markRelayed, readPending } from '../../datasets/chain/changes.ts';
import {
  buildBlock,
  buildChain,
  type ChainStores,
  type ChainWriter,
  openChainStores,
  openChainWriter,
} from '../../datasets/chain/read-fixtures.ts';
import { writeStatus } from '../../datasets/chain/status.ts';
import { buildBar, buildTrades } from '../../datasets/market/bar-fixtures.ts';
import { barsTopic, messageOf } from '../../datasets/market/bar-message.ts';
import { listen } from '../../runtime/http-listen.ts';
import { socketDefaults } from '../../runtime/socket/socket-route.ts';
import { misfitsOf } from '../../runtime/socket/testing/misfits.ts';
import { type Client, connect as connectTo, type Message, until } from '../../runtime/socket/testing/socket-client.ts';
import { liveCatalogOf, type TestCatalog } from '../../runtime/testing/live-catalog.ts';
import { createEmbeddedBus } from '../../stores/embedded/bus.ts';
import { createAnalyticsApp } from '../app.ts';
import { openCandleFeed } from '../live/candle-feed.ts';
import { createChainReads } from '../live/chain-reads.ts';
import { liveChainLimits, openLiveChain } from '../live/live-chain.ts';
import { contractAddress, networkOf, silent } from '../live/live-fixtures.ts';
import { createAnalyticsApi } from '../module.ts';

let stores: ChainStores;
let networks = 0;
const closers: (() => Promise<unknown>)[] = [];
const clients: Client[] = [];
beforeAll(async () => {
  stores = await openChainStores();
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  // The pages take what is so, and nothing else.
  for (const { messages } of clients.splice(0)) expect(misfitsOf(messages, formOf)).toEqual([]);
});
afterAll(async () => {
  await stores?.[Symbol.asyncDispose]();
});

const connect: typeof connectTo = async (...args) => {
  const client = await connectTo(...args);
  closers.push(async () => client.socket.terminate());
  clients.push(client);
  return client;
};

/** As what the pages read a message; undefined if they do not. */
function formOf({ channel, network, type }: Message) {
  if (channel === 'blocks' && network !== undefined) return ChainNews;
  if (type === 'network') return NetworkNow;
  return type === 'gas' ? GasNow : undefined;
}

const swap: Protocol = {
  id: 'swap',
  name: 'Swap',
  category: 'dex',
  status: 'active',
  owner: 'analytics',
  contracts: [],
  events: [{ contract: 'Pool', signature: 'event Swap(address indexed who)' }],
};

describe('GET /ws', () => {
  it('is in the document, with the token that the gateway asks for', async () => {
    const { url } = await openServer();
    const response = await fetch(`${url}/openapi.json`);
    expect(response.status).toBe(200);
    const { paths, components } = (await response.json()) as { paths: object; components: object };
    expect(paths).toHaveProperty(['/ws', 'get', 'security'], [{ bearer: [] }]);
    expect(components).toHaveProperty('securitySchemes.bearer.scheme', 'bearer');
  });

  it('tells blocks that join and leave, fees, protocols and the state of a network', async () => {
    const { url, network, writer, relay } = await openServer();
    const chain = buildChain(undefined, 30, () => ({ txs: [{ to: contractAddress, l1Fee: '5', logCount: 1 }, {}] }));
    await writer.commit({ append: chain.slice(0, 25) });
    await relay();
    const client = await connect(url);
    for (const [id, channel] of ['blocks', 'gas', 'protocols', 'networks'].entries())
      client.say({ op: 'subscribe', id, channel, networks: [network] });
    await client.until(({ type }) => type === 'snapshot');
    await client.until(({ type, channel }) => type === 'subscribed' && channel === 'networks');
    await writer.commit({ append: chain.slice(25), finalizedNumber: 20 });
    const fork = forkOf(chain, 28);
    await relay();
    await writer.commit({ retract: { from: 28, to: 29 }, append: fork });
    await relay();
    const last = fork.at(-1) as Block;
    await client.until(({ type, hash }) => type === 'block' && hash === last.hash);
    await client.until(({ type, synced, finalized }) => type === 'network' && synced === 31 && finalized === 20);

    const snapshot = client.messages.find(({ type }) => type === 'snapshot');
    expect(snapshot).toMatchObject({ reason: 'subscribed', network, chainSeq: 25, finalized: null });
    const blocks = snapshot?.blocks as object[];
    expect(blocks).toHaveLength(20);
    expect(blocks.at(-1)).toEqual({
      ...{ number: 24, hash: chain[24]?.hash, timestamp: 1_700_000_024, transactions: 2, logs: 1 },
      ...{ gasUsed: '21000', gasLimit: '30000000', baseFeePerGas: '7' },
      fees: { execution: '420000', l1Data: '5' },
    });
    const told = client.messages
      .filter(({ channel, chainSeq }) => channel === 'blocks' && chainSeq !== undefined)
      .slice(1);
    expect(told.map(({ type, number }) => `${type} ${number}`)).toEqual([
      ...[25, 26, 27, 28, 29].map((number) => `block ${number}`),
      'finalized 20',
      ...[29, 28].map((number) => `retracted ${number}`),
      ...fork.map(({ number }) => `block ${number}`),
    ]);
    expect(told[0]).toEqual({
      ...blocks.at(-1),
      ...{ type: 'block', channel: 'blocks', network, seq: expect.any(Number), channelSeq: 2 },
      ...{ chainSeq: 26, previousChainSeq: 25, number: 25, hash: chain[25]?.hash, timestamp: 1_700_000_025 },
    });
    expect(client.messages.map(({ seq }) => seq)).toEqual(client.messages.map((_, at) => at + 1));
    expect(client.messages.findLast(({ type }) => type === 'gas')).toMatchObject({ number: 31, gasPrice: null });
  });

  it('counts what a block does with the protocols of the catalog, and tells fees of L1 and L2 apart', async () => {
    const { url, network, writer, relay } = await openServer();
    const chain = buildChain(undefined, 2, () => ({
      txs: [{ to: contractAddress, l1Fee: '5', status: 0 }, { to: contractAddress, l1Fee: '7' }, {}],
    }));
    const client = await connect(url);
    for (const channel of ['protocols', 'gas']) client.say({ op: 'subscribe', channel, networks: [network] });
    await client.until(({ type, channel }) => type === 'subscribed' && channel === 'gas');
    const topic = `0x${'1'.repeat(64)}` as const;
    const logs = [topic, topic].map((each, index) => ({
      ...{ index, txIndex: 0, address: contractAddress, topics: [each], data: '0x' as const },
    }));
    await writer.commit({ append: chain.map((block) => ({ ...block, logs })) });
    await relay();
    await client.until(({ type, number }) => type === 'gas' && number === 1);
    expect(client.messages.find(({ type }) => type === 'protocols')).toMatchObject({
      number: 0,
      protocols: [{ protocol: 'swap', calls: 2, failedCalls: 1, events: 2, topics: { [topic]: 2 } }],
    });
    expect(client.messages.findLast(({ type }) => type === 'gas')).toMatchObject({
      executionFees: { transactions: 3, total: '630000', mean: '210000', p50: '210000', p95: '210000' },
      l1DataFees: { transactions: 2, total: '12', mean: '6', p50: '7', p95: '7' },
    });
  });

  it('goes on where a client was on another replica, and tells what it cannot', async () => {
    const bus = createEmbeddedBus().bus;
    const one = await openServer({ bus });
    const { network, writer, relay } = one;
    const chain = buildChain(undefined, 12);
    await writer.commit({ append: chain.slice(0, 4) });
    await relay();
    const two = await openServer({ bus, network });
    await writer.commit({ append: chain.slice(4, 8) });
    await relay();
    const first = await connect(one.url);
    first.say({ op: 'subscribe', channel: 'blocks', networks: [network], resume: { [network]: 2 } });
    await first.until(({ type, number }) => type === 'block' && number === 7);
    expect(first.messages.map(({ type }) => type)).toEqual(['subscribed', 'resumed', ...Array(6).fill('block')]);
    for (const [from, type] of [
      [4, 'resumed'],
      [6, 'resumed'],
      [3, 'snapshot'],
      [900, 'snapshot'],
    ] as const) {
      const client = await connect(two.url);
      client.say({ op: 'subscribe', channel: 'blocks', networks: [network], resume: { [network]: from } });
      await client.until((message) => message.type === 'resumed' || message.type === 'snapshot');
      expect([from, client.messages[1]?.type, client.messages[1]?.reason]).toEqual([
        from,
        type,
        type === 'snapshot' ? 'not-resumable' : undefined,
      ]);
    }
  });

  it('begins a network that was never synced with nothing, once, and tells its first block', async () => {
    const { url, network, catalog, relay } = await openServer();
    const unsynced = `${network}_unsynced`;
    catalog.put({ networks: [networkOf(network), networkOf(unsynced)] });
    const client = await connect(url);
    client.say({ op: 'subscribe', channel: 'blocks', networks: [unsynced] });
    await client.until(({ type }) => type === 'snapshot');
    client.say({ op: 'ping' });
    await client.until(({ type }) => type === 'pong');
    const writer = await openChainWriter(stores, unsynced);
    await writer.commit({ append: buildChain(undefined, 1) });
    await relay(unsynced);
    await client.until(({ type }) => type === 'block');
    const told = client.messages.filter(({ type }) => type !== 'stale' && type !== 'live').map(({ type }) => type);
    expect(told).toEqual(['subscribed', 'snapshot', 'pong', 'block']);
    expect(client.messages.find(({ type }) => type === 'snapshot')).toMatchObject({ chainSeq: 0, blocks: [] });
  });

  it('follows all networks, those that come later included, and says which are retired or gone', async () => {
    const { url, network, catalog, relay } = await openServer();
    const later = `${network}_later`;
    const client = await connect(url);
    client.say({ op: 'subscribe', channel: 'blocks', networks: ['*'] });
    await client.until(({ type }) => type === 'snapshot');
    const early = await connect(url);
    early.say({ op: 'subscribe', id: 1, channel: 'blocks', networks: [later] });
    await early.until(({ code, id }) => code === 'unknown-network' && id === 1);
    catalog.put({ networks: [networkOf(network), networkOf(later)] });
    await client.until(({ type, network: of }) => type === 'added' && of === later);
    early.say({ op: 'subscribe', id: 2, channel: 'gas', networks: [later] });
    await early.until(({ type, id }) => type === 'subscribed' && id === 2);
    const writer = await openChainWriter(stores, later);
    await writer.commit({ append: buildChain(undefined, 2) });
    await relay(later);
    await client.until(({ type, number, network: of }) => type === 'block' && of === later && number === 1);
    catalog.put({ networks: [networkOf(network), networkOf(later, { status: 'retired' })] });
    await client.until(({ type, network: of }) => type === 'retired' && of === later);
    catalog.put({ networks: [networkOf(network)] });
    await client.until(({ type, network: of }) => type === 'removed' && of === later);
    await early.until(({ type, channel }) => type === 'removed' && channel === 'gas');
  });

  it('never shows as live what is old: the bus is away, or changes do not come', async () => {
    let ok = true;
    let now = Date.now();
    const server = await openServer({ busHealth: async () => ({ ok }), clock: () => now });
    const { url, network, writer, relay } = server;
    const client = await connect(url);
    for (const channel of ['blocks', 'networks']) client.say({ op: 'subscribe', channel, networks: [network] });
    await client.until(({ type }) => type === 'network');
    ok = false;
    const isStale = (reason: string) => (message: { type: string; reason?: unknown; stale?: unknown }) =>
      message.type === 'stale' && message.reason === reason;
    await client.until(isStale('bus-away'));
    await client.until(({ type, stale }) => type === 'network' && JSON.stringify(stale)?.includes('bus-away') === true);
    ok = true;
    await client.until(({ type }) => type === 'live');
    await writer.commit({ append: buildChain(undefined, 3) });
    // They are noticed by a look, and not come by one that is late enough.
    await until(async () => {
      now += 1_000;
      return client.messages.some(isStale('behind'));
    });
    const before = client.messages.filter(({ type }) => type === 'live').length;
    await relay();
    await until(() => client.messages.filter(({ type }) => type === 'live').length > before);
    expect(client.messages.filter(({ type }) => type === 'block')).toHaveLength(3);
  });

  it('makes candles of the seconds that come', async () => {
    const { url, bus } = await openServer();
    const client = await connect(url);
    client.say({ op: 'subscribe', channel: 'candles', symbols: ['test0usdt'], interval: '1m' });
    await client.until(({ type }) => type === 'subscribed');
    await client.until(({ type, reason }) => type === 'stale' && reason === 'silent');
    const bars = [
      buildBar('TEST0USDT', 60, { traded: buildTrades(1, 100, 105) }),
      buildBar('TEST0USDT', 61, { traded: buildTrades(3, 99) }),
      buildBar('TEST0USDT', 61, { traded: buildTrades(3, 99, 103), revision: 2 }),
    ];
    for (const bar of bars) await bus.publish(barsTopic, [messageOf(bar)]);
    await client.until(({ type, trades }) => type === 'candle' && trades === 4);
    expect(client.messages.findLast(({ type }) => type === 'candle')).toMatchObject({
      ...{ symbol: 'TEST0USDT', interval: '1m', open: '100', high: '105', low: '99', close: '103', volume: '8' },
      ...{ until: Number(client.messages.findLast(({ type }) => type === 'candle')?.time) + 60_000 },
    });
    await client.until(({ type }) => type === 'live');
    client.say({ op: 'subscribe', channel: 'candles', symbols: ['TEST0USD'], interval: '1m' });
    await client.until(({ code, near }) => code === 'unknown-symbol' && JSON.stringify(near).includes('TEST0USDT'));
  });

  it('follows a network by another name of it, and all networks without their other names', async () => {
    const { url, network, writer, catalog, relay } = await openServer();
    catalog.put({ networks: [networkOf(network), networkOf('old_name', { aliasOf: network, status: 'retired' })] });
    await writer.commit({ append: buildChain(undefined, 2) });
    await relay();
    const client = await connect(url);
    client.say({ op: 'subscribe', channel: 'blocks', networks: ['old_name', network], resume: { old_name: 1 } });
    await client.until(({ type, channel }) => type === 'block' && channel === 'blocks');
    client.say({ op: 'subscribe', channel: 'networks', networks: ['*'] });
    catalog.put({
      networks: [...catalog.current().networks, networkOf('older_name', { aliasOf: network, status: 'retired' })],
    });
    client.say({ op: 'unsubscribe', channel: 'blocks', networks: ['old_name'] });
    await client.until(({ type }) => type === 'unsubscribed');
    const told = client.messages.filter(({ type }) =>
      ['subscribed', 'unsubscribed', 'added', 'resumed'].includes(String(type)),
    );
    expect(told).toMatchObject([
      { type: 'subscribed', networks: [network] },
      { type: 'resumed', network, chainSeq: 1 },
      { type: 'subscribed', networks: [network] },
      { type: 'unsubscribed', networks: [network] },
    ]);
  });

  it('says what a subscription lacks', async () => {
    const { url } = await openServer();
    const client = await connect(url);
    for (const [id, message] of [
      { channel: 'blocks' },
      { channel: 'candles', symbols: ['TEST0USDT'] },
      { channel: 'candles', networks: ['*'], interval: '1m' },
      { channel: 'gas', networks: ['*'], resume: {} },
      { channel: 'gas', networks: ['*'], symbols: ['TEST0USDT'] },
    ].entries()) {
      client.say({ op: 'subscribe', id, ...message });
      await client.until((answer) => answer.id === id && answer.code === 'invalid-message');
    }
  });

  it('is served by the module, which says goodbye when it ends', async () => {
    const { bus, stop } = createEmbeddedBus();
    const started = await createAnalyticsApi({
      ...partsOf(liveCatalogOf({ networks: [networkOf('net_module')] })),
      ...{ bus, ports: [0], host: '127.0.0.1' },
    });
    const client = await connect(started.part.urls[0] ?? '');
    client.say({ op: 'subscribe', channel: 'networks', networks: ['*'] });
    await client.until(({ type }) => type === 'network');
    await started.stop();
    await stop();
    expect(await client.closed).toMatchObject({ code: 1001 });
  });
});

interface Server {
  readonly url: string;
  readonly network: string;
  readonly writer: ChainWriter;
  readonly catalog: TestCatalog;
  readonly bus: ReturnType<typeof createEmbeddedBus>['bus'];
  /** Publishes what was committed, as the relay does. */
  relay(network?: string): Promise<void>;
}

async function openServer(
  parts: {
    readonly bus?: Server['bus'];
    readonly network?: string;
    readonly busHealth?: () => Promise<{ ok: boolean }>;
    readonly clock?: () => number;
  } = {},
): Promise<Server> {
  const { bus = createEmbeddedBus().bus, network = `net_${networks++}`, clock = Date.now } = parts;
  const contracts = [{ network, name: 'Pool', address: contractAddress }];
  const pairs = [{ symbol: 'TEST0USDT' } as Pair];
  const catalog = liveCatalogOf({ networks: [networkOf(network)], protocols: [{ ...swap, contracts }], pairs });
  await reportSynced(network);
  const live = await openLiveChain({
    ...{ bus, catalog, clock, log: silent, reads: createChainReads(stores.relational) },
    busHealth: parts.busHealth ?? (async () => ({ ok: true })),
    limits: { ...liveChainLimits, lookMs: 20 },
  });
  const candles = await openCandleFeed({
    ...{ bus, clock, log: silent, tickMs: 20 },
    busAwaySince: () => live.busStaleness()?.sinceMs,
    store: { readSeconds: async () => [], readSums: async () => [] },
  });
  const app = await createAnalyticsApp(partsOf(catalog), { chain: live, candles, clock, socket: socketDefaults });
  const [url = ''] = await listen(app, [0], '127.0.0.1');
  closers.push(async () => {
    await app.close();
    await candles.stop();
    await live.stop();
  });
  const writer = await openChainWriter(stores, network);
  const relay = async (of = network): Promise<void> => {
    const pending = await readPending(stores.relational, of, 1000, 100_000);
    if (pending === undefined) return;
    await bus.publish(
      chainTopic,
      pending.events.map((value) => ({ key: of, value })),
    );
    await markRelayed(stores.relational, of, pending.lastSeq);
  };
  return { url, network, writer, catalog, bus, relay };
}

function partsOf(catalog: Server['catalog']) {
  const { relational, timeseries, cache } = stores;
  return {
    ...{ catalog, relational, timeseries, cache, log: silent, metrics: new Registry() },
    ...{ environment: 'local', version: '1.2.3', health: async () => ({}) },
  };
}

/** For as long as the test may take. */
async function reportSynced(network: string): Promise<void> {
  await writeStatus(stores.relational, [
    {
      ...{ network, state: 'synced', reason: null, head: null, synced: null, finalized: null, blocksHeld: 0 },
      ...{ backfillRemaining: 0, blocksPerSecond: 0, errorRate: null, finalitySeconds: null, reorgs: 0, endpoints: [] },
    },
  ]);
  await stores.relational.query("UPDATE chain.status SET updated_at = now() + interval '1 hour'");
}

/** Four blocks in the place of those from `number` on. */
function forkOf(chain: readonly Block[], number: number): Block[] {
  const fork: Block[] = [];
  for (let at = number; at < number + 4; at++)
    fork.push(
      buildBlock({ number: at, parent: fork.at(-1) ?? chain[at - 1], timestamp: 1_700_000_000 + at, salt: 'fork' }),
    );
  return fork;
}
