import { pino } from 'pino';
import { describe, expect, it, vi } from 'vitest';
import type { Finding, ListedPair } from './exchange-check.ts';
import { watchExchange } from './watch-exchange.ts';

describe(watchExchange, () => {
  it('checks now and again and again, goes on after a failure, and ends with the signal', async () => {
    const abort = new AbortController();
    const found: (readonly Finding[])[] = [];
    const failed: unknown[] = [];
    let calls = 0;
    const pair: ListedPair = {
      symbol: 'GONE',
      exchangeSymbol: 'GONE',
      base: 'A',
      quote: 'B',
      tickSize: '1',
      stepSize: '1',
    };
    const watching = watchExchange({
      rest: {
        loadExchangeInfo: async () => {
          if (++calls === 2) throw new Error('not now');
          return { symbols: [], weightPerMinute: undefined };
        },
      },
      pairs: () => [pair],
      onFindings: (findings) => found.push(findings),
      onFailed: (error) => failed.push(error),
      everyMs: 10,
      retryMs: 10,
      log: pino({ level: 'silent' }),
      signal: abort.signal,
    });
    await vi.waitFor(() => expect(found.length).toBeGreaterThanOrEqual(2), { timeout: 90_000 });
    abort.abort();
    await watching;
    expect(failed).toHaveLength(1);
    expect(found[0]).toMatchObject([{ symbol: 'GONE', kind: 'unknown' }]);
  });
});
