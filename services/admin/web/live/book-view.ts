import type { BookNews } from '../../../contracts/market-messages.ts';
import { createOrderBook, type OrderBook } from '../../../datasets/market/order-book.ts';

/** How a book is as far as it was told. */
export interface BookView {
  /** waiting: none is held yet · live · gap: as it was before updates went missing. */
  readonly state: 'waiting' | 'live' | 'gap';
  /** What is held was told on this connection, or goes on from there. If not, it is of before. */
  readonly isTold: boolean;
  readonly lastUpdateId: number;
  /** By the exchange's clock, Unix milliseconds. */
  readonly eventTime: number | null;
  /** [price, size] in the digits of the exchange, the best first. */
  readonly bids: readonly (readonly [string, string])[];
  readonly asks: readonly (readonly [string, string])[];
}

export interface BookKeeper {
  /** Returns false for a diff that does not follow what is held: the book must be asked for again. */
  take(news: BookNews): boolean;
  /** The best `depth` levels of each side. */
  view(depth: number): BookView;
  /** The book is asked for anew: until something is told, what is held is of before. */
  noteAsked(): void;
  /** Updates are missing, or the book is whole again. */
  noteGap(isOpen: boolean): void;
  /** Where to go on after a loss of the connection; undefined if there is nothing to go on from. */
  readonly resumeFrom: number | undefined;
}

/** Keeps a book by the rules of the market API's /ws: a whole one, then diffs each of which names the one before it. */
export function createBookKeeper(): BookKeeper {
  let book: OrderBook = createOrderBook();
  let state: BookView['state'] = 'waiting';
  let lastUpdateId = 0;
  let eventTime: number | null = null;
  let isTold = false;

  function forget(): void {
    book = createOrderBook();
    state = 'waiting';
    lastUpdateId = 0;
    eventTime = null;
  }

  return {
    take: (news) => {
      switch (news.type) {
        case 'snapshot':
          book.load(textsOf(news), { bidFloor: news.bidFloor, askCeiling: news.askCeiling });
          ({ state, lastUpdateId, eventTime } = news);
          isTold = true;
          return true;
        case 'diff':
          if (state === 'waiting') return true;
          if (news.previousUpdateId !== lastUpdateId) return false;
          book.apply(textsOf(news));
          ({ lastUpdateId, eventTime } = news);
          return true;
        case 'reset':
        case 'waiting':
          forget();
          return true;
        case 'resumed':
          isTold = news.lastUpdateId === lastUpdateId;
          return isTold;
      }
    },
    view: (depth) => ({
      ...{ state, isTold, lastUpdateId, eventTime },
      bids: book.levels('bid', depth),
      asks: book.levels('ask', depth),
    }),
    noteAsked: () => {
      isTold = false;
    },
    noteGap: (isOpen) => {
      if (state !== 'waiting') state = isOpen ? 'gap' : 'live';
    },
    get resumeFrom() {
      return state === 'live' ? lastUpdateId : undefined;
    },
  };
}

function textsOf({ bids, asks }: { readonly bids: string[][]; readonly asks: string[][] }) {
  return { bids: JSON.stringify(bids), asks: JSON.stringify(asks) };
}
