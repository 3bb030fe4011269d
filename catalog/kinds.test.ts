import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareCodePoints } from './kinds.ts';

describe(compareCodePoints.name, () => {
  it('orders by code point, those beyond the first plane above all others', () => {
    const text = fc.string({
      unit: fc.constantFrom('a', 'b', '-', '_', '\ud7ff', '\ue000', '\uffff', '😀', '\u{10ffff}'),
    });
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(Math.sign(compareCodePoints(a, b))).toBe(Math.sign(pointByPoint([...a], [...b])));
      }),
    );
  });
});

function pointByPoint(a: readonly string[], b: readonly string[]): number {
  const index = a.findIndex((character, at) => character !== b[at]);
  const [left, right] = [a[index]?.codePointAt(0), b[index]?.codePointAt(0)];
  return left === undefined || right === undefined ? a.length - b.length : left - right;
}
