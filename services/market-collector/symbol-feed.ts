import type { Bar } from '../datasets/market/bar.ts';
import type { BookTop } from '../datasets/market/order-book.ts';
import type { Gap, MarketRecord, RecordKind } from '../datasets/market/record.ts';
import type { BookPlace } from '../datasets/market/write-batch.ts';
import { createBarBuilder } from './bar-builder.ts';
import type { StreamKind } from './binance/markets.ts';
import type { BookTicker, DepthSnapshot, Market, MarketMessage, Trade } from './binance/messages.ts';
import { knownRangeOf } from './binance/parse-snapshot.ts';
import { createConsolidator } from './consolidate.ts';
import { createSymbolBook, type Outcome, type SnapshotReason } from './symbol-book.ts';
import { createStreamLoss } from './symbol-feed-loss.ts';

/** Where what is learnt of a symbol goes. Nothing here may throw. */
export interface SymbolSinks {
  record(record: MarketRecord): void;
  gap(gap: Gap): void;
  bars(bars: readonly Bar[]): void;
  /** Only while the symbol is connected. */
  wantSnapshot(why: SnapshotReason): void;
  /** The symbol wants no snapshot any more. */
  cancelSnapshot(): void;
  /** The symbol's depth stream has died while others go on. Said again from time to time until it is back. */
  onStreamStalled(): void;
  dropped(kind: 'duplicate' | 'old' | 'overflow'): void;
  joined(): void;
}

export interface SymbolFeedOptions {
  readonly symbol: string;
  readonly market: Market;
  /** What is held of the symbol from an earlier run: what came between is a gap. */
  readonly heldTo: BookPlace | undefined;
  readonly recordIntervalMs: number;
  readonly checkpointIntervalMs: number;
  readonly bufferBytesMax: number;
  readonly sinks: SymbolSinks;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Milliseconds that only go forward, for how long something lasts. */
  readonly elapsedMs?: () => number;
}

/** One symbol from its messages to its records and bars. */
export interface SymbolFeed {
  /** These streams of the symbol deliver again, or for the first time. */
  onHealed(kinds: readonly StreamKind[]): void;
  /** Of these streams something will be missed from now on. */
  onBroken(kinds: readonly StreamKind[], detail: string): void;
  onMessage(message: MarketMessage, receivedAtMs: number): void;
  /** A message that cannot be read; `of` what, if that can be told. */
  onGarbage(of: MarketMessage['kind'] | undefined, reason: string): void;
  onSnapshot(snapshot: DepthSnapshot, receivedAtMs: number): void;
  /** The whole book is written down at the next tick at which it is sound. */
  wantCheckpoint(): void;
  /** Several times a second: what is held back by time goes on. */
  tick(): void;
  /** Hands on all that is held back. */
  close(): void;
  report(): SymbolReport;
}

export interface SymbolReport {
  readonly symbol: string;
  readonly state: 'live' | 'waiting';
  readonly gap: Gap | undefined;
  readonly lastUpdateId: number;
  /** By our clock; undefined before the first. */
  readonly updatedAtMs: number | undefined;
  readonly bufferedBytes: number;
}

/** A row without what its kind does not have. */
const blank = {
  firstUpdateId: null,
  previousUpdateId: null,
  ...{ bid: null, bidSize: null, ask: null, askSize: null },
  ...{ price: null, size: null, buyerIsMaker: null },
  ...{ bids: null, asks: null, bidFloor: null, askCeiling: null },
};

export function createSymbolFeed(options: SymbolFeedOptions): SymbolFeed {
  const { symbol, market, sinks, now, checkpointIntervalMs } = options;
  const { elapsedMs = () => performance.now() } = options;
  const book = createSymbolBook({ symbol, market, bufferBytesMax: options.bufferBytesMax, now, elapsedMs });
  const bars = createBarBuilder({ symbol, book: book.book });
  const consolidator = createConsolidator(options.recordIntervalMs);
  /** Open from the start until the first snapshot, whatever else goes wrong before that. */
  let restart: Gap | undefined = options.heldTo && {
    symbol,
    stream: 'book',
    reason: 'restart',
    fromUpdateId: options.heldTo.updateId,
    toUpdateId: null,
    openedAtMs: options.heldTo.eventTimeMs,
    closedAtMs: null,
    detail: 'nothing is held from the end of the last run to the first snapshot of this one',
  };
  /** A gap of the book within the one of the restart is not written down. */
  let isGapUntold = false;
  const trades = createStreamLoss(symbol, 'trades', sinks.gap);
  const tickers = createStreamLoss(symbol, 'tickers', sinks.gap);
  let isConnected = false;
  let isLive = false;
  let updatedAtMs: number | undefined;
  let lastTickerId = 0;
  /** By `elapsedMs`. */
  let checkpointDueMs = Number.POSITIVE_INFINITY;
  if (restart !== undefined) sinks.gap(restart);

  function record(kind: RecordKind, fields: Omit<Partial<MarketRecord>, 'kind'> & RequiredFields): void {
    for (const ready of consolidator.push({ ...blank, ...fields, symbol, kind })) sinks.record(ready);
  }

  function recordAll(records: readonly MarketRecord[]): void {
    for (const each of records) sinks.record(each);
  }

  function handle(outcomes: readonly Outcome[]): void {
    for (const outcome of outcomes) {
      switch (outcome.kind) {
        case 'applied': {
          const { diff, receivedAtMs, top } = outcome;
          const { firstUpdateId, previousUpdateId = null, lastUpdateId: updateId, bids, asks } = diff;
          const ids = { updateId, firstUpdateId, previousUpdateId };
          const { eventTimeMs } = diff;
          record('depth', { ...ids, eventTimeMs, receivedAtMs, ...topOf(top), bids, asks });
          updatedAtMs = receivedAtMs;
          break;
        }
        case 'joined':
          onJoined(outcome);
          break;
        case 'opened':
          recordAll(consolidator.flush());
          bars.onBookLost();
          isLive = false;
          // The exchange may have started its ids anew.
          lastTickerId = 0;
          isGapUntold = restart !== undefined;
          if (!isGapUntold) sinks.gap(outcome.gap);
          break;
        case 'closed':
          if (!isGapUntold) sinks.gap(outcome.gap);
          isGapUntold = false;
          if (isLive) break;
          // No snapshot: its ticker has cleared the book of doubt. Whoever rebuilds it starts anew from here.
          isLive = true;
          bars.onBookLive();
          if (book.gap === undefined) checkpoint();
          break;
        case 'dropped':
          sinks.dropped(outcome.why);
          break;
        case 'wantsSnapshot':
          // Otherwise it is said again once it is.
          if (isConnected) sinks.wantSnapshot(outcome.why);
          break;
        case 'stalled':
          sinks.cancelSnapshot();
          sinks.onStreamStalled();
          break;
      }
    }
  }

  function onJoined({ snapshot, eventTimeMs, receivedAtMs, top }: Outcome & { kind: 'joined' }): void {
    const { lastUpdateId: updateId, bids, asks } = snapshot;
    const known = knownRangeOf(snapshot);
    record('snapshot', { updateId, eventTimeMs, receivedAtMs, ...topOf(top), bids, asks, ...known });
    if (restart !== undefined) {
      sinks.gap({ ...restart, toUpdateId: updateId, closedAtMs: Math.max(eventTimeMs, restart.openedAtMs) });
    }
    restart = undefined;
    // A deeper snapshot of a book that lives changes nothing for its bars.
    if (!isLive) bars.onBookLive();
    isLive = true;
    updatedAtMs = receivedAtMs;
    checkpointDueMs = elapsedMs() + checkpointIntervalMs;
    sinks.joined();
  }

  function onTicker(ticker: BookTicker, receivedAtMs: number): void {
    handle(book.onTicker(ticker));
    const { updateId, bid, bidSize, ask, askSize } = ticker;
    if (updateId <= lastTickerId) {
      sinks.dropped('duplicate');
      return;
    }
    lastTickerId = updateId;
    const atMs = ticker.eventTimeMs ?? receivedAtMs;
    tickers.onNext({ updateId, timeMs: atMs });
    record('ticker', { updateId, eventTimeMs: atMs, receivedAtMs, bid, bidSize, ask, askSize });
  }

  function onTrade(trade: Trade, receivedAtMs: number): void {
    if (bars.onTrade(trade, elapsedMs()) === 'duplicate') {
      sinks.dropped('duplicate');
      return;
    }
    const { tradeId: updateId, tradeTimeMs, price, size, buyerIsMaker } = trade;
    const { last } = trades;
    const isLate = last !== undefined && updateId < last.updateId && tradeTimeMs <= last.timeMs;
    if (last !== undefined && updateId !== last.updateId + 1 && !isLate)
      trades.onBroken('sequence', `trade ${updateId} does not follow ${last.updateId}`);
    if (!isLate) trades.onNext({ updateId, timeMs: tradeTimeMs });
    record('trade', { updateId, eventTimeMs: tradeTimeMs, receivedAtMs, price, size, buyerIsMaker });
  }

  /** Our own book as a row, so that a rebuild need not go back far. */
  function checkpoint(): void {
    const { bidFloor, askCeiling } = book.book;
    recordAll(consolidator.flush());
    record('checkpoint', {
      updateId: book.lastUpdateId,
      eventTimeMs: book.eventTimeMs,
      receivedAtMs: now(),
      ...topOf(book.book.best()),
      bids: book.book.levelsText('bid'),
      asks: book.book.levelsText('ask'),
      bidFloor,
      askCeiling,
    });
  }

  return {
    onHealed: (kinds) => {
      if (isConnected || !kinds.includes('depth')) return;
      isConnected = true;
      handle(book.onConnect());
    },
    onBroken: (kinds, detail) => {
      if (kinds.includes('trade')) {
        bars.onTradesBroken();
        trades.onBroken('disconnect', detail);
      }
      if (kinds.includes('ticker')) {
        book.onTickersLost();
        tickers.onBroken('disconnect', detail);
      }
      if (!kinds.includes('depth')) return;
      isConnected = false;
      sinks.cancelSnapshot();
      handle(book.onDisconnect(detail));
    },
    onMessage: (message, receivedAtMs) => {
      switch (message.kind) {
        case 'depth':
          bars.beforeUpdate(message.eventTimeMs, elapsedMs());
          return handle(book.onDiff(message, receivedAtMs));
        case 'ticker':
          return onTicker(message, receivedAtMs);
        case 'trade':
          return onTrade(message, receivedAtMs);
      }
    },
    onGarbage: (of, reason) => {
      if (of === undefined || of === 'trade') bars.onTradesBroken();
      if (of === undefined || of === 'ticker') book.onTickersLost();
      if (of === undefined || of === 'depth') handle(book.onGarbage(reason));
    },
    onSnapshot: (snapshot, receivedAtMs) => {
      // Without a stream nothing would keep the book true.
      if (isConnected) handle(book.onSnapshot(snapshot, receivedAtMs));
    },
    wantCheckpoint: () => {
      checkpointDueMs = elapsedMs();
    },
    tick: () => {
      const atMs = elapsedMs();
      handle(book.tick());
      recordAll(consolidator.due(now()));
      const closed = bars.close(atMs);
      if (closed.length > 0) sinks.bars(closed);
      // What is in doubt must not be written down as what others begin from.
      if (atMs < checkpointDueMs || book.state !== 'live' || book.gap !== undefined) return;
      checkpointDueMs = atMs + checkpointIntervalMs;
      checkpoint();
    },
    close: () => {
      recordAll(consolidator.flush());
      const left = bars.closeAll();
      if (left.length > 0) sinks.bars(left);
    },
    report: () => ({
      symbol,
      state: book.state,
      gap: restart ?? book.gap,
      lastUpdateId: book.lastUpdateId,
      updatedAtMs,
      bufferedBytes: book.bufferedBytes,
    }),
  };
}

type RequiredFields = Pick<MarketRecord, 'updateId' | 'eventTimeMs' | 'receivedAtMs'>;

function topOf({ bid, bidSize, ask, askSize }: BookTop): BookTop {
  return { bid, bidSize, ask, askSize };
}
