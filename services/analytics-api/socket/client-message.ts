import Type, { type Static } from 'typebox';
import { OneOf } from '../../contracts/schema.ts';
import { type Interval, intervalSeconds } from '../../datasets/market/bar-read.ts';
import { createMessageParser, NameList, subscriptionForms } from '../../runtime/socket/client-message.ts';
import { chainFeeds } from '../live/followed-networks.ts';

/** The lengths that candles have. */
export const candleIntervals = Object.keys(intervalSeconds) as Interval[];

export const channels = [...chainFeeds, 'candles'] as const;
export type Channel = (typeof channels)[number];

/** Stands for all networks, those of later included. */
export const allNetworks = '*';

const forms = subscriptionForms(
  {
    channel: OneOf(channels),
    networks: Type.Optional(NameList),
    symbols: Type.Optional(NameList),
    interval: Type.Optional(OneOf(candleIntervals)),
  },
  { resumeMin: 0 },
);

export type ClientMessage = Static<(typeof forms)[keyof typeof forms]>;
export type Subscribe = Static<typeof forms.subscribe>;
export type Unsubscribe = Static<typeof forms.unsubscribe>;

export const parseClientMessage = createMessageParser<ClientMessage>(forms, (message) => {
  if (message.op === 'ping') return undefined;
  const { channel, networks, symbols, interval } = message;
  if (channel === 'candles') {
    if (symbols === undefined) return 'symbols: candles are of symbols';
    if (networks !== undefined) return 'networks: candles are of symbols, not of networks';
    if (interval === undefined) return `interval: candles need one of ${candleIntervals.join(', ')}`;
  } else {
    if (networks === undefined) return `networks: the channel ${channel} is of networks: their ids, or "*" for all`;
    if (symbols !== undefined) return 'symbols: they are for the channel candles only';
    if (interval !== undefined) return 'interval: it is for the channel candles only';
  }
  if (message.op === 'subscribe' && message.resume !== undefined && channel !== 'blocks')
    return 'resume: it is for the channel blocks only';
  return undefined;
});
