import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import { Agent } from 'undici';
import { depthRequestFor, type MarketRules } from '../binance/markets.ts';
import type { DepthSnapshot } from '../binance/messages.ts';
import { parseSnapshot } from '../binance/parse-snapshot.ts';
import { ExchangeError, type ExchangeErrorKind } from './exchange-error.ts';
import { createExchangeInfoReader, type ExchangeInfo } from './exchange-info.ts';
import { httpGet } from './http-get.ts';
import type { WeightBudget } from './weight-budget.ts';

/** One market's REST, as far as a collector needs it. Every request goes through the market's budget. */
export interface Rest {
  /**
   * The book down to `levels` a side, asked for once. `symbol` is the exchange's own name; the higher `priority` goes first.
   * Throws ExchangeError, and the signal's reason when it aborts.
   */
  loadSnapshot(symbol: string, levels: number, priority: number, signal: AbortSignal): Promise<DepthSnapshot>;
  /** All symbols and the limits in force, which the budget takes over. Tries again a few times. Throws as loadSnapshot. */
  loadExchangeInfo(signal: AbortSignal): Promise<ExchangeInfo>;
  close(): Promise<void>;
}

export interface RestOptions {
  readonly rules: MarketRules;
  /** The address, without a path. */
  readonly url: string;
  readonly budget: WeightBudget;
  /** Goes along as X-MBX-APIKEY. Market data needs none. */
  readonly apiKey?: string | undefined;
  readonly timeoutMs?: number;
  readonly clock?: () => number;
  readonly random?: () => number;
  readonly log: Logger;
  /** The address is banned until then, by our clock: somebody should know. */
  readonly onBanned?: (untilMs: number) => void;
  /** One request is over. */
  readonly onRequest?: (request: {
    readonly what: 'depth' | 'exchangeInfo';
    readonly result: 'ok' | ExchangeErrorKind;
    readonly tookMs: number;
    readonly bytes: number;
  }) => void;
}

const snapshotBytesMax = 8 * 1024 * 1024;
const exchangeInfoBytesMax = 128 * 1024 * 1024;
const exchangeInfoTimeoutMs = 60_000;
const exchangeInfoAttempts = 4;
const exchangeInfoPriority = 5;
const retryMinMs = 500;
/** Snapshots are asked for a few at a time, and exchangeInfo beside them. */
const connectionsMax = 8;

export function createRest(options: RestOptions): Rest {
  const { rules, budget, log, timeoutMs = 10_000, clock = Date.now, random = Math.random } = options;
  const base = options.url;
  const headers: Record<string, string> = options.apiKey ? { 'x-mbx-apikey': options.apiKey } : {};
  const agent = new Agent({
    connections: connectionsMax,
    pipelining: 1,
    keepAliveTimeout: 30_000,
    connect: { timeout: timeoutMs },
    // The requests have deadlines of their own, as a whole.
    headersTimeout: 0,
    bodyTimeout: 0,
  });

  async function get<T>(
    what: 'depth' | 'exchangeInfo',
    path: string,
    bounds: {
      readonly weight: number;
      readonly priority: number;
      readonly bytesMax: number;
      readonly timeoutMs: number;
    },
    onChunk: (chunk: Buffer) => void,
    parse: () => T,
    signal: AbortSignal,
  ): Promise<T> {
    await budget.acquire(bounds.weight, bounds.priority, signal);
    const from = performance.now();
    let result: 'ok' | ExchangeErrorKind = 'ok';
    let bytes = 0;
    try {
      bytes = await httpGet(new URL(path, base), onChunk, {
        dispatcher: agent,
        headers,
        timeoutMs: bounds.timeoutMs,
        bytesMax: bounds.bytesMax,
        signal,
        clock,
        onLimits: budget.observe,
      });
      return garbledUnlessParsed(`GET ${path}`, parse);
    } catch (error) {
      if (!(error instanceof ExchangeError)) throw error;
      result = error.kind;
      obey(error);
      throw error;
    } finally {
      if (!signal.aborted) options.onRequest?.({ what, result, tookMs: performance.now() - from, bytes });
    }
  }

  /** "When a 429 is received, it's your obligation as an API to back off and not spam the API" (…/rest-api/limits). */
  function obey({ kind, retryAtMs, status, code }: ExchangeError): void {
    if ((kind !== 'throttled' && kind !== 'banned') || retryAtMs === undefined) return;
    // Not all collectors of an address in the same moment.
    budget.pauseUntil(retryAtMs + random() * 1000);
    const facts = { market: rules.market, status, code, waitMs: Math.round(retryAtMs - clock()) };
    if (kind === 'throttled') log.warn(facts, 'the exchange asks for a pause: no more requests until it is over');
    else {
      log.error(facts, 'the exchange has banned our address: no more requests until it is over');
      options.onBanned?.(retryAtMs);
    }
  }

  async function loadExchangeInfoOnce(signal: AbortSignal): Promise<ExchangeInfo> {
    const reader = createExchangeInfoReader();
    return get(
      'exchangeInfo',
      rules.exchangeInfoPath,
      {
        weight: rules.exchangeInfoWeight,
        priority: exchangeInfoPriority,
        bytesMax: exchangeInfoBytesMax,
        timeoutMs: exchangeInfoTimeoutMs,
      },
      reader.read,
      reader.finish,
      signal,
    );
  }

  return {
    loadSnapshot: (symbol, levels, priority, signal) => {
      const { limit, weight } = depthRequestFor(rules, levels);
      const chunks: Buffer[] = [];
      return get(
        'depth',
        `${rules.depthPath}?symbol=${encodeURIComponent(symbol)}&limit=${limit}`,
        { weight, priority, bytesMax: snapshotBytesMax, timeoutMs },
        (chunk) => chunks.push(chunk),
        () => parseSnapshot(Buffer.concat(chunks).toString('utf8'), limit),
        signal,
      );
    },
    loadExchangeInfo: async (signal) => {
      for (let attempt = 1; ; attempt++) {
        try {
          const info = await loadExchangeInfoOnce(signal);
          if (info.weightPerMinute !== undefined) budget.setLimit(info.weightPerMinute);
          return info;
        } catch (error) {
          if (signal.aborted || attempt === exchangeInfoAttempts || !(error instanceof ExchangeError)) throw error;
          if (error.kind === 'refused' || error.kind === 'tooLarge') throw error;
          await pause(retryMinMs * 2 ** attempt * (0.5 + random() / 2), undefined, { signal });
        }
      }
    },
    close: () => agent.destroy(),
  };
}

function garbledUnlessParsed<T>(what: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new ExchangeError('garbled', `${what}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}
