import type { Market } from './messages.ts';

/** What a stream of ours tells. */
export type StreamKind = 'depth' | 'ticker' | 'trade';

/** One place that serves streams. A connection is to one route, and carries the streams of that route only. */
export interface StreamRoute {
  /** What follows the address: combined streams, asked for by `?streams=a/b/c`. */
  readonly path: string;
  readonly kinds: readonly StreamKind[];
}

/** What one market of Binance allows and how it names things. */
export interface MarketRules {
  readonly market: Market;
  readonly routes: readonly StreamRoute[];
  /** The name of a stream; `symbol` is the exchange's own name. */
  readonly streamName: (symbol: string, kind: StreamKind) => string;
  /** Streams on one connection. */
  readonly streamsMax: number;
  /** Frames that we may send in a second on one connection: pings, pongs and requests alike. */
  readonly controlPerSecond: number;
  /** Attempts to connect from one address in five minutes. */
  readonly connectsPer5Minutes: number;
  /** How long a connection lives. */
  readonly connectionLifeMs: number;
  /** How often the exchange pings; a pong is due by `pongWithinMs`. */
  readonly pingEveryMs: number;
  readonly pongWithinMs: number;
  readonly depthPath: string;
  /** By how many levels a side may be asked for, ascending: what the request weighs. */
  readonly depthWeights: readonly { readonly limit: number; readonly weight: number }[];
  readonly exchangeInfoPath: string;
  readonly exchangeInfoWeight: number;
  /** Weight that one address may use in a minute, unless exchangeInfo tells otherwise. */
  readonly weightPerMinute: number;
}

const hourMs = 3_600_000;
const minuteMs = 60_000;

const streamSuffix: Readonly<Record<StreamKind, string>> = {
  depth: '@depth@100ms',
  ticker: '@bookTicker',
  trade: '@aggTrade',
};

// Futures documents have said 200 and 1,024 streams a connection at different times; the smaller number suits both.
const futures = {
  streamName: (symbol: string, kind: StreamKind) => symbol.toLowerCase() + streamSuffix[kind],
  streamsMax: 200,
  controlPerSecond: 10,
  connectsPer5Minutes: 300,
  connectionLifeMs: 24 * hourMs,
  pingEveryMs: 3 * minuteMs,
  pongWithinMs: 10 * minuteMs,
  depthWeights: [
    { limit: 50, weight: 2 },
    { limit: 100, weight: 5 },
    { limit: 500, weight: 10 },
    { limit: 1000, weight: 20 },
  ],
  exchangeInfoWeight: 1,
  weightPerMinute: 2400,
};

/**
 * Sources, all below https://developers.binance.com/docs/:
 * spot: binance-spot-api-docs/web-socket-streams ("General information", "Websocket limits"), …/rest-api/limits,
 * …/rest-api/market-data-endpoints#order-book, …/rest-api/general-endpoints#exchange-information ·
 * usdm: derivatives/usds-margined-futures/websocket-market-streams and its "Important WebSocket Change Notice": since
 * 2026-04-23 books and their tickers are served below /public, aggregated trades below /market, and a stream asked for at the
 * wrong one, or at neither, is acknowledged and never delivers; …/market-data/rest-api/Order-Book ·
 * coinm: derivatives/coin-margined-futures/websocket-market-streams, …/market-data/rest-api/Order-Book.
 */
const rules: Readonly<Record<Market, MarketRules>> = {
  spot: {
    market: 'spot',
    routes: [{ path: '/stream', kinds: ['depth', 'ticker', 'trade'] }],
    streamName: (symbol, kind) => symbol.toLowerCase() + (kind === 'trade' ? '@trade' : streamSuffix[kind]),
    streamsMax: 1024,
    controlPerSecond: 5,
    connectsPer5Minutes: 300,
    connectionLifeMs: 24 * hourMs,
    pingEveryMs: 20_000,
    pongWithinMs: minuteMs,
    depthPath: '/api/v3/depth',
    depthWeights: [
      { limit: 100, weight: 5 },
      { limit: 500, weight: 25 },
      { limit: 1000, weight: 50 },
      { limit: 5000, weight: 250 },
    ],
    // Who may trade a symbol is most of the answer's bytes, and nothing to us.
    exchangeInfoPath: '/api/v3/exchangeInfo?showPermissionSets=false',
    exchangeInfoWeight: 20,
    weightPerMinute: 6000,
  },
  usdm: {
    ...futures,
    market: 'usdm',
    routes: [
      { path: '/public/stream', kinds: ['depth', 'ticker'] },
      { path: '/market/stream', kinds: ['trade'] },
    ],
    depthPath: '/fapi/v1/depth',
    exchangeInfoPath: '/fapi/v1/exchangeInfo',
  },
  coinm: {
    ...futures,
    market: 'coinm',
    routes: [{ path: '/stream', kinds: ['depth', 'ticker', 'trade'] }],
    depthPath: '/dapi/v1/depth',
    exchangeInfoPath: '/dapi/v1/exchangeInfo',
  },
};

export function rulesOf(market: Market): MarketRules {
  return rules[market];
}

/**
 * The least that may be asked for to get `levels` levels a side, and what it weighs. More levels than the exchange gives: its
 * most.
 */
export function depthRequestFor(
  { depthWeights }: Pick<MarketRules, 'depthWeights'>,
  levels: number,
): { readonly limit: number; readonly weight: number } {
  const found = depthWeights.find(({ limit }) => limit >= levels) ?? depthWeights.at(-1);
  if (found === undefined) throw new RangeError('a market without depth limits');
  return found;
}
