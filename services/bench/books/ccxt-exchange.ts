import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { peerFolder } from '../peers.ts';
import type { BooksInput } from './input.ts';
import { levelRow } from './rows.ts';

/** What of ccxt is used. Its types are not installed with us. */
export interface CcxtExchange {
  enableRateLimit: boolean;
  setMarkets(markets: readonly unknown[]): void;
  client: (url: string) => CcxtClient;
  fetchRestOrderBookSafe: (symbol: string) => Promise<unknown>;
  watchOrderBook(symbol: string, limit: number): Promise<unknown>;
  orderBook(snapshot: object, depth: number): Book;
  parseOrderBook(answer: unknown, symbol: string): { nonce?: number };
  safeInteger(answer: unknown, key: string): number;
  readonly orderbooks: Record<string, Book>;
}
export interface CcxtClient {
  onMessage(event: { data: string }): void;
  send: (request: { id: number; params: readonly string[] }) => Promise<void>;
  startedConnecting: boolean;
  readonly connected: { resolve(value: unknown): void };
}
interface Book {
  readonly nonce?: number;
  reset(snapshot: unknown): void;
  readonly bids: readonly Level[];
  readonly asks: readonly Level[];
}
type Level = readonly [price: number, size: number];

/** Its Binance, with the markets of the input; and the names that it has for the symbols. */
export async function createCcxt(input: BooksInput): Promise<{ exchange: CcxtExchange; unified: Map<string, string> }> {
  const file = join(peerFolder('binance-books'), 'node_modules/ccxt/js/src/pro/binance.js');
  const { default: Binance } = (await import(pathToFileURL(file).href)) as { default: new () => CcxtExchange };
  const exchange = new Binance();
  const unified = new Map(input.symbols.map((id) => [id, unifiedSymbol(input, id)]));
  exchange.setMarkets(input.symbols.map((id) => marketOf(input, id, unified.get(id) ?? '')));
  return { exchange, unified };
}

/** A snapshot as its `fetchOrderBook` gives it, of what the exchange answered. */
export function parseSnapshot(exchange: CcxtExchange, text: string, symbol: string): unknown {
  const answer: unknown = JSON.parse(text);
  const snapshot = exchange.parseOrderBook(answer, symbol);
  snapshot.nonce = exchange.safeInteger(answer, 'lastUpdateId');
  return snapshot;
}

export function ccxtRows(exchange: CcxtExchange, unified: ReadonlyMap<string, string>): string[] {
  return [...unified].flatMap(([id, symbol]) => {
    const { bids = [], asks = [] } = exchange.orderbooks[symbol] ?? {};
    return [
      ...Array.from(bids, ([price, size]) => levelRow(id, 'bid', String(price), String(size))),
      ...Array.from(asks, ([price, size]) => levelRow(id, 'ask', String(price), String(size))),
    ];
  });
}

function unifiedSymbol({ market }: BooksInput, id: string): string {
  const pair = `${baseOf(id)}/USDT`;
  return market === 'spot' ? pair : `${pair}:USDT`;
}

function baseOf(id: string): string {
  return id.replace(/USDT$/, '');
}

function marketOf({ market }: BooksInput, id: string, symbol: string): object {
  const spot = market === 'spot';
  return {
    id,
    lowercaseId: id.toLowerCase(),
    symbol,
    base: baseOf(id),
    quote: 'USDT',
    baseId: baseOf(id),
    quoteId: 'USDT',
    ...(spot ? {} : { settle: 'USDT', settleId: 'USDT' }),
    type: spot ? 'spot' : 'swap',
    spot,
    swap: !spot,
    contract: !spot,
    linear: spot ? undefined : true,
    inverse: spot ? undefined : false,
    active: true,
    precision: {},
    limits: {},
    info: {},
  };
}
