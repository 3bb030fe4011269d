import { useEffect, useState } from 'react';
import { BookNews, CandleNews, GapNews, TradeNews } from '../../../contracts/market-messages.ts';
import type { Interval } from '../../../datasets/market/bar-read.ts';
import { createCheck } from '../answers/check.ts';
import { type BookView, createBookKeeper } from './book-view.ts';
import { createEachFrame } from './each-frame.ts';
import { openSocket } from './live-context.tsx';
import type { LiveSocket } from './live-socket.ts';

const checkBook = createCheck(BookNews);
const checkGap = createCheck(GapNews);
const checkTrade = createCheck(TradeNews);
const checkCandle = createCheck(CandleNews);

/** A connection to the market API, for as long as the page that asks is open; undefined until then. */
export function useMarketSocket(): LiveSocket | undefined {
  const [socket, setSocket] = useState<LiveSocket>();
  useEffect(() => {
    const own = openSocket('market');
    setSocket(own);
    return () => {
      own.close();
      setSocket(undefined);
    };
  }, []);
  return socket;
}

/** The best `depth` levels of a symbol's book as it moves; undefined until anything was told. */
export function useBook(socket: LiveSocket, symbol: string, depth: number): BookView | undefined {
  const [shown, setShown] = useState<BookView>();
  useEffect(() => {
    const keeper = createBookKeeper();
    const of = { channel: 'book', symbols: [symbol] };
    const frame = createEachFrame(() => setShown(keeper.view(depth)));
    /** Asks for the whole book: what is held leads nowhere. */
    function begin(): () => void {
      return socket.want({
        key: `book ${symbol}`,
        subscribe: () => {
          const from = keeper.resumeFrom;
          keeper.noteAsked();
          frame.draw();
          return { op: 'subscribe', ...of, ...(from === undefined ? {} : { resume: { [symbol]: from } }) };
        },
        unsubscribe: () => ({ op: 'unsubscribe', ...of }),
        isFor: (message) => message.symbol === symbol && (message.channel === 'book' || message.type === 'gap'),
        onMessage: (message) => {
          if (message.type === 'gap') {
            const gap = checkGap(message);
            if (gap.stream === 'book') keeper.noteGap(gap.state === 'open');
          } else if (!keeper.take(checkBook(message))) {
            keeper.take({ type: 'reset', symbol });
            stop = begin();
          }
          frame.draw();
        },
      });
    }
    let stop = begin();
    setShown(undefined);
    return () => {
      stop();
      frame.end();
    };
  }, [socket, symbol, depth]);
  return shown;
}

export type Trade = Extract<TradeNews, { readonly type: 'trade' }>;

export interface Trades {
  /** The newest first. */
  readonly trades: readonly Trade[];
  /** How many were left out as they came too fast. */
  readonly dropped: number;
  /** The connection was lost meanwhile: what was traded until it was there again is not among them. */
  readonly wasCut: boolean;
}

const noTrades: Trades = { trades: [], dropped: 0, wasCut: false };

/** The newest trades of a symbol since the page was opened. */
export function useTrades(socket: LiveSocket, symbol: string, max: number): Trades {
  const [shown, setShown] = useState(noTrades);
  useEffect(() => {
    let held = noTrades;
    const frame = createEachFrame(() => setShown(held));
    const of = { channel: 'trades', symbols: [symbol] };
    setShown(held);
    const stop = socket.want({
      key: `trades ${symbol}`,
      subscribe: () => {
        if (held.trades.length > 0) held = { ...held, wasCut: true };
        frame.draw();
        return { op: 'subscribe', ...of };
      },
      unsubscribe: () => ({ op: 'unsubscribe', ...of }),
      isFor: ({ channel, symbol: own, type }) =>
        channel === 'trades' && own === symbol && (type === 'trade' || type === 'dropped'),
      onMessage: (message) => {
        const news = checkTrade(message);
        if (news.type === 'dropped') held = { ...held, dropped: held.dropped + news.count };
        else held = { ...held, trades: [news, ...held.trades].slice(0, max) };
        frame.draw();
      },
    });
    return () => {
      stop();
      frame.end();
    };
  }, [socket, symbol, max]);
  return shown;
}

const noCandles: ReadonlyMap<number, CandleNews> = new Map();
/** More than an answer has: a page out of view asks for none, and is told of all. */
const candlesMax = 500;

/** The newest candles that were told, by their start. */
export function useLiveCandles(
  socket: LiveSocket,
  symbol: string,
  interval: Interval,
): ReadonlyMap<number, CandleNews> {
  const [shown, setShown] = useState(noCandles);
  useEffect(() => {
    const told = new Map<number, CandleNews>();
    const frame = createEachFrame(() => setShown(new Map(told)));
    const of = { channel: 'candles', symbols: [symbol], interval };
    setShown(noCandles);
    const stop = socket.want({
      key: `candles ${symbol}`,
      subscribe: () => {
        // One that was told before a loss of the connection may lack trades, and the newest is told anew.
        told.clear();
        return { op: 'subscribe', ...of };
      },
      unsubscribe: () => ({ op: 'unsubscribe', ...of }),
      isFor: (message) => message.type === 'candle' && message.symbol === symbol && message.interval === interval,
      onMessage: (message) => {
        const candle = checkCandle(message);
        told.set(candle.time, candle);
        const [oldest] = told.keys();
        if (told.size > candlesMax && oldest !== undefined) told.delete(oldest);
        frame.draw();
      },
    });
    return () => {
      stop();
      frame.end();
    };
  }, [socket, symbol, interval]);
  // For a moment after another choice they are those of the one before.
  const [any] = shown.values();
  return any?.interval === interval ? shown : noCandles;
}
