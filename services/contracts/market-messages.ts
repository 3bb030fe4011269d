import Type, { type Static } from 'typebox';
import { Nullable } from './schema.ts';

// Messages of the market API's /ws, as far as the pages read them; the documentation of the API has all of them.

const Id = Type.Integer({ minimum: 0 });
const Time = Type.Integer();
const Words = Type.String();
const Decimal = Type.String({ pattern: '^-?[0-9]+(\\.[0-9]+)?$' });
const Levels = Type.Array(Type.Array(Decimal, { minItems: 2, maxItems: 2 }));
const ofSymbol = { symbol: Words };
const moved = { lastUpdateId: Id, eventTime: Time, receivedAt: Time, bids: Levels, asks: Levels };

/** Of the channel `book`. */
export const BookNews = Type.Union([
  Type.Object({
    type: Type.Literal('snapshot'),
    ...ofSymbol,
    state: Type.Union([Type.Literal('live'), Type.Literal('gap')]),
    bidFloor: Nullable(Decimal),
    askCeiling: Nullable(Decimal),
    ...moved,
  }),
  Type.Object({ type: Type.Literal('diff'), ...ofSymbol, previousUpdateId: Id, ...moved }),
  Type.Object({ type: Type.Literal('resumed'), ...ofSymbol, lastUpdateId: Id }),
  Type.Object({ type: Type.Literal('reset'), ...ofSymbol }),
  Type.Object({ type: Type.Literal('waiting'), ...ofSymbol }),
]);
export type BookNews = Static<typeof BookNews>;

/** Of all channels of a symbol: updates are missing, or are no longer. */
export const GapNews = Type.Object({
  type: Type.Literal('gap'),
  ...ofSymbol,
  state: Type.Union([Type.Literal('open'), Type.Literal('closed')]),
  stream: Words,
  reason: Words,
  openedAt: Time,
});
export type GapNews = Static<typeof GapNews>;

/** Of the channel `trades`. */
export const TradeNews = Type.Union([
  Type.Object({
    type: Type.Literal('trade'),
    ...ofSymbol,
    tradeId: Id,
    price: Decimal,
    size: Decimal,
    buyerIsMaker: Type.Boolean(),
    eventTime: Time,
  }),
  Type.Object({ type: Type.Literal('dropped'), ...ofSymbol, count: Id }),
]);
export type TradeNews = Static<typeof TradeNews>;

/** Of the channel `candles`: the last one of each `time` wins. */
export const CandleNews = Type.Object({
  type: Type.Literal('candle'),
  ...ofSymbol,
  interval: Words,
  time: Time,
  open: Nullable(Decimal),
  high: Nullable(Decimal),
  low: Nullable(Decimal),
  close: Nullable(Decimal),
  volume: Decimal,
});
export type CandleNews = Static<typeof CandleNews>;
