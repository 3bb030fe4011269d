import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Cursor, chainMarkOf, decodeCursor, encodeCursor } from './cursor.ts';

const cursors: fc.Arbitrary<Cursor> = fc.record({
  kind: fc.constantFrom('blocks', 'txs'),
  chain: fc.constantFrom('', chainMarkOf(`0x${'ab'.repeat(32)}`)),
  block: fc.nat(),
  index: fc.nat(),
});

describe(decodeCursor.name, () => {
  it('reads back what encodeCursor wrote', () => {
    fc.assert(
      fc.property(cursors, (cursor) => {
        expect(decodeCursor(encodeCursor(cursor))).toEqual(cursor);
      }),
    );
  });

  it('refuses anything else, and a cursor with a character changed, added or left out', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(decodeCursor(text)).toBeUndefined();
      }),
    );
    fc.assert(
      fc.property(cursors, fc.nat(), fc.constantFrom('', '=', '.', ' ', 'A'), (cursor, at, character) => {
        const text = encodeCursor(cursor);
        const place = at % text.length;
        const changed = text.slice(0, place) + character + text.slice(place + 1);
        const read = decodeCursor(changed);
        // What is still a cursor is one cursor only, so that no two addresses name one page.
        if (read !== undefined) expect(encodeCursor(read)).toBe(changed);
      }),
    );
  });

  it('refuses another version', () => {
    const other = Buffer.from('2.blocks..5.0').toString('base64url');
    expect(decodeCursor(other)).toBeUndefined();
  });
});
