import type { RingEvent } from './event-ring.ts';
import { createLiveNetwork, type LiveNetwork } from './live-network.ts';

/** What of a network is followed. */
export const chainFeeds = ['networks', 'blocks', 'gas', 'protocols'] as const;
export type ChainFeed = (typeof chainFeeds)[number];

/** What a follower is told. Texts are JSON without its braces: written once, whoever they are for. */
export type ChainNews =
  | { readonly kind: 'change'; readonly event: RingEvent; readonly text: string }
  /** A change is missing: what was told before leads nowhere. */
  | { readonly kind: 'gap' }
  | { readonly kind: 'state'; readonly text: string }
  | { readonly kind: 'gas'; readonly text: string }
  | { readonly kind: 'protocols'; readonly number: number; readonly text: string }
  /** It is stale now, or is no longer: see `staleness`. */
  | { readonly kind: 'freshness' };

export type ChainFollower = (news: ChainNews) => void;

/** What is held of each network, and of all together. */
export interface HeldLimits {
  readonly eventsMax: number;
  readonly bytesMax: number;
  readonly bytesMaxOfAll: number;
}

/** A network, and who follows it. */
export interface Followed {
  readonly live: LiveNetwork;
  readonly followers: ReadonlyMap<ChainFeed, Set<ChainFollower>>;
  /** As it was told last. */
  stateText: string;
  isStale: boolean;
}

/** The networks of which anything is held, within the limits. */
export interface FollowedNetworks {
  find(id: string): Followed | undefined;
  /** Begins to hold it. */
  get(id: string): Followed;
  entries(): Iterable<[string, Followed]>;
  /** Keeps what is held of it within the limits. */
  trim(followed: Followed): void;
  /** Gives back the room of those that are none any more and that nobody follows. */
  forgetBut(known: ReadonlyMap<string, unknown>): void;
}

export function createFollowedNetworks({ eventsMax, bytesMax, bytesMaxOfAll }: HeldLimits): FollowedNetworks {
  const networks = new Map<string, Followed>();

  function trim({ live }: Followed): void {
    live.ring.trim({ eventsMax, bytesMax: Math.min(bytesMax, Math.floor(bytesMaxOfAll / networks.size)) });
  }

  return {
    trim,
    find: (id) => networks.get(id),
    get: (id) => {
      const found = networks.get(id);
      if (found !== undefined) return found;
      const followers = new Map(chainFeeds.map((feed) => [feed, new Set<ChainFollower>()]));
      const made = { live: createLiveNetwork(), followers, stateText: '', isStale: false };
      networks.set(id, made);
      for (const each of networks.values()) trim(each);
      return made;
    },
    entries: () => networks.entries(),
    forgetBut: (known) => {
      for (const [id, followed] of networks) {
        if (!known.has(id) && !chainFeeds.some((feed) => isHeard(followed, feed))) networks.delete(id);
      }
    },
  };
}

export function emit({ followers }: Followed, feed: ChainFeed, news: ChainNews): void {
  for (const follower of followers.get(feed) ?? []) follower(news);
}

/** Whether anybody follows it. */
export function isHeard({ followers }: Followed, feed: ChainFeed): boolean {
  return (followers.get(feed)?.size ?? 0) > 0;
}
