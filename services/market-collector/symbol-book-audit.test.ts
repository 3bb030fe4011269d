import { describe, expect, test } from 'vitest';
import type { BookTop } from '../datasets/market/order-book.ts';
import type { BookTicker } from './binance/messages.ts';
import { createTickerAudit } from './symbol-book-audit.ts';

describe(createTickerAudit, () => {
  test('agrees whichever comes first', () => {
    const audit = createTickerAudit();
    audit.onTicker(tickerOf(10, '1'));
    audit.onTicker(tickerOf(20, '2'));
    expect(audit.onTop(15, topOf('1'))).toBeUndefined();
    expect(audit.agreedCount).toBe(1);
    expect(audit.onTop(25, topOf('2'))).toBeUndefined();
    expect(audit.onTop(40, topOf('4'))).toBeUndefined();
    // Nothing says yet that no ticker of 25 or before is on its way.
    expect(audit.agreedCount).toBe(1);
    expect(audit.onTicker(tickerOf(30, '4'))).toBeUndefined();
    expect(audit.onTicker(tickerOf(50, '5'))).toBeUndefined();
    expect(audit).toMatchObject({ agreedCount: 3, streak: 3, lastAgreedId: 40 });
  });

  test('says what disagrees, once it is certain', () => {
    const audit = createTickerAudit();
    audit.onTicker(tickerOf(10, '1'));
    expect(audit.onTop(15, topOf('2'))).toBeUndefined();
    expect(audit.onTicker(tickerOf(12, '2'))).toBeUndefined();
    expect(audit.onTop(16, topOf('3'))).toBeUndefined();
    expect(audit.onTicker(tickerOf(20, '3'))).toMatch(/at update 16 .* @ 3 .* ticker 12 says .* @ 2 /);
    expect(audit).toMatchObject({ streak: 0, lastAgreedId: 15 });
  });

  test('compares the ends of a run with the same best with the ticker of each', () => {
    const audit = createTickerAudit();
    audit.onTicker(tickerOf(10, '1'));
    for (const updateId of [11, 12, 13]) audit.onTop(updateId, topOf('1'));
    // The best was another between two updates.
    expect(audit.onTicker(tickerOf(12, '7'))).toBeUndefined();
    expect(audit.onTicker(tickerOf(13, '1'))).toBeUndefined();
    expect(audit.onTicker(tickerOf(14, '2'))).toBeUndefined();
    expect(audit.agreedCount).toBe(2);
  });

  test('takes an empty side for a ticker that says 0, and 1.50 for 1.5', () => {
    const audit = createTickerAudit();
    audit.onTicker({ ...tickerOf(1, '1.50'), ask: '0.00000000', askSize: '0.00000000' });
    audit.onTop(1, { ...topOf('1.5'), ask: null, askSize: null });
    expect(audit.onTicker(tickerOf(2, '1'))).toBeUndefined();
    expect(audit.agreedCount).toBe(1);
  });

  test('knows nothing of updates before the first ticker, and takes no notice of copies', () => {
    const audit = createTickerAudit();
    audit.onTop(5, topOf('9'));
    audit.onTicker(tickerOf(10, '1'));
    audit.onTicker(tickerOf(20, '2'));
    audit.onTicker(tickerOf(10, '8'));
    expect(audit.onTop(20, topOf('2'))).toBeUndefined();
    expect(audit.onTicker(tickerOf(21, '3'))).toBeUndefined();
    expect(audit.agreedCount).toBe(1);
  });

  test('forgets', () => {
    const audit = createTickerAudit();
    audit.onTicker(tickerOf(10, '1'));
    audit.onTop(11, topOf('2'));
    audit.clearTops();
    expect(audit.onTicker(tickerOf(20, '2'))).toBeUndefined();
    audit.clear();
    expect(audit.onTop(25, topOf('3'))).toBeUndefined();
    expect(audit.onTicker(tickerOf(30, '2'))).toBeUndefined();
    expect(audit.agreedCount).toBe(0);
  });
});

function topOf(bid: string): BookTop {
  return { bid, bidSize: '1', ask: '100', askSize: '1' };
}

function tickerOf(updateId: number, bid: string): BookTicker {
  const of = { kind: 'ticker', symbol: 'X', eventTimeMs: undefined } as const;
  return { ...of, updateId, bid, bidSize: '1', ask: '100', askSize: '1' };
}
