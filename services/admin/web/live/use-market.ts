import { useEffect, useState } from 'react';
import { BookNews, CandleNews, GapNews, TradeNews } from '../../../contracts/market-messages.ts';
import type { Interval } from '../../../datasets/market/bar-read.ts';
import { createCheck } from '../answers/check.ts';
import { type BookView, createBookKeeper } from './book-view.ts';
import { openSocket, soon } from './live-context.tsx';
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
    let isDue = false;
    function show(): void {
      if (isDue) return;
      isDue = true;
      soon(() => {
        isDue = false;
        setShown(keeper.view(depth));
      });
    }
    /** Asks for the whole book: what is held leads nowhere. */
    function begin(): () => void {
      return socket.want({
        key: `book ${symbol}`,
        subscribe: () => {
          const from = keeper.resumeFrom;
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
          show();
        },
      });
    }
    let stop = begin();
    setShown(undefined);
    return () => stop();
  }, [socket, symbol, depth]);
  return shown;
}

export interface Trade {
  readonly tradeId: number;
  readonly price: string;
  readonly size: string;
  readonly buyerIsMaker: boolean;
  readonly eventTime: number;
}

/** The newest trades of a symbol since the page was opened, the newest first, and how many were left out as they came too fast. */
export function useTrades(
  socket: LiveSocket,
  symbol: string,
  max: number,
): { readonly trades: readonly Trade[]; readonly dropped: number } {
  const [shown, setShown] = useState<{ trades: readonly Trade[]; dropped: number }>({ trades: [], dropped: 0 });
  useEffect(() => {
    let held: { trades: readonly Trade[]; dropped: number } = { trades: [], dropped: 0 };
    let isDue = false;
    const of = { channel: 'trades', symbols: [symbol] };
    setShown(held);
    return socket.want({
      key: `trades ${symbol}`,
      subscribe: () => ({ op: 'subscribe', ...of }),
      unsubscribe: () => ({ op: 'unsubscribe', ...of }),
      isFor: ({ channel, symbol: own, type }) =>
        channel === 'trades' && own === symbol && (type === 'trade' || type === 'dropped'),
      onMessage: (message) => {
        const news = checkTrade(message);
        if (news.type === 'dropped') held = { ...held, dropped: held.dropped + news.count };
        else held = { ...held, trades: [news, ...held.trades].slice(0, max) };
        if (isDue) return;
        isDue = true;
        soon(() => {
          isDue = false;
          setShown(held);
        });
      },
    });
  }, [socket, symbol, max]);
  return shown;
}

/** The newest candles that were told, by their start. */
export function useLiveCandles(
  socket: LiveSocket,
  symbol: string,
  interval: Interval,
): ReadonlyMap<number, CandleNews> {
  const [shown, setShown] = useState<ReadonlyMap<number, CandleNews>>(new Map());
  useEffect(() => {
    const of = { channel: 'candles', symbols: [symbol], interval };
    setShown(new Map());
    return socket.want({
      key: `candles ${symbol}`,
      subscribe: () => ({ op: 'subscribe', ...of }),
      unsubscribe: () => ({ op: 'unsubscribe', ...of }),
      isFor: (message) => message.type === 'candle' && message.symbol === symbol && message.interval === interval,
      onMessage: (message) => {
        const candle = checkCandle(message);
        setShown((before) => new Map(before).set(candle.time, candle));
      },
    });
  }, [socket, symbol, interval]);
  return shown;
}
