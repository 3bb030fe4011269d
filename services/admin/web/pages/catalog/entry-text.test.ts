import { describe, expect, it } from 'vitest';
import { columnsOf, textOf } from './entry-text.ts';

describe(columnsOf, () => {
  it('takes what most entries have and fits into a cell, in the order of the entries', () => {
    const entries = [
      { id: 'a', name: 'A', priority: 1, rpc: [], note: 'x'.repeat(80) },
      { id: 'b', name: 'B', priority: 2, rpc: [], rare: true },
      { id: 'c', name: 'C', priority: 3, rpc: [] },
    ];
    expect(columnsOf(entries)).toEqual(['name', 'priority']);
  });
});

describe(textOf, () => {
  it('writes what is nested as JSON, and a dash for what is not there', () => {
    expect([undefined, null, true, 0, 'x', { a: 1 }].map(textOf)).toEqual(['–', '–', 'yes', '0', 'x', '{"a":1}']);
  });
});
