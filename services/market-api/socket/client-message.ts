import Type, { type Static } from 'typebox';
import { OneOf } from '../../contracts/schema.ts';
import { type Interval, intervalSeconds } from '../../datasets/market/bar-read.ts';
import { createMessageParser, NameList, subscriptionForms } from '../../runtime/socket/client-message.ts';

/** The lengths that candles have. */
const candleIntervals = Object.keys(intervalSeconds) as Interval[];

export const channels = ['book', 'trades', 'ticker', 'candles'] as const;
export type Channel = (typeof channels)[number];

const forms = subscriptionForms(
  { channel: OneOf(channels), symbols: NameList, interval: Type.Optional(OneOf(candleIntervals)) },
  { resumeMin: 1 },
);

export type ClientMessage = Static<(typeof forms)[keyof typeof forms]>;
export type Subscribe = Static<typeof forms.subscribe>;
export type Unsubscribe = Static<typeof forms.unsubscribe>;

export const parseClientMessage = createMessageParser<ClientMessage>(forms, (message) => {
  if (message.op === 'ping') return undefined;
  const { channel, interval } = message;
  if (channel === 'candles' && interval === undefined)
    return `interval: candles need one of ${candleIntervals.join(', ')}`;
  if (channel !== 'candles' && interval !== undefined) return 'interval: it is for the channel candles only';
  if (message.op === 'subscribe' && message.resume !== undefined && channel !== 'book')
    return 'resume: it is for the channel book only';
  return undefined;
});
