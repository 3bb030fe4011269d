import { describe, expect, it } from 'vitest';
import type { Market } from '../../market-collector/binance/messages.ts';
import { createExchangeCore, type ExchangeCoreOptions } from './exchange-core.ts';
import type { TrueBook } from './exchange-source.ts';
import type { ExchangeMessage } from './stream-text.ts';
import type { SymbolSpec } from './symbol-spec.ts';

const markets = ['spot', 'usdm', 'coinm'] as const;

describe.each(markets)('createExchangeCore, %s', (market) => {
  it('says the same for the same seed, and something else for another', () => {
    const says = (seed: number) => coreOf({ market, seed }).advance(3000);
    expect(says(7)).toEqual(says(7));
    expect(says(7)).not.toEqual(says(8));
  });

  it('says the same however the time is cut into pieces', () => {
    const whole = coreOf({ market }).advance(2000);
    const core = coreOf({ market });
    const pieces = Array.from({ length: 500 }, () => core.advance(4)).flat();
    expect(pieces).toEqual(whole);
  });

  it('numbers diffs by the rules of its market', () => {
    const core = coreOf({ market });
    for (const symbol of core.symbols()) {
      const diffs = ofKind(core.advance(5000), 'depth', symbol).map(parse);
      expect(diffs.length).toBeGreaterThan(40);
      for (const [index, diff] of diffs.entries()) {
        expect(diff.U).toBeLessThanOrEqual(diff.u);
        const before = diffs[index - 1];
        if (before === undefined) continue;
        if (market === 'spot') expect([diff.U, 'pu' in diff]).toEqual([before.u + 1, false]);
        else expect([diff.pu, diff.U > before.u]).toEqual([before.u, true]);
      }
    }
  });

  it('rebuilds to the whole book from any earlier state and the diffs after it', () => {
    const core = coreOf({ market, stepMs: 50 });
    const symbol = 'AAAUSDT';
    const book = mapsOf(core.truth(symbol));
    for (let step = 0; step < 200; step++) {
      for (const diff of ofKind(core.advance(50), 'depth', symbol).map(parse)) {
        for (const [price, size] of diff.b) put(book.bids, price, size);
        for (const [price, size] of diff.a) put(book.asks, price, size);
        expect(diff.u).toBe(core.truth(symbol)?.lastUpdateId);
        expect(book).toEqual(mapsOf(core.truth(symbol)));
      }
    }
  });

  it('tells every change of the best before the diff that holds it', () => {
    const core = coreOf({ market, stepMs: 50 });
    const symbol = 'AAAUSDT';
    let ticker: Parsed | undefined;
    let diffs = 0;
    for (let step = 0; step < 300; step++) {
      for (const message of core.advance(50)) {
        if (message.symbol !== symbol || message.kind === 'trade') continue;
        if (message.kind === 'ticker') ticker = parse(message);
        else if (ticker !== undefined) {
          const best = core.truth(symbol);
          expect(ticker.u).toBeLessThanOrEqual(parse(message).u);
          expect([ticker.b, ticker.B, ticker.a, ticker.A]).toEqual([
            ...(best?.bids[0] ?? []),
            ...(best?.asks[0] ?? []),
          ]);
          diffs++;
        }
      }
    }
    expect(diffs).toBeGreaterThan(100);
  });

  it('never crosses, never empties a side, and stays near its price', () => {
    const core = coreOf({ market, symbols: [specOf('AAAUSDT', { levels: 3 }), specOf('TINY', tiny)] });
    for (let second = 0; second < 300; second++) {
      core.advance(1000);
      for (const symbol of core.symbols()) {
        const { bids, asks } = core.truth(symbol) as TrueBook;
        expect(Number(bids[0]?.[0])).toBeLessThan(Number(asks[0]?.[0]));
        expect(Number(bids.at(-1)?.[0])).toBeGreaterThan(0);
      }
    }
    expect(Number(core.truth('AAAUSDT')?.bids[0]?.[0])).toBeCloseTo(12.34, 0);
  });

  it('shows the best levels in a snapshot, and keeps those below', () => {
    const core = coreOf({ market, symbols: [specOf('DEEP', { levels: 6000 })] });
    core.advance(1000);
    const truth = core.truth('DEEP') as TrueBook;
    const snapshot = JSON.parse(core.snapshot('DEEP', 5000) as string);
    expect(truth.bids.length).toBeGreaterThan(5900);
    expect(snapshot.lastUpdateId).toBe(truth.lastUpdateId);
    expect(snapshot.bids).toEqual(truth.bids.slice(0, 5000));
    expect(snapshot.asks).toEqual(truth.asks.slice(0, 5000));
    expect(core.snapshot('NONE', 5)).toBeUndefined();
  });

  it('is silent about a symbol that is halted, and goes on where it was', () => {
    const core = coreOf({ market });
    core.advance(1000);
    core.setStatus('AAAUSDT', 'HALT');
    core.advance(100); // what happened before the halt
    expect(core.advance(2000).some(({ symbol }) => symbol === 'AAAUSDT')).toBe(false);
    expect(core.advance(2000).some(({ symbol }) => symbol === 'BBBUSDT')).toBe(true);
    const before = core.truth('AAAUSDT')?.lastUpdateId;
    core.setStatus('AAAUSDT', 'TRADING');
    const next = parse(ofKind(core.advance(1000), 'depth', 'AAAUSDT')[0] as ExchangeMessage);
    expect(market === 'spot' ? next.U - 1 : next.pu).toBe(before);
  });

  it('forgets a symbol that is removed', () => {
    const core = coreOf({ market });
    core.remove('AAAUSDT');
    expect(core.advance(1000).some(({ symbol }) => symbol === 'AAAUSDT')).toBe(false);
    expect(core.exchangeInfo(['AAAUSDT'])).toBeUndefined();
    expect(JSON.parse(core.exchangeInfo() as string).symbols.map((s: { symbol: string }) => s.symbol)).toEqual([
      'BBBUSDT',
    ]);
  });

  it('lists a symbol while the others go on', () => {
    const core = coreOf({ market });
    core.advance(1000);
    core.add(specOf('CCCUSDT'));
    core.add(specOf('CCCUSDT'));
    expect(core.symbols()).toEqual(['AAAUSDT', 'BBBUSDT', 'CCCUSDT']);
    expect(new Set(core.advance(1000).map(({ symbol }) => symbol))).toEqual(new Set(core.symbols()));
  });

  it('can start its ids anew', () => {
    const core = coreOf({ market });
    core.advance(1000);
    core.resetIds('AAAUSDT', 500);
    const [first] = ofKind(core.advance(1000), 'depth', 'AAAUSDT').map(parse);
    expect(first?.U).toBeGreaterThanOrEqual(500);
    expect(first?.u).toBeLessThan(1_000_000);
  });

  it('names symbols, states and steps as its market does', () => {
    const core = coreOf({ market, symbols: [specOf('AAAUSD_PERP', { quote: 'USD' })] });
    core.setStatus('AAAUSD_PERP', 'BREAK');
    core.setSteps('AAAUSD_PERP', { tickSize: '0.001' });
    const { symbols, rateLimits } = JSON.parse(core.exchangeInfo() as string);
    expect(rateLimits[0]).toEqual({
      rateLimitType: 'REQUEST_WEIGHT',
      interval: 'MINUTE',
      intervalNum: 1,
      limit: market === 'spot' ? 6000 : 2400,
    });
    const [symbol] = symbols;
    expect(market === 'coinm' ? symbol.contractStatus : symbol.status).toBe('BREAK');
    expect(symbol.pair).toBe(market === 'spot' ? undefined : 'AAAUSD');
    const filter = (type: string) => symbol.filters.find((f: { filterType: string }) => f.filterType === type);
    expect(Number(filter('PRICE_FILTER').tickSize)).toBe(0.001);
    expect(Number(filter('LOT_SIZE').stepSize)).toBe(0.01);
    expect(filter(market === 'spot' ? 'NOTIONAL' : 'MIN_NOTIONAL')).toBeDefined();
  });
});

describe(createExchangeCore, () => {
  it('writes spot messages as the exchange does', () => {
    const messages = coreOf({ market: 'spot' }).advance(5000);
    expect(shapeOf(messages, 'depth')).toBe('e E s U u b a');
    expect(shapeOf(messages, 'ticker')).toBe('u s b B a A');
    expect(shapeOf(messages, 'trade')).toBe('e E s t p q T m M');
    expect(parse(messages.find(({ kind }) => kind === 'ticker') as ExchangeMessage).b).toMatch(/^\d+\.\d{8}$/);
  });

  it('writes futures messages as the exchange does', () => {
    const usdm = coreOf({ market: 'usdm' }).advance(5000);
    expect(shapeOf(usdm, 'depth')).toBe('e E T s U u pu b a');
    expect(shapeOf(usdm, 'ticker')).toBe('e u s b B a A T E');
    expect(shapeOf(usdm, 'trade')).toBe('e E a s p q f l T m');
    const coinm = coreOf({ market: 'coinm' }).advance(5000);
    expect(shapeOf(coinm, 'depth')).toBe('e E T s ps U u pu b a');
    expect(shapeOf(coinm, 'ticker')).toBe('u e s ps b B a A T E');
    expect(shapeOf(coinm, 'trade')).toBe('e E a s p q f l T m');
  });

  it('sums up ten diffs in each of the stream of a second', () => {
    const wants = (stream: string) => stream.includes('@depth');
    const messages = coreOf({ market: 'spot', wants }).advance(5000);
    const slow = messages.filter(({ stream }) => stream === 'aaausdt@depth').map(parse);
    const fast = messages.filter(({ stream }) => stream === 'aaausdt@depth@100ms').map(parse);
    expect(slow.length).toBeGreaterThanOrEqual(4);
    for (const diff of slow) {
      const inside = fast.filter(({ U, u }) => U >= diff.U && u <= diff.u);
      expect([inside[0]?.U, inside.at(-1)?.u]).toEqual([diff.U, diff.u]);
    }
  });

  it('writes nothing that nobody wants, and a diff only if it is whole', () => {
    let wanted = false;
    const core = coreOf({ market: 'spot', wants: (stream) => wanted && stream === 'aaausdt@depth@100ms' });
    const [symbol] = core.symbols() as [string];
    expect(core.advance(1020)).toEqual([]);
    wanted = true;
    const book = mapsOf(core.truth(symbol));
    for (const diff of core.advance(3000).map(parse)) {
      for (const [price, size] of diff.b) put(book.bids, price, size);
      for (const [price, size] of diff.a) put(book.asks, price, size);
    }
    // The diff under way when the first wish came is not told, so levels that it alone changed may be old here.
    const now = mapsOf(core.truth(symbol));
    const different = [...now.bids].filter(([price, size]) => book.bids.get(price) !== size);
    expect(different.length).toBeLessThan(8);
  });
});

interface Parsed {
  readonly U: number;
  readonly u: number;
  readonly pu: number;
  readonly b: readonly [string, string][];
  readonly a: readonly [string, string][];
  readonly B: string;
  readonly A: string;
}

const tiny = { tickSize: '0.00000001', stepSize: '1', price: 0.00000012 };

function specOf(symbol: string, other: Partial<SymbolSpec> = {}): SymbolSpec {
  return { symbol, base: 'AAA', quote: 'USDT', tickSize: '0.0001', stepSize: '0.01', price: 12.34, ...other };
}

function coreOf(options: Partial<ExchangeCoreOptions> & { readonly market: Market }) {
  const symbols = [specOf('AAAUSDT', { levels: 50 }), specOf('BBBUSDT', { levels: 50 })];
  return createExchangeCore({ symbols, seed: 1, startMs: 1_700_000_000_000, updatesPerSecond: 10, ...options });
}

function parse({ text }: ExchangeMessage): Parsed {
  return JSON.parse(text);
}

function ofKind(messages: readonly ExchangeMessage[], kind: ExchangeMessage['kind'], symbol: string) {
  return messages.filter((message) => message.kind === kind && message.symbol === symbol);
}

function shapeOf(messages: readonly ExchangeMessage[], kind: ExchangeMessage['kind']): string {
  return Object.keys(parse(messages.find((message) => message.kind === kind) as ExchangeMessage)).join(' ');
}

function mapsOf(book: TrueBook | undefined) {
  return { bids: new Map(book?.bids), asks: new Map(book?.asks) };
}

function put(levels: Map<string, string>, price: string, size: string): void {
  if (Number(size) === 0) levels.delete(price);
  else levels.set(price, size);
}
