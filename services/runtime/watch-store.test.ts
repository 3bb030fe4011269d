import { pino } from 'pino';
import { Registry } from 'prom-client';
import { describe, expect, it, vi } from 'vitest';
import { ConfigurationError, RetryableError } from './errors.ts';
import { openWatched, watchStore } from './watch-store.ts';

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

describe(openWatched.name, () => {
  const log = pino({ level: 'silent' });
  const health = async () => ({ ok: true });

  it('shows a store as down until it is open, and waits for it for a while', async () => {
    vi.useFakeTimers();
    try {
      const registry = new Registry();
      let isThere = false;
      const open = vi.fn(async () => {
        if (!isThere) throw new RetryableError('nobody answers');
        return { part: 'the store', stop: async () => {}, health };
      });
      const opening = openWatched(registry, 'relational', open, { log, patienceMs: 60_000 });
      await vi.advanceTimersByTimeAsync(20_000);
      expect(await registry.metrics()).toContain('defimon_database_up{store="relational"} 0');

      isThere = true;
      await vi.advanceTimersByTimeAsync(2_000);
      const store = await opening;
      expect(store.part).toBe('the store');
      expect(await registry.metrics()).toContain('defimon_database_up{store="relational"} 1');
      await store.stop();
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  it('gives up once its patience is over, and at once where waiting is of no use', async () => {
    vi.useFakeTimers();
    try {
      const failing = (error: Error, patienceMs: number) => {
        const open = vi.fn(async () => Promise.reject(error));
        const ended = openWatched(new Registry(), 'relational', open, { log, patienceMs }).catch((reason) => reason);
        return { open, ended };
      };
      const patient = failing(new RetryableError('nobody answers'), 10_000);
      const wrong = failing(new ConfigurationError('password'), 10_000);
      const hasty = failing(new RetryableError('nobody answers'), 0);
      await vi.advanceTimersByTimeAsync(30_000);
      expect(await patient.ended).toBeInstanceOf(RetryableError);
      expect(patient.open.mock.calls.length).toBeGreaterThan(2);
      expect(await wrong.ended).toBeInstanceOf(ConfigurationError);
      expect([wrong, hasty].map(({ open }) => open.mock.calls.length)).toEqual([1, 1]);
      expect(await hasty.ended).toBeInstanceOf(RetryableError);
    } finally {
      vi.useRealTimers();
    }
  });
});
