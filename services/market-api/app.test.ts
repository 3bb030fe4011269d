import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { StatsAnswer } from '../contracts/market-answers.ts';
import { buildDepth, buildGap, buildSnapshot, buildTicker, buildTrade } from '../datasets/market/read-fixtures.ts';
import type { MarketRecord } from '../datasets/market/record.ts';
import { addCounts } from '../datasets/market/write.ts';
import type { HttpApp } from '../runtime/http.ts';
import type { Started } from '../runtime/modules.ts';
import { depsOf, type MarketStores, openMarketStores, write } from './api-fixture.ts';
import { createMarketApp } from './app.ts';
import type { MarketDeps } from './deps.ts';
import { createCandleFeed } from './live/candle-feed.ts';
import { type LiveMarket, openLiveMarket } from './live/live-market.ts';
import { createCandleReader } from './live/newest-candles.ts';
import { findPair } from './pairs.ts';

const symbols = Array.from({ length: 9 }, (_, at) => `TEST${at}USDT`);
const startMs = Date.UTC(2023, 8, 20, 12);

let stores: MarketStores;
const lives: Started<LiveMarket>[] = [];
const apps: HttpApp[] = [];
beforeAll(async () => {
  stores = await openMarketStores();
});
afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()));
  await Promise.all(lives.splice(0).map((live) => live.stop()));
});
afterAll(async () => {
  await stores?.[Symbol.asyncDispose]();
});

describe('GET /symbols', () => {
  it('lists every pair of the catalog, with what is held of it', async () => {
    const now = Date.now();
    await write(stores, [
      ...buildRecords('TEST0USDT', 3, { eventTimeMs: now - 1000 }),
      ...buildRecords('TEST1USDT', 1, { eventTimeMs: now - 400_000 }),
      ...buildRecords('TEST2USDT', 1, { eventTimeMs: now }),
    ]);
    await write(stores, [], [buildGap({ symbol: 'TEST2USDT', openedAtMs: now })]);
    const app = await openApp();
    const answer = (await app.inject('/symbols')).json();
    const pairOf = (symbol: string) => answer.symbols.find((each: { symbol: string }) => each.symbol === symbol);
    expect(answer.total).toBe(answer.symbols.length);
    expect(pairOf('TEST0USDT')).toMatchObject({ state: 'live', firstTime: now - 1000, lastTime: now - 998 });
    expect(pairOf('TEST1USDT').state).toBe('waiting');
    expect(pairOf('TEST2USDT').state).toBe('gap');
    expect(pairOf('MATICUSDT')).toMatchObject({
      status: 'retired',
      state: 'idle',
      firstTime: null,
      successor: 'POLUSDT',
    });
    expect(pairOf('ETHUSDT')).toMatchObject({ base: 'ETH', quote: 'USDT', market: 'spot', tickSize: '0.01' });
    const filtered = (await app.inject('/symbols?state=gap&market=spot')).json();
    expect(filtered.symbols.map(({ symbol }: { symbol: string }) => symbol)).toEqual(['TEST2USDT']);
  });
});

describe('GET /data/{symbol}', () => {
  const symbol = 'TEST3USDT';
  const records = buildRecords(symbol, 2500);
  beforeAll(() => write(stores, records));

  it('gives the latest records, newest first, and those from a time on, oldest first', async () => {
    const app = await openApp();
    const latest = (await app.inject(`/data/${symbol}?limit=1000`)).json();
    expect(latest).toMatchObject({ symbol, order: 'desc', count: 1000 });
    expect(idsOf(latest)).toEqual(
      records
        .slice(-1000)
        .reverse()
        .map(({ updateId }) => updateId),
    );
    const from = (await app.inject(`/data/${symbol}?start_time=${startMs / 1000}&limit=5000`)).json();
    expect(from).toMatchObject({ order: 'asc', count: 2500, next: null });
    expect(idsOf(from)).toEqual(records.map(({ updateId }) => updateId));
    expect((await app.inject(`/data/${symbol}`)).json().count).toBe(1000);
  });

  it('takes bounds in seconds or milliseconds, both inclusive', async () => {
    const app = await openApp();
    const bounds = async (query: string) => idsOf((await app.inject(`/data/${symbol}?order=asc&${query}`)).json());
    expect(await bounds(`start_time=${startMs + 5}&end_time=${startMs + 7}`)).toEqual([5, 6, 7]);
    expect((await bounds(`start_time=${startMs / 1000 + 2}&end_time=${startMs / 1000 + 2}`)).length).toBe(500);
    expect(await bounds(`end_time=${startMs - 1}`)).toEqual([]);
    const wrong = await app.inject(`/data/${symbol}?start_time=1695211201&end_time=1695211200`);
    expect([wrong.statusCode, wrong.json().errors[0].parameter]).toEqual([400, 'start_time']);
  });

  it('gives each record once while one walks on, in both directions and for some kinds', async () => {
    const app = await openApp();
    for (const order of ['asc', 'desc']) {
      for (const kind of ['depth', 'trade,ticker', 'depth,ticker,trade,snapshot,checkpoint']) {
        const seen: string[] = [];
        let cursor: string | null = '';
        while (cursor !== null) {
          const page: DataPage = (
            await app.inject(`/data/${symbol}?limit=700&order=${order}&kind=${kind}${cursor && `&cursor=${cursor}`}`)
          ).json();
          expect(page.count).toBe(page.records.length);
          seen.push(...page.records.map((record) => `${record.kind} ${record.updateId}`));
          cursor = page.next;
        }
        const expected = records.filter((record) => kind.split(',').includes(record.kind));
        if (order === 'desc') expected.reverse();
        expect(seen).toEqual(expected.map((record) => `${record.kind} ${record.updateId}`));
      }
    }
  });

  it('gives CSV and NDJSON by parameter and by Accept, with the way on in the headers', async () => {
    const app = await openApp();
    const url = `/data/${symbol}?limit=3&start_time=${startMs}`;
    const json: DataPage = (await app.inject(url)).json();
    const lines = await app.inject({ url, headers: { accept: 'application/x-ndjson' } });
    expect(lines.headers['content-type']).toContain('application/x-ndjson');
    expect(
      lines.body
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual(json.records);
    expect(lines.headers).toMatchObject({ 'x-record-count': '3', 'x-next-cursor': json.next });
    const linked = /<([^>]+)>; rel="next"/.exec(String(lines.headers.link))?.[1] ?? '';
    expect(idsOf((await app.inject(linked)).json())).toEqual([3, 4, 5]);
    const csv = await app.inject(`${url}&format=csv`);
    expect(csv.headers['content-type']).toContain('text/csv');
    const [head, first] = csv.body.split('\r\n');
    expect(head).toBe(
      'kind,updateId,firstUpdateId,previousUpdateId,eventTime,receivedAt,bid,bidSize,ask,askSize,price,size,buyerIsMaker,bids,asks,bidFloor,askCeiling',
    );
    expect(first).toBe(
      `depth,0,0,,${startMs},${startMs + 20},27123.45000000,0.10000000,27123.46000000,12.00000000,,,,"[[""27123.45000000"",""0.10000000""]]","[]",,`,
    );
    expect((await app.inject({ url, headers: { accept: 'image/png' } })).statusCode).toBe(406);
  });

  it('refuses what it cannot take, and names symbols that are close', async () => {
    const app = await openApp();
    for (const query of ['limit=0', 'limit=10001', 'kind=dept', 'start_time=-1', 'start_time=1e9', 'cursor=x', 'foo=1'])
      expect([query, (await app.inject(`/data/${symbol}?${query}`)).statusCode]).toEqual([query, 400]);
    const other: DataPage = (await app.inject(`/data/${symbol}?limit=1`)).json();
    const strange = await app.inject(`/data/TEST4USDT?cursor=${other.next}`);
    expect(strange.json().errors[0].detail).toContain('it is of TEST3USDT');
    for (const name of ['BTCUSD', 'btc-usdt', 'BTCUDST'])
      expect((await app.inject(`/data/${name}`)).json()).toMatchObject({
        status: 404,
        near: expect.arrayContaining(['BTCUSDT']),
      });
    expect((await app.inject('/data/btcusdt')).json()).toMatchObject({
      symbol: 'BTCUSDT',
      count: 0,
      next: null,
      records: [],
    });
  });
});

describe('GET /book/{symbol}', () => {
  it('refuses a time that is yet to come', async () => {
    const app = await openApp();
    const answer = await app.inject('/book/TEST4USDT?at=4000000000');
    expect(answer.statusCode).toBe(400);
    expect(answer.json().title).toBe('This time is yet to come');
  });

  it('is as the exchange had it, now and at a time', async () => {
    const symbol = 'TEST4USDT';
    const at = (updateId: number, parts: Partial<MarketRecord>) => ({
      symbol,
      eventTimeMs: startMs + updateId,
      ...parts,
    });
    await write(stores, [
      buildSnapshot(
        10,
        at(10, { bids: '[["5.0","1"],["4.0","2"]]', asks: '[["6.0","3"]]', bidFloor: '4.0', askCeiling: '6.0' }),
      ),
      buildDepth(11, at(11, { bids: '[["5.5","7"]]', asks: '[]' })),
      buildDepth(12, at(12, { bids: '[["5.0","0"]]', asks: '[["6.0","1"]]' })),
    ]);
    const app = await openApp();
    const now = (await app.inject(`/book/${symbol.toLowerCase()}`)).json();
    expect(now).toMatchObject({
      symbol,
      state: 'live',
      stale: true,
      at: null,
      lastUpdateId: 12,
      eventTime: startMs + 12,
      bids: [
        ['5.5', '7'],
        ['4.0', '2'],
      ],
      asks: [['6.0', '1']],
      bidFloor: '4.0',
      askCeiling: '6.0',
      bidLevels: 2,
      gap: null,
    });
    const before = (await app.inject(`/book/${symbol}?at=${startMs + 11}&depth=1`)).json();
    expect(before).toMatchObject({ lastUpdateId: 11, stale: false, ageMs: 0, bids: [['5.5', '7']], bidLevels: 3 });
    const none = await app.inject(`/book/${symbol}?at=${startMs}`);
    expect([none.statusCode, none.json().type]).toEqual([409, 'urn:defimon:problem:no-book']);
  });

  it('says that it is behind a gap, and when there is none', async () => {
    const symbol = 'TEST5USDT';
    const place = { symbol, eventTimeMs: startMs };
    const gap = buildGap({ symbol, fromUpdateId: 10, openedAtMs: startMs + 1000 });
    await write(stores, [buildSnapshot(10, place)], [gap]);
    const app = await openApp();
    expect((await app.inject(`/book/${symbol}`)).json()).toMatchObject({
      state: 'gap',
      lastUpdateId: 10,
      gap: { reason: 'sequence', fromUpdateId: 10, closedAt: null },
    });
    expect((await app.inject(`/book/${symbol}?at=${startMs + 999}`)).json()).toMatchObject({
      state: 'live',
      gap: null,
    });
    const waiting = await app.inject('/book/TEST8USDT');
    expect([waiting.statusCode, waiting.headers['retry-after']]).toEqual([503, '5']);
    expect((await app.inject('/book/MATICUSDT')).json()).toMatchObject({ status: 409 });
    expect((await app.inject('/book/TEST4')).statusCode).toBe(404);
  });
});

describe('GET /gaps/{symbol}', () => {
  it('walks the gaps of a pair within bounds', async () => {
    const symbol = 'TEST6USDT';
    const gaps = Array.from({ length: 5 }, (_, at) =>
      buildGap({ symbol, openedAtMs: startMs + at * 1000, closedAtMs: startMs + at * 1000 + 10, toUpdateId: 11 + at }),
    );
    await write(stores, [], gaps);
    const app = await openApp();
    const first = (await app.inject(`/gaps/${symbol}?limit=3`)).json();
    const second = (await app.inject(`/gaps/${symbol}?limit=3&cursor=${first.next}`)).json();
    expect([...first.gaps, ...second.gaps].map(({ openedAt }) => openedAt)).toEqual(
      gaps.map(({ openedAtMs }) => openedAtMs),
    );
    expect(second.next).toBe(null);
    expect((await app.inject(`/gaps/${symbol}?start_time=${startMs + 3500}`)).json().gaps).toHaveLength(1);
    expect((await app.inject(`/gaps/${symbol}?cursor=x`)).statusCode).toBe(400);
  });
});

describe('GET /candles/{symbol}', () => {
  it('is empty where nothing was traded, and takes only known intervals', async () => {
    const app = await openApp();
    const answer = (await app.inject('/candles/TEST0USDT?interval=1h')).json();
    expect(answer).toEqual({ symbol: 'TEST0USDT', interval: '1h', candles: [] });
    expect((await app.inject('/candles/TEST0USDT?interval=2h')).statusCode).toBe(400);
  });
});

describe('GET /stats', () => {
  it('adds up records, rates, lag and gaps', async () => {
    const now = Date.now();
    const symbol = 'TEST7USDT';
    await write(stores, buildRecords(symbol, 30, { eventTimeMs: now - 10_000 }));
    await write(stores, [], [buildGap({ symbol, openedAtMs: now - 1000 })]);
    await addCounts(stores.relational, now, new Map([[symbol, [10, 10, 10, 0, 0]]]));
    // A pair that the catalog has no more counts for nothing.
    const gone = { symbol: 'GONEUSDT', eventTimeMs: now };
    await write(stores, [buildDepth(1, gone)], [buildGap({ symbol: 'GONEUSDT', openedAtMs: now - 500 })]);
    const app = await openApp();
    const answer = (await app.inject('/stats')).json();
    const own = answer.symbols.find((each: { symbol: string }) => each.symbol === symbol);
    expect(own).toMatchObject({
      state: 'gap',
      records: { depth: 10, ticker: 10, trade: 10, snapshot: 0, total: 30 },
      recordsPerSecond: { last1m: 0.5, last5m: 0.1 },
      lastUpdate: now - 10_000 + 29,
      gaps: { open: 1, last24h: 1 },
    });
    // Not in the counts yet.
    const untold = answer.symbols.find((each: { symbol: string }) => each.symbol === 'TEST0USDT');
    expect(untold.records).toMatchObject({ depth: 1, ticker: 1, trade: 1, total: 3 });
    expect(own.lagMs).toBeGreaterThanOrEqual(0);
    expect(answer.total.records.total).toBeGreaterThanOrEqual(30);
    const sumOf = (of: (each: StatsAnswer['symbols'][number]) => number) =>
      answer.symbols.reduce((sum: number, each: StatsAnswer['symbols'][number]) => sum + of(each), 0);
    expect(answer.total).toMatchObject({
      records: { total: sumOf(({ records }) => records.total ?? 0) },
      gaps: { open: sumOf(({ gaps }) => gaps.open), last24h: sumOf(({ gaps }) => gaps.last24h) },
    });
    expect(answer.total.symbols.idle).toBeGreaterThan(0);
  });
});

describe('GET /health', () => {
  it('answers 200 while all is well, and 503 with what is not', async () => {
    const well = await openApp();
    expect((await well.inject('/health')).json()).toMatchObject({
      status: 'ok',
      modules: { relational: { ok: true } },
    });
    const ill = await openApp({
      health: async () => ({ relational: { ok: false, detail: 'postgres://db.internal: no' } }),
    });
    const answer = await ill.inject('/health');
    expect([answer.statusCode, answer.json().modules.relational]).toEqual([503, { ok: false, detail: 'not well' }]);
    expect(answer.body).not.toContain('internal');
  });
});

describe('GET /openapi.json', () => {
  it('describes every path by schemas that answers and examples fit', async () => {
    const symbol = 'TEST3USDT';
    await write(
      stores,
      [buildSnapshot(0, { symbol, eventTimeMs: startMs })],
      [buildGap({ symbol, openedAtMs: startMs + 9000 })],
    );
    const app = await openApp();
    const document = (await app.inject('/openapi.json')).json();
    expect(Object.keys(document.paths).sort()).toEqual([
      '/book/{symbol}',
      '/candles/{symbol}',
      '/data/{symbol}',
      '/gaps/{symbol}',
      '/health',
      '/stats',
      '/symbols',
      '/ws',
    ]);
    const guarded = Object.entries<{ get: Operation }>(document.paths).filter(
      ([, { get }]) => get.security !== undefined,
    );
    expect(guarded.map(([path]) => path).sort()).toEqual(['/book/{symbol}', '/data/{symbol}', '/ws']);
    expect(document.components.securitySchemes.bearer).toMatchObject({ type: 'http', scheme: 'bearer' });
    expect(document.info.description).toContain('## WebSocket: `/ws`');
    const ajv = new Ajv2020({ strict: true, allowUnionTypes: true });
    ajv.addKeyword('components');
    ajv.addKeyword('example');
    const { components } = document;
    const problemsOf = (schema: object, value: unknown) => {
      const isValid = ajv.compile({ ...schema, components });
      return isValid(value) ? [] : isValid.errors;
    };
    for (const [path, { get }] of Object.entries<{ get: Operation }>(document.paths)) {
      if (path === '/ws') continue;
      const answer = await app.inject(path.replace('{symbol}', symbol));
      const { schema, example } = get.responses[200]?.content['application/json'] ?? {};
      expect([path, answer.statusCode, problemsOf(schema ?? {}, answer.json())]).toEqual([path, 200, []]);
      // Every path refuses parameters that it does not know.
      expect({ path, documented: Object.keys(get.responses) }).toMatchObject({
        documented: expect.arrayContaining(['400']),
      });
      if (example !== undefined) expect([path, problemsOf(schema ?? {}, example)]).toEqual([path, []]);
    }
    for (const [name, schema] of Object.entries<{ examples?: unknown[]; example?: unknown }>(components.schemas)) {
      for (const example of schema.examples ?? (schema.example === undefined ? [] : [schema.example]))
        expect([name, problemsOf({ $ref: `#/components/schemas/${name}` }, example)]).toEqual([name, []]);
    }
    const page = await app.inject('/docs');
    expect(page.statusCode).toBe(200);
  });
});

interface Operation {
  readonly security?: readonly object[];
  readonly responses: Readonly<
    Record<
      number,
      { readonly content: Readonly<Record<string, { readonly schema: object; readonly example?: unknown }>> }
    >
  >;
}

interface DataPage {
  readonly count: number;
  readonly next: string | null;
  readonly records: readonly { readonly kind: string; readonly updateId: number }[];
}

function idsOf(page: DataPage): number[] {
  return page.records.map(({ updateId }) => updateId);
}

/** Depth, ticker and trade in turn, a millisecond apart, each with the next id. */
function buildRecords(symbol: string, count: number, parts: { eventTimeMs?: number } = {}): MarketRecord[] {
  const { eventTimeMs: from = startMs } = parts;
  const builders = [buildDepth, buildTicker, buildTrade];
  return Array.from({ length: count }, (_, at) => {
    const build = builders[at % 3] ?? buildDepth;
    return build(at, { symbol, eventTimeMs: from + at });
  });
}

async function openApp(parts: Partial<MarketDeps> = {}): Promise<HttpApp> {
  const deps = depsOf(stores, symbols, parts);
  const { relational, timeseries, clock, log, catalog } = deps;
  const live = await openLiveMarket({
    relational,
    clock,
    log,
    pollMs: 50,
    findPair: (symbol) => findPair(catalog.current(), symbol),
  });
  lives.push(live);
  const candles = createCandleFeed({ read: createCandleReader(timeseries, clock), tickMs: 50, clock, log });
  const app = await createMarketApp({ ...deps, live: live.part, candles });
  apps.push(app);
  return app;
}
