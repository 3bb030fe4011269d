import { describe, expect, test } from 'vitest';
import { buildBar } from '../datasets/market/bar-fixtures.ts';
import { RetryableError } from '../runtime/errors.ts';
import type { Timeseries } from '../stores/timeseries.ts';
import { createBarSink } from './market-sink.ts';

describe(createBarSink, () => {
  test('stores a batch at once, under its own name', async () => {
    const { sink, store, stored } = setUp();
    await sink.write([buildBar('AB', 1), buildBar('AB', 2)], 'batch 1');
    expect(store.inserts).toEqual([{ token: 'batch 1', symbols: ['AB', 'AB'] }]);
    expect(stored).toEqual([2]);
  });

  test('stores together what comes while an insert is under way, under a name of just these', async () => {
    const { sink, store } = setUp();
    store.wait = Promise.withResolvers();
    const first = sink.write([buildBar('AB', 1)], 'one');
    const others = ['CD', 'EF', 'GH'].map((symbol) => sink.write([buildBar(symbol, 1)], symbol));
    store.wait.resolve();
    await Promise.all([first, ...others]);
    expect(store.inserts.map(({ symbols }) => symbols)).toEqual([['AB'], ['CD', 'EF', 'GH']]);
    const [, together] = store.inserts;
    expect(together?.token).toMatch(/^[0-9a-f]{64}$/);
  });

  test('stores a batch that is plenty by itself, under its own name, whatever else is under way', async () => {
    const { sink, store } = setUp();
    store.wait = Promise.withResolvers();
    const small = ['AB', 'CD', 'EF'].map((symbol) => sink.write([buildBar(symbol, 1)], symbol));
    const plenty = ['GH', 'IJ'].map((symbol) =>
      sink.write(
        Array.from({ length: 500 }, (_, second) => buildBar(symbol, second)),
        symbol,
      ),
    );
    store.wait.resolve();
    await Promise.all([...small, ...plenty]);
    expect(store.inserts.map(({ symbols }) => symbols.length).sort((a, b) => a - b)).toEqual([1, 2, 500, 500]);
    expect(store.inserts.filter(({ symbols }) => symbols.length === 500).map(({ token }) => token)).toEqual([
      'GH',
      'IJ',
    ]);
  });

  test('fails all that were stored together when the store is away, and goes on with the next', async () => {
    const { sink, store, stored } = setUp();
    store.wait = Promise.withResolvers();
    store.fail = () => new RetryableError('away');
    const writes = ['AB', 'CD', 'EF'].map((symbol) => sink.write([buildBar(symbol, 1)], symbol));
    store.wait.resolve();
    expect((await Promise.allSettled(writes)).map(({ status }) => status)).toEqual(Array(3).fill('rejected'));
    store.fail = () => undefined;
    await sink.write([buildBar('AB', 1)], 'AB');
    expect(store.inserts).toEqual([{ token: 'AB', symbols: ['AB'] }]);
    expect(stored).toEqual([1]);
  });

  test('fails only the batch that the store refuses for what is in it', async () => {
    const { sink, store } = setUp();
    store.wait = Promise.withResolvers();
    store.fail = (symbols) => (symbols.includes('BAD') ? refusal() : undefined);
    const writes = ['AB', 'CD', 'BAD', 'EF'].map((symbol) => sink.write([buildBar(symbol, 1)], symbol));
    store.wait.resolve();
    expect((await Promise.allSettled(writes)).map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'rejected',
      'fulfilled',
    ]);
    expect(store.inserts.map(({ token }) => token)).toEqual(['AB', 'CD', 'EF']);
  });
});

function setUp() {
  const store = {
    inserts: [] as { token: string | undefined; symbols: string[] }[],
    wait: undefined as PromiseWithResolvers<void> | undefined,
    fail: (_symbols: string[]): Error | undefined => undefined,
  };
  const timeseries: Timeseries = {
    query: () => Promise.reject(new Error('nothing to query')),
    command: async () => undefined,
    insert: async (_table, rows, options) => {
      await store.wait?.promise;
      const symbols = rows.map((row) => String((row as readonly unknown[])[0]));
      const error = store.fail(symbols);
      if (error !== undefined) throw error;
      store.inserts.push({ token: options?.token, symbols });
    },
  };
  const stored: number[] = [];
  const sink = createBarSink({ timeseries, onStored: (bars) => stored.push(bars.length), lingerMs: 0 });
  return { sink, store, stored };
}

/** As ClickHouse tells it of a row that it cannot read. */
function refusal(): Error {
  return Object.assign(new Error('Cannot parse input'), { code: '27', type: 'CANNOT_PARSE_INPUT_ASSERTION_FAILED' });
}
