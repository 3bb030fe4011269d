import type { Logger } from 'pino';
import { exchangeSymbolOf, type Pair } from '../../catalog/schema/pair.ts';
import { ConfigurationError } from '../runtime/errors.ts';
import type { Started } from '../runtime/modules.ts';
import type { ExchangeCore } from '../testing/exchange/exchange-core.ts';
import { type ExchangeServer, startSimulatedExchange } from '../testing/exchange/exchange-server.ts';
import type { SymbolSpec } from '../testing/exchange/symbol-spec.ts';
import { startPriceOf } from './prices.ts';

type Market = Pair['market'];
type Address = { readonly rest: string; readonly stream: string };

/** The exchange of this machine. */
export interface LocalExchange {
  readonly markets: readonly ExchangeServer<ExchangeCore>[];
  /** Lists pairs that are new. None is delisted. */
  setPairs(pairs: readonly Pair[]): void;
}

/** The brief's 45 records of a book a minute. */
const usualUpdatesPerSecond = 0.75;
/** More than a snapshot of the usual depth shows, as on the exchange. */
const levels = 1_200;

/**
 * A market for a laptop: Binance's protocol with made-up books of the catalog's active pairs, for whoever is not to ask
 * Binance itself. Each market listens where its addresses say.
 * @param deps.exchange addresses of this machine
 * @param deps.updatesPerSecond depth diffs of each pair; tickers and trades come with them, two or so for each
 * @throws ConfigurationError when an address is elsewhere, or its port cannot be had
 */
export async function createLocalExchange(deps: {
  readonly pairs: readonly Pair[];
  readonly exchange: Readonly<Record<Market, Address>>;
  readonly log: Logger;
  readonly seed?: number;
  readonly updatesPerSecond?: number;
}): Promise<Started<LocalExchange>> {
  const { exchange, log, seed = 1, updatesPerSecond = usualUpdatesPerSecond } = deps;
  const markets: ExchangeServer<ExchangeCore>[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(markets.map((market) => market.stop()));
  };
  try {
    for (const market of ['spot', 'usdm', 'coinm'] as const) {
      const symbols = simulatedSymbols(deps.pairs, market);
      const { host, ports } = placeOf(market, exchange[market]);
      const server = await startSimulatedExchange({ market, symbols, seed, updatesPerSecond, host, ports });
      markets.push(server);
      log.info({ market, url: server.restUrl, symbols: symbols.length }, 'simulated exchange listening');
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    part: {
      markets,
      setPairs: (pairs) => {
        for (const { source } of markets) for (const spec of simulatedSymbols(pairs, source.market)) source.add(spec);
      },
    },
    stop,
    health: () => ({ ok: true, detail: markets.map(describeMarket).join('; ') }),
  };
}

/** The pairs of a market that are still traded, as the exchange lists them. */
export function simulatedSymbols(pairs: readonly Pair[], market: Market): SymbolSpec[] {
  return pairs
    .filter((pair) => pair.market === market && pair.status !== 'retired')
    .map((pair) => ({
      symbol: exchangeSymbolOf(pair),
      base: pair.base,
      quote: pair.quote,
      tickSize: pair.tickSize,
      stepSize: pair.stepSize,
      ...(pair.minNotional !== undefined && { minNotional: pair.minNotional }),
      price: startPriceOf(pair),
      levels,
    }));
}

/** Requests and streams may have one port or two. */
function placeOf(
  market: Market,
  { rest, stream }: Address,
): { readonly host: string; readonly ports: readonly number[] } {
  const urls = [rest, stream].map((text) => new URL(text));
  for (const { hostname, href } of urls) {
    if (/^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname)) continue;
    throw new ConfigurationError(`local exchange: market.exchange.${market} is ${href}, which is not this machine`);
  }
  const ports = urls.map(({ port, protocol }) =>
    port === '' ? (/^(https|wss):$/.test(protocol) ? 443 : 80) : Number(port),
  );
  return { host: (urls[0] as URL).hostname.replace(/^\[|\]$/g, ''), ports: [...new Set(ports)] };
}

function describeMarket({ source, counts }: ExchangeServer<ExchangeCore>): string {
  return `${source.market}: ${source.symbols().length} symbols, ${counts().connections} connections`;
}
