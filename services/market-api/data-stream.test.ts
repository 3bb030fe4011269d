import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { sharedAnswers } from '../contracts/market-answers.ts';
import { buildDepth, type MarketStore, noonMs, openMarketStore } from '../datasets/market/read-fixtures.ts';
import { RetryableError } from '../runtime/errors.ts';
import { createHttpApp, type HttpApp } from '../runtime/http.ts';
import { listen } from '../runtime/http-listen.ts';
import type { Relational } from '../stores/relational.ts';
import { depsOf, write } from './api-fixture.ts';
import { addDataRoutes } from './data-routes.ts';
import type { RouteDeps } from './deps.ts';

const symbol = 'WIDEUSDT';
const other = 'RACEUSDT';
const rowsHeld = 2000;
let store: MarketStore;
const apps: HttpApp[] = [];
const sockets: Socket[] = [];
beforeAll(async () => {
  store = await openMarketStore();
  const level = ['27123.45000000', '0.10000000'];
  const bids = JSON.stringify(Array.from({ length: 600 }, () => level));
  for (let at = 0; at < rowsHeld; at += 500)
    await write(
      store,
      Array.from({ length: 500 }, (_, n) => buildDepth(at + n, { symbol, bids })),
    );
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await Promise.all(apps.splice(0).map((app) => app.close()));
});
afterAll(async () => {
  await store?.[Symbol.asyncDispose]();
});

describe('GET /data/{symbol} over sockets', () => {
  it('reads no further ahead than its callers take, and stops when they go away', async () => {
    const { url, pages } = await openApp();
    const port = Number(new URL(url).port);
    for (let at = 0; at < 5; at++) {
      const socket = connect(port, '127.0.0.1');
      socket.pause();
      socket.write(`GET /data/${symbol}?limit=${rowsHeld} HTTP/1.1\r\nhost: x\r\n\r\n`);
      sockets.push(socket);
    }
    let before = -1;
    while (pages.rows === 0 || pages.rows !== before) {
      before = pages.rows;
      await delay(500);
    }
    // What the sockets of this machine hold, and a page for each.
    expect(pages.rows).toBeLessThan((5 * rowsHeld * 3) / 4);
    for (const socket of sockets) socket.destroy();
    // What is being read is read to its end, and then no more.
    before = -1;
    while (pages.rows !== before) {
      before = pages.rows;
      await delay(1_000);
    }
    expect(pages.rows).toBeLessThan((5 * rowsHeld * 3) / 4);
    const whole = (await (await fetch(`${url}/data/${symbol}?limit=${rowsHeld}`)).json()) as { records: unknown[] };
    expect(whole.records).toHaveLength(rowsHeld);
  });

  it('loses nothing between its pages while other records are written, newer or late', async () => {
    const { url, pages } = await openApp();
    const depthAt = (ms: number) => buildDepth(100 + ms, { symbol: other, eventTimeMs: noonMs + ms });
    const held = Array.from({ length: 10 }, (_, n) => 2 * n);
    for (const { order, late, expected } of [
      { order: 'desc', late: 15, expected: [...held, 15].sort((a, b) => b - a) },
      { order: 'asc', late: 3, expected: [...held, 3, 30].sort((a, b) => a - b) },
    ]) {
      await store.relational.query('DELETE FROM market.records WHERE symbol = $1', [other]);
      await write(store, held.map(depthAt));
      // Between the count of the first page and its rows: a newer one, and one that comes late into the page.
      pages.onCounted = () => write(store, [late, 30].map(depthAt));
      const seen: number[] = [];
      let cursor: string | null = '';
      while (cursor !== null) {
        const answer = await fetch(`${url}/data/${other}?limit=4&order=${order}${cursor && `&cursor=${cursor}`}`);
        const page = (await answer.json()) as DataPage;
        expect(page.count).toBe(page.records.length);
        seen.push(...page.records.map(({ eventTime }) => eventTime - noonMs));
        cursor = page.next;
      }
      expect(seen).toEqual(expected);
    }
  });

  it('counts for HEAD, and reads no records', async () => {
    const { url, pages } = await openApp();
    const before = pages.rows;
    const answer = await fetch(`${url}/data/${symbol}?limit=1500`, { method: 'HEAD' });
    expect([answer.status, answer.headers.get('x-record-count'), answer.headers.has('x-next-cursor')]).toEqual([
      200,
      '1500',
      true,
    ]);
    expect(pages.rows - before).toBe(1);
  });

  it('does not end as if it were whole when the store fails in the middle', async () => {
    const { url, pages } = await openApp();
    for (const format of ['json', 'csv', 'ndjson']) {
      pages.failAfter = pages.rows + 400;
      const answer = await fetch(`${url}/data/${symbol}?limit=${rowsHeld}&format=${format}`);
      expect(answer.status).toBe(200);
      await expect(answer.text()).rejects.toThrow();
      pages.failAfter = 0;
      const early = await fetch(`${url}/data/${symbol}?limit=${rowsHeld}&format=${format}`);
      expect([early.status, early.headers.get('retry-after')]).toEqual([503, '1']);
      pages.failAfter = Number.POSITIVE_INFINITY;
    }
  });
});

interface DataPage {
  readonly count: number;
  readonly next: string | null;
  readonly records: readonly { readonly eventTime: number }[];
}

async function openApp() {
  const pages = {
    rows: 0,
    failAfter: Number.POSITIVE_INFINITY,
    /** Called once, when the records of an answer have been counted. */
    onCounted: undefined as (() => Promise<void>) | undefined,
  };
  const relational: Relational = {
    ...store.relational,
    query: async <R extends object>(text: string, values?: readonly unknown[]) => {
      if (pages.rows >= pages.failAfter) throw new RetryableError('the store is away');
      const rows = await store.relational.query<R>(text, values);
      pages.rows += rows.length;
      const { onCounted } = pages;
      pages.onCounted = undefined;
      await onCounted?.();
      return rows;
    },
  };
  const timeseries = { query: async () => [], command: async () => undefined, insert: async () => undefined };
  const deps = depsOf({ relational, timeseries, [Symbol.asyncDispose]: async () => undefined }, [symbol, other]);
  const app = await createHttpApp({ service: 'market-api', log: deps.log, metrics: deps.metrics });
  apps.push(app);
  for (const schema of sharedAnswers) app.addSchema(schema);
  addDataRoutes(app, deps as RouteDeps);
  const [url = ''] = await listen(app, [0], '127.0.0.1');
  return { url, pages };
}
