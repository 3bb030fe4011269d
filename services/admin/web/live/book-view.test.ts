import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BookNews } from '../../../contracts/market-messages.ts';
import { createBookKeeper } from './book-view.ts';

describe(createBookKeeper, () => {
  it('holds the levels that a plain map of them holds, the best first', () => {
    const level = fc.tuple(fc.integer({ min: 1, max: 30 }), fc.nat(3));
    const side = fc.uniqueArray(level, { selector: ([price]) => price });
    fc.assert(
      fc.property(fc.array(fc.record({ bids: side, asks: side }), { minLength: 1 }), (changes) => {
        const keeper = createBookKeeper();
        const [bids, asks] = [new Map<number, number>(), new Map<number, number>()];
        changes.forEach((change, at) => {
          for (const [price, size] of change.bids) set(bids, price, size);
          for (const [price, size] of change.asks) set(asks, price + 100, size);
          const levels = {
            bids: change.bids.map(textsOf),
            asks: change.asks.map(([price, size]) => textsOf([price + 100, size])),
          };
          expect(keeper.take(at === 0 ? snapshot(0, levels) : diff(at - 1, at, levels))).toBe(true);
        });
        const view = keeper.view(100);
        expect(view.bids.map(numbersOf)).toEqual([...bids].sort(([a], [b]) => b - a));
        expect(view.asks.map(numbersOf)).toEqual([...asks].sort(([a], [b]) => a - b));
        expect(keeper.resumeFrom).toBe(changes.length - 1);
      }),
    );
  });

  it('asks for the book again when a diff does not follow', () => {
    const keeper = createBookKeeper();
    keeper.take(snapshot(5, {}));
    expect(keeper.take(diff(6, 7, {}))).toBe(false);
    expect(keeper.take({ type: 'resumed', symbol: 'X', lastUpdateId: 4 })).toBe(false);
  });

  it('is of before from when it is asked for anew until it goes on', () => {
    const keeper = createBookKeeper();
    keeper.take(snapshot(5, {}));
    expect(keeper.view(1).isTold).toBe(true);
    keeper.noteAsked();
    expect(keeper.view(1)).toMatchObject({ isTold: false, state: 'live' });
    keeper.take({ type: 'resumed', symbol: 'X', lastUpdateId: 5 });
    expect(keeper.view(1).isTold).toBe(true);
  });

  it('is nothing to go on from after a reset, and in a gap', () => {
    const keeper = createBookKeeper();
    keeper.take(snapshot(5, { bids: [['1.0', '2.0']] }));
    keeper.noteGap(true);
    expect([keeper.view(1).state, keeper.resumeFrom]).toEqual(['gap', undefined]);
    keeper.noteGap(false);
    expect(keeper.resumeFrom).toBe(5);
    keeper.take({ type: 'reset', symbol: 'X' });
    expect(keeper.view(1)).toMatchObject({ state: 'waiting', bids: [] });
    expect(keeper.take(diff(5, 6, {}))).toBe(true);
    expect(keeper.view(1).state).toBe('waiting');
  });
});

function set(side: Map<number, number>, price: number, size: number): void {
  if (size === 0) side.delete(price);
  else side.set(price, size);
}

function textsOf([price, size]: readonly [number, number]): [string, string] {
  return [price.toFixed(2), size.toFixed(3)];
}

function numbersOf([price, size]: readonly [string, string]): [number, number] {
  return [Number(price), Number(size)];
}

type Levels = { readonly bids?: [string, string][]; readonly asks?: [string, string][] };

function snapshot(lastUpdateId: number, { bids = [], asks = [] }: Levels): BookNews {
  const known = { bidFloor: null, askCeiling: null };
  return {
    type: 'snapshot',
    symbol: 'X',
    state: 'live',
    ...known,
    lastUpdateId,
    eventTime: 1,
    receivedAt: 1,
    bids,
    asks,
  };
}

function diff(previousUpdateId: number, lastUpdateId: number, { bids = [], asks = [] }: Levels): BookNews {
  return { type: 'diff', symbol: 'X', previousUpdateId, lastUpdateId, eventTime: 1, receivedAt: 1, bids, asks };
}
