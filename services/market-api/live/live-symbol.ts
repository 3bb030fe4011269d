import type { Pair } from '../../../catalog/schema/pair.ts';
import type { TailPlace } from '../../datasets/market/read.ts';
import type { Gap, MarketRecord, RecordKind } from '../../datasets/market/record.ts';
import { type Beginning, closedWithinMs, kindsOf } from './beginning.ts';
import {
  bookText,
  diffText,
  type Feed,
  type Follower,
  feeds,
  gapText,
  type LiveEvent,
  tickerText,
  tradeText,
} from './events.ts';
import type { BookEvent, LiveBook } from './live-book.ts';

/** What is kept of a symbol that is followed, and who follows it. */
export interface LiveSymbol {
  readonly pair: Pick<Pair, 'symbol' | 'market'>;
  readonly book: LiveBook | undefined;
  /** The book as the text that is sent. Throws while there is none. */
  bookText(): string;
  /** Up to where each kind was read that was begun. */
  readonly places: ReadonlyMap<RecordKind, TailPlace>;
  /** Feeds that somebody follows, or did lately, and that have no place yet. */
  toBegin(): Feed[];
  /** How often ids may have begun anew: what was read to begin before the last time means nothing. */
  readonly doubts: number;
  /** When something last came; Unix milliseconds. */
  readonly heardAtMs: number;
  readonly isFollowed: boolean;
  want(feed: Feed): void;
  follow(feed: Feed, follower: Follower): () => void;
  followGaps(follower: (text: string) => void): () => void;
  begin(beginning: Beginning, nowMs: number): void;
  /**
   * Takes what was read behind its places, and gaps that were read with it. `isAll`: no more was there. Whether its book does
   * not lead on and is to be begun anew.
   */
  take(records: readonly MarketRecord[], gaps: readonly Gap[], isAll: boolean, nowMs: number): 'rebuild' | 'taken';
  /** Reads on from another beginning. */
  forget(nowMs: number): void;
}

export function createLiveSymbol(pair: Pick<Pair, 'symbol' | 'market'>, createdAtMs: number): LiveSymbol {
  const { symbol } = pair;
  const followers = new Map<Feed, Set<Follower>>(feeds.map((feed) => [feed, new Set()]));
  const gapFollowers = new Set<(text: string) => void>();
  const wanted = new Set<Feed>();
  const places = new Map<RecordKind, TailPlace>();
  /** Kinds whose ids may have begun anew: their places are kept, and looked at again by the next beginning. */
  const doubtful = new Set<RecordKind>();
  /** Places of the book before it is begun again. */
  const previous = new Map<RecordKind, TailPlace>();
  /** What happened before is of ids from before they began anew. Unix milliseconds. */
  const floors = new Map<RecordKind, number>();
  /** Gaps that were told of, as they were told, by their names. */
  const toldGaps = new Map<string, Gap>();
  let isBegun = false;
  let doubts = 0;
  let book: LiveBook | undefined;
  let text: { readonly lastUpdateId: number; readonly state: string; readonly text: string } | undefined;
  let ticker: string | undefined;
  let heardAtMs = createdAtMs;

  function emit(feed: Feed, event: LiveEvent): void {
    for (const follower of followers.get(feed) ?? []) follower(event);
  }

  /** Texts are made only for somebody. */
  function isHeard(feed: Feed): boolean {
    return (followers.get(feed)?.size ?? 0) > 0;
  }

  function isNews(gap: Gap): boolean {
    const told = toldGaps.get(nameOf(gap));
    return told === undefined || (told.closedAtMs === null && gap.closedAtMs !== null);
  }

  function tellGap(gap: Gap): void {
    if (!isNews(gap)) return;
    toldGaps.set(nameOf(gap), gap);
    const told = gapText(gap);
    for (const follower of gapFollowers) follower(told);
  }

  function setPlace(kind: RecordKind, { updateId, eventTimeMs }: Pick<TailPlace, 'updateId' | 'eventTimeMs'>): void {
    const notBeforeMs = floors.get(kind);
    places.set(kind, { symbol, kind, updateId, eventTimeMs, ...(notBeforeMs === undefined ? {} : { notBeforeMs }) });
  }

  /** The book is begun again. */
  function leaveBook(): void {
    for (const kind of kindsOf.book) {
      const place = places.get(kind);
      if (place !== undefined) previous.set(kind, place);
      places.delete(kind);
    }
  }

  /** Ids may have begun anew: the book is begun again, and the others' places are looked at. */
  function doubt(): void {
    doubts += 1;
    leaveBook();
    for (const kind of places.keys()) doubtful.add(kind);
  }

  function tell(event: BookEvent): void {
    if (event.kind === 'gap') tellGap(event.gap);
    else if (event.kind === 'replaced') emit('book', { kind: 'book' });
    else if (event.kind === 'diff' && isHeard('book')) {
      const { record, previousUpdateId } = event;
      emit('book', { kind: 'diff', lastUpdateId: record.updateId, text: diffText(record, previousUpdateId) });
    }
  }

  function tellTicker(record: MarketRecord): void {
    ticker = tickerText(record);
    emit('ticker', { kind: 'ticker', text: ticker });
  }

  return {
    pair,
    places,
    get book() {
      return book;
    },
    get doubts() {
      return doubts;
    },
    get heardAtMs() {
      return heardAtMs;
    },
    get isFollowed() {
      return gapFollowers.size > 0 || feeds.some(isHeard);
    },
    bookText: () => {
      if (book === undefined) throw new Error(`${symbol}: its book is not there`);
      const { lastUpdateId, state } = book;
      if (text?.lastUpdateId !== lastUpdateId || text.state !== state)
        text = { lastUpdateId, state, text: bookText(book) };
      return text.text;
    },
    toBegin: () => [...wanted].filter((feed) => kindsOf[feed].some((kind) => !places.has(kind) || doubtful.has(kind))),
    want: (feed) => {
      wanted.add(feed);
    },
    follow: (feed, follower) => {
      wanted.add(feed);
      const set = followers.get(feed);
      set?.add(follower);
      if (feed === 'ticker' && ticker !== undefined) follower({ kind: 'ticker', text: ticker });
      return () => set?.delete(follower);
    },
    followGaps: (follower) => {
      gapFollowers.add(follower);
      const lasting = [...toldGaps.values()].filter(({ closedAtMs }) => closedAtMs === null);
      // One that only its book knows of is in no row.
      if (book?.state === 'gap' && book.gap !== undefined && !toldGaps.has(nameOf(book.gap))) lasting.push(book.gap);
      for (const gap of lasting) follower(gapText(gap));
      return () => gapFollowers.delete(follower);
    },
    begin: (beginning, nowMs) => {
      // What was over before anybody followed is no news; later on, ends are told with what is read behind the places.
      if (!isBegun) for (const gap of beginning.gaps) if (gap.closedAtMs !== null) toldGaps.set(nameOf(gap), gap);
      isBegun = true;
      for (const [kind, record] of beginning.newest) {
        const held = places.get(kind) ?? previous.get(kind);
        doubtful.delete(kind);
        const isAnew = held !== undefined && record !== undefined && isBack(record, held);
        if (isAnew) floors.set(kind, record.eventTimeMs);
        // Reading goes on where it was, and leaves nothing out.
        if (places.has(kind) && !isAnew) continue;
        setPlace(kind, record ?? { updateId: 0, eventTimeMs: nowMs - closedWithinMs });
        if (kind === 'ticker' && record !== undefined) tellTicker(record);
      }
      heardAtMs = nowMs;
      for (const gap of beginning.gaps) if (gap.closedAtMs === null) tellGap(gap);
      if (beginning.book === undefined) return;
      book = beginning.book;
      const { state, lastUpdateId: updateId, eventTimeMs } = book;
      // The newest updates may be of ids from before these began anew.
      if (state === 'live' && updateId < (places.get('depth')?.updateId ?? 0)) {
        floors.set('depth', eventTimeMs);
        setPlace('depth', { updateId, eventTimeMs });
      }
      text = undefined;
      emit('book', { kind: 'book' });
    },
    take: (records, gaps, isAll, nowMs) => {
      if (records.length > 0) heardAtMs = nowMs;
      const news = gaps.filter(isNews);
      for (const record of records) {
        const { kind, updateId } = record;
        setPlace(kind, record);
        if (kind === 'trade' && isHeard('trades'))
          emit('trades', { kind: 'trade', tradeId: updateId, text: tradeText(record) });
        else if (kind === 'ticker') tellTicker(record);
      }
      const ofOthers = news.filter(({ stream }) => stream !== 'book');
      for (const gap of ofOthers) {
        tellGap(gap);
        if (isBegunAnew(gap))
          for (const kind of kindsOf[gap.stream === 'trades' ? 'trades' : 'ticker']) doubtful.add(kind);
      }
      const gapsOfBook = news.filter(({ stream }) => stream === 'book');
      if (gapsOfBook.some(isBegunAnew)) {
        for (const gap of gapsOfBook) tellGap(gap);
        doubt();
        return 'rebuild';
      }
      for (const [name, { closedAtMs }] of toldGaps)
        if (closedAtMs !== null && nowMs - closedAtMs > 2 * closedWithinMs) toldGaps.delete(name);
      if (book === undefined) {
        for (const gap of gapsOfBook) tellGap(gap);
        return 'taken';
      }
      const ofBook = records.filter(({ kind }) => kindsOf.book.includes(kind));
      const events = [...book.takeGaps(gapsOfBook), ...book.takeRecords(ofBook, isAll)];
      // An end of a gap is told once the book is whole again.
      const isEnd = (event: BookEvent) => event.kind === 'gap' && event.gap.closedAtMs !== null;
      for (const event of events) if (!isEnd(event)) tell(event);
      for (const event of events) if (isEnd(event)) tell(event);
      if (!events.some(({ kind }) => kind === 'rebuild')) return 'taken';
      leaveBook();
      return 'rebuild';
    },
    forget: (nowMs) => {
      doubt();
      heardAtMs = nowMs;
    },
  };
}

/**
 * Whether update ids go on from a lower one. It may be another exchange under the old name, whose ids begin anew; or no more than a
 * snapshot that is older than the last update.
 */
function isBegunAnew({ fromUpdateId, toUpdateId }: Gap): boolean {
  return toUpdateId !== null && toUpdateId < fromUpdateId;
}

/** Whether a newer record has a lower id. */
function isBack(record: MarketRecord, place: TailPlace): boolean {
  return record.updateId < place.updateId && record.eventTimeMs > place.eventTimeMs;
}

function nameOf({ stream, openedAtMs, fromUpdateId }: Gap): string {
  return `${stream} ${openedAtMs} ${fromUpdateId}`;
}
