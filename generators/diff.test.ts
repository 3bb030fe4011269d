import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { renderDiff } from './diff.ts';

describe(renderDiff.name, () => {
  it('shows the lines that differ with two lines around them, and where they are', () => {
    expect(renderDiff('a\nb\nc\nd\ne\nf\n', 'a\nb\nc\nD\ne\nf\n')).toEqual([
      '@@ line 2 @@',
      ...[' b', ' c', '-d', '+D', ' e', ' f'],
    ]);
  });

  it('is empty for equal texts', () => {
    expect(renderDiff('a\n', 'a\n')).toEqual([]);
  });

  it('begins a hunk for each distant change', () => {
    const before = Array.from({ length: 30 }, (_, index) => `line ${index}`);
    const after = before.with(3, 'three').with(25, 'twenty-five');
    const hunks = renderDiff(before.join('\n'), after.join('\n')).filter((line) => line.startsWith('@@'));
    expect(hunks).toEqual(['@@ line 2 @@', '@@ line 24 @@']);
  });

  it('holds exactly the lines that went and came', () => {
    const text = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 12 });
    fc.assert(
      fc.property(text, text, (before, after) => {
        const lines = renderDiff(before.join('\n'), after.join('\n'));
        const count = (sign: string) => lines.filter((line) => line.startsWith(sign)).length;
        expect(before.length - count('-')).toBe(after.length - count('+'));
      }),
    );
  });

  it('shows a text too long to compare as one block out and one block in', () => {
    const long = (letter: string) => Array.from({ length: 3000 }, (_, index) => letter + index).join('\n');
    expect(renderDiff(long('a'), long('b'))).toHaveLength(6001);
  });
});
