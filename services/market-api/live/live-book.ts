import type { Pair } from '../../../catalog/schema/pair.ts';
import { isBehind } from '../../datasets/market/gaps.ts';
import { isNext } from '../../datasets/market/is-next.ts';
import { createOrderBook, type OrderBook } from '../../datasets/market/order-book.ts';
import { BookError } from '../../datasets/market/order-book-levels.ts';
import type { Gap, MarketRecord } from '../../datasets/market/record.ts';

/** waiting: nothing was ever held · live: as the collector has it · gap: as it was before updates went missing. */
export type BookState = 'waiting' | 'live' | 'gap';

/** What became of a book: told to who follows it. */
export type BookEvent =
  | { readonly kind: 'diff'; readonly record: MarketRecord; readonly previousUpdateId: number }
  /** Another book stands in the place of the one before: diffs do not lead to it. */
  | { readonly kind: 'replaced' }
  | { readonly kind: 'gap'; readonly gap: Gap }
  /** What is held does not lead on: it is to be built from the store again. */
  | { readonly kind: 'rebuild'; readonly why: 'hole' | 'deepened' };

/** The book of one symbol, as the stored records make it. */
export interface LiveBook {
  readonly book: OrderBook;
  readonly state: BookState;
  /** Why it is not live. */
  readonly gap: Gap | undefined;
  /** The last update that it holds; 0 while waiting. */
  readonly lastUpdateId: number;
  /** Of that update. Unix milliseconds; 0 while waiting. */
  readonly eventTimeMs: number;
  readonly receivedAtMs: number;
  /**
   * Takes gaps of its symbol that are new or were closed since, before the records that were read with them: a gap is told of
   * before the first update beyond it.
   */
  takeGaps(gaps: readonly Gap[]): BookEvent[];
  /**
   * Takes records of a book (depth, snapshot, checkpoint) of its symbol, in any order among one call. `isAll`: no more were
   * there to read, so a gap has begun even if the updates up to it never came.
   */
  takeRecords(records: readonly MarketRecord[], isAll: boolean): BookEvent[];
  /** It is not known beyond this gap, even one that is over: it opens behind the updates before it. */
  endAt(gap: Gap): void;
  /** What is stored does not lead on either: as a gap, until a whole book comes. */
  giveUp(detail: string): void;
}

export function createLiveBook({ symbol }: Pick<Pair, 'symbol'>): LiveBook {
  const book = createOrderBook();
  let state: BookState = 'waiting';
  let last = { updateId: 0, eventTimeMs: 0, receivedAtMs: 0 };
  /** The snapshot or checkpoint that it was last loaded from. */
  let base = { updateId: 0, eventTimeMs: 0, receivedAtMs: 0 };
  let gap: Gap | undefined;
  /** Told of once the updates before it are taken. */
  let coming: Gap | undefined;
  /** lasting: by its row, so that our own checkpoints are in doubt too · over: told since, and no whole book of it came. */
  let end: 'lasting' | 'over' | 'none' = 'none';

  function openGap(): BookEvent[] {
    if (coming === undefined) return [];
    gap = coming;
    coming = undefined;
    if (state === 'live') state = 'gap';
    return [{ kind: 'gap', gap }];
  }

  function load(record: MarketRecord): void {
    book.load({ bids: record.bids ?? '[]', asks: record.asks ?? '[]' }, record);
    last = { updateId: record.updateId, eventTimeMs: record.eventTimeMs, receivedAtMs: record.receivedAtMs };
    base = last;
    state = 'live';
    gap = undefined;
    end = coming === undefined ? 'none' : end;
  }

  function takeWhole(record: MarketRecord): BookEvent[] {
    if (state === 'live' && record.updateId <= last.updateId) {
      // A checkpoint tells what is known already; a snapshot was asked for because it reaches deeper.
      const again = record.kind === 'snapshot' && record.receivedAtMs > base.receivedAtMs;
      return again ? [{ kind: 'rebuild', why: 'deepened' }] : [];
    }
    if (gap !== undefined && end === 'lasting' && record.kind === 'checkpoint') return [];
    load(record);
    return [{ kind: 'replaced' }];
  }

  function takeDepth(record: MarketRecord): BookEvent[] {
    if (state !== 'live' || record.updateId <= last.updateId) return [];
    if (!isNext(record, last.updateId)) {
      // Update ids that began anew, as on another exchange under the old name, leave rows from before behind.
      return record.eventTimeMs < base.eventTimeMs ? [] : [{ kind: 'rebuild', why: 'hole' }];
    }
    book.apply({ bids: record.bids ?? '[]', asks: record.asks ?? '[]' });
    const previousUpdateId = last.updateId;
    last = { updateId: record.updateId, eventTimeMs: record.eventTimeMs, receivedAtMs: record.receivedAtMs };
    return [{ kind: 'diff', record, previousUpdateId }];
  }

  return {
    book,
    get state() {
      return state;
    },
    get gap() {
      return gap;
    },
    get lastUpdateId() {
      return last.updateId;
    },
    get eventTimeMs() {
      return last.eventTimeMs;
    },
    get receivedAtMs() {
      return last.receivedAtMs;
    },
    takeGaps(gaps) {
      const events: BookEvent[] = [];
      for (const each of gaps) {
        if (each.closedAtMs !== null) {
          if (coming?.openedAtMs === each.openedAtMs) coming = undefined;
          if (gap?.openedAtMs === each.openedAtMs && gap.fromUpdateId === each.fromUpdateId) end = 'over';
          events.push({ kind: 'gap', gap: each });
        } else if (isBehind(each, base)) {
          coming = each;
          end = 'lasting';
        }
      }
      return events;
    },
    endAt(each) {
      coming = { ...each, closedAtMs: null, toUpdateId: null };
      end = each.closedAtMs === null ? 'lasting' : 'none';
    },
    giveUp(detail) {
      const { updateId: fromUpdateId, eventTimeMs: openedAtMs } = last;
      end = 'none';
      gap = {
        symbol,
        stream: 'book',
        reason: 'sequence',
        fromUpdateId,
        toUpdateId: null,
        openedAtMs,
        closedAtMs: null,
        detail,
      };
      if (state === 'live') state = 'gap';
    },
    takeRecords(records, isAll) {
      const events: BookEvent[] = [];
      for (const record of records.toSorted(inOrder)) {
        if (coming !== undefined && record.updateId > coming.fromUpdateId) events.push(...openGap());
        try {
          events.push(...(record.kind === 'depth' ? takeDepth(record) : takeWhole(record)));
        } catch (error) {
          // What cannot be read was not applied by the collector either, or is damage of ours: the next whole book heals it.
          if (!(error instanceof BookError)) throw error;
          events.push({ kind: 'rebuild', why: 'hole' });
        }
        if (events.at(-1)?.kind === 'rebuild') return events;
      }
      if (isAll) events.push(...openGap());
      if (isAll && state === 'gap' && end === 'over') {
        end = 'none';
        events.push({ kind: 'rebuild', why: 'hole' });
      }
      return events;
    },
  };
}

/** By update id; a whole book stands behind the updates that it holds. */
function inOrder(a: MarketRecord, b: MarketRecord): number {
  return a.updateId - b.updateId || Number(a.kind !== 'depth') - Number(b.kind !== 'depth');
}
