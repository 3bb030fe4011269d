import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { metrics } from '../../catalog/metrics.ts';
import { describeError, RetryableError } from './errors.ts';
import { gaugeOf } from './metrics.ts';
import type { Started } from './modules.ts';

/** Connections of a pool: `busy` and `idle` are open, `waiting` are callers that wait for one. */
export interface PoolUse {
  readonly busy: number;
  readonly idle: number;
  readonly waiting: number;
}

/** A store that says how its connections are used, if it has a pool of them. */
export type Watchable<P> = Required<Started<P>> & { connections?(): PoolUse };

export interface OpeningOptions {
  readonly log: Logger;
  /** So long a store that is away is waited for. 0: not at all. */
  readonly patienceMs?: number;
}

const betweenLooksMs = 10_000;
const betweenOpeningsMs = 2_000;

/**
 * Opens a store and watches it, shown as down in `registry` until it is open: a process that cannot reach its database at the
 * start stays long enough to be seen so. Throws what `open` throws, what is retryable once the patience is over.
 */
export async function openWatched<P>(
  registry: Registry,
  name: string,
  open: () => Promise<Watchable<P>>,
  { log, patienceMs = 0 }: OpeningOptions,
): Promise<Required<Started<P>>> {
  gaugeOf(registry, metrics.databaseUp).set({ store: name }, 0);
  const fromMs = performance.now();
  while (true) {
    try {
      return watchStore(registry, name, await open());
    } catch (error) {
      const isLate = performance.now() - fromMs + betweenOpeningsMs > patienceMs;
      if (!(error instanceof RetryableError) || isLate) throw error;
      log.warn({ store: name, reason: describeError(error) }, 'a store cannot be reached, trying again');
      await new Promise((resolve) => setTimeout(resolve, betweenOpeningsMs));
    }
  }
}

/**
 * Keeps in `registry` whether an open store answers, and how its connections are used. Returns the store, whose `stop` ends
 * that too.
 */
export function watchStore<P>(registry: Registry, name: string, store: Watchable<P>): Required<Started<P>> {
  const up = gaugeOf(registry, metrics.databaseUp);
  const connections = gaugeOf(registry, metrics.databaseConnections);
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const look = async (): Promise<void> => {
    const { ok } = await store.health();
    if (stopped) return;
    up.set({ store: name }, ok ? 1 : 0);
    for (const [state, count] of Object.entries(store.connections?.() ?? {})) connections.set({ state }, count);
    timer = setTimeout(look, betweenLooksMs).unref();
  };
  void look();
  return {
    part: store.part,
    health: () => store.health(),
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      up.remove({ store: name });
      await store.stop();
    },
  };
}
