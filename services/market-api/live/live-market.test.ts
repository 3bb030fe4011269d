import { setTimeout as delay } from 'node:timers/promises';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  buildDepth,
  buildSnapshot,
  buildTrade,
  type MarketStore,
  openMarketStore,
} from '../../datasets/market/read-fixtures.ts';
import type { MarketRecord } from '../../datasets/market/record.ts';
import { RetryableError } from '../../runtime/errors.ts';
import type { Relational } from '../../stores/relational.ts';
import { testPair, write } from '../api-fixture.ts';
import type { LiveEvent } from './events.ts';
import { type LiveMarket, openLiveMarket } from './live-market.ts';

let store: MarketStore;
const closers: (() => Promise<void>)[] = [];
beforeAll(async () => {
  store = await openMarketStore();
});
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});
afterAll(async () => {
  await store?.[Symbol.asyncDispose]();
});

describe(openLiveMarket, () => {
  it('reads for all symbols in one query, when it is told that something was written', async () => {
    const symbols = Array.from({ length: 30 }, (_, at) => `MANY${at}USDT`);
    await write(
      store,
      symbols.map((symbol) => snapshotOf(symbol, 10)),
    );
    const { live, told, statements } = await open({ pollMs: 60_000 });
    const books = await Promise.all(symbols.map((symbol) => follow(live, symbol, told)));
    expect(books.map(({ lastUpdateId }) => lastUpdateId)).toEqual(symbols.map(() => 10));
    await untilQuiet(statements);
    const before = statements.count;
    await write(
      store,
      symbols.map((symbol) => depthOf(symbol, 11)),
    );
    await until(() => told.filter(({ kind }) => kind === 'diff').length === symbols.length);
    // The isolation level, the tail and the gaps: of one look, or of two.
    expect(statements.count - before).toBeLessThanOrEqual(6);
  });

  it('reads so many rows at most in one query, of each symbol alike', async () => {
    const symbols = Array.from({ length: 40 }, (_, at) => `FAIR${at}USDT`);
    const feeds = ['book', 'trades', 'ticker'] as const;
    await write(
      store,
      symbols.map((symbol) => snapshotOf(symbol, 10)),
    );
    const { live, told, statements } = await open({ pollMs: 60_000, listen: async () => async () => undefined });
    for (const symbol of symbols) for (const feed of feeds) live.follow(symbol, feed, (event) => told.push(event));
    await Promise.all(symbols.map((symbol) => live.openBook(symbol)));
    await untilQuiet(statements);
    const records = symbols.flatMap((symbol) => Array.from({ length: 300 }, (_, n) => depthOf(symbol, 11 + n)));
    await write(store, [...records, ...symbols.map((symbol) => snapshotOf(symbol, 310, { kind: 'checkpoint' }))]);
    statements.rows = 0;
    live.follow('FAIR0USDT', 'trades', () => undefined);
    await until(() => told.filter(({ kind }) => kind === 'diff').length === symbols.length * 300);
    // 200 places: 100 rows of each.
    expect(statements.rows).toBeLessThanOrEqual(40 * 101);
    expect(told.filter(({ kind }) => kind === 'book')).toHaveLength(40);
  });

  it('looks by itself where no notification comes', async () => {
    const symbol = 'POLLUSDT';
    await write(store, [snapshotOf(symbol, 10)]);
    const { live, told } = await open({ pollMs: 50, listen: async () => async () => undefined });
    await follow(live, symbol, told);
    await write(store, [depthOf(symbol, 11)]);
    await until(() => told.some(({ kind }) => kind === 'diff'));
  });

  it('stays behind a hole in what is stored until the next whole book', async () => {
    const symbol = 'HOLEUSDT';
    await write(store, [snapshotOf(symbol, 10)]);
    const { live, told } = await open({});
    const before = await follow(live, symbol, told);
    expect(before.state).toBe('live');
    await write(store, [depthOf(symbol, 13)]);
    await until(() => live.findBook(symbol)?.state === 'gap');
    expect(live.findBook(symbol)).toMatchObject({ lastUpdateId: 10, gap: { reason: 'sequence' } });
    await write(store, [snapshotOf(symbol, 20), depthOf(symbol, 21)]);
    await until(() => live.findBook(symbol)?.lastUpdateId === 21);
    expect(live.findBook(symbol)?.state).toBe('live');
  });

  it('takes a hole that was filled for what it is', async () => {
    const symbol = 'LATEUSDT';
    await write(store, [snapshotOf(symbol, 10)]);
    const { live, told } = await open({ pollMs: 60_000, listen: async () => async () => undefined });
    await follow(live, symbol, told);
    await write(store, [depthOf(symbol, 12)]);
    await write(store, [depthOf(symbol, 11)]);
    live.follow(symbol, 'trades', () => undefined);
    await until(() => live.findBook(symbol)?.lastUpdateId === 12);
    expect(live.findBook(symbol)?.state).toBe('live');
  });

  it('follows update ids that begin anew', async () => {
    const symbol = 'ANEWUSDT';
    const now = Date.now();
    await write(store, [
      snapshotOf(symbol, 5000, { eventTimeMs: now - 9000 }),
      depthOf(symbol, 5001, { eventTimeMs: now - 8000 }),
    ]);
    const { live, told, clock } = await open({ pollMs: 50 });
    await follow(live, symbol, told);
    await write(store, [snapshotOf(symbol, 7, { eventTimeMs: now }), depthOf(symbol, 8, { eventTimeMs: now + 1 })]);
    await delay(100);
    expect(live.findBook(symbol)?.lastUpdateId).toBe(5001);
    clock.offsetMs = 31_000;
    await until(() => live.findBook(symbol)?.lastUpdateId === 8);
    await write(store, [depthOf(symbol, 9, { eventTimeMs: now + 2 })]);
    await until(() => live.findBook(symbol)?.lastUpdateId === 9);
  });

  it('follows update ids that begin anew below the old ones, and are told by a gap', async () => {
    const symbol = 'BACKUSDT';
    const now = Date.now();
    const old = { eventTimeMs: now - 9000 };
    await write(store, [snapshotOf(symbol, 100, old), depthOf(symbol, 101, old), buildTrade(900, { symbol, ...old })]);
    const { live, told } = await open({});
    await follow(live, symbol, told);
    live.follow(symbol, 'trades', (event) => told.push(event));
    const gap = { symbol, stream: 'book', reason: 'restart', fromUpdateId: 101, toUpdateId: 7, detail: '' } as const;
    await write(
      store,
      [snapshotOf(symbol, 7), ...Array.from({ length: 120 }, (_, at) => depthOf(symbol, 8 + at)), trade(symbol, 3)],
      [{ ...gap, openedAtMs: now - 5000, closedAtMs: now }],
    );
    await until(() => live.findBook(symbol)?.lastUpdateId === 127);
    expect(told.filter(({ kind }) => kind === 'diff')).toEqual([]);
    await write(store, [depthOf(symbol, 128), trade(symbol, 4)]);
    await until(() => live.findBook(symbol)?.lastUpdateId === 128);
    await until(() => told.some((event) => event.kind === 'trade' && event.tradeId === 4));
    expect(live.findBook(symbol)?.state).toBe('live');
  });

  it('forgets a symbol some time after the last who followed it', async () => {
    const symbol = 'GONEUSDT';
    await write(store, [snapshotOf(symbol, 10)]);
    const { live, clock } = await open({ pollMs: 20 });
    await live.openBook(symbol);
    const stop = live.follow(symbol, 'trades', () => undefined);
    clock.offsetMs = 31_000;
    await delay(100);
    expect(live.findBook(symbol)).toBeDefined();
    stop();
    await delay(100);
    expect(live.findBook(symbol)).toBeDefined();
    clock.offsetMs = 62_000;
    await until(() => live.findBook(symbol) === undefined);
  });

  it('says that the store is away, fails what is asked, and goes on where it was', async () => {
    const symbol = 'AWAYUSDT';
    await write(store, [snapshotOf(symbol, 10)]);
    const { live, told, health, outage } = await open({ pollMs: 20 });
    await follow(live, symbol, told);
    outage.on = true;
    await until(async () => !(await health()).ok);
    await write(store, [depthOf(symbol, 11), trade(symbol, 1)]);
    await expect(live.openBook('HOLEUSDT')).rejects.toBeInstanceOf(RetryableError);
    expect((await live.openBook(symbol)).lastUpdateId).toBe(10);
    outage.on = false;
    await until(() => told.some(({ kind }) => kind === 'diff'));
    await until(async () => (await health()).ok);
    expect((await live.openBook('HOLEUSDT')).state).toBe('live');
  });
});

async function follow(live: LiveMarket, symbol: string, told: LiveEvent[]) {
  live.follow(symbol, 'book', (event) => told.push(event));
  return live.openBook(symbol);
}

async function open(parts: { pollMs?: number; listen?: Relational['listen'] }) {
  const { relational } = store;
  const clock = { offsetMs: 0 };
  const statements = { count: 0, rows: 0 };
  const outage = { on: false };
  const checked: Relational = {
    query: relational.query,
    listen: parts.listen ?? relational.listen,
    transaction: (work) => {
      if (outage.on) return Promise.reject(new RetryableError('the store is away'));
      return relational.transaction((tx) =>
        work({
          ...tx,
          query: <R extends object>(text: string, values?: readonly unknown[]) => {
            statements.count++;
            const rows = tx.query<R>(text, values);
            void rows.then(({ length }) => {
              statements.rows = Math.max(statements.rows, length);
            });
            return rows;
          },
        }),
      );
    },
  };
  const started = await openLiveMarket({
    relational: checked,
    findPair: testPair,
    clock: () => Date.now() + clock.offsetMs,
    log: pino({ level: 'silent' }),
    pollMs: parts.pollMs ?? 100,
  });
  closers.push(() => started.stop());
  const told: LiveEvent[] = [];
  return {
    live: started.part,
    told,
    clock,
    statements,
    outage,
    health: async () => (await started.health?.()) ?? { ok: true },
  };
}

/** Until nothing more is asked of the store. */
async function untilQuiet(statements: { readonly count: number }): Promise<void> {
  for (let before = -1; before !== statements.count; await delay(250)) before = statements.count;
}

async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 90_000; !(await isTrue()); await delay(5)) {
    if (Date.now() > end) throw new Error(`waited too long for ${isTrue}`);
  }
}

function depthOf(symbol: string, updateId: number, parts: Partial<MarketRecord> = {}): MarketRecord {
  return buildDepth(updateId, { symbol, eventTimeMs: Date.now(), ...parts });
}

function snapshotOf(symbol: string, updateId: number, parts: Partial<MarketRecord> = {}): MarketRecord {
  return buildSnapshot(updateId, { symbol, eventTimeMs: Date.now(), ...parts });
}

function trade(symbol: string, id: number): MarketRecord {
  return buildTrade(id, { symbol, eventTimeMs: Date.now() });
}
