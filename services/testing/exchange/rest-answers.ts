import type { Market } from '../../market-collector/binance/messages.ts';
import type { ExchangeSource } from './exchange-source.ts';
import type { Faults } from './faults.ts';

/** What a request is answered with; `hang`: never, `reset`: its connection is torn. */
export type RestAnswer =
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly body: string;
      readonly afterMs?: number;
      readonly retryAfterSeconds?: number;
    }
  | { readonly kind: 'hang' }
  | { readonly kind: 'reset' };

export const restPrefix: Readonly<Record<Market, string>> = { spot: '/api/v3', usdm: '/fapi/v1', coinm: '/dapi/v1' };

const defaultLimit: Readonly<Record<Market, number>> = { spot: 100, usdm: 500, coinm: 500 };
const futuresLimits = [5, 10, 20, 50, 100, 500, 1000];

/** What the request weighs by the market's document; 1 what it does not know. */
export function weightOf(market: Market, { pathname, searchParams }: URL): number {
  const name = pathname.slice(restPrefix[market].length + 1);
  if (name === 'exchangeInfo') return market === 'spot' ? 20 : 1;
  if (name !== 'depth') return 1;
  const limit = Number(searchParams.get('limit') ?? defaultLimit[market]);
  const steps =
    market === 'spot'
      ? ([
          [100, 5],
          [500, 25],
          [1000, 50],
          [Infinity, 250],
        ] as const)
      : ([
          [50, 2],
          [100, 5],
          [500, 10],
          [Infinity, 20],
        ] as const);
  return steps.find(([most]) => limit <= most)?.[1] ?? 1;
}

/** Answers one request of a market, but for the limits. `url` may have any host. */
export function answerRequest(source: ExchangeSource, faults: Faults, url: URL): RestAnswer {
  const { market } = source;
  const prefix = restPrefix[market];
  if (!url.pathname.startsWith(`${prefix}/`))
    return { kind: 'answer', status: 404, body: '<html>404 Not Found</html>' };
  switch (url.pathname.slice(prefix.length + 1)) {
    case 'ping':
      return ok('{}');
    case 'time':
      return ok(`{"serverTime":${Math.floor(source.nowMs())}}`);
    case 'exchangeInfo':
      return answerExchangeInfo(source, url.searchParams);
    case 'depth':
      return answerDepth(source, faults, url.searchParams);
    default:
      return { kind: 'answer', status: 404, body: '<html>404 Not Found</html>' };
  }
}

function answerExchangeInfo(source: ExchangeSource, query: URLSearchParams): RestAnswer {
  const one = query.get('symbol');
  const many = query.get('symbols');
  // Futures give all, whatever is asked for.
  if (source.market !== 'spot' || (one === null && many === null)) return ok(source.exchangeInfo() ?? '{}');
  const symbols = one !== null ? [one] : readSymbols(many ?? '');
  if (symbols === undefined) return refused(-1100, "Illegal characters found in parameter 'symbols'.");
  const body = source.exchangeInfo(symbols);
  return body === undefined ? refused(-1121, 'Invalid symbol.') : ok(body);
}

function readSymbols(text: string): readonly string[] | undefined {
  try {
    const symbols: unknown = JSON.parse(text);
    return Array.isArray(symbols) && symbols.every((symbol) => typeof symbol === 'string') ? symbols : undefined;
  } catch {
    return undefined;
  }
}

function answerDepth(source: ExchangeSource, faults: Faults, query: URLSearchParams): RestAnswer {
  const { market, snapshotLimit } = source;
  const symbol = query.get('symbol') ?? '';
  if (symbol === '') return refused(-1102, "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed.");
  const asked = query.get('limit') ?? String(defaultLimit[market]);
  if (!/^[1-9]\d*$/.test(asked)) return refused(-1130, "Data sent for parameter 'limit' is not valid.");
  if (market !== 'spot' && !futuresLimits.includes(Number(asked))) {
    return refused(-4021, `${asked} is not valid depth limit`);
  }
  const limit = Math.min(5000, Number(asked));
  // Only of a recording: to answer with fewer levels would say that there are no more.
  if (limit > snapshotLimit) return refused(-1130, `The snapshots of this recording have ${snapshotLimit} levels.`);
  const given = faults.snapshot(symbol, limit);
  switch (given.kind) {
    case 'body':
      return { ...ok(given.body), afterMs: given.afterMs };
    case 'status':
      return struck(given.status, given.retryAfterSeconds);
    case 'unknown':
      return refused(-1121, 'Invalid symbol.');
    default:
      return given;
  }
}

/** An answer that a fault asks for. */
function struck(status: number, retryAfterSeconds: number | undefined): RestAnswer {
  const isLimit = status === 429 || status === 418;
  const body = isLimit
    ? errorBody(-1003, 'Too many requests; current limit is 1 requests per MINUTE.')
    : errorBody(-1000, 'An unknown error occurred while processing the request.');
  const answer = { kind: 'answer', status, body } as const;
  return retryAfterSeconds === undefined ? answer : { ...answer, retryAfterSeconds };
}

function ok(body: string) {
  return { kind: 'answer', status: 200, body } as const;
}

function refused(code: number, msg: string): RestAnswer {
  return { kind: 'answer', status: 400, body: errorBody(code, msg) };
}

export function errorBody(code: number, msg: string): string {
  return JSON.stringify({ code, msg });
}
