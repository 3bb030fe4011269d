import type { Market } from '../../market-collector/binance/messages.ts';
import { gridOf, type SymbolSpec } from './symbol-spec.ts';

/** Request weight that an address may use in a minute: what `exchangeInfo` says, and what is held to. */
export const weightPerMinute: Readonly<Record<Market, number>> = { spot: 6000, usdm: 2400, coinm: 2400 };

const perpetualDeliveryMs = 4_133_404_800_000;
const onboardMs = 1_569_398_400_000;

/** The body of `GET …/exchangeInfo`: what the markets' documents show, without the lists that tell nothing of a symbol's market data. */
export function exchangeInfoText(market: Market, symbols: readonly SymbolSpec[], serverTimeMs: number): string {
  const limit = (rateLimitType: string, interval: string, intervalNum: number, most: number) => ({
    rateLimitType,
    interval,
    intervalNum,
    limit: most,
  });
  const weight = limit('REQUEST_WEIGHT', 'MINUTE', 1, weightPerMinute[market]);
  const common = { timezone: 'UTC', serverTime: serverTimeMs };
  if (market === 'spot') {
    const rateLimits = [
      weight,
      limit('ORDERS', 'SECOND', 10, 100),
      limit('ORDERS', 'DAY', 1, 200_000),
      limit('RAW_REQUESTS', 'MINUTE', 5, 61_000),
    ];
    return JSON.stringify({ ...common, rateLimits, exchangeFilters: [], symbols: symbols.map(spotSymbol) });
  }
  const rateLimits = [weight, limit('ORDERS', 'MINUTE', 1, 1200)];
  if (market === 'coinm') {
    return JSON.stringify({ ...common, rateLimits, exchangeFilters: [], symbols: symbols.map(coinMarginedSymbol) });
  }
  return JSON.stringify({
    ...common,
    futuresType: 'U_MARGINED',
    rateLimits,
    exchangeFilters: [],
    assets: [{ asset: 'USDT', marginAvailable: true, autoAssetExchange: '-10000' }],
    symbols: symbols.map((spec) => ({
      symbol: spec.symbol,
      pair: pairOf(spec),
      ...contractOf(spec),
      status: spec.status ?? 'TRADING',
      ...futuresFacts(spec, spec.quote),
    })),
  });
}

/** The pair that a contract is of: `BTCUSD` of `BTCUSD_PERP`; a perpetual of USDⓈ-M bears its name. */
export function pairOf({ symbol, base, quote }: SymbolSpec): string {
  return symbol.includes('_') ? `${base}${quote}` : symbol;
}

function spotSymbol(spec: SymbolSpec) {
  const { symbol, base, quote, tickSize, stepSize, minNotional = '5.00000000' } = spec;
  return {
    symbol,
    status: spec.status ?? 'TRADING',
    baseAsset: base,
    baseAssetPrecision: 8,
    quoteAsset: quote,
    quotePrecision: 8,
    quoteAssetPrecision: 8,
    baseCommissionPrecision: 8,
    quoteCommissionPrecision: 8,
    orderTypes: ['LIMIT', 'LIMIT_MAKER', 'MARKET', 'STOP_LOSS_LIMIT', 'TAKE_PROFIT_LIMIT'],
    icebergAllowed: true,
    ocoAllowed: true,
    otoAllowed: true,
    quoteOrderQtyMarketAllowed: true,
    allowTrailingStop: true,
    cancelReplaceAllowed: true,
    isSpotTradingAllowed: true,
    isMarginTradingAllowed: true,
    filters: [
      {
        filterType: 'PRICE_FILTER',
        minPrice: eightDecimals(tickSize),
        maxPrice: '1000000.00000000',
        tickSize: eightDecimals(tickSize),
      },
      {
        filterType: 'LOT_SIZE',
        minQty: eightDecimals(stepSize),
        maxQty: '9000000.00000000',
        stepSize: eightDecimals(stepSize),
      },
      { filterType: 'ICEBERG_PARTS', limit: 10 },
      { filterType: 'MARKET_LOT_SIZE', minQty: '0.00000000', maxQty: '100000.00000000', stepSize: '0.00000000' },
      {
        filterType: 'NOTIONAL',
        minNotional: eightDecimals(minNotional),
        applyMinToMarket: true,
        maxNotional: '9000000.00000000',
        applyMaxToMarket: false,
        avgPriceMins: 5,
      },
      { filterType: 'MAX_NUM_ORDERS', maxNumOrders: 200 },
      { filterType: 'MAX_NUM_ALGO_ORDERS', maxNumAlgoOrders: 5 },
    ],
    permissions: [],
    permissionSets: [['SPOT', 'MARGIN']],
    defaultSelfTradePreventionMode: 'EXPIRE_MAKER',
    allowedSelfTradePreventionModes: ['EXPIRE_TAKER', 'EXPIRE_MAKER', 'EXPIRE_BOTH'],
  };
}

function coinMarginedSymbol(spec: SymbolSpec) {
  return {
    symbol: spec.symbol,
    pair: pairOf(spec),
    ...contractOf(spec),
    contractStatus: spec.status ?? 'TRADING',
    contractSize: spec.base === 'BTC' ? 100 : 10,
    equalQtyPrecision: 4,
    maxMoveOrderLimit: 10_000,
    ...futuresFacts(spec, spec.base),
  };
}

function contractOf({ symbol }: SymbolSpec) {
  const date = /_(\d{2})(\d{2})(\d{2})$/.exec(symbol);
  if (date === null) return { contractType: 'PERPETUAL', deliveryDate: perpetualDeliveryMs, onboardDate: onboardMs };
  const [, year, month, day] = date;
  const deliveryDate = Date.UTC(2000 + Number(year), Number(month) - 1, Number(day), 8);
  return { contractType: 'CURRENT_QUARTER', deliveryDate, onboardDate: onboardMs };
}

function futuresFacts({ base, quote, tickSize, stepSize, minNotional = '5' }: SymbolSpec, marginAsset: string) {
  return {
    maintMarginPercent: '2.5000',
    requiredMarginPercent: '5.0000',
    baseAsset: base,
    quoteAsset: quote,
    marginAsset,
    pricePrecision: gridOf(tickSize, 'usdm').decimals,
    quantityPrecision: gridOf(stepSize, 'usdm').decimals,
    baseAssetPrecision: 8,
    quotePrecision: 8,
    underlyingType: 'COIN',
    underlyingSubType: [],
    triggerProtect: '0.0500',
    liquidationFee: '0.012500',
    marketTakeBound: '0.05',
    filters: [
      { minPrice: tickSize, maxPrice: '1000000', filterType: 'PRICE_FILTER', tickSize },
      { stepSize, filterType: 'LOT_SIZE', maxQty: '1000000', minQty: stepSize },
      { stepSize, filterType: 'MARKET_LOT_SIZE', maxQty: '100000', minQty: stepSize },
      { limit: 200, filterType: 'MAX_NUM_ORDERS' },
      { limit: 10, filterType: 'MAX_NUM_ALGO_ORDERS' },
      { notional: minNotional, filterType: 'MIN_NOTIONAL' },
      { multiplierDown: '0.9500', multiplierUp: '1.0500', multiplierDecimal: '4', filterType: 'PERCENT_PRICE' },
    ],
    orderTypes: ['LIMIT', 'MARKET', 'STOP', 'STOP_MARKET', 'TAKE_PROFIT', 'TAKE_PROFIT_MARKET', 'TRAILING_STOP_MARKET'],
    timeInForce: ['GTC', 'IOC', 'FOK', 'GTX', 'GTD'],
  };
}

/** Spot writes `0.01` as `0.01000000`. */
function eightDecimals(text: string): string {
  const [whole = '0', fraction = ''] = text.split('.');
  return `${whole}.${fraction.padEnd(8, '0')}`;
}
