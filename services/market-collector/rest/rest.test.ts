import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type MarketRules, rulesOf } from '../binance/markets.ts';
import type { ExchangeError, ExchangeErrorKind } from './exchange-error.ts';
import { createRest, type RestOptions } from './rest.ts';
import { createWeightBudget } from './weight-budget.ts';

const ending: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});

const never = new AbortController().signal;
const book = JSON.stringify({ lastUpdateId: 7, bids: [['1.0', '2']], asks: [['1.1', '3']] });

describe(createRest, () => {
  it.each([
    ['spot', '/api/v3/depth?symbol=BTCUSDT&limit=1000', 50],
    ['usdm', '/fapi/v1/depth?symbol=BTCUSDT&limit=1000', 20],
    ['coinm', '/dapi/v1/depth?symbol=BTCUSDT&limit=1000', 20],
  ] as const)(
    'asks %s for a snapshot by its own path, and takes its weight from the budget',
    async (market, path, weight) => {
      const { rest, requests, budget } = await started((_, response) => response.end(book), { rules: rulesOf(market) });
      expect(await rest.loadSnapshot('BTCUSDT', 700, 1, never)).toMatchObject({ lastUpdateId: 7, limit: 1000 });
      expect(requests.map(({ url }) => url)).toEqual([path]);
      expect(budget.stats().used).toBe(weight);
    },
  );

  it('sends the key along when it has one, and corrects the budget by the header', async () => {
    const { rest, requests, budget } = await started(
      (_, response) => response.setHeader('X-MBX-USED-WEIGHT-1M', '777').end(book),
      { apiKey: 'key' },
    );
    await rest.loadSnapshot('BTCUSDT', 1000, 1, never);
    expect(requests[0]?.headers['x-mbx-apikey']).toBe('key');
    expect(budget.stats().usedByAddress).toBe(777);
  });

  it.each([
    [429, '30', 'throttled', 30_000],
    [429, undefined, 'throttled', 60_000],
    [418, '300', 'banned', 300_000],
    [418, undefined, 'banned', 120_000],
    [403, undefined, 'throttled', 60_000],
  ] as const)('stops all requests after a %i with Retry-After %s', async (status, retryAfter, kind, pauseMs) => {
    const banned: number[] = [];
    const { rest, budget } = await started(
      (_, response) => {
        if (retryAfter !== undefined) response.setHeader('Retry-After', retryAfter);
        response.writeHead(status).end('{"code":-1003,"msg":"Way too many requests"}');
      },
      { random: () => 0, onBanned: (untilMs) => banned.push(untilMs) },
    );
    const error = await failureOf(rest.loadSnapshot('BTCUSDT', 1000, 1, never));
    expect(error).toMatchObject({ name: 'RetryableError', kind, status, code: -1003, retryAtMs: nowMs + pauseMs });
    expect(budget.stats().pausedUntilMs).toBe(nowMs + pauseMs);
    expect(banned).toEqual(kind === 'banned' ? [nowMs + pauseMs] : []);
  });

  it.each<[string, ExchangeErrorKind, (response: ServerResponse) => void]>([
    ['HTTP 400', 'refused', (response) => void response.writeHead(400).end('{"code":-1121,"msg":"Invalid symbol."}')],
    ['HTTP 451', 'refused', (response) => void response.writeHead(451).end('<html>')],
    ['HTTP 503', 'server', (response) => void response.writeHead(503).end()],
    ['no JSON', 'garbled', (response) => void response.end('<html>')],
    ['an endless answer', 'tooLarge', flood],
    ['half an answer', 'unreachable', halfAnAnswer],
    ['silence', 'timeout', () => undefined],
  ])('says what is wrong with %s', async (_, kind, handle) => {
    const results: string[] = [];
    const { rest, budget } = await started((_request, response) => handle(response), {
      timeoutMs: kind === 'timeout' ? 100 : 20_000,
      onRequest: ({ result }) => results.push(result),
    });
    const error = await failureOf(rest.loadSnapshot('NOSUCH', 1000, 1, never));
    expect(error).toMatchObject({ name: 'RetryableError', kind });
    expect(error.message).toMatch(/^GET \/api\/v3\/depth/);
    expect(results).toEqual([kind]);
    expect(budget.stats().pausedUntilMs).toBeNull();
  });

  it('says so when nobody is there', async () => {
    const { rest, server } = await started((_, response) => response.end(book));
    await server.close();
    const error = await failureOf(rest.loadSnapshot('BTCUSDT', 1000, 1, never));
    expect(error).toMatchObject({ kind: 'unreachable' });
  });

  it('ends at once when it is cancelled, with the reason', async () => {
    const { rest, requests } = await started(() => undefined);
    const abort = new AbortController();
    const loading = rest.loadSnapshot('BTCUSDT', 1000, 1, abort.signal);
    const failed = expect(loading).rejects.toThrow('enough');
    await vi.waitFor(() => expect(requests).toHaveLength(1), { timeout: 90_000 });
    abort.abort(new Error('enough'));
    await failed;
  });

  it('loads exchangeInfo through trouble, and takes over the limit that is in force', async () => {
    const info = {
      symbols: [],
      rateLimits: [{ rateLimitType: 'REQUEST_WEIGHT', interval: 'MINUTE', intervalNum: 1, limit: 1200 }],
    };
    let calls = 0;
    const { rest, budget, requests } = await started(
      (_, response) => (calls++ === 0 ? response.writeHead(502).end() : response.end(JSON.stringify(info))),
      { random: () => 0 },
    );
    expect(await rest.loadExchangeInfo(never)).toEqual({ symbols: [], weightPerMinute: 1200 });
    expect(budget.stats()).toMatchObject({ allowed: 1080, used: 40 });
    expect(requests.map(({ url }) => url)).toEqual(Array(2).fill('/api/v3/exchangeInfo?showPermissionSets=false'));
  });
});

// In the middle of a minute, so that no test meets the budget's edges.
const nowMs = 1_700_000_010_000;

async function started(
  handle: (request: IncomingMessage, response: ServerResponse) => unknown,
  options: Partial<RestOptions> & { rules?: MarketRules } = {},
) {
  const requests: IncomingMessage[] = [];
  const http = createServer({ keepAliveTimeout: 1 }, (request, response) => {
    requests.push(request);
    // Node's own Date would be another clock than the test's.
    response.sendDate = false;
    handle(request, response);
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const server = {
    close: async () => {
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
  const rules = options.rules ?? rulesOf('spot');
  const clock = (): number => nowMs;
  const budget = createWeightBudget({ weightPerMinute: rules.weightPerMinute, clock });
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  const rest = createRest({ url, budget, clock, log: pino({ level: 'silent' }), ...options, rules });
  ending.push(server.close, () => rest.close());
  return { rest, budget, requests, server };
}

async function failureOf(promise: Promise<unknown>): Promise<ExchangeError> {
  return promise.then(
    () => Promise.reject(new Error('it did not fail')),
    (error: ExchangeError) => error,
  );
}

function flood(response: ServerResponse): void {
  const chunk = Buffer.alloc(1024 * 1024, ' ');
  const more = (): void => {
    while (!response.destroyed && response.write(chunk));
    if (!response.destroyed) response.once('drain', more);
  };
  more();
}

function halfAnAnswer(response: ServerResponse): void {
  response.writeHead(200, { 'content-length': 1000 });
  response.write('{"lastUpdateId":');
  setTimeout(() => response.destroy(), 20);
}
