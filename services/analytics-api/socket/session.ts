import type { Logger } from 'pino';
import type { LiveCatalog } from '../../runtime/live-catalog.ts';
import { createDialogue } from '../../runtime/socket/dialogue.ts';
import { refusalOfUnknown } from '../../runtime/socket/refuse-unknown.ts';
import {
  createSender,
  type Outlet,
  type SendBudget,
  type SenderLimits,
  senderLimits,
} from '../../runtime/socket/sender.ts';
import type { Session } from '../../runtime/socket/socket-route.ts';
import { originalIdOf } from '../aliases.ts';
import type { CandleFeed } from '../live/candle-feed.ts';
import type { CatalogChange } from '../live/catalog-changes.ts';
import { eventText } from '../live/event-ring.ts';
import type { ChainNews, LiveChain } from '../live/live-chain.ts';
import {
  allNetworks,
  type Channel,
  type ClientMessage,
  parseClientMessage,
  type Subscribe,
  type Unsubscribe,
} from './client-message.ts';
import { headOf, keyOf, newSubscription, type Subscription } from './subscription.ts';

export interface SessionDeps {
  readonly chain: LiveChain;
  readonly candles: CandleFeed;
  readonly catalog: LiveCatalog;
  readonly clock: () => number;
  readonly log: Logger;
  readonly limits?: SenderLimits | undefined;
  /** Shared with all other sessions. */
  readonly budget: SendBudget;
  /** Shared with all other sessions: how many subscriptions there are. */
  readonly count: { subscriptions: number };
}

/** What may be asked for. */
export const sessionLimits = { subscriptionsMax: 2_000, subscriptionsMaxOfAll: 200_000 } as const;

/** Speaks the protocol of protocol.ts with one client over `outlet`. */
export function createSession(outlet: Outlet, deps: SessionDeps): Session {
  const { chain, candles, catalog, clock, count } = deps;
  const subscriptions = new Map<string, Subscription>();
  /** Channels of all networks, those of later included. */
  const all = new Set<Channel>();
  /** What has something held back. */
  const holding = new Set<Subscription>();
  const sender = createSender(outlet, deps.limits ?? senderLimits, deps.budget, { clock, onDrained: pumpAll });
  const dialogue = createDialogue(sender, {
    parse: parseClientMessage,
    run,
    clock,
    advice: 'one message may name many networks or symbols',
  });
  const unfollow = [chain.followCatalog(onCatalog), candles.followFreshness(onCandlesFreshness)];
  let stopped = false;

  /** Sends what was held back, as far as it goes. */
  function pumpAll(): void {
    for (const each of holding) {
      if (sender.isHeldBack) return;
      holding.delete(each);
      pump(each);
    }
  }

  function pump(subscription: Subscription): void {
    tellFreshness(subscription);
    if (subscription.channel === 'blocks') {
      if (!subscription.isLive) catchUp(subscription);
      return;
    }
    if (subscription.dropped !== undefined) {
      const { count: blocks, from, to } = subscription.dropped;
      subscription.dropped = undefined;
      sender.send(`${headOf(subscription, 'dropped')},"count":${blocks},"firstNumber":${from},"lastNumber":${to}`);
    }
    sendLatest(subscription);
  }

  function isHeldBack(subscription: Subscription): boolean {
    if (sender.isHeldBack) holding.add(subscription);
    return sender.isHeldBack;
  }

  /** Begins blocks anew, with a snapshot or where the client was. */
  function begin(
    subscription: Subscription,
    reason: NonNullable<Subscription['start']>['reason'],
    from?: number,
  ): void {
    const start = { reason, resumeFrom: from, isOpen: false };
    subscription.start = start;
    subscription.isLive = false;
    void chain.open(subscription.of, from).then(() => {
      if (stopped || subscription.start !== start) return;
      start.isOpen = true;
      catchUp(subscription);
    });
  }

  /** Sends blocks from where the client is to where the chain is. */
  function catchUp(subscription: Subscription): void {
    if (subscription.start !== undefined && !sendStart(subscription)) return;
    const missing = chain.after(subscription.of, subscription.chainSeq);
    if (missing === undefined) {
      reset(subscription, 'slow');
      return;
    }
    for (const event of missing) {
      if (isHeldBack(subscription)) return;
      subscription.chainSeq = event.seq;
      sender.send(`${headOf(subscription, event.type)},${eventText(event)}`);
    }
    subscription.isLive = true;
  }

  /** Whether changes can follow. */
  function sendStart(subscription: Subscription): boolean {
    const { start, of } = subscription;
    if (start?.isOpen !== true || isHeldBack(subscription)) return false;
    const { resumeFrom } = start;
    if (resumeFrom !== undefined && chain.after(of, resumeFrom) !== undefined) {
      subscription.start = undefined;
      subscription.chainSeq = resumeFrom;
      sender.send(`${headOf(subscription, 'resumed')},"chainSeq":${resumeFrom}`);
      return true;
    }
    const reason = resumeFrom === undefined ? start.reason : 'not-resumable';
    const snapshot = chain.snapshot(of);
    if (snapshot === undefined) {
      begin(subscription, reason);
      return false;
    }
    subscription.start = undefined;
    subscription.chainSeq = snapshot.seq;
    sender.send(`${headOf(subscription, 'snapshot')},"reason":"${reason}",${snapshot.text}`);
    return true;
  }

  /** A change is never left out in silence: what the client has is no longer the chain. */
  function reset(subscription: Subscription, reason: 'slow' | 'gap'): void {
    sender.send(`${headOf(subscription, 'reset')},"reason":"${reason}","chainSeq":${subscription.chainSeq}`);
    begin(subscription, 'reset');
  }

  function onChain(subscription: Subscription, news: ChainNews): void {
    switch (news.kind) {
      case 'change':
        if (!subscription.isLive || news.event.seq <= subscription.chainSeq) return;
        if (isHeldBack(subscription)) {
          // It is told from what is held of the chain, once what waits was read.
          subscription.isLive = false;
          return;
        }
        subscription.chainSeq = news.event.seq;
        sender.send(`${headOf(subscription, news.event.type)},${news.text}`);
        return;
      case 'gap':
        // One that has nothing yet begins with what is right by then.
        if (subscription.start === undefined) reset(subscription, 'gap');
        return;
      case 'state':
      case 'gas':
        conflate(subscription, 0, news.text);
        return;
      case 'protocols':
        onProtocols(subscription, news.number, news.text);
        return;
      case 'freshness':
        tellFreshness(subscription);
    }
  }

  function onProtocols(subscription: Subscription, number: number, text: string): void {
    if (!isHeldBack(subscription)) {
      sender.send(`${headOf(subscription, 'protocols')},${text}`);
      return;
    }
    const { count: blocks, from, to } = subscription.dropped ?? { count: 0, from: number, to: number };
    subscription.dropped = { count: blocks + 1, from: Math.min(from, number), to: Math.max(to, number) };
  }

  function sendLatest(subscription: Subscription): void {
    const types: Partial<Record<Channel, string>> = { networks: 'network', gas: 'gas', candles: 'candle' };
    const type = types[subscription.channel] ?? subscription.channel;
    for (const text of subscription.latest.values()) sender.send(`${headOf(subscription, type)},${text}`);
    subscription.latest.clear();
  }

  /** The last value wins: what was held back is replaced. */
  function conflate(subscription: Subscription, key: number, text: string): void {
    const { latest } = subscription;
    latest.set(key, text);
    if (!isHeldBack(subscription)) sendLatest(subscription);
    else if (latest.size > 2) latest.delete(Math.min(...latest.keys()));
  }

  function tellFreshness(subscription: Subscription): void {
    // States say it themselves.
    if (subscription.channel === 'networks') return;
    const staleness = subscription.channel === 'candles' ? candles.staleness() : chain.staleness(subscription.of);
    if ((staleness !== undefined) === subscription.isToldStale || isHeldBack(subscription)) return;
    subscription.isToldStale = staleness !== undefined;
    if (staleness === undefined) sender.send(headOf(subscription, 'live'));
    else sender.send(`${headOf(subscription, 'stale')},"reason":"${staleness.reason}","since":${staleness.sinceMs}`);
  }

  function onCandlesFreshness(): void {
    for (const each of subscriptions.values()) if (each.channel === 'candles') tellFreshness(each);
  }

  function onCatalog({ added, removed, retired }: CatalogChange): void {
    for (const each of [...subscriptions.values()]) {
      if (each.channel === 'candles') continue;
      if (retired.includes(each.of)) sender.send(headOf(each, 'retired'));
      if (!removed.includes(each.of)) continue;
      sender.send(headOf(each, 'removed'));
      end(each);
    }
    for (const channel of all) {
      for (const id of added) {
        if (originalIdOf(catalog.current(), id) !== id) continue;
        if (subscriptions.has(keyOf(channel, id, undefined)) || !hasRoom(1)) continue;
        const subscription = add(channel, id, undefined);
        sender.send(headOf(subscription, 'added'));
        feed(subscription, undefined);
      }
    }
  }

  function add(channel: Channel, of: string, interval: Subscribe['interval']): Subscription {
    const subscription = newSubscription(channel, of, interval);
    subscriptions.set(keyOf(channel, of, interval), subscription);
    count.subscriptions += 1;
    return subscription;
  }

  function feed(subscription: Subscription, resumeFrom: number | undefined): void {
    const { channel, of, interval } = subscription;
    tellFreshness(subscription);
    if (channel === 'candles') {
      const follower = ({ timeMs, text }: { timeMs: number; text: string }) => conflate(subscription, timeMs, text);
      subscription.stop = candles.follow(of, interval ?? '1m', follower);
      return;
    }
    subscription.stop = chain.follow(of, channel, (news) => onChain(subscription, news));
    if (channel === 'blocks') begin(subscription, 'subscribed', resumeFrom);
  }

  function end(subscription: Subscription): void {
    const { channel, of, interval } = subscription;
    if (!subscriptions.delete(keyOf(channel, of, interval))) return;
    count.subscriptions -= 1;
    subscription.stop();
    subscription.start = undefined;
    subscription.isLive = true;
    holding.delete(subscription);
  }

  function hasRoom(more: number): boolean {
    const { subscriptionsMax, subscriptionsMaxOfAll } = sessionLimits;
    return subscriptions.size + more <= subscriptionsMax && count.subscriptions + more <= subscriptionsMaxOfAll;
  }

  function subscribe(message: Subscribe): void {
    const named = namesOf(message);
    if (named === undefined) return;
    const { channel, interval } = message;
    const resume = resumeOf(message);
    const added = named.filter((name) => !subscriptions.has(keyOf(channel, name, interval)));
    if (!hasRoom(added.length)) {
      const { subscriptionsMax, subscriptionsMaxOfAll } = sessionLimits;
      const detail = `a connection may have ${subscriptionsMax} subscriptions, all together ${subscriptionsMaxOfAll}: it has ${subscriptions.size}, these would add ${added.length}`;
      dialogue.refuse({ id: message.id ?? null, code: 'too-many-subscriptions', detail });
      return;
    }
    if (message.networks?.includes(allNetworks)) all.add(channel);
    acknowledge(message, 'subscribed', named);
    for (const name of named) {
      const found = subscriptions.get(keyOf(channel, name, interval));
      if (found === undefined) feed(add(channel, name, interval), resume[name]);
      else if (channel === 'blocks') begin(found, 'subscribed', resume[name]);
    }
  }

  function unsubscribe(message: Unsubscribe): void {
    const named = namesOf(message);
    if (named === undefined) return;
    if (message.networks?.includes(allNetworks)) all.delete(message.channel);
    for (const name of named) {
      const found = subscriptions.get(keyOf(message.channel, name, message.interval));
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
  function resumeOf({ resume = {} }: Subscribe): Readonly<Record<string, number>> {
    const current = catalog.current();
    return Object.fromEntries(Object.entries(resume).map(([name, seq]) => [originalIdOf(current, name), seq]));
  }

  /** The networks or symbols as the catalog spells them, each once; undefined when one is not known, which is told. */
  function namesOf({ id, networks, symbols }: Subscribe | Unsubscribe): string[] | undefined {
    const current = catalog.current();
    // Another name of a network is no network of its own.
    if (networks?.includes(allNetworks))
      return current.networks.filter(({ aliasOf }) => aliasOf === undefined).map(({ id }) => id);
    const given =
      networks?.map((name) => originalIdOf(current, name)) ?? (symbols ?? []).map((symbol) => symbol.toUpperCase());
    const unknown =
      networks === undefined
        ? refusalOfUnknown(
            'symbol',
            given,
            current.catalog.pairs.map(({ symbol }) => symbol),
          )
        : refusalOfUnknown(
            'network',
            given,
            current.networks.map((network) => network.id),
          );
    if (unknown === undefined) return [...new Set(given)];
    dialogue.refuse({ id: id ?? null, ...unknown });
    return undefined;
  }

  function run(message: ClientMessage): void {
    if (message.op === 'subscribe') subscribe(message);
    else if (message.op === 'unsubscribe') unsubscribe(message);
    else dialogue.pong(message.id);
  }

  return {
    refuse: dialogue.refuse,
    receive: (text) => {
      if (!stopped) dialogue.receive(text);
    },
    check: () => sender.check(),
    close: (code, reason) => sender.close(code, reason),
    stop: () => {
      stopped = true;
      sender.stop();
      for (const each of unfollow) each();
      for (const each of [...subscriptions.values()]) end(each);
    },
  };
}
