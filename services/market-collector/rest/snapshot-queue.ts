import type { Logger } from 'pino';
import { describeError } from '../../runtime/errors.ts';
import type { DepthSnapshot } from '../binance/messages.ts';
import { ExchangeError } from './exchange-error.ts';

/** resync: the book is not whole without it · deepen: more levels of a book that is whole. */
export type SnapshotNeed = 'resync' | 'deepen';

/** Gets each symbol the snapshot that it wants, in an order that serves most, and never twice at once. */
export interface SnapshotQueue {
  /**
   * Asks for a snapshot of `levels` a side; an earlier wish of the symbol's that was not met yet becomes this one. A symbol
   * that keeps coming back is served ever more rarely. Calls back later, never at once.
   */
  want(symbol: string, need: SnapshotNeed, levels: number): void;
  /** The symbol wants nothing any more. How often it came is not forgotten: a line that flaps must not be quicker for it. */
  cancel(symbol: string): void;
  stats(): SnapshotQueueStats;
  /** Ends what is under way; nobody is called back any more. */
  stop(): void;
}

export interface SnapshotQueueStats {
  readonly waiting: number;
  readonly inFlight: number;
  readonly delivered: number;
  readonly failed: number;
}

export interface SnapshotQueueOptions {
  readonly load: (symbol: string, levels: number, priority: number, signal: AbortSignal) => Promise<DepthSnapshot>;
  /** 10 is the most liquid. */
  readonly priorityOf: (symbol: string) => number;
  readonly onSnapshot: (symbol: string, snapshot: DepthSnapshot, receivedAtMs: number) => void;
  readonly inFlightMax?: number;
  /** The first pause after a failure; each further one doubles it. */
  readonly backoffMinMs?: number;
  readonly clock?: () => number;
  readonly random?: () => number;
  readonly log: Logger;
}

/** Times are of a clock that nobody sets. */
interface Wish {
  readonly symbol: string;
  need: SnapshotNeed;
  levels: number;
  readonly sinceMs: number;
  notBeforeMs: number;
  /** While it is being loaded. */
  loading: AbortController | undefined;
  /** More was wished for while it was being loaded. */
  more: number | undefined;
}

/** How often a symbol was served of late, or failed to be. */
interface Pace {
  readonly times: number;
  readonly failures: number;
  readonly atMs: number;
  /** After a failure. */
  readonly notBeforeMs: number;
}

/** A book that is not whole goes before all that are. */
const resyncBonus = 100;
/** Whoever waits rises by one priority in this time. */
const agingMs = 30_000;
/** While the exchange is in trouble all symbols fail: they must be back soon once it is over. */
const troubleMaxMs = 30_000;
/** What is wrong with one symbol seldom mends itself. */
const symbolMaxMs = 300_000;
/** A symbol that wants nothing for so long is settled. */
const settledMs = 120_000;
const repeatMinMs = 500;

export function createSnapshotQueue(options: SnapshotQueueOptions): SnapshotQueue {
  const { load, priorityOf, onSnapshot, log, inFlightMax = 4, backoffMinMs = 1000 } = options;
  const { clock = Date.now, random = Math.random } = options;
  const wishes = new Map<string, Wish>();
  /** The latest last; those that are settled go. */
  const paces = new Map<string, Pace>();
  const elapsedMs = (): number => performance.now();
  let inFlight = 0;
  let delivered = 0;
  let failed = 0;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  const jittered = (ms: number): number => ms * (0.5 + random() / 2);
  const priorityFor = ({ symbol, need }: Wish): number => priorityOf(symbol) + (need === 'resync' ? resyncBonus : 0);

  /** Never at once: who asks may be in the middle of its own work. */
  function arm(delayMs: number): void {
    clearTimeout(timer);
    timer = setTimeout(pump, Math.max(0, delayMs));
  }

  function pump(): void {
    timer = undefined;
    while (!stopped && inFlight < inFlightMax) {
      const now = elapsedMs();
      let best: Wish | undefined;
      let bestScore = Number.NEGATIVE_INFINITY;
      let earliestMs = Number.POSITIVE_INFINITY;
      for (const wish of wishes.values()) {
        if (wish.loading !== undefined) continue;
        if (wish.notBeforeMs > now) {
          earliestMs = Math.min(earliestMs, wish.notBeforeMs);
          continue;
        }
        const score = priorityFor(wish) + (now - wish.sinceMs) / agingMs;
        if (score <= bestScore) continue;
        best = wish;
        bestScore = score;
      }
      if (best === undefined) {
        if (earliestMs < Number.POSITIVE_INFINITY) arm(earliestMs - now);
        return;
      }
      void serve(best);
    }
  }

  async function serve(wish: Wish): Promise<void> {
    const abort = new AbortController();
    wish.loading = abort;
    inFlight++;
    try {
      const snapshot = await load(wish.symbol, wish.levels, priorityFor(wish), abort.signal);
      if (!abort.signal.aborted) deliver(wish, snapshot);
    } catch (error) {
      if (!abort.signal.aborted) retryLater(wish, error);
    } finally {
      wish.loading = undefined;
      inFlight--;
      if (!stopped) arm(0);
    }
  }

  function deliver(wish: Wish, snapshot: DepthSnapshot): void {
    delivered++;
    wishes.delete(wish.symbol);
    noteServed(wish.symbol, 0);
    try {
      onSnapshot(wish.symbol, snapshot, clock());
    } catch (error) {
      log.error({ symbol: wish.symbol, error: describeError(error) }, 'a snapshot could not be taken in');
    }
    if (wish.more !== undefined) want(wish.symbol, wish.need, wish.more);
  }

  function paceOf(symbol: string): Pace | undefined {
    const pace = paces.get(symbol);
    return pace !== undefined && elapsedMs() - Math.max(pace.atMs, pace.notBeforeMs) < settledMs ? pace : undefined;
  }

  function setPace(symbol: string, pace: Pace): void {
    paces.delete(symbol);
    for (const old of paces.keys()) {
      if (paceOf(old) !== undefined) break;
      paces.delete(old);
    }
    paces.set(symbol, pace);
  }

  function noteServed(symbol: string, failures: number): void {
    const atMs = elapsedMs();
    setPace(symbol, { times: (paceOf(symbol)?.times ?? 0) + 1, failures, atMs, notBeforeMs: atMs });
  }

  function retryLater(wish: Wish, error: unknown): void {
    failed++;
    const kind = error instanceof ExchangeError ? error.kind : 'garbled';
    // The budget holds everyone until the exchange takes requests again; the symbol is not to blame.
    if (kind === 'throttled' || kind === 'banned') return;
    const maxMs = kind === 'unreachable' || kind === 'timeout' || kind === 'server' ? troubleMaxMs : symbolMaxMs;
    const { times, failures } = paceOf(wish.symbol) ?? { times: 0, failures: 0 };
    const delayMs = jittered(Math.min(maxMs, backoffMinMs * 2 ** failures));
    const atMs = elapsedMs();
    wish.notBeforeMs = atMs + delayMs;
    setPace(wish.symbol, { times, failures: failures + 1, atMs, notBeforeMs: wish.notBeforeMs });
    log.warn(
      { symbol: wish.symbol, error: describeError(error), failures: failures + 1, retryInMs: Math.round(delayMs) },
      'no snapshot: it is asked for again',
    );
  }

  /** The first snapshots follow at once: a stale one, a newer one. Then there is something else amiss. */
  function notBefore(symbol: string, now: number): number {
    const pace = paceOf(symbol);
    if (pace === undefined) return now;
    const repeatMs = pace.times < 2 ? 0 : jittered(Math.min(troubleMaxMs, repeatMinMs * 2 ** (pace.times - 2)));
    return Math.max(now, pace.atMs + repeatMs, pace.notBeforeMs);
  }

  function want(symbol: string, need: SnapshotNeed, levels: number): void {
    if (stopped) return;
    const now = elapsedMs();
    const wish = wishes.get(symbol);
    if (wish === undefined) {
      const notBeforeMs = notBefore(symbol, now);
      wishes.set(symbol, {
        symbol,
        need,
        levels,
        sinceMs: now,
        notBeforeMs,
        loading: undefined,
        more: undefined,
      });
    } else {
      if (need === 'resync' && wish.need === 'deepen') {
        wish.need = need;
        // It waits behind all that are not whole, and may be from before the loss.
        wish.loading?.abort(new Error('wanted sooner'));
      }
      if (wish.loading === undefined) wish.levels = Math.max(wish.levels, levels);
      else if (levels > wish.levels) wish.more = Math.max(wish.more ?? 0, levels);
    }
    arm(0);
  }

  return {
    want,
    cancel: (symbol) => {
      const loading = wishes.get(symbol)?.loading;
      wishes.delete(symbol);
      if (loading === undefined) return;
      loading.abort(new Error('no longer wanted'));
      noteServed(symbol, paceOf(symbol)?.failures ?? 0);
    },
    stats: () => {
      const waiting = [...wishes.values()].filter(({ loading }) => loading === undefined).length;
      return { waiting, inFlight, delivered, failed };
    },
    stop: () => {
      stopped = true;
      clearTimeout(timer);
      for (const { loading } of wishes.values()) loading?.abort(new Error('stopped'));
      wishes.clear();
    },
  };
}
