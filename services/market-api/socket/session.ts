import type { Logger } from 'pino';
import type { LiveCatalog } from '../../runtime/live-catalog.ts';
import type { Slots } from '../../runtime/slots.ts';
import { type ConversationDeps, createConversation } from '../../runtime/socket/conversation.ts';
import { createDelivery } from '../../runtime/socket/delivery.ts';
import { refusalOfUnknown } from '../../runtime/socket/refuse-unknown.ts';
import type { Outlet } from '../../runtime/socket/sender.ts';
import type { Session } from '../../runtime/socket/socket-route.ts';
import { createSubscriptionTable, type SubscriptionCount } from '../../runtime/socket/subscription-table.ts';
import type { CandleFeed } from '../live/candle-feed.ts';
import type { LiveMarket } from '../live/live-market.ts';
import { createBookSending } from './book-sending.ts';
import { parseClientMessage, type Subscribe, type Unsubscribe } from './client-message.ts';
import { createGapFollows } from './gap-follows.ts';
import { headOf, keyOf, newSubscription, type Subscription } from './subscription.ts';

export interface SessionDeps extends ConversationDeps {
  readonly live: LiveMarket;
  readonly candles: CandleFeed;
  readonly catalog: LiveCatalog;
  readonly log: Logger;
  /** Shared with all other sessions. */
  readonly count: SubscriptionCount;
  /** Shared with all other sessions: what resumes at one time. */
  readonly resumes: Slots;
}

/** What may be asked for. */
export const sessionLimits = { subscriptionsMax: 1_000, subscriptionsMaxOfAll: 200_000 } as const;

/** Speaks the protocol of protocol.ts with one client over `outlet`. */
export function createSession(outlet: Outlet, deps: SessionDeps): Session {
  const { live, candles, catalog } = deps;
  const subscriptions = createSubscriptionTable<Subscription>(sessionLimits, deps.count);
  const { sender, refuse, session } = createConversation(outlet, deps, {
    parse: parseClientMessage,
    run: (message) => (message.op === 'subscribe' ? subscribe(message) : unsubscribe(message)),
    onDrained: () => {
      delivery.release(delivery.settle);
      books.pump();
    },
    advice: 'one message may name many symbols',
  });
  const delivery = createDelivery<Subscription>(sender, {
    headOf,
    latestType: ({ channel }) => (channel === 'candles' ? 'candle' : 'ticker'),
    droppedFields: ({ count, first, last }) => `"count":${count},"firstTradeId":${first},"lastTradeId":${last}`,
  });
  const books = createBookSending({ ...deps, sender });
  const gaps = createGapFollows(live, sender);

  function feed(subscription: Subscription): () => void {
    const { channel, symbol, interval } = subscription;
    switch (channel) {
      case 'book':
        return live.follow(symbol, 'book', (event) => books.take(subscription, event));
      case 'trades':
        return live.follow(symbol, 'trades', (event) => {
          if (event.kind === 'trade') delivery.sendOrDrop(subscription, 'trade', event.tradeId, event.text);
        });
      case 'ticker':
        return live.follow(symbol, 'ticker', (event) => {
          if (event.kind === 'ticker') delivery.conflate(subscription, 0, event.text);
        });
      case 'candles':
        return candles.follow(symbol, interval ?? '1m', ({ timeMs, text }) =>
          delivery.conflate(subscription, timeMs, text),
        );
    }
  }

  function begin(message: Subscribe, symbol: string): Subscription {
    const subscription = newSubscription(message, symbol);
    subscriptions.add(keyOf(message.channel, symbol, message.interval), subscription);
    gaps.begin(symbol);
    subscription.stop = feed(subscription);
    return subscription;
  }

  function end(subscription: Subscription): void {
    const { channel, symbol, interval } = subscription;
    if (!subscriptions.remove(keyOf(channel, symbol, interval))) return;
    subscription.stop();
    books.end(subscription);
    delivery.forget(subscription);
    gaps.end(symbol);
  }

  function subscribe(message: Subscribe): void {
    const symbols = symbolsOf(message);
    if (symbols === undefined) return;
    const { channel, interval, resume: places = {} } = message;
    const find = (symbol: string) => subscriptions.find(keyOf(channel, symbol, interval));
    const full = subscriptions.refusalOf(symbols.filter((symbol) => find(symbol) === undefined).length);
    if (full !== undefined) {
      refuse({ id: message.id ?? null, code: 'too-many-subscriptions', detail: full });
      return;
    }
    const running = symbols.find((symbol) => find(symbol)?.resume !== undefined);
    if (running !== undefined && message.resume !== undefined) {
      const detail = `${running} is being resumed: its diffs or its snapshot come; nothing was changed`;
      refuse({ id: message.id ?? null, code: 'resume-running', detail });
      return;
    }
    acknowledge(message, 'subscribed', symbols);
    const from = new Map(Object.entries(places).map(([symbol, id]) => [symbol.toUpperCase(), id]));
    for (const symbol of symbols) {
      const subscription = find(symbol) ?? begin(message, symbol);
      if (channel !== 'book') continue;
      const fromUpdateId = from.get(symbol);
      if (fromUpdateId === undefined) books.want(subscription, 'subscribed');
      else books.resume(subscription, fromUpdateId);
    }
  }

  function unsubscribe(message: Unsubscribe): void {
    const symbols = symbolsOf(message);
    if (symbols === undefined) return;
    for (const symbol of symbols) {
      const subscription = subscriptions.find(keyOf(message.channel, symbol, message.interval));
      if (subscription !== undefined) end(subscription);
    }
    acknowledge(message, 'unsubscribed', symbols);
  }

  function acknowledge(message: Subscribe | Unsubscribe, type: string, symbols: readonly string[]): void {
    const interval = message.interval === undefined ? '' : `,"interval":"${message.interval}"`;
    const id = JSON.stringify(message.id ?? null);
    const list = JSON.stringify(symbols);
    sender.send(`"type":"${type}","id":${id},"channel":"${message.channel}"${interval},"symbols":${list}`);
  }

  /** The symbols as the catalog spells them, each once; undefined when one is not known, which is told. */
  function symbolsOf({ id, symbols }: Subscribe | Unsubscribe): string[] | undefined {
    const given = symbols.map((symbol) => symbol.toUpperCase());
    const known = catalog.current().catalog.pairs.map(({ symbol }) => symbol);
    const unknown = refusalOfUnknown('symbol', given, known);
    if (unknown === undefined) return [...new Set(given)];
    refuse({ id: id ?? null, ...unknown });
    return undefined;
  }

  return session(() => {
    for (const each of subscriptions.values()) end(each);
  });
}
