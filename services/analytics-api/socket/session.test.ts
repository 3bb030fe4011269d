import { describe, expect, it } from 'vitest';
import { createSendBudget } from '../../runtime/socket/sender.ts';
import { liveCatalogOf } from '../../runtime/testing/live-catalog.ts';
import type { CatalogChange } from '../live/catalog-changes.ts';
import type { ChainFollower } from '../live/followed-networks.ts';
import type { LiveChain } from '../live/live-chain.ts';
import { networkOf, noCandles } from '../live/live-fixtures.ts';
import { createSession, sessionLimits } from './session.ts';

describe(createSession, () => {
  it('follows networks that come later for who follows all, and says which it has no room for', () => {
    const { catalog, say, told, change, count } = open();
    count.subscriptions = sessionLimits.subscriptionsMaxOfAll - 2;
    say({ op: 'subscribe', channel: 'gas', networks: ['*'] });
    catalog.put({ networks: ['a', 'b', 'c'].map((id) => networkOf(id)) });
    change({ added: ['b', 'c'], removed: [], retired: [] });
    expect(told().map(({ type, network = null, code = null }) => [type, network, code])).toEqual([
      ['subscribed', null, null],
      ['added', 'b', null],
      ['error', null, 'too-many-subscriptions'],
    ]);
    expect(told().at(-1)?.detail).toMatch(/^gas of c are not followed: /);
  });

  it('owes a client that does not read the newest values and a count of the rest', () => {
    const { say, told, tell, outlet } = open();
    say({ op: 'subscribe', channel: 'gas', networks: ['a'] });
    say({ op: 'subscribe', channel: 'protocols', networks: ['a'] });
    outlet.bufferedAmount = 1_000_000;
    tell('gas', { kind: 'gas', text: '"number":1' });
    for (const number of [2, 3]) tell('gas', { kind: 'gas', text: `"number":${number}` });
    for (const number of [2, 3]) tell('protocols', { kind: 'protocols', number, text: `"number":${number}` });
    expect(told()).toHaveLength(3);
    outlet.read();
    expect(told().slice(3)).toMatchObject([
      { type: 'gas', channelSeq: 2, number: 3 },
      { type: 'dropped', channel: 'protocols', channelSeq: 1, count: 2, firstNumber: 2, lastNumber: 3 },
    ]);
    expect(told().map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5]);
  });

  it('ends all that it follows with the connection', () => {
    const { say, count, followers, session } = open();
    say({ op: 'subscribe', channel: 'gas', networks: ['a'] });
    say({ op: 'subscribe', channel: 'blocks', networks: ['a'] });
    expect([count.subscriptions, followers()]).toEqual([2, 2]);
    session.stop();
    expect([count.subscriptions, followers()]).toEqual([0, 0]);
    say({ op: 'subscribe', channel: 'gas', networks: ['a'] });
    expect(count.subscriptions).toBe(0);
  });
});

function open() {
  const texts: string[] = [];
  const written: (() => void)[] = [];
  const outlet = {
    bufferedAmount: 0,
    send: (text: string, onWritten: (error?: Error) => void) => {
      texts.push(text);
      written.push(() => onWritten());
    },
    close: () => undefined,
    terminate: () => undefined,
    read: () => {
      outlet.bufferedAmount = 0;
      for (const each of written.splice(0)) each();
    },
  };
  const follows = new Map<ChainFollower, string>();
  const listeners = new Set<(change: CatalogChange) => void>();
  const chain: LiveChain = {
    follow: (_network, feed, follower) => {
      follows.set(follower, feed);
      return () => follows.delete(follower);
    },
    open: async () => undefined,
    snapshot: () => undefined,
    after: () => undefined,
    staleness: () => undefined,
    busStaleness: () => undefined,
    followChanges: () => () => undefined,
    followCatalog: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    stop: async () => undefined,
  };
  const count = { subscriptions: 0 };
  const catalog = liveCatalogOf({ networks: [networkOf('a')] });
  const session = createSession(outlet, {
    ...{ chain, candles: noCandles, catalog, count, clock: () => 0 },
    limits: { bufferBytesMax: 1000, resumeBytes: 100, slowMs: 1000 },
    budget: createSendBudget(500),
  });
  return {
    ...{ session, outlet, catalog, count },
    say: (message: object) => session.receive(JSON.stringify(message)),
    told: () => texts.map((text): Record<string, unknown> => JSON.parse(text)),
    tell: (feed: string, news: Parameters<ChainFollower>[0]) => {
      for (const [follower, own] of follows) if (own === feed) follower(news);
    },
    change: (change: CatalogChange) => {
      for (const listener of listeners) listener(change);
    },
    followers: () => follows.size,
  };
}
