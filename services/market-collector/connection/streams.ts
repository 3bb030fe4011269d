import type { Logger } from 'pino';
import { describeError } from '../../runtime/errors.ts';
import type { MarketRules, StreamKind, StreamRoute } from '../binance/markets.ts';
import { assignSymbols } from './assign-symbols.ts';
import type { ConnectLimiter } from './connect-limiter.ts';
import { createLine, type Line, type LineCounters, type LineSettings } from './line.ts';

/** The streams of one market's symbols, over as many connections as they need, without an end. */
export interface Streams {
  /**
   * Follows these symbols (the exchange's own names) from now on: a new one is subscribed on an open connection, a removed one
   * dropped there. No other symbol notices. Messages of a removed one may still come for a moment.
   */
  setSymbols(symbols: readonly string[]): void;
  /**
   * A stream of this symbol says nothing although others go on: its connection is replaced, without a break for the rest.
   * Once in a while only, as the exchange itself may be silent of it.
   */
  renew(symbol: string): void;
  stats(): StreamsStats;
  /** Closes all connections; nothing is called back any more. */
  stop(): Promise<void>;
}

export interface StreamsStats extends Readonly<LineCounters> {
  /** Connections that are open, of those that there should be. */
  readonly open: number;
  readonly wanted: number;
  /** Symbols of which some streams are not delivered now, or not yet. */
  readonly broken: readonly string[];
  /** Messages that the consumer threw at. */
  readonly handlerErrors: number;
  /** Null before the first. */
  readonly lastMessageAgeMs: number | null;
}

export interface StreamsOptions {
  readonly rules: MarketRules;
  /** The address, without a path. */
  readonly url: string;
  readonly symbols: readonly string[];
  /** collection.symbolsChunkSize: symbols on one connection. */
  readonly chunkSize: number;
  /** collection.concurrentCollectors: connections, or more if the chunks are more. */
  readonly connections: number;
  /** collection.reconnectAttempts: quick attempts before it slows down. */
  readonly reconnectAttempts: number;
  /** collection.reconnectDelaySeconds: the longest pause between attempts. */
  readonly reconnectDelayMs: number;
  /** Of the market: the exchange counts attempts by address. */
  readonly limiter: ConnectLimiter;
  /**
   * One message of a combined stream, or what is none: it is parsed by the consumer. Synchronous: while it works no more is
   * read, and a consumer that is too slow is cut by the exchange. Around the replacement of a connection a message may come
   * twice.
   */
  readonly onMessage: (raw: Buffer, receivedAtMs: number) => void;
  /** These streams of these symbols are lost, with nothing to bridge them: what happens until `onHealed` is missed. */
  readonly onBroken: (symbols: readonly string[], detail: string, kinds: readonly StreamKind[]) => void;
  /**
   * They are delivered again, or for the first time: asked for, and not refused. Of a symbol that the exchange does not know
   * nothing follows all the same.
   */
  readonly onHealed: (symbols: readonly string[], kinds: readonly StreamKind[]) => void;
  /** The exchange refuses us until then, by our clock: 429 for too many attempts, 418 for a ban. */
  readonly onRefused?: (status: number, untilMs: number) => void;
  readonly clock?: () => number;
  readonly random?: () => number;
  readonly log: Logger;
  /** For tests; each has a default that suits the exchange. */
  readonly times?: Partial<Times>;
}

type Times = Pick<LineSettings, 'rollAfterMs' | 'overlapMs' | 'idleMs' | 'handshakeMs' | 'stableMs' | 'refusedPauseMs'>;

/** A connection is replaced half an hour before the exchange cuts it. */
const beforeCutMs = 1_800_000;
const defaults = { overlapMs: 15_000, idleMs: 30_000, handshakeMs: 10_000, stableMs: 60_000, refusedPauseMs: 5_000 };
/** Where a refusal does not say for how long. */
const refusedMs = 60_000;
const bannedMs = 120_000;
const errorsLoggedEveryMs = 10_000;
const renewedEveryMs = 300_000;

export function createStreams(options: StreamsOptions): Streams {
  const { rules, log, clock = Date.now, random = Math.random } = options;
  const base = options.url.replace(/\/+$/, '');
  const streamsASymbol = Math.max(...rules.routes.map(({ kinds }) => kinds.length));
  const chunkSize = Math.max(1, Math.min(options.chunkSize, Math.floor(rules.streamsMax / streamsASymbol)));
  const lines = new Map<string, Line>();
  const counters: LineCounters = {
    messages: 0,
    bytes: 0,
    controls: 0,
    pings: 0,
    attempts: 0,
    reconnects: 0,
    rolls: 0,
  };
  const renewedAt = new Map<string, number>();
  let assigned: Map<string, number> = new Map();
  let pausedUntilMs = 0;
  let lastMessageAtMs: number | undefined;
  let handlerErrors = 0;
  let errorLoggedAt = Number.NEGATIVE_INFINITY;
  let stopped = false;

  const settings: LineSettings = {
    ...defaults,
    rollAfterMs: rules.connectionLifeMs - beforeCutMs,
    ...options.times,
    limiter: options.limiter,
    reconnect: { quickAttempts: options.reconnectAttempts, delayMaxMs: options.reconnectDelayMs },
    controlPerSecond: rules.controlPerSecond,
    counters,
    clock,
    random,
    pausedUntilMs: () => pausedUntilMs,
    onRefusedUpgrade: ({ status, retryAtMs }) => {
      if (status !== 429 && status !== 418 && retryAtMs === undefined) return;
      const untilMs = retryAtMs ?? clock() + (status === 418 ? bannedMs : refusedMs);
      pausedUntilMs = Math.max(pausedUntilMs, untilMs);
      log.error(
        { market: rules.market, status, waitMs: untilMs - clock() },
        'the exchange refuses connections for a while',
      );
      options.onRefused?.(status ?? 0, untilMs);
    },
    log,
  };

  /** Whatever the consumer does, the socket goes on. */
  function guarded(what: string, call: () => void): void {
    if (stopped) return;
    try {
      call();
    } catch (error) {
      handlerErrors++;
      const now = performance.now();
      if (now - errorLoggedAt < errorsLoggedEveryMs) return;
      errorLoggedAt = now;
      log.error({ what, handlerErrors, error: describeError(error) }, 'a handler of the streams failed');
    }
  }

  function openLine(route: StreamRoute, symbols: readonly string[]): Line {
    return createLine(
      {
        url: base + route.path,
        symbols,
        streamsOf: (symbol) => route.kinds.map((kind) => rules.streamName(symbol, kind)),
        onMessage: (raw, receivedAtMs) => {
          lastMessageAtMs = receivedAtMs;
          guarded('message', () => options.onMessage(raw, receivedAtMs));
        },
        onBroken: (broken, detail) => guarded('broken', () => options.onBroken(broken, detail, route.kinds)),
        onHealed: (healed) => guarded('healed', () => options.onHealed(healed, route.kinds)),
      },
      settings,
    );
  }

  function setSymbols(symbols: readonly string[]): void {
    if (stopped) return;
    assigned = assignSymbols(assigned, symbols, { chunkSize, connections: options.connections });
    const chunks = Map.groupBy(assigned.keys(), (symbol) => assigned.get(symbol) ?? 0);
    for (const route of rules.routes) {
      for (const [connection, chunk] of chunks) {
        const name = `${route.path} ${connection}`;
        const line = lines.get(name);
        if (line === undefined) lines.set(name, openLine(route, chunk));
        else line.setSymbols(chunk);
      }
    }
    for (const [name, line] of lines) {
      if (chunks.has(Number(name.slice(name.indexOf(' ') + 1)))) continue;
      lines.delete(name);
      void line.stop();
    }
  }

  function renew(symbol: string): void {
    for (const { path } of rules.routes) {
      const name = `${path} ${assigned.get(symbol)}`;
      const now = performance.now();
      if (now - (renewedAt.get(name) ?? Number.NEGATIVE_INFINITY) < renewedEveryMs) continue;
      renewedAt.set(name, now);
      lines.get(name)?.roll(`it is silent of ${symbol}`);
    }
  }

  setSymbols(options.symbols);
  return {
    setSymbols,
    renew,
    stats: () => ({
      ...counters,
      open: [...lines.values()].filter(({ isOpen }) => isOpen).length,
      wanted: lines.size,
      broken: [...new Set([...lines.values()].flatMap(({ broken }) => broken))],
      handlerErrors,
      lastMessageAgeMs: lastMessageAtMs === undefined ? null : Math.max(0, clock() - lastMessageAtMs),
    }),
    stop: async () => {
      stopped = true;
      await Promise.all([...lines.values()].map((line) => line.stop()));
      lines.clear();
    },
  };
}
