import { describe, expect, test } from 'vitest';
import type { DepthDiff } from './binance/messages.ts';
import { createDiffBuffer } from './symbol-book-buffer.ts';

describe(createDiffBuffer, () => {
  test('keeps diffs in order', () => {
    const buffer = createDiffBuffer(10_000);
    for (const id of [1, 2, 3]) expect(buffer.push(diffOf(id), id)).toEqual([]);
    expect(buffer.diffs.map(({ diff }) => diff.lastUpdateId)).toEqual([1, 2, 3]);
    expect(buffer.clear().map(({ receivedAtMs }) => receivedAtMs)).toEqual([1, 2, 3]);
    expect(buffer).toMatchObject({ diffs: [], bytes: 0 });
  });

  test('lets the oldest go when there is no room', () => {
    const buffer = createDiffBuffer(5_000);
    const gone: number[] = [];
    for (let id = 1; id <= 1000; id++) {
      gone.push(...buffer.push(diffOf(id), 0).map(({ diff }) => diff.lastUpdateId));
      expect(buffer.bytes).toBeLessThanOrEqual(5_000);
    }
    const kept = buffer.diffs.map(({ diff }) => diff.lastUpdateId);
    expect([...gone, ...kept]).toEqual(Array.from({ length: 1000 }, (_, at) => at + 1));
    expect(kept.length).toBeGreaterThan(15);
  });

  test('keeps the newest whatever its size', () => {
    const buffer = createDiffBuffer(10);
    buffer.push(diffOf(1), 0);
    expect(buffer.push(diffOf(2), 0)).toHaveLength(1);
    expect(buffer.diffs).toHaveLength(1);
  });
});

function diffOf(lastUpdateId: number): DepthDiff {
  const of = {
    kind: 'depth',
    symbol: 'X',
    previousUpdateId: undefined,
    eventTimeMs: 0,
    bids: '[]',
    asks: '[]',
  } as const;
  return { ...of, firstUpdateId: lastUpdateId, lastUpdateId };
}
