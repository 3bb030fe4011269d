import { Registry } from 'prom-client';
import { describe, expect, it, vi } from 'vitest';
import { watchStore } from './watch-store.ts';

describe(watchStore.name, () => {
  it('shows whether the store answers and how its connections are used, until it is stopped', async () => {
    vi.useFakeTimers();
    try {
      const registry = new Registry();
      let ok = true;
      const stop = vi.fn(async () => {});
      const store = watchStore(registry, 'relational', {
        part: 'the store',
        stop,
        health: async () => ({ ok }),
        connections: () => ({ busy: 2, idle: 1, waiting: 0 }),
      });
      await vi.advanceTimersByTimeAsync(0);
      expect(await registry.metrics()).toContain('defimon_database_up{store="relational"} 1');
      expect(await registry.metrics()).toContain('defimon_database_connections{state="busy"} 2');

      ok = false;
      await vi.advanceTimersByTimeAsync(10_000);
      expect(await registry.metrics()).toContain('defimon_database_up{store="relational"} 0');

      await store.stop();
      expect(stop).toHaveBeenCalledOnce();
      expect(await registry.metrics()).not.toContain('store="relational"');
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });
});
