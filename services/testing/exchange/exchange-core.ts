import type { Market } from '../../market-collector/binance/messages.ts';
import { seededRandom } from '../seeded-random.ts';
import { type BookModel, createBookModel } from './book-model.ts';
import { exchangeInfoText, pairOf } from './exchange-info.ts';
import type { ExchangeSource, TrueBook } from './exchange-source.ts';
import { type PriceLadder, sizeAt } from './price-ladder.ts';
import {
  aggregateTradeText,
  depthText,
  type ExchangeMessage,
  type SymbolNames,
  snapshotText,
  tickerText,
  tradeText,
} from './stream-text.ts';
import { gridText, type SymbolSpec, type SymbolStatus } from './symbol-spec.ts';

export interface ExchangeCore extends ExchangeSource {
  symbols(): string[];
  /** Of the newest change of the symbol's book; undefined when there is no such symbol. */
  lastUpdateId(symbol: string): number | undefined;
  /** A new symbol is listed; nothing happens if it is there. */
  add(spec: SymbolSpec): void;
  /** Only of a symbol that is TRADING does the book move. */
  setStatus(symbol: string, status: SymbolStatus): void;
  /** The symbol is in no `exchangeInfo`, has no snapshot, and its streams say nothing. */
  remove(symbol: string): void;
  /** What `exchangeInfo` says from now on; the prices of the book stay as they are. */
  setSteps(symbol: string, steps: { readonly tickSize?: string; readonly stepSize?: string }): void;
  /** The next update of the symbol has this id, whatever came before. */
  resetIds(symbol: string, nextId: number): void;
}

export interface ExchangeCoreOptions {
  readonly market: Market;
  readonly symbols: readonly SymbolSpec[];
  readonly seed: number;
  /** What the exchange's clock shows at the start, Unix milliseconds. */
  readonly startMs: number;
  /** Depth diffs at 100 ms, a second and symbol: from 0 to 10. */
  readonly updatesPerSecond: number;
  /** Changes of the book that a diff at 100 ms holds, on average; 4 by default. */
  readonly eventsPerUpdate?: number;
  /** Divides 50; 10 by default. Everything happens at its multiples. */
  readonly stepMs?: number;
  /** Streams that nobody wants are not written; by default those that a collector of books asks for are. */
  readonly wants?: (stream: string) => boolean;
}

/** One depth stream of a symbol: what has changed since it last spoke. */
interface DepthStream {
  readonly name: string;
  readonly everyMs: number;
  readonly bids: Set<number>;
  readonly asks: Set<number>;
  /** Kept also while nobody listens: who begins to in the middle hears of the whole. */
  hasChanged: boolean;
  firstUpdateId: number;
  previousUpdateId: number;
}

interface SymbolState {
  spec: SymbolSpec;
  readonly names: SymbolNames;
  readonly model: BookModel;
  readonly random: () => number;
  readonly phaseMs: number;
  readonly depths: readonly DepthStream[];
  readonly ticker: string;
  readonly trade: string;
  readonly aggregateTrade: string;
  /** How many events come in each step of this window. */
  readonly plan: number[];
  lastUpdateId: number;
  matchedAtMs: number;
  tradeId: number;
}

const windowMs = 100;

/** How often each depth stream speaks. Spot's plain `@depth` does so every second, that of futures four times a second. */
const depthStreams: Readonly<Record<Market, readonly (readonly [suffix: string, everyMs: number])[]>> = {
  spot: [
    ['@depth@100ms', 100],
    ['@depth', 1000],
  ],
  usdm: [
    ['@depth@100ms', 100],
    ['@depth', 250],
    ['@depth@500ms', 500],
  ],
  coinm: [
    ['@depth@100ms', 100],
    ['@depth', 250],
    ['@depth@500ms', 500],
  ],
};

const idsSinceMs = Date.UTC(2020, 0);

/**
 * One market of the exchange, without clock and without network: the same seed gives the same messages. Ids follow the rules
 * of the market. Spot counts every change of a symbol's book, so that a diff begins where the one before it ended. On futures
 * all symbols share one count, so that ids jump, and `pu` names the diff before. Tickers bear the id of the change that
 * they tell, and come as it happens: before the diff that holds it.
 */
export function createExchangeCore(options: ExchangeCoreOptions): ExchangeCore {
  const { market, seed, startMs, updatesPerSecond, eventsPerUpdate = 4, stepMs = 10 } = options;
  if (50 % stepMs !== 0) throw new Error(`stepMs is ${stepMs}, but must divide 50`);
  const usualTrade = market === 'spot' ? '@trade' : '@aggTrade';
  const wants =
    options.wants ??
    ((stream) => stream.endsWith('@depth@100ms') || stream.endsWith('@bookTicker') || stream.endsWith(usualTrade));
  const marketRandom = seededRandom(seed);
  // Ids grow with the clock, faster than any market of ours: one that is started again goes on above where it was.
  const ageMs = Math.max(0, startMs - idsSinceMs) + 1_000_000;
  let sharedId = ageMs * 5_000;
  let elapsedMs = 0;
  let owedMs = 0;
  const states = new Map<string, SymbolState>();
  for (const spec of options.symbols) states.set(spec.symbol, createState(spec));

  function createState(spec: SymbolSpec): SymbolState {
    const random = seededRandom(seed ^ hashOf(`${market} ${spec.symbol}`));
    const stream = spec.symbol.toLowerCase();
    const lastUpdateId = market === 'spot' ? ageMs + Math.floor(random() * 1e9) : nextShared();
    return {
      spec,
      names: { market, symbol: spec.symbol, pair: pairOf(spec) },
      model: createBookModel(spec, market, random),
      random,
      phaseMs: Math.floor((random() * windowMs) / stepMs) * stepMs,
      depths: depthStreams[market].map(([suffix, everyMs]) => ({
        name: stream + suffix,
        everyMs,
        bids: new Set<number>(),
        asks: new Set<number>(),
        hasChanged: false,
        firstUpdateId: 0,
        previousUpdateId: lastUpdateId,
      })),
      ticker: `${stream}@bookTicker`,
      trade: `${stream}@trade`,
      aggregateTrade: `${stream}@aggTrade`,
      plan: new Array<number>(windowMs / stepMs).fill(0),
      lastUpdateId,
      matchedAtMs: startMs,
      tradeId: ageMs + Math.floor(random() * 1e9),
    };
  }

  function nextShared(): number {
    sharedId += 1 + Math.floor(marketRandom() * 300);
    return sharedId;
  }

  const nowMs = (): number => startMs + elapsedMs;

  /** Decides what happens in a symbol's next 100 ms. */
  function plan(state: SymbolState): void {
    const { random, spec } = state;
    state.plan.fill(0);
    if ((spec.status ?? 'TRADING') !== 'TRADING') return;
    if (random() * 10 >= (spec.updatesPerSecond ?? updatesPerSecond)) return;
    const events = 1 + Math.floor(-Math.log(1 - random()) * Math.max(0, eventsPerUpdate - 0.5));
    for (let event = 0; event < events; event++) {
      const step = Math.floor(random() * state.plan.length);
      state.plan[step] = (state.plan[step] as number) + 1;
    }
  }

  /** One order, told to whoever wants it. */
  function happen(state: SymbolState, out: ExchangeMessage[]): void {
    const { model, names, depths } = state;
    const { bids, asks } = model;
    let [bid, bidSize, ask, askSize] = [lastOf(bids.keys), lastOf(bids.sizes), lastOf(asks.keys), lastOf(asks.sizes)];
    model.next(({ side, key, traded }) => {
      const updateId = market === 'spot' ? state.lastUpdateId + 1 : nextShared();
      state.lastUpdateId = updateId;
      state.matchedAtMs = nowMs();
      for (const depth of depths) {
        if (!depth.hasChanged) depth.firstUpdateId = updateId;
        depth.hasChanged = true;
        (side === 'bid' ? depth.bids : depth.asks).add(key);
      }
      if (traded !== undefined) tell(state, side === 'bid', key, traded, out);
      const now = [lastOf(bids.keys), lastOf(bids.sizes), lastOf(asks.keys), lastOf(asks.sizes)] as const;
      if (now[0] === bid && now[1] === bidSize && now[2] === ask && now[3] === askSize) return;
      [bid, bidSize, ask, askSize] = now;
      if (!wants(state.ticker)) return;
      const text = tickerText(names, {
        updateId,
        eventTimeMs: nowMs(),
        bid: gridText(bid, model.price),
        bidSize: gridText(bidSize, model.size),
        ask: gridText(-ask, model.price),
        askSize: gridText(askSize, model.size),
      });
      const { symbol } = names;
      out.push({ stream: state.ticker, symbol, kind: 'ticker', text, timeMs: nowMs(), updateId });
    });
  }

  /** A trade. What is taken from a bid was sold, so its buyer was there first. */
  function tell(state: SymbolState, buyerIsMaker: boolean, key: number, traded: number, out: ExchangeMessage[]): void {
    const { names, model } = state;
    state.tradeId++;
    const trade = {
      tradeId: state.tradeId,
      timeMs: nowMs(),
      price: gridText(Math.abs(key), model.price),
      size: gridText(traded, model.size),
      buyerIsMaker,
    };
    const common = { symbol: names.symbol, kind: 'trade', timeMs: trade.timeMs, updateId: trade.tradeId } as const;
    if (wants(state.trade)) out.push({ ...common, stream: state.trade, text: tradeText(names, trade) });
    if (wants(state.aggregateTrade)) {
      out.push({ ...common, stream: state.aggregateTrade, text: aggregateTradeText(names, trade) });
    }
  }

  function flush(state: SymbolState, depth: DepthStream, out: ExchangeMessage[]): void {
    if (!depth.hasChanged) return;
    const { names, model, lastUpdateId } = state;
    if (wants(depth.name)) {
      const text = depthText(names, {
        eventTimeMs: nowMs(),
        matchedAtMs: state.matchedAtMs,
        firstUpdateId: depth.firstUpdateId,
        lastUpdateId,
        previousUpdateId: depth.previousUpdateId,
        bids: changedText(model, model.bids, depth.bids),
        asks: changedText(model, model.asks, depth.asks),
      });
      const { symbol } = names;
      out.push({ stream: depth.name, symbol, kind: 'depth', text, timeMs: nowMs(), updateId: lastUpdateId });
    }
    depth.previousUpdateId = lastUpdateId;
    depth.hasChanged = false;
    depth.bids.clear();
    depth.asks.clear();
  }

  function step(out: ExchangeMessage[]): void {
    elapsedMs += stepMs;
    for (const state of states.values()) {
      const at = elapsedMs + state.phaseMs;
      const position = (at % windowMs) / stepMs;
      // The window ends with position 0: what happened up to here is told, then the next one is planned.
      const index = position === 0 ? state.plan.length - 1 : position - 1;
      if (index === 0) plan(state);
      for (let event = state.plan[index] as number; event > 0; event--) happen(state, out);
      if (at % 50 !== 0) continue;
      for (const depth of state.depths) if (at % depth.everyMs === 0) flush(state, depth, out);
    }
  }

  function advance(ms: number): ExchangeMessage[] {
    const out: ExchangeMessage[] = [];
    for (owedMs += ms; owedMs >= stepMs; owedMs -= stepMs) step(out);
    return out;
  }

  function stateOf(symbol: string): SymbolState {
    const state = states.get(symbol);
    if (state === undefined) throw new Error(`the exchange has no ${market} symbol ${symbol}`);
    return state;
  }

  function truth(symbol: string): TrueBook | undefined {
    const state = states.get(symbol);
    if (state === undefined) return undefined;
    const { model, lastUpdateId } = state;
    return { lastUpdateId, bids: levelsOf(model, model.bids, Infinity), asks: levelsOf(model, model.asks, Infinity) };
  }

  return {
    market,
    nowMs,
    advance,
    truth,
    ended: () => false,
    snapshotLimit: market === 'spot' ? 5000 : 1000,
    symbols: () => [...states.keys()],
    lastUpdateId: (symbol) => states.get(symbol)?.lastUpdateId,
    add: (spec) => {
      if (!states.has(spec.symbol)) states.set(spec.symbol, createState(spec));
    },
    snapshot: (symbol, limit) => {
      const state = states.get(symbol);
      if (state === undefined) return undefined;
      const { names, model, lastUpdateId, matchedAtMs } = state;
      return snapshotText(names, {
        lastUpdateId,
        eventTimeMs: nowMs(),
        matchedAtMs,
        bids: JSON.stringify(levelsOf(model, model.bids, limit)),
        asks: JSON.stringify(levelsOf(model, model.asks, limit)),
      });
    },
    exchangeInfo: (symbols) => {
      const specs = symbols === undefined ? [...states.values()] : symbols.map((symbol) => states.get(symbol));
      const known = specs.filter((state) => state !== undefined);
      if (known.length < specs.length) return undefined;
      return exchangeInfoText(
        market,
        known.map((state) => state.spec),
        nowMs(),
      );
    },
    setStatus: (symbol, status) => {
      const state = stateOf(symbol);
      state.spec = { ...state.spec, status };
      if (status !== 'TRADING') state.plan.fill(0);
    },
    remove: (symbol) => {
      stateOf(symbol);
      states.delete(symbol);
    },
    setSteps: (symbol, steps) => {
      const state = stateOf(symbol);
      state.spec = { ...state.spec, ...steps };
    },
    resetIds: (symbol, nextId) => {
      const state = stateOf(symbol);
      for (const depth of state.depths) flush(state, depth, []);
      state.lastUpdateId = nextId - 1;
      if (market !== 'spot') sharedId = nextId - 1;
      for (const depth of state.depths) depth.previousUpdateId = state.lastUpdateId;
    },
  };
}

function lastOf(numbers: readonly number[]): number {
  return numbers[numbers.length - 1] as number;
}

/** Best first. */
function levelsOf({ price, size }: BookModel, { keys, sizes }: PriceLadder, limit: number): [string, string][] {
  const levels: [string, string][] = [];
  for (let at = keys.length - 1; at >= 0 && levels.length < limit; at--) {
    levels.push([gridText(Math.abs(keys[at] as number), price), gridText(sizes[at] as number, size)]);
  }
  return levels;
}

/** The changed levels with what is there now, by price, as the exchange sorts them. */
function changedText({ price, size }: BookModel, ladder: PriceLadder, changed: ReadonlySet<number>): string {
  const keys = [...changed].sort((a, b) => b - a);
  return `[${keys.map((key) => `["${gridText(Math.abs(key), price)}","${gridText(sizeAt(ladder, key), size)}"]`).join(',')}]`;
}

/** 32 bits of FNV-1a. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}
