import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { buildDepth, buildSnapshot, buildTrade } from '../../datasets/market/read-fixtures.ts';
import { createSlots } from '../../runtime/slots.ts';
import { dialogueLimits } from '../../runtime/socket/dialogue.ts';
import { createSendBudget, type Outlet } from '../../runtime/socket/sender.ts';
import { catalogWith, testPair } from '../api-fixture.ts';
import type { CandleFollower } from '../live/candle-feed.ts';
import { bookText, diffText, type Feed, type Follower, type LiveEvent, tradeText } from '../live/events.ts';
import { createLiveBook } from '../live/live-book.ts';
import type { LiveMarket } from '../live/live-market.ts';
import type { ResumedDiffs } from '../live/resume.ts';
import { createSession } from './session.ts';

const symbol = 'TEST0USDT';
const limits = { bufferBytesMax: 2_000, resumeBytes: 500, slowMs: 1_000 };

describe(createSession, () => {
  it('acknowledges by id, then sends the whole book and each diff, all counted', () => {
    const { say, market, sent } = openSession();
    market.load(10);
    say({ op: 'subscribe', id: 'a', channel: 'book', symbols: ['test0usdt'] });
    market.diff(11);
    market.diff(12);
    say({ op: 'unsubscribe', id: 7, channel: 'book', symbols: [symbol] });
    market.diff(13);
    expect(sent()).toMatchObject([
      { seq: 1, type: 'subscribed', id: 'a', channel: 'book', symbols: [symbol] },
      { seq: 2, type: 'snapshot', channelSeq: 1, symbol, reason: 'subscribed', lastUpdateId: 10, state: 'live' },
      { seq: 3, type: 'diff', channelSeq: 2, firstUpdateId: 11, lastUpdateId: 11, previousUpdateId: 10 },
      { seq: 4, type: 'diff', channelSeq: 3, lastUpdateId: 12, previousUpdateId: 11 },
      { seq: 5, type: 'unsubscribed', id: 7 },
    ]);
    expect(market.followers()).toBe(0);
  });

  it('says that there is no book yet, and sends it once there is', () => {
    const { say, market, sent } = openSession();
    market.load(undefined);
    say({ op: 'subscribe', channel: 'book', symbols: [symbol] });
    expect(sent().at(-1)).toMatchObject({ type: 'waiting', symbol });
    market.load(10);
    expect(sent().at(-1)).toMatchObject({ type: 'snapshot', lastUpdateId: 10 });
  });

  it('sends a whole book again when it is replaced, or asked for again', () => {
    const { say, market, sent } = openSession();
    market.load(10);
    say({ op: 'subscribe', channel: 'book', symbols: [symbol] });
    market.load(20);
    expect(sent().at(-1)).toMatchObject({ type: 'snapshot', reason: 'replaced', lastUpdateId: 20, channelSeq: 2 });
    say({ op: 'subscribe', channel: 'book', symbols: [symbol] });
    expect(sent().at(-1)).toMatchObject({ type: 'snapshot', reason: 'subscribed', channelSeq: 3 });
  });

  it('resets the book of a client that does not read, never leaving a diff out in silence', () => {
    const { say, market, sent, outlet } = openSession();
    market.load(10);
    say({ op: 'subscribe', channel: 'book', symbols: [symbol] });
    outlet.isStalled = true;
    for (let id = 11; id <= 200; id++) market.diff(id);
    const stalled = sent();
    expect(stalled.at(-1)).toMatchObject({ type: 'reset', reason: 'slow', lastUpdateId: stalled.at(-2)?.lastUpdateId });
    expect(outlet.bufferedAmount).toBeLessThan(limits.bufferBytesMax + 1_000);
    outlet.drain();
    market.diff(201);
    const after = sent().slice(stalled.length);
    expect(after).toMatchObject([
      { type: 'snapshot', reason: 'reset', lastUpdateId: 200 },
      { type: 'diff', lastUpdateId: 201, previousUpdateId: 200 },
    ]);
    expectUnbroken(sent());
  });

  it('counts the trades it drops, and sends of tickers and candles only the last', () => {
    const { say, market, sent, outlet } = openSession();
    for (const channel of ['trades', 'ticker']) say({ op: 'subscribe', channel, symbols: [symbol] });
    say({ op: 'subscribe', channel: 'candles', symbols: [symbol], interval: '1m' });
    outlet.isStalled = true;
    for (let id = 1; id <= 100; id++) {
      market.trade(id);
      market.ticker(id);
      market.candle(Math.ceil(id / 10) * 60_000, id);
    }
    const stalled = sent();
    outlet.drain();
    market.trade(101);
    const told = stalled.filter(({ type }) => type === 'trade').length;
    const after = sent().slice(stalled.length);
    expect(after).toMatchObject([
      { type: 'dropped', channel: 'trades', count: 100 - told, firstTradeId: told + 1, lastTradeId: 100 },
      { type: 'ticker', updateId: 100 },
      { type: 'candle', interval: '1m', n: 90 },
      { type: 'candle', interval: '1m', n: 100 },
      { type: 'trade', tradeId: 101 },
    ]);
    expectUnbroken(sent());
  });

  it('sends whole books one after the other, as the client reads them', () => {
    const { say, market, sent, outlet } = openSession();
    const symbols = Array.from({ length: 20 }, (_, at) => `TEST${at}USDT`);
    for (const each of symbols) market.load(10, each);
    outlet.isStalled = true;
    say({ op: 'subscribe', channel: 'book', symbols });
    expect(outlet.bufferedAmount).toBeLessThan(limits.bufferBytesMax + 1_000);
    const snapshots = () => sent().filter(({ type }) => type === 'snapshot');
    expect(snapshots().length).toBeLessThan(symbols.length);
    for (let round = 0; round < symbols.length; round++) outlet.drain();
    expect(snapshots().map((message) => message.symbol)).toEqual(symbols);
  });

  it('gives up a client that reads nothing for too long, and one that asks without reading', () => {
    const slow = openSession();
    slow.market.load(10);
    slow.say({ op: 'subscribe', channel: 'book', symbols: [symbol] });
    slow.outlet.isStalled = true;
    for (let id = 11; id <= 200; id++) slow.market.diff(id);
    slow.clock.now += limits.slowMs - 1;
    slow.session.check();
    expect(slow.outlet.closed).toBe(undefined);
    slow.clock.now += 1;
    slow.session.check();
    expect(slow.outlet.closed).toMatchObject({ code: 1013 });
    slow.session.stop();
    expect(slow.market.followers()).toBe(0);

    const asking = openSession();
    asking.outlet.isStalled = true;
    const before = asking.sent().length;
    for (let at = 0; at < 40_000 && asking.outlet.closed === undefined; at++) {
      asking.clock.now += 1000;
      asking.say({ op: 'ping', id: 'x'.repeat(64) });
    }
    expect(asking.sent().length).toBeGreaterThan(before);
    expect(asking.outlet.closed).toMatchObject({ code: 1008 });
    asking.session.stop();
  });

  it('answers what it cannot do with an error, by id, and goes on', () => {
    const { session, say, sent } = openSession();
    const cases: readonly [string, string, string | number | null][] = [
      ['{', 'invalid-message', null],
      ['[]', 'invalid-message', null],
      ['null', 'invalid-message', null],
      ['{"id":1}', 'invalid-message', 1],
      ['{"op":"constructor"}', 'invalid-message', null],
      ['{"op":"subscribe","id":2,"channel":"books","symbols":["BTCUSDT"]}', 'invalid-message', 2],
      ['{"op":"subscribe","id":3,"channel":"book","symbols":[]}', 'invalid-message', 3],
      ['{"op":"subscribe","id":4,"channel":"book","symbols":["BTCUSD"]}', 'unknown-symbol', 4],
      ['{"op":"subscribe","id":5,"channel":"candles","symbols":["BTCUSDT"]}', 'invalid-message', 5],
      ['{"op":"subscribe","id":6,"channel":"book","symbols":["BTCUSDT"],"interval":"1m"}', 'invalid-message', 6],
      [
        '{"op":"subscribe","id":"7","channel":"trades","symbols":["BTCUSDT"],"resume":{"BTCUSDT":1}}',
        'invalid-message',
        '7',
      ],
      [
        '{"op":"subscribe","id":8,"channel":"book","symbols":["BTCUSDT"],"resume":{"BTCUSDT":-1}}',
        'invalid-message',
        8,
      ],
      ['{"op":"subscribe","id":{},"channel":"book","symbols":["BTCUSDT"]}', 'invalid-message', null],
      ['{"op":"ping","__proto__":{"id":1}}', 'invalid-message', null],
    ];
    for (const [text, code, id] of cases) {
      session.receive(text);
      expect([text, sent().at(-1)]).toMatchObject([text, { type: 'error', code, id }]);
    }
    expect(sent().find(({ id }) => id === 4)?.near).toContain('BTCUSDT');
    say({ op: 'ping', id: 9 });
    expect(sent().at(-1)).toMatchObject({ type: 'pong', id: 9 });
  });

  it('limits subscriptions, and closes on a flood', () => {
    const { say, sent, session, outlet, clock } = openSession();
    const real = catalogWith([])
      .current()
      .catalog.pairs.map((pair) => pair.symbol);
    for (const channel of ['book', 'trades', 'ticker']) say({ op: 'subscribe', channel, symbols: real });
    for (const interval of ['1s', '1m', '5m', '15m'])
      say({ op: 'subscribe', channel: 'candles', symbols: real, interval });
    expect(sent().at(-1)).toMatchObject({ type: 'error', code: 'too-many-subscriptions' });
    const answered = sent().length;
    clock.now += 60_000;
    for (let at = 0; at < dialogueLimits.messagesAtOnce + dialogueLimits.refusedMax; at++) session.receive('{}');
    expect(sent().slice(answered).at(-1)).toMatchObject({ code: 'too-many-messages' });
    expect(outlet.closed).toBe(undefined);
    clock.now += 1000;
    say({ op: 'ping', id: 'still here' });
    expect(sent().at(-1)).toMatchObject({ type: 'pong' });
    for (let at = 0; at < 2 * dialogueLimits.refusedMax; at++) session.receive('{}');
    expect(outlet.closed).toMatchObject({ code: 1008 });
    session.stop();
  });

  it('goes on from the update a client has, and with a whole book where that cannot be', async () => {
    const { say, market, sent } = openSession();
    market.load(10);
    market.stored = [[11, 12], [13]];
    say({ op: 'subscribe', channel: 'book', symbols: [symbol], resume: { test0usdt: 10 } });
    // While it is read, the book moves on.
    market.diff(11);
    market.diff(12);
    market.diff(13);
    await market.settled();
    market.diff(14);
    const messages = sent().slice(1);
    expect(messages).toMatchObject([
      { type: 'resumed', lastUpdateId: 10 },
      ...[11, 12, 13, 14].map((id) => ({ type: 'diff', lastUpdateId: id, previousUpdateId: id - 1 })),
    ]);
    market.stored = 'not-resumable';
    say({ op: 'subscribe', channel: 'book', symbols: [symbol], resume: { [symbol]: 3 } });
    await market.settled();
    expect(sent().at(-1)).toMatchObject({ type: 'snapshot', reason: 'not-resumable', lastUpdateId: 14 });
  });

  it('ends a resume whose diffs do not lead to the book that is held', async () => {
    for (const isLive of [true, false]) {
      const { say, market, sent } = openSession();
      market.load(20);
      if (!isLive) market.giveUp();
      market.stored = [[11], ...Array.from({ length: 1000 }, () => [])];
      say({ op: 'subscribe', channel: 'book', symbols: [symbol], resume: { [symbol]: 10 } });
      await market.settled();
      const end = [
        { type: 'reset', lastUpdateId: 11 },
        { type: 'snapshot', reason: 'not-resumable' },
      ];
      expect(sent().slice(-2)).toMatchObject(end);
      expect(market.reads.pages).toBeLessThan(5);
    }
  });

  it('resumes one book after the other, and refuses to begin one again that is being resumed', async () => {
    const { say, market, sent, session } = openSession();
    const symbols = Array.from({ length: 20 }, (_, at) => `TEST${at}USDT`);
    for (const each of symbols) market.load(11, each);
    market.stored = [[11]];
    const resume = Object.fromEntries(symbols.map((each) => [each, 10]));
    for (let at = 0; at < 5; at++) say({ op: 'subscribe', id: at, channel: 'book', symbols, resume });
    expect(sent().filter(({ type }) => type === 'error')).toMatchObject(
      [1, 2, 3, 4].map((id) => ({ id, code: 'resume-running' })),
    );
    say({ op: 'unsubscribe', channel: 'book', symbols: ['TEST19USDT'] });
    say({ op: 'subscribe', channel: 'book', symbols: ['TEST18USDT'] });
    await market.settled();
    expect([market.reads.begun, market.reads.most]).toEqual([18, 1]);
    expect(sent().filter(({ type }) => type === 'resumed')).toHaveLength(18);
    session.stop();
  });
});

type Message = Record<string, unknown> & { readonly type: string };

/** No message is missing: neither of the connection nor of any subscription. */
function expectUnbroken(messages: readonly Message[]): void {
  expect(messages.map(({ seq }) => seq)).toEqual(messages.map((_, at) => at + 1));
  const bySubscription = Map.groupBy(
    messages.filter(({ channelSeq }) => channelSeq !== undefined),
    ({ channel, symbol: of, interval }) => `${channel} ${of} ${interval}`,
  );
  for (const own of bySubscription.values())
    expect(own.map(({ channelSeq }) => channelSeq)).toEqual(own.map((_, at) => at + 1));
}

function openSession() {
  const clock = { now: 1_000_000 };
  const market = openMarket();
  const texts: string[] = [];
  const outlet = openOutlet(texts);
  const session = createSession(outlet, {
    live: market.live,
    candles: { follow: market.followCandles, stop: async () => undefined },
    catalog: catalogWith(Array.from({ length: 20 }, (_, at) => testPair(`TEST${at}USDT`))),
    clock: () => clock.now,
    log: pino({ level: 'silent' }),
    limits,
    budget: createSendBudget(500),
    count: { subscriptions: 0 },
    resumes: createSlots({ max: 4 }),
  });
  return {
    session,
    say: (message: object) => session.receive(JSON.stringify(message)),
    market,
    outlet,
    clock,
    sent: () => texts.map((text): Message => JSON.parse(text)),
  };
}

/** A socket whose other end reads everything at once, or nothing while it is stalled. */
function openOutlet(texts: string[]) {
  const written: (() => void)[] = [];
  const outlet = {
    isStalled: false,
    bufferedAmount: 0,
    closed: undefined as { code: number; reason: string } | undefined,
    send: (text: string, onWritten: (error?: Error) => void) => {
      texts.push(text);
      if (!outlet.isStalled) return onWritten();
      outlet.bufferedAmount += text.length;
      written.push(() => onWritten());
    },
    close: (code: number, reason: string) => {
      outlet.closed ??= { code, reason };
    },
    terminate: () => undefined,
    /** What waits by now is read. */
    drain: () => {
      outlet.bufferedAmount = 0;
      for (const each of written.splice(0)) each();
    },
  };
  return outlet satisfies Outlet;
}

/** A market that does what the test says. */
function openMarket() {
  const books = new Map<string, ReturnType<typeof createLiveBook>>();
  const followers = new Map<string, Set<Follower>>();
  const candles = new Set<CandleFollower>();
  let gaps = 0;
  const setOf = (of: string, feed: Feed) => {
    const key = `${of} ${feed}`;
    const set = followers.get(key) ?? new Set();
    followers.set(key, set);
    return set;
  };
  const emit = (feed: Feed, event: LiveEvent, of = symbol) => {
    for (const follower of setOf(of, feed)) follower(event);
  };
  const market = {
    reads: { begun: 0, most: 0, running: 0, pages: 0 },
    stored: [] as readonly (readonly number[])[] | 'not-resumable',
    followers: () => [...followers.values()].reduce((sum, set) => sum + set.size, 0) + candles.size + gaps,
    /** Another book; undefined: none yet. */
    load: (updateId: number | undefined, of = symbol) => {
      const book = createLiveBook({ symbol: of });
      if (updateId !== undefined) book.takeRecords([buildSnapshot(updateId, { symbol: of })], true);
      books.set(of, book);
      emit('book', { kind: 'book' }, of);
    },
    giveUp: () => books.get(symbol)?.giveUp('not stored'),
    diff: (updateId: number) => {
      for (const event of books.get(symbol)?.takeRecords([buildDepth(updateId, { symbol })], true) ?? [])
        if (event.kind === 'diff')
          emit('book', { kind: 'diff', lastUpdateId: updateId, text: diffText(event.record, event.previousUpdateId) });
    },
    trade: (id: number) => emit('trades', { kind: 'trade', tradeId: id, text: tradeText(buildTrade(id)) }),
    ticker: (id: number) => emit('ticker', { kind: 'ticker', text: `"updateId":${id}` }),
    candle: (timeMs: number, n: number) => {
      for (const follower of candles) follower({ symbol, timeMs, text: `"time":${timeMs},"n":${n}` });
    },
    followCandles: (_symbol: string, _interval: string, follower: CandleFollower) => {
      candles.add(follower);
      return () => candles.delete(follower);
    },
    /** What reads here has read to its end: in turns, not in time, which a busy machine has less of. */
    settled: async () => {
      for (let turn = 0; turn < 500; turn++) await new Promise((resolve) => setImmediate(resolve));
    },
    live: {
      follow: (of, feed, follower) => {
        setOf(of, feed).add(follower);
        return () => setOf(of, feed).delete(follower);
      },
      followGaps: () => {
        gaps += 1;
        return () => {
          gaps -= 1;
        };
      },
      findBook: (of) => books.get(of),
      bookText: (of) => {
        const book = books.get(of);
        if (book === undefined) throw new Error('no book');
        return bookText(book);
      },
      openBook: async (of) => books.get(of) ?? createLiveBook({ symbol: of }),
      readDiffs: async function* (): AsyncGenerator<ResumedDiffs> {
        if (market.stored === 'not-resumable') {
          yield 'not-resumable' as const;
          return;
        }
        const { reads } = market;
        reads.begun += 1;
        reads.running += 1;
        reads.most = Math.max(reads.most, reads.running);
        try {
          for (const ids of market.stored) {
            reads.pages += 1;
            await new Promise((resolve) => setImmediate(resolve));
            yield ids.map((id) => ({ lastUpdateId: id, text: diffText(buildDepth(id), id - 1) }));
          }
        } finally {
          reads.running -= 1;
        }
      },
    } satisfies LiveMarket,
  };
  return market;
}
