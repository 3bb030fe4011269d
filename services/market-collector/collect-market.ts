import type { Logger } from 'pino';
import { exchangeSymbolOf, type Pair } from '../../catalog/schema/pair.ts';
import type { Bar } from '../datasets/market/bar.ts';
import type { Gap, MarketRecord } from '../datasets/market/record.ts';
import type { BookPlace } from '../datasets/market/write-batch.ts';
import type { MarketConfig } from '../runtime/market-config.ts';
import { rulesOf } from './binance/markets.ts';
import type { Market } from './binance/messages.ts';
import { parseStreamMessage } from './binance/parse-message.ts';
import type { CollectorMetrics } from './collector-metrics.ts';
import { createConnectLimiter } from './connection/connect-limiter.ts';
import { createStreams, type StreamsStats } from './connection/streams.ts';
import type { Finding } from './rest/exchange-check.ts';
import { createRest } from './rest/rest.ts';
import { createSnapshotQueue, type SnapshotQueueStats } from './rest/snapshot-queue.ts';
import { watchExchange } from './rest/watch-exchange.ts';
import { createWeightBudget, type WeightBudgetStats } from './rest/weight-budget.ts';
import { createSymbolFeed, type SymbolFeed, type SymbolReport } from './symbol-feed.ts';

export interface CollectMarketOptions {
  readonly market: Market;
  /** Addresses without a path. */
  readonly exchange: { readonly rest: string; readonly stream: string };
  readonly collection: MarketConfig['collection'];
  /** Of what the exchange allows an address, for this process: more than 0, at most 1. */
  readonly share: number;
  readonly apiKey: string | undefined;
  /** Where the rows go. They never throw. */
  readonly sinks: {
    record(record: MarketRecord): void;
    gap(gap: Gap): void;
    bars(bars: readonly Bar[]): void;
    /** The pair is followed no more; called after its last row. */
    forget(symbol: string): void;
  };
  readonly metrics: CollectorMetrics;
  readonly log: Logger;
  readonly now?: () => number;
}

/** The symbols of one market, kept whole. */
export interface MarketCollection {
  /**
   * Follows these pairs of the market from now on. `held` says for a new one what is held of it. No pair that stays notices.
   */
  setPairs(pairs: readonly Pair[], held: ReadonlyMap<string, BookPlace>): void;
  /** Writes down the whole books of these pairs soon; of those that it follows. */
  checkpoint(symbols: readonly string[]): void;
  report(): MarketReport;
  /** Hands on what is held back, and closes all connections. */
  stop(): Promise<void>;
}

export interface MarketReport {
  readonly market: Market;
  readonly symbols: readonly SymbolReport[];
  /** What the last check against the exchange found. */
  readonly findings: readonly Finding[];
  readonly streams: StreamsStats;
  readonly weight: WeightBudgetStats;
  readonly snapshots: SnapshotQueueStats;
}

const tickMs = 250;
const observeMs = 2_000;
/** Of updates that wait for snapshots: of all symbols together, and of one at the most. */
const buffersBytesMax = 128 * 1024 * 1024;
const bufferBytesMax = 8 * 1024 * 1024;
/** Messages that cannot be read may come by the hundreds. */
const garbageLoggedEveryMs = 10_000;

interface Followed {
  pair: Pair;
  readonly feed: SymbolFeed;
}

export function collectMarket(options: CollectMarketOptions): MarketCollection {
  const { market, exchange, collection, share, sinks, metrics, log, now = Date.now } = options;
  const rules = rulesOf(market);
  /** By the exchange's own name. */
  const followed = new Map<string, Followed>();
  let check: { readonly abort: AbortController; readonly ended: Promise<void> } | undefined;
  let findings: readonly Finding[] = [];
  let garbageLoggedAtMs = Number.NEGATIVE_INFINITY;

  const budget = createWeightBudget({
    weightPerMinute: rules.weightPerMinute,
    share,
    requestsPerSecond: collection.rateLimitPerSecond,
    clock: now,
  });
  const rest = createRest({
    rules,
    url: exchange.rest,
    budget,
    apiKey: options.apiKey,
    clock: now,
    log,
    onRequest: ({ result }) => {
      metrics.request(result);
      if (result === 'throttled') metrics.refused(429, budget.stats().pausedUntilMs ?? now());
    },
    onBanned: (untilMs) => metrics.refused(418, untilMs),
  });
  const queue = createSnapshotQueue({
    load: rest.loadSnapshot,
    priorityOf: (symbol) => followed.get(symbol)?.pair.priority ?? 0,
    onSnapshot: (symbol, snapshot, receivedAtMs) => followed.get(symbol)?.feed.onSnapshot(snapshot, receivedAtMs),
    clock: now,
    log,
  });
  const limiter = createConnectLimiter({ connectsPer5Minutes: rules.connectsPer5Minutes, share, clock: now });
  const streams = createStreams({
    rules,
    url: exchange.stream,
    symbols: [],
    chunkSize: collection.symbolsChunkSize,
    connections: collection.concurrentCollectors,
    reconnectAttempts: collection.reconnectAttempts,
    reconnectDelayMs: collection.reconnectDelaySeconds * 1000,
    limiter,
    onMessage: receive,
    onBroken: (symbols, detail, kinds) => {
      metrics.disconnected();
      for (const symbol of symbols) followed.get(symbol)?.feed.onBroken(kinds, detail);
    },
    onHealed: (symbols, kinds) => {
      for (const symbol of symbols) followed.get(symbol)?.feed.onHealed(kinds);
    },
    onRefused: (status, untilMs) => {
      if (status === 418 || status === 429) metrics.refused(status, untilMs);
    },
    clock: now,
    log,
  });

  function receive(raw: Buffer, receivedAtMs: number): void {
    const message = parseStreamMessage(raw);
    switch (message.kind) {
      case 'depth':
      case 'ticker':
      case 'trade':
        metrics.message(message.kind, raw.length);
        followed.get(message.symbol)?.feed.onMessage(message, receivedAtMs);
        return;
      case 'garbage': {
        metrics.message('garbage', raw.length);
        const { symbol, of, reason } = message;
        const found = symbol === undefined ? undefined : followed.get(symbol);
        metrics.garbage(found?.pair.symbol ?? '');
        if (receivedAtMs - garbageLoggedAtMs >= garbageLoggedEveryMs) {
          garbageLoggedAtMs = receivedAtMs;
          log.warn({ market, symbol, of, reason }, 'a message of the exchange cannot be read');
        }
        found?.feed.onGarbage(of, reason);
        return;
      }
      default:
        metrics.message('control', raw.length);
    }
  }

  function follow(pair: Pair, heldTo: BookPlace | undefined, symbolCount: number): Followed {
    const { symbol } = pair;
    const name = exchangeSymbolOf(pair);
    const one: Followed = {
      pair,
      feed: createSymbolFeed({
        symbol,
        market,
        heldTo,
        recordIntervalMs: collection.recordIntervalMs,
        checkpointIntervalMs: collection.checkpointMinutes * 60_000,
        bufferBytesMax: Math.min(bufferBytesMax, Math.floor(buffersBytesMax / symbolCount)),
        now,
        sinks: {
          ...sinks,
          gap: (gap) => {
            if (gap.stream === 'book') metrics.gap(gap);
            // That of a restart is told once for all pairs.
            if (gap.closedAtMs === null && gap.reason !== 'restart') log.info({ market, ...gap }, 'gap');
            sinks.gap(gap);
          },
          wantSnapshot: (why) => queue.want(name, why === 'deepen' ? 'deepen' : 'resync', collection.snapshotDepth),
          cancelSnapshot: () => queue.cancel(name),
          onStreamStalled: () => {
            log.warn({ market, symbol }, 'depth stream is silent while the ticker goes on');
            streams.renew(name);
          },
          dropped: metrics.dropped,
          joined: () => metrics.joined(symbol),
        },
      }),
    };
    return one;
  }

  function unfollow(name: string, { pair, feed }: Followed): void {
    followed.delete(name);
    queue.cancel(name);
    feed.close();
    sinks.forget(pair.symbol);
    metrics.forget(pair.symbol);
  }

  function setPairs(pairs: readonly Pair[], held: ReadonlyMap<string, BookPlace>): void {
    const wanted = new Map(pairs.map((pair) => [exchangeSymbolOf(pair), pair]));
    const before = JSON.stringify(listed());
    for (const [name, one] of followed) if (wanted.get(name)?.symbol !== one.pair.symbol) unfollow(name, one);
    // A name that goes on under another of our symbols is subscribed anew, so that its new feed hears of it.
    streams.setSymbols([...followed.keys()]);
    for (const [name, pair] of wanted) {
      const one = followed.get(name);
      if (one === undefined) followed.set(name, follow(pair, held.get(pair.symbol), wanted.size));
      else one.pair = pair;
    }
    streams.setSymbols([...followed.keys()]);
    if (check === undefined || JSON.stringify(listed()) !== before) checkAnew();
  }

  const listed = () => [...followed].map(([exchangeSymbol, { pair }]) => ({ ...pair, exchangeSymbol }));

  /** Now, as the pairs have changed, and daily. */
  function checkAnew(): void {
    check?.abort.abort(new Error('the pairs have changed'));
    const abort = new AbortController();
    const ended = watchExchange({
      rest,
      pairs: listed,
      onFindings: (found) => {
        findings = found;
        metrics.findings(
          found,
          listed().map(({ symbol }) => symbol),
        );
      },
      log,
      signal: abort.signal,
    });
    check = { abort, ended };
  }

  const report = (): MarketReport => ({
    market,
    symbols: [...followed.values()].map(({ feed }) => feed.report()),
    findings,
    streams: streams.stats(),
    weight: budget.stats(),
    snapshots: queue.stats(),
  });

  function observe(): void {
    const { symbols, streams: stats, weight, snapshots } = report();
    const out = new Set(findings.filter(({ kind }) => notTraded.has(kind)).map(({ symbol }) => symbol));
    metrics.observe({ reports: symbols, out, streams: stats, weight, snapshotsWanted: snapshots.waiting });
  }

  const timers = [
    setInterval(() => {
      for (const { feed } of followed.values()) feed.tick();
    }, tickMs),
    setInterval(observe, observeMs),
  ];

  return {
    setPairs,
    checkpoint: (symbols) => {
      for (const { pair, feed } of followed.values()) if (symbols.includes(pair.symbol)) feed.wantCheckpoint();
    },
    report,
    stop: async () => {
      check?.abort.abort(new Error('stopped'));
      for (const timer of timers) clearInterval(timer);
      await streams.stop();
      for (const [name, one] of followed) unfollow(name, one);
      queue.stop();
      limiter.stop();
      await check?.ended;
      await rest.close();
    },
  };
}

const notTraded: ReadonlySet<Finding['kind']> = new Set(['unknown', 'delisted', 'halted']);
