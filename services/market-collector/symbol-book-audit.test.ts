import { describe, expect, test } from 'vitest';
import type { BookTop } from '../datasets/market/order-book.ts';
import type { BookTicker } from './binance/messages.ts';
import { createTickerAudit, type KnownSides, type TickerAudit } from './symbol-book-audit.ts';

describe(createTickerAudit, () => {
  test('agrees whichever comes first', () => {
    const audit = createTickerAudit();
    audit.onTicker(tickerOf(10, '1'));
    audit.onTicker(tickerOf(20, '2'));
    expect(onTop(audit, 15, topOf('1'))).toBeUndefined();
    expect(audit.agreedCount).toBe(1);
    expect(onTop(audit, 25, topOf('2'))).toBeUndefined();
    expect(onTop(audit, 40, topOf('4'))).toBeUndefined();
    // Nothing says yet that no ticker of 25 or before is on its way.
    expect(audit.agreedCount).toBe(1);
    expect(audit.onTicker(tickerOf(30, '4'))).toBeUndefined();
    expect(audit.onTicker(tickerOf(50, '5'))).toBeUndefined();
    expect(audit).toMatchObject({ agreedCount: 3, streak: 3, lastAgreed: { updateId: 40, timeMs: 400 } });
  });

  test('says what disagrees, once it is certain', () => {
    const audit = createTickerAudit();
    audit.onTicker(tickerOf(10, '1'));
    expect(onTop(audit, 15, topOf('2'))).toBeUndefined();
    expect(audit.onTicker(tickerOf(12, '2'))).toBeUndefined();
    expect(onTop(audit, 16, topOf('3'))).toBeUndefined();
    expect(audit.onTicker(tickerOf(20, '3'))).toMatch(/at update 16 .* @ 3 .* ticker 12 says .* @ 2 /);
    expect(audit).toMatchObject({ streak: 0, lastAgreed: { updateId: 15, timeMs: 150 } });
  });

  test('compares the ends of a run with the same best with the ticker of each', () => {
    const audit = createTickerAudit();
    audit.onTicker(tickerOf(10, '1'));
    for (const updateId of [11, 12, 13]) onTop(audit, updateId, topOf('1'));
    // The best was another between two updates.
    expect(audit.onTicker(tickerOf(12, '7'))).toBeUndefined();
    expect(audit.onTicker(tickerOf(13, '1'))).toBeUndefined();
    expect(audit.onTicker(tickerOf(14, '2'))).toBeUndefined();
    expect(audit.agreedCount).toBe(2);
  });

  test('takes an empty side for a ticker that says 0, and 1.50 for 1.5', () => {
    const audit = createTickerAudit();
    audit.onTicker({ ...tickerOf(1, '1.50'), ask: '0.00000000', askSize: '0.00000000' });
    onTop(audit, 1, { ...topOf('1.5'), ask: null, askSize: null });
    expect(audit.onTicker(tickerOf(2, '1'))).toBeUndefined();
    expect(audit.agreedCount).toBe(1);
  });

  test('knows nothing of updates before the first ticker, and takes no notice of copies', () => {
    const audit = createTickerAudit();
    onTop(audit, 5, topOf('9'));
    audit.onTicker(tickerOf(10, '1'));
    audit.onTicker(tickerOf(20, '2'));
    audit.onTicker(tickerOf(10, '8'));
    expect(onTop(audit, 20, topOf('2'))).toBeUndefined();
    expect(audit.onTicker(tickerOf(21, '3'))).toBeUndefined();
    expect(audit.agreedCount).toBe(1);
  });

  test('compares the side that is known when the other is not, and trusts nothing for it', () => {
    const audit = createTickerAudit();
    audit.onTicker(tickerOf(10, '1'));
    onTop(audit, 11, { ...topOf('1'), ask: null, askSize: null }, 'bid');
    expect(audit.onTicker(tickerOf(20, '2'))).toBeUndefined();
    expect(audit).toMatchObject({ agreedCount: 1, streak: 0, lastAgreed: undefined });
    onTop(audit, 21, { ...topOf('7'), ask: null, askSize: null }, 'bid');
    expect(audit.onTicker(tickerOf(30, '3'))).toMatch(/at update 21 .* @ 7 .* ticker 20 says .* @ 2 /);
    onTop(audit, 31, { ...topOf('7'), bid: null, bidSize: null }, 'ask');
    expect(audit.onTicker(tickerOf(40, '3'))).toBeUndefined();
  });

  test('forgets', () => {
    const audit = createTickerAudit();
    audit.onTicker(tickerOf(10, '1'));
    onTop(audit, 11, topOf('2'));
    audit.clearTops();
    expect(audit.onTicker(tickerOf(20, '2'))).toBeUndefined();
    audit.clear();
    expect(onTop(audit, 25, topOf('3'))).toBeUndefined();
    expect(audit.onTicker(tickerOf(30, '2'))).toBeUndefined();
    expect(audit.agreedCount).toBe(0);
  });
});

function onTop(audit: TickerAudit, updateId: number, top: BookTop, known: KnownSides = 'both') {
  return audit.onTop({ updateId, timeMs: updateId * 10 }, top, known);
}

function topOf(bid: string): BookTop {
  return { bid, bidSize: '1', ask: '100', askSize: '1' };
}

function tickerOf(updateId: number, bid: string): BookTicker {
  const of = { kind: 'ticker', symbol: 'X', eventTimeMs: undefined } as const;
  return { ...of, updateId, bid, bidSize: '1', ask: '100', askSize: '1' };
}
