import type { Bar } from '../datasets/market/bar.ts';
import type { BookTop } from '../datasets/market/order-book.ts';
import type { Gap, MarketRecord, RecordKind } from '../datasets/market/record.ts';
import { createBarBuilder } from './bar-builder.ts';
import type { StreamKind } from './binance/markets.ts';
import type { BookTicker, DepthSnapshot, Market, MarketMessage, Trade } from './binance/messages.ts';
import { knownRangeOf } from './binance/parse-snapshot.ts';
import { createConsolidator } from './consolidate.ts';
import { createSymbolBook, type Outcome, type SnapshotReason } from './symbol-book.ts';

/** Where what is learnt of a symbol goes. Nothing here may throw. */
export interface SymbolSinks {
  record(record: MarketRecord): void;
  gap(gap: Gap): void;
  bars(bars: readonly Bar[]): void;
  /** Only while the symbol is connected. */
  wantSnapshot(why: SnapshotReason, delayMs: number): void;
  /** The symbol wants no snapshot any more. */
  cancelSnapshot(): void;
  dropped(kind: 'duplicate' | 'old' | 'overflow'): void;
  joined(): void;
}

export interface SymbolFeedOptions {
  readonly symbol: string;
  readonly market: Market;
  /** What is held of the symbol from an earlier run: what came between is a gap. */
  readonly heldTo: { readonly updateId: number; readonly eventTimeMs: number } | undefined;
  readonly recordIntervalMs: number;
  readonly checkpointIntervalMs: number;
  readonly bufferBytesMax: number;
  readonly sinks: SymbolSinks;
  /** Unix milliseconds. */
  readonly now: () => number;
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
  /** The whole book is written down at the next tick. */
  wantCheckpoint(): void;
  /** Once a second or oftener: what is held back by time goes on. */
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
  readonly auditedCount: number;
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
  const book = createSymbolBook({ symbol, market, bufferBytesMax: options.bufferBytesMax, now });
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
  let isConnected = false;
  let isLive = false;
  let wanted: SnapshotReason | undefined;
  let updatedAtMs: number | undefined;
  let eventTimeMs = 0;
  let lastTickerId = 0;
  let checkpointAtMs = Number.POSITIVE_INFINITY;
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
          eventTimeMs = diff.eventTimeMs;
          record('depth', { ...ids, eventTimeMs, receivedAtMs, ...topOf(top), bids, asks });
          updatedAtMs = receivedAtMs;
          break;
        }
        case 'joined':
          onJoined(outcome.snapshot, outcome.receivedAtMs, outcome.top);
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
          checkpoint();
          break;
        case 'dropped':
          sinks.dropped(outcome.why);
          break;
        case 'wantsSnapshot':
          wanted = outcome.why;
          if (isConnected) sinks.wantSnapshot(outcome.why, outcome.delayMs);
          break;
      }
    }
  }

  function onJoined(snapshot: DepthSnapshot, receivedAtMs: number, top: BookTop): void {
    const { lastUpdateId: updateId, bids, asks } = snapshot;
    const known = knownRangeOf(snapshot);
    const atMs = snapshot.eventTimeMs ?? receivedAtMs;
    record('snapshot', { updateId, eventTimeMs: atMs, receivedAtMs, ...topOf(top), bids, asks, ...known });
    if (restart !== undefined) sinks.gap({ ...restart, toUpdateId: updateId, closedAtMs: now() });
    restart = undefined;
    // A deeper snapshot of a book that lives changes nothing for its bars.
    if (!isLive) bars.onBookLive();
    isLive = true;
    eventTimeMs = Math.max(eventTimeMs, atMs);
    updatedAtMs = receivedAtMs;
    checkpointAtMs = now() + checkpointIntervalMs;
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
    record('ticker', { updateId, eventTimeMs: atMs, receivedAtMs, bid, bidSize, ask, askSize });
  }

  function onTrade(trade: Trade, receivedAtMs: number): void {
    if (bars.onTrade(trade, receivedAtMs) === 'duplicate') {
      sinks.dropped('duplicate');
      return;
    }
    const { tradeId: updateId, tradeTimeMs, price, size, buyerIsMaker } = trade;
    record('trade', { updateId, eventTimeMs: tradeTimeMs, receivedAtMs, price, size, buyerIsMaker });
  }

  /** Our own book as a row, so that a rebuild need not go back far. */
  function checkpoint(): void {
    if (book.state !== 'live') return;
    const { bidFloor, askCeiling } = book.book;
    recordAll(consolidator.flush());
    record('checkpoint', {
      updateId: book.lastUpdateId,
      eventTimeMs,
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
      // Asked for while there was no stream that its diffs could have come by.
      if (wanted !== undefined && book.state === 'waiting') sinks.wantSnapshot(wanted, 0);
    },
    onBroken: (kinds, detail) => {
      if (kinds.includes('trade')) bars.onTradesBroken();
      if (kinds.includes('ticker')) book.onTickersLost();
      if (!kinds.includes('depth')) return;
      isConnected = false;
      sinks.cancelSnapshot();
      handle(book.onDisconnect(detail));
    },
    onMessage: (message, receivedAtMs) => {
      switch (message.kind) {
        case 'depth':
          bars.beforeUpdate(message.eventTimeMs, receivedAtMs);
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
      if (!isConnected) return;
      wanted = undefined;
      handle(book.onSnapshot(snapshot, receivedAtMs));
    },
    wantCheckpoint: () => {
      checkpointAtMs = now();
    },
    tick: () => {
      const nowMs = now();
      recordAll(consolidator.due(nowMs));
      const closed = bars.close(nowMs);
      if (closed.length > 0) sinks.bars(closed);
      if (nowMs < checkpointAtMs) return;
      checkpointAtMs = nowMs + checkpointIntervalMs;
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
      auditedCount: book.auditedCount,
    }),
  };
}

type RequiredFields = Pick<MarketRecord, 'updateId' | 'eventTimeMs' | 'receivedAtMs'>;

function topOf({ bid, bidSize, ask, askSize }: BookTop): BookTop {
  return { bid, bidSize, ask, askSize };
}
