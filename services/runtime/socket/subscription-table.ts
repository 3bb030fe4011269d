/** How many subscriptions there may be. */
export interface SubscriptionLimits {
  readonly subscriptionsMax: number;
  readonly subscriptionsMaxOfAll: number;
}

/** The subscriptions of all connections of an API. */
export interface SubscriptionCount {
  subscriptions: number;
}

/** The subscriptions of one connection, by their key. */
export interface SubscriptionTable<S> {
  find(key: string): S | undefined;
  values(): S[];
  add(key: string, subscription: S): void;
  /** Whether it was there. */
  remove(key: string): boolean;
  /** Why so many more cannot be had; undefined when they can. */
  refusalOf(more: number): string | undefined;
}

export function createSubscriptionTable<S>(
  { subscriptionsMax, subscriptionsMaxOfAll }: SubscriptionLimits,
  all: SubscriptionCount,
): SubscriptionTable<S> {
  const table = new Map<string, S>();
  return {
    find: (key) => table.get(key),
    values: () => [...table.values()],
    add: (key, subscription) => {
      if (!table.has(key)) all.subscriptions += 1;
      table.set(key, subscription);
    },
    remove: (key) => {
      const was = table.delete(key);
      if (was) all.subscriptions -= 1;
      return was;
    },
    refusalOf: (more) => {
      const fits = table.size + more <= subscriptionsMax && all.subscriptions + more <= subscriptionsMaxOfAll;
      if (fits || more === 0) return undefined;
      return `a connection may have ${subscriptionsMax} subscriptions, all together ${subscriptionsMaxOfAll}: it has ${table.size}, these would add ${more}`;
    },
  };
}
