import { describe, expect, test } from 'vitest';
import { ConfigurationError, RetryableError } from '../runtime/errors.ts';
import { createPreparedTimeseries } from './prepared-timeseries.ts';
import type { Timeseries } from './timeseries.ts';

describe(createPreparedTimeseries, () => {
  test('prepares once before the first calls, however many come together', async () => {
    const { store, calls } = recordingStore();
    const prepared = createPreparedTimeseries(store, async () => {
      calls.push('prepare');
    });
    await Promise.all([prepared.query('a'), prepared.command('b'), prepared.insert('c', [])]);
    expect(calls).toEqual(['prepare', 'a', 'b', 'c']);
  });

  test('fails while it cannot be prepared, and tries anew with each call', async () => {
    const { store, calls } = recordingStore();
    let isAway = true;
    const prepared = createPreparedTimeseries(store, async () => {
      calls.push('prepare');
      if (isAway) throw new RetryableError('away');
    });
    await expect(prepared.query('a')).rejects.toThrow('away');
    await expect(prepared.insert('a', [])).rejects.toThrow('away');
    isAway = false;
    await prepared.query('a');
    await prepared.query('b');
    expect(calls).toEqual(['prepare', 'prepare', 'prepare', 'a', 'b']);
  });

  test('blames no write for tables that could not be made', async () => {
    const { store } = recordingStore();
    const cause = new Error('there is such a table');
    const failing = createPreparedTimeseries(store, () => Promise.reject(cause));
    await expect(failing.insert('a', [])).rejects.toEqual(new RetryableError('preparing the tables', { cause }));
    const refused = createPreparedTimeseries(store, () => Promise.reject(new ConfigurationError('edited')));
    await expect(refused.insert('a', [])).rejects.toBeInstanceOf(ConfigurationError);
  });
});

function recordingStore(): { readonly store: Timeseries; readonly calls: string[] } {
  const calls: string[] = [];
  const store: Timeseries = {
    query: async (sql) => {
      calls.push(sql);
      return [];
    },
    command: async (sql) => {
      calls.push(sql);
    },
    insert: async (table) => {
      calls.push(table);
    },
  };
  return { store, calls };
}
