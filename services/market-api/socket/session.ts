import type { Logger } from 'pino';
import { describeError } from '../../runtime/errors.ts';
import type { LiveCatalog } from '../../runtime/live-catalog.ts';
import type { Slots } from '../../runtime/slots.ts';
import { createDialogue, dialogueLimits } from '../../runtime/socket/dialogue.ts';
import { refusalOfUnknown } from '../../runtime/socket/refuse-unknown.ts';
import {
  createSender,
  type Outlet,
  type SendBudget,
  type SenderLimits,
  senderLimits,
} from '../../runtime/socket/sender.ts';
import type { Session } from '../../runtime/socket/socket-route.ts';
import type { CandleFeed } from '../live/candle-feed.ts';
import type { LiveEvent } from '../live/events.ts';
import type { LiveMarket } from '../live/live-market.ts';
import { type ClientMessage, parseClientMessage, type Subscribe, type Unsubscribe } from './client-message.ts';
import { headOf, keyOf, type Resume, type Subscription } from './subscription.ts';

export interface SessionDeps {
  readonly live: LiveMarket;
  readonly candles: CandleFeed;
  readonly catalog: LiveCatalog;
  readonly clock: () => number;
  readonly log: Logger;
  readonly limits?: SenderLimits | undefined;
  /** Shared with all other sessions. */
  readonly budget: SendBudget;
  /** Shared with all other sessions: what resumes at one time. */
  readonly resumes: Slots;
}

/** What a connection may ask for. */
export const sessionLimits = { subscriptionsMax: 1000, ...dialogueLimits } as const;

/** Speaks the protocol of protocol.ts with one client over `outlet`. */
export function createSession(outlet: Outlet, deps: SessionDeps): Session {
  const { live, candles, catalog, clock } = deps;
  const subscriptions = new Map<string, Subscription>();
  /** Books that are to be sent as a whole, in the order in which they came to be. */
  const wanting = new Set<Subscription>();
  /** Books whose diffs since the client's own update are to be sent, in the order in which they were asked for. */
  const resuming = new Set<Resume>();
  let isResuming = false;
  /** What has something held back. */
  const holding = new Set<Subscription>();
  /** Gaps concern all channels of a symbol and are told once. */
  const follows = new Map<string, { count: number; stop: () => void }>();
  const sender = createSender(outlet, deps.limits ?? senderLimits, deps.budget, { clock, onDrained: pump });
  const dialogue = createDialogue(sender, {
    parse: parseClientMessage,
    run,
    clock,
    advice: 'one message may name many symbols',
  });
  const { refuse } = dialogue;
  let stopped = false;

  /** Sends what was held back, as far as it goes. */
  function pump(): void {
    for (const each of holding) {
      if (sender.isHeldBack) return;
      holding.delete(each);
      if (each.dropped !== undefined) {
        const { count, firstId, lastId } = each.dropped;
        each.dropped = undefined;
        sender.send(`${headOf(each, 'dropped')},"count":${count},"firstTradeId":${firstId},"lastTradeId":${lastId}`);
      }
      sendLatest(each);
    }
    for (const each of wanting) {
      if (sender.isHeldBack) return;
      sendBook(each);
    }
  }

  function sendBook(subscription: Subscription): void {
    const view = live.findBook(subscription.symbol);
    // Its follower is told when there is one.
    if (view === undefined) return;
    if (view.state === 'waiting') {
      if (!subscription.isToldWaiting)
        sender.send(
          `${headOf(subscription, 'waiting')},"detail":"No book is held yet: a snapshot follows once there is one"`,
        );
      subscription.isToldWaiting = true;
      return;
    }
    wanting.delete(subscription);
    subscription.phase = 'live';
    subscription.lastUpdateId = view.lastUpdateId;
    sender.send(
      `${headOf(subscription, 'snapshot')},"reason":"${subscription.why}",${live.bookText(subscription.symbol)}`,
    );
  }

  function wantBook(subscription: Subscription, why: Subscription['why']): void {
    endResume(subscription);
    subscription.phase = 'waiting';
    subscription.why = why;
    subscription.isToldWaiting = false;
    wanting.add(subscription);
    pump();
  }

  function sendLatest(subscription: Subscription): void {
    const type = subscription.channel === 'candles' ? 'candle' : 'ticker';
    for (const text of subscription.latest.values()) sender.send(`${headOf(subscription, type)},${text}`);
    subscription.latest.clear();
  }

  /** The last value wins: what was held back is replaced. */
  function conflate(subscription: Subscription, key: number, text: string): void {
    const { latest } = subscription;
    latest.set(key, text);
    if (!sender.isHeldBack) {
      sendLatest(subscription);
      return;
    }
    holding.add(subscription);
    if (latest.size > 2) latest.delete(Math.min(...latest.keys()));
  }

  function onBook(subscription: Subscription, event: LiveEvent): void {
    if (event.kind === 'book') {
      if (subscription.phase === 'live') wantBook(subscription, 'replaced');
      else pump();
      return;
    }
    if (event.kind !== 'diff' || subscription.phase !== 'live' || event.lastUpdateId <= subscription.lastUpdateId)
      return;
    if (sender.isHeldBack) {
      // A diff is never left out in silence: what the client has is no longer the book.
      sender.send(`${headOf(subscription, 'reset')},"reason":"slow","lastUpdateId":${subscription.lastUpdateId}`);
      wantBook(subscription, 'reset');
      return;
    }
    subscription.lastUpdateId = event.lastUpdateId;
    sender.send(`${headOf(subscription, 'diff')},${event.text}`);
  }

  function onTrade(subscription: Subscription, event: LiveEvent): void {
    if (event.kind !== 'trade') return;
    if (sender.isHeldBack) {
      const { count = 0, firstId = event.tradeId } = subscription.dropped ?? {};
      subscription.dropped = { count: count + 1, firstId, lastId: event.tradeId };
      holding.add(subscription);
      return;
    }
    sender.send(`${headOf(subscription, 'trade')},${event.text}`);
  }

  function feed(subscription: Subscription): () => void {
    const { channel, symbol, interval } = subscription;
    switch (channel) {
      case 'book':
        return live.follow(symbol, 'book', (event) => onBook(subscription, event));
      case 'trades':
        return live.follow(symbol, 'trades', (event) => onTrade(subscription, event));
      case 'ticker':
        return live.follow(symbol, 'ticker', (event) => {
          if (event.kind === 'ticker') conflate(subscription, 0, event.text);
        });
      case 'candles':
        return candles.follow(symbol, interval ?? '1m', ({ timeMs, text }) => conflate(subscription, timeMs, text));
    }
  }

  function followGaps(symbol: string): void {
    const followed = follows.get(symbol);
    if (followed !== undefined) {
      followed.count += 1;
      return;
    }
    const stop = live.followGaps(symbol, (text) => sender.send(`"type":"gap","symbol":"${symbol}",${text}`));
    follows.set(symbol, { count: 1, stop });
  }

  function end(subscription: Subscription): void {
    subscription.stop();
    wanting.delete(subscription);
    endResume(subscription);
    holding.delete(subscription);
    const followed = follows.get(subscription.symbol);
    if (followed === undefined) return;
    followed.count -= 1;
    if (followed.count > 0) return;
    followed.stop();
    follows.delete(subscription.symbol);
  }

  function wantResume(subscription: Subscription, fromUpdateId: number): void {
    wanting.delete(subscription);
    subscription.phase = 'resuming';
    subscription.lastUpdateId = fromUpdateId;
    subscription.resume = { subscription, fromUpdateId };
    resuming.add(subscription.resume);
    if (!isResuming) void resumeAll();
  }

  /** One after the other: each costs queries of its own. */
  async function resumeAll(): Promise<void> {
    isResuming = true;
    for (const each of resuming) {
      await resume(each);
      resuming.delete(each);
    }
    isResuming = false;
  }

  function endResume(subscription: Subscription): void {
    if (subscription.resume !== undefined) resuming.delete(subscription.resume);
    subscription.resume = undefined;
  }

  async function resume(wanted: Resume): Promise<void> {
    const { subscription, fromUpdateId } = wanted;
    const { symbol } = subscription;
    const isOver = () => subscription.resume !== wanted;
    let begun = false;
    async function sendDiffs(): Promise<void> {
      /** Where the book was when nothing more was there to read: it must be led to. */
      let missedAt: number | undefined;
      for await (const diffs of live.readDiffs(symbol, fromUpdateId)) {
        if (isOver() || diffs === 'not-resumable' || sender.isHeldBack) return;
        if (!begun) sender.send(`${headOf(subscription, 'resumed')},"lastUpdateId":${fromUpdateId}`);
        begun = true;
        for (const { lastUpdateId, text } of diffs) {
          subscription.lastUpdateId = lastUpdateId;
          sender.send(`${headOf(subscription, 'diff')},${text}`);
        }
        const view = live.findBook(symbol);
        if (view?.state === 'live' && subscription.lastUpdateId >= view.lastUpdateId) {
          subscription.phase = 'live';
          endResume(subscription);
          return;
        }
        if (diffs.length > 0) continue;
        if (view?.state !== 'live' || missedAt !== undefined) return;
        missedAt = view.lastUpdateId;
      }
    }
    try {
      if (isOver()) return;
      await live.openBook(symbol);
      await deps.resumes.run(async () => {
        if (!isOver()) await sendDiffs();
      });
    } catch (error) {
      deps.log.warn({ symbol, reason: describeError(error) }, 'book subscription not resumed');
    }
    if (isOver()) return;
    if (begun) {
      const at = `"lastUpdateId":${subscription.lastUpdateId}`;
      sender.send(`${headOf(subscription, 'reset')},"reason":"not-resumable",${at}`);
    }
    wantBook(subscription, 'not-resumable');
  }

  function subscribe(message: Subscribe): void {
    const symbols = symbolsOf(message);
    if (symbols === undefined) return;
    const { channel, interval, resume: places = {} } = message;
    const added = symbols.filter((symbol) => !subscriptions.has(keyOf(channel, symbol, interval)));
    if (subscriptions.size + added.length > sessionLimits.subscriptionsMax) {
      const detail = `a connection may have ${sessionLimits.subscriptionsMax} subscriptions: it has ${subscriptions.size}, these would add ${added.length}`;
      refuse({ id: message.id ?? null, code: 'too-many-subscriptions', detail });
      return;
    }
    const running = symbols.find((symbol) => subscriptions.get(keyOf(channel, symbol, interval))?.resume !== undefined);
    if (running !== undefined && message.resume !== undefined) {
      const detail = `${running} is being resumed: its diffs or its snapshot come; nothing was changed`;
      refuse({ id: message.id ?? null, code: 'resume-running', detail });
      return;
    }
    acknowledge(message, 'subscribed', symbols);
    const from = new Map(Object.entries(places).map(([symbol, id]) => [symbol.toUpperCase(), id]));
    for (const symbol of symbols) {
      const key = keyOf(channel, symbol, interval);
      let subscription = subscriptions.get(key);
      if (subscription === undefined) {
        subscription = newSubscription(message, symbol);
        subscriptions.set(key, subscription);
        followGaps(symbol);
        subscription.stop = feed(subscription);
      }
      if (channel !== 'book') continue;
      const fromUpdateId = from.get(symbol);
      if (fromUpdateId === undefined) wantBook(subscription, 'subscribed');
      else wantResume(subscription, fromUpdateId);
    }
  }

  function unsubscribe(message: Unsubscribe): void {
    const symbols = symbolsOf(message);
    if (symbols === undefined) return;
    for (const symbol of symbols) {
      const key = keyOf(message.channel, symbol, message.interval);
      const subscription = subscriptions.get(key);
      if (subscription === undefined) continue;
      subscriptions.delete(key);
      end(subscription);
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

  function run(message: ClientMessage): void {
    if (message.op === 'subscribe') subscribe(message);
    else if (message.op === 'unsubscribe') unsubscribe(message);
    else dialogue.pong(message.id);
  }

  return {
    refuse,
    receive: (text) => {
      if (!stopped) dialogue.receive(text);
    },
    check: () => sender.check(),
    close: (code, reason) => sender.close(code, reason),
    stop: () => {
      stopped = true;
      sender.stop();
      for (const subscription of subscriptions.values()) end(subscription);
      subscriptions.clear();
    },
  };
}

function newSubscription({ channel, interval }: Subscribe, symbol: string): Subscription {
  return {
    channel,
    symbol,
    interval,
    channelSeq: 0,
    phase: channel === 'book' ? 'waiting' : 'live',
    lastUpdateId: 0,
    why: 'subscribed',
    latest: new Map(),
    dropped: undefined,
    resume: undefined,
    isToldWaiting: false,
    stop: () => undefined,
  };
}
