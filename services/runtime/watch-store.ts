import type { Registry } from 'prom-client';
import { metrics } from '../../catalog/metrics.ts';
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

const betweenLooksMs = 10_000;

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
