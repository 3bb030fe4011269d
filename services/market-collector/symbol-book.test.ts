import { describe, expect, test } from 'vitest';
import { seededRandom } from '../testing/seeded-random.ts';
import type { BookTicker, DepthDiff, DepthSnapshot, Market } from './binance/messages.ts';
import { createSymbolBook, type Outcome } from './symbol-book.ts';
import { createExchangeSymbol } from './symbol-book-fixtures.ts';

const markets = ['spot', 'usdm', 'coinm'] as const;

describe(createSymbolBook, () => {
  test('asks for a snapshot once, at the connection or at the first diff', () => {
    const { book } = openBook('spot');
    expect(book.onConnect()).toEqual([{ kind: 'wantsSnapshot', why: 'start' }]);
    expect(book.onConnect()).toEqual([]);
    expect(book.onDiff(diffOf(11, 12), 0)).toEqual([]);
    const { book: other } = openBook('spot');
    expect(kinds(other.onDiff(diffOf(11, 12), 0))).toEqual(['wantsSnapshot start']);
    expect(book.state).toBe('waiting');
  });

  test('joins the snapshot with the diffs that were kept, and tells the best after each', () => {
    const { book } = openBook('spot');
    book.onDiff(diffOf(10, 12, [['97', '9']]), 1);
    book.onDiff(diffOf(13, 14, [['99', '0']]), 2);
    book.onDiff(diffOf(15, 16, [['98.5', '3']]), 3);
    const snapshot = snapshotOf(
      13,
      [
        ['99', '1'],
        ['98', '2'],
      ],
      [['100', '1']],
    );
    const outcomes = book.onSnapshot(snapshot, 9);
    expect(kinds(outcomes)).toEqual(['joined 13', 'dropped old', 'applied 14', 'applied 16']);
    expect(outcomes).toMatchObject([
      { snapshot, receivedAtMs: 9, top: { bid: '99', bidSize: '1', ask: '100', askSize: '1' } },
      {},
      { receivedAtMs: 2, top: { bid: '98', bidSize: '2' } },
      { receivedAtMs: 3, top: { bid: '98.5', bidSize: '3' } },
    ]);
    expect(book).toMatchObject({ state: 'live', lastUpdateId: 16, gap: undefined });
  });

  test('keeps the diffs when a snapshot is older than them, and asks again', () => {
    const { book } = openBook('spot');
    book.onDiff(diffOf(20, 21), 0);
    const stale = snapshotOf(18, [], []);
    for (let at = 0; at < 3; at++) expect(kinds(book.onSnapshot(stale, 0))).toEqual(['wantsSnapshot stale']);
    book.onDiff(diffOf(22, 25), 0);
    expect(kinds(book.onSnapshot(snapshotOf(22, [], []), 0))).toEqual(['joined 22', 'dropped old', 'applied 25']);
  });

  test('asks again when the snapshot is no book', () => {
    const { book } = openBook('spot');
    book.onConnect();
    const tooBig = { ...snapshotOf(18, [], []), bids: '[["1","99999999999999999"]]' };
    expect(book.onSnapshot(tooBig, 0)).toEqual([{ kind: 'wantsSnapshot', why: 'failed' }]);
  });

  test('joins a snapshot of futures whose id is between two diffs', () => {
    const { book } = openBook('usdm');
    book.onDiff(diffOf(10, 20, [], [], 5), 0);
    book.onDiff(diffOf(40, 50, [['98', '1']], [], 20), 0);
    expect(kinds(book.onSnapshot(snapshotOf(30, [], [['100', '1']]), 0))).toEqual([
      'joined 30',
      'dropped old',
      'applied 50',
    ]);
  });

  test('is live on a snapshot that is newer than all diffs, and takes the diff that goes beyond it', () => {
    const { book } = openBook('spot');
    book.onDiff(diffOf(10, 12), 0);
    expect(kinds(book.onSnapshot(snapshotOf(15, [], []), 0))).toEqual(['joined 15', 'dropped old']);
    expect(kinds(book.onDiff(diffOf(13, 14), 0))).toEqual(['dropped old']);
    expect(kinds(book.onDiff(diffOf(15, 17), 0))).toEqual(['applied 17']);
  });

  test('drops what another socket brings again', () => {
    const { book } = liveBook('usdm');
    for (const diff of [diffOf(13, 15, [], [], 12), diffOf(16, 18, [], [], 15)])
      expect(kinds(book.onDiff(diff, 0))).toHaveLength(1);
    expect(kinds(book.onDiff(diffOf(13, 15, [], [], 12), 0))).toEqual(['dropped duplicate']);
    expect(kinds(book.onDiff(diffOf(19, 20, [], [], 18), 0))).toEqual(['applied 20']);
    expect(kinds(book.onDiff(diffOf(16, 18, [], [], 15), 0))).toEqual(['dropped duplicate']);
    expect(book.gap).toBeUndefined();
  });

  test.each(markets)('opens a gap when a diff of %s is missing, and closes it with the next snapshot', (market) => {
    const { book, clock } = liveBook(market);
    clock.nowMs = 5000;
    const opened = book.onDiff({ ...diffOf(15, 16, [], [], 14), eventTimeMs: 6000 }, 0);
    const gap = { symbol: 'X', stream: 'book', reason: 'sequence', fromUpdateId: 12, openedAtMs: 0 };
    expect(opened).toMatchObject([
      { kind: 'opened', gap: { ...gap, toUpdateId: null, closedAtMs: null, detail: 'update 16 continues 14, not 12' } },
      { kind: 'wantsSnapshot', why: 'gap' },
    ]);
    expect(book).toMatchObject({ state: 'waiting', lastUpdateId: 12 });
    expect(book.book.levelCount).toBe(0);
    clock.nowMs = 7000;
    expect(book.onSnapshot(snapshotOf(15, [], []), 0)).toMatchObject([
      { kind: 'joined' },
      { kind: 'closed', gap: { ...gap, toUpdateId: 15, closedAtMs: 6000 } },
      { kind: 'applied', diff: { lastUpdateId: 16 } },
    ]);
    expect(book.gap).toBeUndefined();
  });

  test('writes one gap, however many things go wrong within it', () => {
    const { book } = liveBook('spot');
    const outcomes = [
      ...book.onDisconnect('socket closed'),
      ...book.onDisconnect('socket closed'),
      ...book.onConnect(),
      ...book.onGarbage('no JSON'),
      ...book.onDiff(diffOf(30, 31), 0),
      ...book.onDiff(diffOf(40, 41), 0),
    ];
    expect(kinds(outcomes)).toEqual(['opened disconnect', 'wantsSnapshot gap', 'dropped old']);
    expect(kinds(book.onSnapshot(snapshotOf(40, [], []), 0))).toEqual(['joined 40', 'closed disconnect', 'applied 41']);
  });

  test('opens a gap for a diff with levels that cannot be read, and changes nothing with it', () => {
    const { book } = liveBook('spot');
    const bad = { ...diffOf(13, 14, [['99', '7']]), asks: '[["1"]]' };
    expect(kinds(book.onDiff(bad, 0))).toEqual(['opened garbage', 'wantsSnapshot gap']);
    expect(kinds(book.onDiff(diffOf(15, 16), 0))).toEqual([]);
    expect(kinds(book.onSnapshot(snapshotOf(13, [], []), 0))).toEqual(['wantsSnapshot stale']);
    expect(kinds(book.onSnapshot(snapshotOf(14, [], []), 0))).toEqual(['joined 14', 'closed garbage', 'applied 16']);
  });

  test('finds ids that begin anew', () => {
    const { book } = liveBook('spot');
    book.onDiff({ ...diffOf(13, 14), eventTimeMs: 1000 }, 0);
    expect(kinds(book.onDiff({ ...diffOf(2, 3), eventTimeMs: 20_000 }, 0))).toEqual([
      'opened sequence',
      'wantsSnapshot gap',
    ]);
    expect(kinds(book.onSnapshot(snapshotOf(2, [], []), 0))).toEqual(['joined 2', 'closed sequence', 'applied 3']);
  });

  test('compares with the ticker of ids that began anew', () => {
    const { book } = liveBook('spot');
    book.onTicker(tickerOf(12, '99', '1'));
    book.onDiff({ ...diffOf(13, 14), eventTimeMs: 1000 }, 0);
    book.onDiff({ ...diffOf(2, 3), eventTimeMs: 20_000 }, 0);
    book.onSnapshot(snapshotOf(3, [['99', '1']], [['100', '1']]), 0);
    book.onTicker(tickerOf(4, '99', '2'));
    expect(kinds(book.onDiff(diffOf(4, 5), 0))).toEqual(['applied 5']);
    expect(kinds(book.onTicker(tickerOf(6, '99', '3')))).toEqual(['opened ticker', 'wantsSnapshot gap']);
  });

  test('bounds what it keeps, and says that it lost some', () => {
    const { book } = openBook('spot', 1000);
    const outcomes = Array.from({ length: 10 }, (_, at) => book.onDiff(diffOf(at + 1, at + 1), 0)).flat();
    expect(kinds(outcomes)).toContain('opened overflow');
    expect(kinds(outcomes)).toContain('dropped overflow');
    expect(book.bufferedBytes).toBeLessThanOrEqual(1000);
    expect(kinds(book.onSnapshot(snapshotOf(2, [], []), 0))).toEqual(['wantsSnapshot stale']);
    expect(kinds(book.onSnapshot(snapshotOf(10, [], []), 0))).toContain('closed overflow');
  });

  test('asks for a deeper snapshot when few known levels are left, and goes on with the book meanwhile', () => {
    const { book } = openBook('spot');
    const bids = Array.from({ length: 10 }, (_, at) => [`${99 - at}`, '1'] as const);
    book.onConnect();
    book.onSnapshot(snapshotOf(12, bids, [['100', '1']], 10), 0);
    expect(book.book.bidFloor).toBe('90');
    const gone = (from: number, to: number) => bids.slice(from, to).map(([price]) => [price, '0'] as const);
    expect(kinds(book.onDiff(diffOf(13, 13, gone(0, 8)), 0))).toEqual(['applied 13']);
    expect(kinds(book.onDiff(diffOf(14, 14, gone(8, 9)), 0))).toEqual(['applied 14', 'wantsSnapshot deepen']);
    expect(kinds(book.onDiff(diffOf(15, 15, [['89', '4']]), 0))).toEqual(['applied 15']);
    expect(kinds(book.onDiff(diffOf(16, 16, [['88', '5']]), 0))).toEqual(['applied 16']);
    // It is of before update 16, which is put on it again.
    const outcomes = book.onSnapshot(
      snapshotOf(
        15,
        [
          ['90', '1'],
          ['89', '4'],
          ['80', '1'],
        ],
        [['100', '1']],
        3,
      ),
      0,
    );
    expect(kinds(outcomes)).toEqual(['joined 15']);
    expect(book.book.levels('bid').map(([price]) => price)).toEqual(['90', '89', '88', '80']);
    expect(book).toMatchObject({ lastUpdateId: 16, gap: undefined });
    expect(book.book.bidFloor).toBe('80');
  });

  test('lets a deeper snapshot that is ahead wait for its diff', () => {
    const { book } = liveBook(
      'spot',
      [
        ['99', '1'],
        ['98', '1'],
      ],
      2,
    );
    expect(
      kinds(
        book.onDiff(
          diffOf(13, 13, [
            ['99', '0'],
            ['98', '0'],
          ]),
          0,
        ),
      ),
    ).toEqual(['applied 13', 'wantsSnapshot deepen']);
    expect(book.book.best().bid).toBeNull();
    expect(book.onSnapshot(snapshotOf(15, [['97', '1']], [['100', '1']], 2), 0)).toEqual([]);
    expect(kinds(book.onDiff(diffOf(14, 14), 0))).toEqual(['applied 14']);
    expect(kinds(book.onDiff(diffOf(15, 16, [['97', '2']]), 0))).toEqual(['applied 16', 'joined 15']);
    expect(book.book.best()).toMatchObject({ bid: '97', bidSize: '2' });
  });

  test('doubts a crossed book until a snapshot is put under it', () => {
    const { book } = liveBook('spot', [['99', '1']]);
    expect(kinds(book.onDiff(diffOf(13, 13, [['101', '1']]), 0))).toEqual([
      'applied 13',
      'opened crossed',
      'wantsSnapshot gap',
    ]);
    expect(book).toMatchObject({ state: 'live', gap: { reason: 'crossed', fromUpdateId: 12 } });
    expect(kinds(book.onDiff(diffOf(14, 14), 0))).toEqual(['applied 14']);
    expect(kinds(book.onSnapshot(snapshotOf(12, [], []), 0))).toEqual(['wantsSnapshot stale']);
    const outcomes = book.onSnapshot(snapshotOf(14, [['99', '2']], [['100', '1']]), 0);
    expect(kinds(outcomes)).toEqual(['joined 14', 'closed crossed']);
    expect(book.book.best()).toEqual({ bid: '99', bidSize: '2', ask: '100', askSize: '1' });
  });

  test('begins anew when a snapshot and the diffs since it do not fit into one book', () => {
    const { book } = liveBook('spot', [['99', '1']]);
    book.onDiff(diffOf(13, 13, [['101', '1']]), 0);
    book.onDiff(diffOf(14, 14, [['98', '9007199254740991']]), 0);
    const outcomes = book.onSnapshot(snapshotOf(13, [['97', '0.5']], [['100', '1']]), 0);
    expect(kinds(outcomes)).toEqual(['wantsSnapshot gap']);
    expect(book).toMatchObject({ state: 'waiting', gap: { reason: 'crossed' } });
  });

  test('doubts a book that is not what the ticker says', () => {
    const { book } = liveBook('spot', [['99', '1']]);
    book.onTicker(tickerOf(12, '99', '1'));
    expect(kinds(book.onDiff(diffOf(13, 13, [['98', '1']]), 0))).toEqual(['applied 13']);
    expect(book.onTicker(tickerOf(14, '99', '2'))).toEqual([]);
    expect(book.auditedCount).toBe(1);
    expect(kinds(book.onDiff(diffOf(14, 15, [['99', '3']]), 0))).toEqual(['applied 15']);
    const outcomes = book.onTicker(tickerOf(16, '99', '4'));
    expect(kinds(outcomes)).toEqual(['opened ticker', 'wantsSnapshot gap']);
    expect(book.gap).toMatchObject({
      fromUpdateId: 13,
      detail: 'at update 15 the best of the book is 3 @ 99 | 1 @ 100, but ticker 14 says 2 @ 99 | 1 @ 100',
    });
    expect(kinds(book.onSnapshot(snapshotOf(15, [['99', '2']], [['100', '1']]), 0))).toEqual([
      'joined 15',
      'closed ticker',
    ]);
  });

  test('trusts a doubted book again when the ticker has confirmed it three times', () => {
    const { book } = liveBook('spot', [['99', '1']]);
    book.onTicker(tickerOf(12, '99', '5'));
    book.onDiff(diffOf(13, 13), 0);
    expect(kinds(book.onTicker(tickerOf(14, '99', '2')))).toEqual(['opened ticker', 'wantsSnapshot gap']);
    const outcomes = [14, 15, 16].map((id) => [
      ...book.onDiff(diffOf(id, id, [['99', `${id - 12}`]]), 0),
      ...book.onTicker(tickerOf(id + 1, '99', `${id - 11}`)),
    ]);
    expect(outcomes.map(kinds)).toEqual([['applied 14'], ['applied 15'], ['applied 16', 'closed ticker']]);
    // The snapshot that was asked for is too old by now, and no longer needed.
    expect(book.onSnapshot(snapshotOf(12, [], []), 0)).toEqual([]);
    expect(book.book.best()).toMatchObject({ bid: '99', bidSize: '4' });
  });

  test('asks with the haste of a lost book when it is lost while it was to be deepened', () => {
    const { book } = liveBook('spot', [['99', '1']], 1);
    expect(kinds(book.onDiff(diffOf(13, 13, [['99', '0']]), 0))).toEqual(['applied 13', 'wantsSnapshot deepen']);
    expect(kinds(book.onDiff(diffOf(15, 15), 0))).toEqual(['opened sequence', 'wantsSnapshot gap']);
    expect(kinds(book.onDiff(diffOf(17, 17), 0))).toEqual(['dropped old']);
  });

  test('asks for nothing while the stream is lost, takes no snapshot, and asks once when it is back', () => {
    const { book } = liveBook('spot');
    expect(kinds(book.onDisconnect('closed'))).toEqual(['opened disconnect']);
    expect(book.onDiff(diffOf(13, 13), 0)).toEqual([]);
    expect(book.onSnapshot(snapshotOf(20, [], []), 0)).toEqual([]);
    expect(book.state).toBe('waiting');
    expect(kinds([...book.onConnect(), ...book.onConnect(), ...book.onDiff(diffOf(14, 14), 0)])).toEqual([
      'wantsSnapshot gap',
    ]);
  });

  test('loses a book whose stream has died while its ticker goes on, and asks for a snapshot once it is back', () => {
    const { book, clock } = liveBook('spot', [['99', '1']]);
    book.onDiff({ ...diffOf(13, 13), eventTimeMs: 700 }, 0);
    const outcomes: Outcome[] = [];
    let id = 14;
    const wait = (durationMs: number) => {
      for (const untilMs = clock.nowMs + durationMs; clock.nowMs < untilMs; clock.nowMs += 250)
        outcomes.push(...book.onTicker(tickerOf(id++, '98', '1')), ...book.tick());
    };
    wait(5_000);
    expect(book.state).toBe('live');
    wait(1_000);
    expect(kinds(outcomes)).toEqual(['opened disconnect', 'stalled']);
    expect(book).toMatchObject({ state: 'waiting', gap: { fromUpdateId: 13, openedAtMs: 700 } });
    // What was asked for before is of no use: nothing would go on with it.
    expect(book.onSnapshot(snapshotOf(30, [], []), 0)).toEqual([]);
    outcomes.length = 0;
    wait(61_000);
    expect(kinds(outcomes)).toEqual(['stalled', 'stalled']);
    expect(kinds(book.onDiff(diffOf(400, 401), 0))).toEqual(['wantsSnapshot gap']);
    expect(kinds(book.onSnapshot(snapshotOf(400, [], []), 0))).toEqual([
      'joined 400',
      'closed disconnect',
      'applied 401',
    ]);
  });

  test('waits for a stream that is late, and for one of a book that has the best of the ticker', () => {
    const { book, clock } = liveBook('spot', [['99', '1']]);
    const outcomes: Outcome[] = [];
    for (let at = 0; at < 100; at++, clock.nowMs += 250) {
      // Each update comes 4 s after its ticker, at the latest.
      if (at < 50) outcomes.push(...book.onTicker(tickerOf(20 + at, '98', '1')));
      else outcomes.push(...book.onTicker(tickerOf(20 + at, '99', '1')));
      if (at < 50 && at % 16 === 15) outcomes.push(...book.onDiff(diffOf(13, 20 + at), 0));
      outcomes.push(...book.tick());
    }
    expect(kinds(outcomes).filter((kind) => kind.startsWith('opened') || kind === 'stalled')).toEqual([
      'opened ticker',
    ]);
  });

  test('does not take its own sleep for that of the stream', () => {
    const { book, clock } = liveBook('spot', [['99', '1']]);
    book.onTicker(tickerOf(14, '98', '1'));
    book.tick();
    clock.nowMs += 60_000;
    expect(book.tick()).toEqual([]);
  });

  test('tells when a gap was by the clock of the exchange', () => {
    const { book, clock } = openBook('spot');
    clock.nowMs = 999_999;
    const at = (first: number, last: number, eventTimeMs: number) => ({ ...diffOf(first, last), eventTimeMs });
    for (const [id, ms] of [
      [10, 1000],
      [11, 1100],
      [12, 1200],
    ] as const)
      book.onDiff(at(id, id, ms), 0);
    expect(book.onSnapshot(snapshotOf(11, [], []), 0)).toMatchObject([
      { kind: 'joined', eventTimeMs: 1100 },
      {},
      {},
      {},
    ]);
    expect(book.eventTimeMs).toBe(1200);
    expect(book.onDiff(at(15, 15, 1900), 0)).toMatchObject([{ gap: { fromUpdateId: 12, openedAtMs: 1200 } }, {}]);
    book.onDiff(at(16, 16, 2000), 0);
    expect(book.onSnapshot(snapshotOf(15, [], []), 0)).toMatchObject([
      { eventTimeMs: 1900 },
      { kind: 'closed', gap: { openedAtMs: 1200, toUpdateId: 15, closedAtMs: 1900 } },
      {},
      {},
    ]);
    // Lost twice with nothing in between: two gaps.
    book.onDisconnect('closed');
    book.onConnect();
    expect(book.onSnapshot(snapshotOf(16, [], []), 0)).toMatchObject([{ eventTimeMs: 2000 }, {}]);
    expect(book.onDisconnect('closed')).toMatchObject([{ gap: { fromUpdateId: 16, openedAtMs: 2001 } }]);
  });

  test('tells since when a doubted book was not known to be right', () => {
    const { book } = liveBook('spot', [['99', '1']]);
    const at = (id: number, bid: string, size: string) => ({ ...diffOf(id, id, [[bid, size]]), eventTimeMs: id * 100 });
    book.onTicker(tickerOf(12, '99', '1'));
    for (const id of [13, 14, 15]) {
      book.onDiff(at(id, '99', String(id)), 0);
      book.onTicker(tickerOf(id, '99', id === 15 ? '7' : String(id)));
    }
    expect(book.onTicker(tickerOf(16, '99', '8'))).toMatchObject([
      { kind: 'opened', gap: { fromUpdateId: 14, openedAtMs: 1400 } },
      {},
    ]);
    for (const id of [16, 17, 18, 19]) {
      book.onDiff(at(id, '99', String(id)), 0);
      book.onTicker(tickerOf(id, '99', String(id)));
    }
    expect(book.onTicker(tickerOf(20, '99', '9'))).toMatchObject([
      { kind: 'closed', gap: { openedAtMs: 1400, toUpdateId: 19, closedAtMs: 1900 } },
    ]);
  });

  test.each(markets)('equals the exchange and agrees with its ticker over a long run of %s', (market) => {
    const exchange = createExchangeSymbol(market, seededRandom(7));
    const { book } = openBook(market);
    const outcomes: Outcome[] = [];
    for (let at = 0; at < 500; at++) {
      const { diff, tickers } = exchange.step(1 + (at % 4));
      for (const ticker of tickers) outcomes.push(...book.onTicker(ticker));
      outcomes.push(...book.onDiff(diff, 0));
      if (at === 20) outcomes.push(...book.onSnapshot(exchange.snapshot(exchange.lastId - 3), 0));
      if (at >= 20) expect(levelsOf(book)).toEqual(exchange.truthAt(book.lastUpdateId));
    }
    expect(outcomes.filter(({ kind }) => kind === 'opened')).toEqual([]);
    expect(book.auditedCount).toBeGreaterThan(150);
  });
});

function openBook(market: Market, bufferBytesMax = 1_000_000) {
  const clock = { nowMs: 0 };
  return {
    clock,
    book: createSymbolBook({
      symbol: 'X',
      market,
      bufferBytesMax,
      now: () => clock.nowMs,
      elapsedMs: () => clock.nowMs,
    }),
  };
}

/** After a snapshot at 12 and, on futures, a diff that ends there. */
function liveBook(market: Market, bids: readonly Level[] = [], limit = 1000) {
  const opened = openBook(market);
  opened.book.onConnect();
  opened.book.onSnapshot(snapshotOf(12, bids, [['100', '1']], limit), 0);
  if (market !== 'spot') opened.book.onDiff(diffOf(11, 12, [], [], 10), 0);
  return opened;
}

type Level = readonly [price: string, size: string];

function diffOf(
  firstUpdateId: number,
  lastUpdateId: number,
  bids: readonly Level[] = [],
  asks: readonly Level[] = [],
  previousUpdateId?: number,
): DepthDiff {
  const sides = { bids: JSON.stringify(bids), asks: JSON.stringify(asks) };
  return { kind: 'depth', symbol: 'X', firstUpdateId, lastUpdateId, previousUpdateId, eventTimeMs: 0, ...sides };
}

function snapshotOf(lastUpdateId: number, bids: readonly Level[], asks: readonly Level[], limit = 1000): DepthSnapshot {
  return { lastUpdateId, eventTimeMs: undefined, bids: JSON.stringify(bids), asks: JSON.stringify(asks), limit };
}

function tickerOf(updateId: number, bid: string, bidSize: string): BookTicker {
  return { kind: 'ticker', symbol: 'X', updateId, eventTimeMs: undefined, bid, bidSize, ask: '100', askSize: '1' };
}

function levelsOf({ book }: ReturnType<typeof createSymbolBook>) {
  return { bids: book.levelsText('bid'), asks: book.levelsText('ask') };
}

function kinds(outcomes: readonly Outcome[]): string[] {
  return outcomes.map((outcome) => {
    switch (outcome.kind) {
      case 'applied':
        return `applied ${outcome.diff.lastUpdateId}`;
      case 'joined':
        return `joined ${outcome.snapshot.lastUpdateId}`;
      case 'opened':
      case 'closed':
        return `${outcome.kind} ${outcome.gap.reason}`;
      case 'stalled':
        return outcome.kind;
      default:
        return `${outcome.kind} ${outcome.why}`;
    }
  });
}
