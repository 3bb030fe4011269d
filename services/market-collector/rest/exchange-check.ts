import type { ExchangeInfo, ExchangeSymbol } from './exchange-info.ts';

/** A pair as the catalog knows it; `exchangeSymbol` is the exchange's own name. */
export interface ListedPair {
  readonly symbol: string;
  readonly exchangeSymbol: string;
  readonly base: string;
  readonly quote: string;
  readonly tickSize: string;
  readonly stepSize: string;
  readonly minNotional?: string | undefined;
}

export type FindingKind =
  /** The exchange does not have it. Its streams are acknowledged and never deliver; its snapshot is refused. */
  | 'unknown'
  /** It is gone from trading for good, though the exchange still lists it. */
  | 'delisted'
  /** It is not traded now. Its streams are silent; its book stands still. */
  | 'halted'
  | 'tickChanged'
  | 'stepChanged'
  | 'minNotionalChanged';

/** Where catalog and exchange differ. */
export interface Finding {
  readonly symbol: string;
  readonly kind: FindingKind;
  /** What the exchange says: a status, or the new step as its decimal text; empty where it knows nothing. */
  readonly exchange: string;
  /** What the catalog says; empty where it is no question of that. */
  readonly catalog: string;
  /** Other symbols of the exchange with the same base, quote and kind of contract that are traded: perhaps the new name. */
  readonly perhaps: readonly string[];
}

// https://developers.binance.com/docs/binance-spot-api-docs/enums ("Symbol status") and
// …/docs/derivatives/usds-margined-futures/common-definition ("Contract status"). A symbol that left spot stays listed as BREAK,
// and a perpetual that left as SETTLING.
const goneStatuses: ReadonlySet<string> = new Set(['BREAK', 'SETTLING', 'DELIVERING', 'DELIVERED', 'CLOSE']);

/**
 * Compares the pairs of one market with what the exchange lists, in the order of the pairs. A pair that is in order has no
 * finding; one may have several. Says nothing of pairs that the catalog does not have.
 */
export function checkPairs(pairs: readonly ListedPair[], { symbols }: Pick<ExchangeInfo, 'symbols'>): Finding[] {
  const byName = new Map(symbols.map((symbol) => [symbol.symbol, symbol]));
  return pairs.flatMap((pair) => findingsOf(pair, byName.get(pair.exchangeSymbol), symbols));
}

function findingsOf(
  pair: ListedPair,
  listed: ExchangeSymbol | undefined,
  symbols: readonly ExchangeSymbol[],
): readonly Finding[] {
  const { symbol } = pair;
  if (listed === undefined) {
    return [{ symbol, kind: 'unknown', exchange: '', catalog: '', perhaps: namesakes(pair, undefined, symbols) }];
  }
  if (goneStatuses.has(listed.status)) {
    const perhaps = namesakes(pair, listed.contractType, symbols);
    return [{ symbol, kind: 'delisted', exchange: listed.status, catalog: '', perhaps }];
  }
  const findings: Finding[] = [];
  if (listed.status !== 'TRADING') {
    findings.push({ symbol, kind: 'halted', exchange: listed.status, catalog: '', perhaps: [] });
  }
  const compared = [
    ['tickChanged', listed.tickSize, pair.tickSize],
    ['stepChanged', listed.stepSize, pair.stepSize],
    ['minNotionalChanged', listed.minNotional, pair.minNotional],
  ] as const;
  for (const [kind, exchange, catalog] of compared) {
    if (exchange === undefined || catalog === undefined || plainDecimal(exchange) === plainDecimal(catalog)) continue;
    findings.push({ symbol, kind, exchange: plainDecimal(exchange), catalog, perhaps: [] });
  }
  return findings;
}

function namesakes(
  pair: ListedPair,
  contractType: string | undefined,
  symbols: readonly ExchangeSymbol[],
): readonly string[] {
  const traded = symbols.filter(
    (other) =>
      other.symbol !== pair.exchangeSymbol &&
      other.base === pair.base &&
      other.quote === pair.quote &&
      other.status === 'TRADING' &&
      (contractType === undefined || other.contractType === contractType),
  );
  return traded.map(({ symbol }) => symbol);
}

/** `0.00010000` and `0.0001` are the same step. */
function plainDecimal(text: string): string {
  return text.includes('.') ? text.replace(/0+$/, '').replace(/\.$/, '') : text;
}
