import { describe, expect, test } from 'vitest';
import type { DepthDiff } from './binance/messages.ts';
import { type Position, relationOf } from './symbol-book-sequence.ts';

const fresh: Position = { lastUpdateId: 100, eventTimeMs: undefined, isFresh: true };
const going: Position = { lastUpdateId: 100, eventTimeMs: 50_000, isFresh: false };

describe(relationOf, () => {
  test.each([
    ['all of it is in the snapshot', 95, 100, 'old'],
    ['it begins in the snapshot and goes beyond', 95, 101, 'next'],
    ['it begins right after the snapshot', 101, 101, 'next'],
    ['it begins beyond', 102, 105, 'ahead'],
  ])('joins a spot snapshot to a diff: %s', (_, U, u, relation) => {
    expect(relationOf('spot', fresh, diffOf(U, u))).toBe(relation);
  });

  test.each([
    ['the book has it', 90, 100, 'old'],
    ['it continues', 101, 103, 'next'],
    ['another socket began its diff earlier', 98, 103, 'next'],
    ['one is missing', 102, 103, 'ahead'],
  ])('goes on with a spot diff: %s', (_, U, u, relation) => {
    expect(relationOf('spot', going, diffOf(U, u))).toBe(relation);
  });

  test.each([
    ['it ends before the snapshot', 80, 99, 70, 'old'],
    ['it ends where the snapshot is', 90, 100, 80, 'next'],
    ['the snapshot is within it', 90, 110, 80, 'next'],
    ['the snapshot is before it, but after the diff before it', 105, 110, 95, 'next'],
    ['the snapshot is where the diff before it ended', 105, 110, 100, 'next'],
    ['the snapshot is before the diff before it', 120, 130, 110, 'ahead'],
  ])('joins a snapshot of futures to a diff: %s', (_, U, u, pu, relation) => {
    expect(relationOf('usdm', fresh, diffOf(U, u, pu))).toBe(relation);
    expect(relationOf('coinm', fresh, diffOf(U, u, pu))).toBe(relation);
  });

  test.each([
    ['the book has it', 90, 100, 80, 'old'],
    ['it continues', 105, 110, 100, 'next'],
    ['one is missing', 115, 120, 110, 'ahead'],
    ['it says to continue something else', 99, 110, 90, 'ahead'],
    ['it does not say what it continues', 101, 110, undefined, 'ahead'],
  ])('goes on with a diff of futures: %s', (_, U, u, pu, relation) => {
    expect(relationOf('usdm', going, diffOf(U, u, pu))).toBe(relation);
  });

  test('tells ids that begin anew from a late duplicate, by the clock of the exchange', () => {
    expect(relationOf('spot', going, { ...diffOf(1, 2), eventTimeMs: 49_000 })).toBe('old');
    expect(relationOf('spot', going, { ...diffOf(1, 2), eventTimeMs: 60_000 })).toBe('old');
    expect(relationOf('spot', going, { ...diffOf(1, 2), eventTimeMs: 60_001 })).toBe('reset');
    expect(relationOf('usdm', going, { ...diffOf(1, 2, 0), eventTimeMs: 60_001 })).toBe('reset');
  });
});

function diffOf(firstUpdateId: number, lastUpdateId: number, previousUpdateId?: number): DepthDiff {
  const of = { kind: 'depth', symbol: 'X', eventTimeMs: 0, bids: '[]', asks: '[]' } as const;
  return { ...of, firstUpdateId, lastUpdateId, previousUpdateId };
}
