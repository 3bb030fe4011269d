import Type, { type Static } from 'typebox';
import { Decimal, Id, Status, Text } from './common.ts';

const PairSymbol = Type.String({
  pattern: '^[A-Z0-9]{3,24}([._][A-Z0-9]{1,16})?$',
  description:
    "Our id, in tables, addresses and metrics: the exchange's own name wherever no other market of ours has the same",
  examples: ['BTCUSDT', 'BTCUSDT.P', 'BTCUSD_PERP', 'BTCUSD_240927'],
});
const ExchangeSymbol = Type.String({
  pattern: '^[A-Z0-9]{3,24}(_[A-Z0-9]{1,16})?$',
  description: "The exchange's own name, where it is not the symbol",
  examples: ['BTCUSDT'],
});
const Asset = Type.String({ pattern: '^[A-Z0-9]{1,20}$', examples: ['BTC'] });

const PairCategory = Type.Enum(['top10', 'layer1', 'layer2', 'defi', 'meme', 'infra', 'ai', 'gaming', 'stable']);

const shared = {
  category: PairCategory,
  exchange: Type.Enum(['binance']),
  owner: Id,
};

const common = {
  market: Type.Enum(['spot', 'usdm', 'coinm'], {
    description: 'usdm: USDⓈ-M futures · coinm: COIN-M futures; each has addresses and rules of its own',
  }),
  quote: Asset,
  priority: Type.Integer({ minimum: 1, maximum: 10, description: '10 is resynced first' }),
  status: Status,
};

const own = {
  symbol: PairSymbol,
  exchangeSymbol: Type.Optional(ExchangeSymbol),
  base: Asset,
  tickSize: Type.String({ ...Decimal, description: 'Price step, as text' }),
  stepSize: Type.String({ ...Decimal, description: 'Quantity step, as text' }),
  minNotional: Type.Optional(Type.String({ ...Decimal, description: 'Smallest order, in the quote asset' })),
  statusNote: Type.Optional(Type.String({ ...Text, description: 'Why; required unless the pair is active' })),
  successor: Type.Optional(Type.String({ ...PairSymbol, description: 'The pair that took over' })),
};

const closed = { additionalProperties: false };

/** A trading pair as everyone reads it. Its symbol is its identity. */
export const Pair = Type.Object({ ...own, ...common, ...shared }, closed);
export type Pair = Static<typeof Pair>;

/** What the exchange calls the pair, in its own messages and addresses. */
export function exchangeSymbolOf({ symbol, exchangeSymbol }: Pick<Pair, 'symbol' | 'exchangeSymbol'>): string {
  return exchangeSymbol ?? symbol;
}

/**
 * catalog/pairs/<category>.yaml: what all pairs of the file share is said once, at its top, and so is what most of
 * them share (market, quote, priority, status), from which a pair may differ.
 */
export const PairFile = Type.Object(
  {
    ...shared,
    ...common,
    pairs: Type.Array(
      Type.Object(
        {
          ...own,
          market: Type.Optional(common.market),
          quote: Type.Optional(common.quote),
          priority: Type.Optional(common.priority),
          status: Type.Optional(common.status),
        },
        closed,
      ),
      { maxItems: 2000 },
    ),
  },
  { ...closed, description: 'Trading pairs of one category: catalog/pairs/<category>.yaml' },
);
export type PairFile = Static<typeof PairFile>;
