import type { LiveCatalog } from '../../runtime/live-catalog.ts';
import { type ConversationDeps, createConversation } from '../../runtime/socket/conversation.ts';
import { createDelivery } from '../../runtime/socket/delivery.ts';
import type { Outlet } from '../../runtime/socket/sender.ts';
import type { Session } from '../../runtime/socket/socket-route.ts';
import { createSubscriptionTable, type SubscriptionCount } from '../../runtime/socket/subscription-table.ts';
import { originalIdOf } from '../aliases.ts';
import type { CandleFeed } from '../live/candle-feed.ts';
import type { CatalogChange } from '../live/catalog-changes.ts';
import type { ChainNews } from '../live/followed-networks.ts';
import type { LiveChain } from '../live/live-chain.ts';
import { createBlockSending } from './block-sending.ts';
import { allNetworks, type Channel, parseClientMessage, type Subscribe, type Unsubscribe } from './client-message.ts';
import { namesOf } from './names.ts';
import { headOf, keyOf, newSubscription, type Subscription } from './subscription.ts';

export interface SessionDeps extends ConversationDeps {
  readonly chain: LiveChain;
  readonly candles: CandleFeed;
  readonly catalog: LiveCatalog;
  /** Shared with all other sessions. */
  readonly count: SubscriptionCount;
}

/** What may be asked for. */
export const sessionLimits = { subscriptionsMax: 2_000, subscriptionsMaxOfAll: 200_000 } as const;

/** How messages are called of which the last one wins. */
const latestTypes: Partial<Record<Channel, string>> = { networks: 'network', candles: 'candle' };

/** Speaks the protocol of protocol.ts with one client over `outlet`. */
export function createSession(outlet: Outlet, deps: SessionDeps): Session {
  const { chain, candles, catalog } = deps;
  const subscriptions = createSubscriptionTable<Subscription>(sessionLimits, deps.count);
  /** Channels of all networks, those of later included. */
  const all = new Set<Channel>();
  const { sender, refuse, session } = createConversation(outlet, deps, {
    parse: parseClientMessage,
    run: (message) => (message.op === 'subscribe' ? subscribe(message) : unsubscribe(message)),
    onDrained: () => delivery.release(resume),
    advice: 'one message may name many networks or symbols',
  });
  const delivery = createDelivery<Subscription>(sender, {
    headOf,
    latestType: ({ channel }) => latestTypes[channel] ?? channel,
    droppedFields: ({ count, first, last }) => `"count":${count},"firstNumber":${first},"lastNumber":${last}`,
  });
  const blocks = createBlockSending(chain, sender, delivery);
  const unfollow = [chain.followCatalog(onCatalog), candles.followFreshness(onCandlesFreshness)];

  function resume(subscription: Subscription): void {
    tellFreshness(subscription);
    if (subscription.channel === 'blocks') blocks.resume(subscription);
    else delivery.settle(subscription);
  }

  function onChain(subscription: Subscription, news: ChainNews): void {
    if (news.kind === 'change') blocks.send(subscription, news.event, news.text);
    else if (news.kind === 'gap') blocks.breakOff(subscription);
    else if (news.kind === 'freshness') tellFreshness(subscription);
    else if (news.kind === 'protocols') delivery.sendOrDrop(subscription, 'protocols', news.number, news.text);
    else delivery.conflate(subscription, 0, news.text);
  }

  function tellFreshness(subscription: Subscription): void {
    // States say it themselves.
    if (subscription.channel === 'networks') return;
    const staleness = subscription.channel === 'candles' ? candles.staleness() : chain.staleness(subscription.of);
    if ((staleness !== undefined) === subscription.isToldStale || delivery.mustWait(subscription)) return;
    subscription.isToldStale = staleness !== undefined;
    if (staleness === undefined) sender.send(headOf(subscription, 'live'));
    else sender.send(`${headOf(subscription, 'stale')},"reason":"${staleness.reason}","since":${staleness.sinceMs}`);
  }

  function onCandlesFreshness(): void {
    for (const each of subscriptions.values()) if (each.channel === 'candles') tellFreshness(each);
  }

  function onCatalog({ added, removed, retired }: CatalogChange): void {
    for (const each of subscriptions.values()) {
      if (each.channel === 'candles') continue;
      if (retired.includes(each.of)) sender.send(headOf(each, 'retired'));
      if (!removed.includes(each.of)) continue;
      sender.send(headOf(each, 'removed'));
      end(each);
    }
    const own = added.filter((id) => originalIdOf(catalog.current(), id) === id);
    for (const channel of all) for (const id of own) followNew(channel, id);
  }

  /** Follows a network that came into the catalog, for who follows all. */
  function followNew(channel: Channel, id: string): void {
    if (subscriptions.find(keyOf(channel, id, undefined)) !== undefined) return;
    const full = subscriptions.refusalOf(1);
    if (full !== undefined) {
      // Else the client would go on to think that it follows all.
      refuse({ id: null, code: 'too-many-subscriptions', detail: `${channel} of ${id} are not followed: ${full}` });
      return;
    }
    const subscription = add(channel, id, undefined);
    sender.send(headOf(subscription, 'added'));
    feed(subscription, undefined);
  }

  function add(channel: Channel, of: string, interval: Subscribe['interval']): Subscription {
    const subscription = newSubscription(channel, of, interval);
    subscriptions.add(keyOf(channel, of, interval), subscription);
    return subscription;
  }

  function feed(subscription: Subscription, resumeFrom: number | undefined): void {
    const { channel, of, interval } = subscription;
    tellFreshness(subscription);
    if (channel === 'candles') {
      subscription.stop = candles.follow(of, interval ?? '1m', ({ timeMs, text }) =>
        delivery.conflate(subscription, timeMs, text),
      );
      return;
    }
    subscription.stop = chain.follow(of, channel, (news) => onChain(subscription, news));
    if (channel === 'blocks') blocks.begin(subscription, 'subscribed', resumeFrom);
  }

  function end(subscription: Subscription): void {
    const { channel, of, interval } = subscription;
    if (!subscriptions.remove(keyOf(channel, of, interval))) return;
    subscription.stop();
    subscription.start = undefined;
    subscription.isLive = true;
    delivery.forget(subscription);
  }

  function subscribe(message: Subscribe): void {
    const named = findNames(message);
    if (named === undefined) return;
    const { channel, interval } = message;
    const places = resumeOf(message);
    const added = named.filter((name) => subscriptions.find(keyOf(channel, name, interval)) === undefined);
    const detail = subscriptions.refusalOf(added.length);
    if (detail !== undefined) {
      refuse({ id: message.id ?? null, code: 'too-many-subscriptions', detail });
      return;
    }
    if (message.networks?.includes(allNetworks)) all.add(channel);
    acknowledge(message, 'subscribed', named);
    for (const name of named) {
      const found = subscriptions.find(keyOf(channel, name, interval));
      if (found === undefined) feed(add(channel, name, interval), places[name]);
      else if (channel === 'blocks') blocks.begin(found, 'subscribed', places[name]);
    }
  }

  function unsubscribe(message: Unsubscribe): void {
    const named = findNames(message);
    if (named === undefined) return;
    if (message.networks?.includes(allNetworks)) all.delete(message.channel);
    for (const name of named) {
      const found = subscriptions.find(keyOf(message.channel, name, message.interval));
      if (found !== undefined) end(found);
    }
    acknowledge(message, 'unsubscribed', named);
  }

  function acknowledge(message: Subscribe | Unsubscribe, type: string, named: readonly string[]): void {
    const { channel, interval } = message;
    const list = JSON.stringify(named);
    const what = interval === undefined ? `"networks":${list}` : `"interval":"${interval}","symbols":${list}`;
    sender.send(`"type":"${type}","id":${JSON.stringify(message.id ?? null)},"channel":"${channel}",${what}`);
  }

  /** Where the client is, by the networks' own ids. */
  function resumeOf({ resume: places = {} }: Subscribe): Readonly<Record<string, number>> {
    const current = catalog.current();
    return Object.fromEntries(Object.entries(places).map(([name, seq]) => [originalIdOf(current, name), seq]));
  }

  /** Undefined when a name is not known, which is told. */
  function findNames(message: Subscribe | Unsubscribe): readonly string[] | undefined {
    const found = namesOf(message, catalog.current());
    if ('names' in found) return found.names;
    refuse({ id: message.id ?? null, ...found.refusal });
    return undefined;
  }

  return session(() => {
    for (const each of unfollow) each();
    for (const each of subscriptions.values()) end(each);
  });
}
