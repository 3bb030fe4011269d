import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { recordKinds } from '../datasets/market/record.ts';
import { timeMax } from '../runtime/unix-time.ts';
import { type Cursor, decodeCursor, encodeCursor } from './cursor.ts';

describe(decodeCursor, () => {
  it('reads back every cursor that was written', () => {
    fc.assert(fc.property(anyCursor, (cursor) => void expect(decodeCursor(encodeCursor(cursor))).toEqual(cursor)));
  });

  it('reads nothing else', () => {
    const written = encodeCursor({
      order: 'asc',
      symbol: 'BTCUSDT',
      after: { eventTimeMs: 1_695_211_200_000, updateId: 7, kind: 'depth' },
    });
    const others = [
      '',
      'x',
      `${written}=`,
      written.slice(0, -3),
      Buffer.from('1~asc~A~1~01~depth').toString('base64url'),
    ];
    for (const text of [...others, Buffer.from('1~up~A~1~1~depth').toString('base64url')])
      expect([text, decodeCursor(text)]).toEqual([text, undefined]);
    fc.assert(fc.property(fc.string(), (text) => void expect(decodeCursor(text)).toBeUndefined()));
  });
});

const anyCursor: fc.Arbitrary<Cursor> = fc.record({
  order: fc.constantFrom('asc', 'desc'),
  symbol: fc.constantFrom('BTCUSDT', 'BTCUSDT.P', 'BTCUSD_240927', '1INCHUSDT'),
  after: fc.record({
    eventTimeMs: fc.integer({ min: 0, max: timeMax }),
    updateId: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
    kind: fc.constantFrom(...recordKinds),
  }),
});
