import { describe, expect, test } from 'vitest';
import { knownRangeOf, parseSnapshot } from './parse-snapshot.ts';

describe(parseSnapshot, () => {
  test('reads the answer of spot', () => {
    const text =
      '{"lastUpdateId":499869752,"bids":[["0.35210000","672.00000000"]],"asks":[["0.35260000","3199.00000000"]]}';
    expect(parseSnapshot(text, 1000)).toEqual({
      lastUpdateId: 499869752,
      eventTimeMs: undefined,
      bids: '[["0.35210000","672.00000000"]]',
      asks: '[["0.35260000","3199.00000000"]]',
      limit: 1000,
    });
  });

  test('reads the answer of futures', () => {
    const text =
      '{"lastUpdateId":167006089178,"E":1626916404580,"T":1626916404574,"symbol":"BCHUSD_PERP","pair":"BCHUSD","bids":[],"asks":[]}';
    expect(parseSnapshot(text, 5)).toMatchObject({ eventTimeMs: 1626916404580, bids: '[]', asks: '[]' });
  });

  test.each([
    ['', /JSON/],
    ['[]', /lastUpdateId/],
    ['null', /no JSON object/],
    ['{"code":-1121,"msg":"Invalid symbol."}', /-1121: Invalid symbol\./],
    ['{"lastUpdateId":-1,"bids":[],"asks":[]}', /lastUpdateId/],
    ['{"lastUpdateId":9007199254740993,"bids":[],"asks":[]}', /lastUpdateId/],
    ['{"lastUpdateId":1,"E":"x","bids":[],"asks":[]}', /E of the snapshot/],
    ['{"lastUpdateId":1,"asks":[]}', /bids/],
    ['{"lastUpdateId":1,"bids":[],"asks":[["1"]]}', /asks/],
  ])('refuses %j', (text, message) => {
    expect(() => parseSnapshot(text, 1000)).toThrow(message);
  });
});

describe(knownRangeOf, () => {
  test('takes a side that is as long as was asked for as cut off, and a shorter one as whole', () => {
    const bids = '[["9","1"],["8","1"],["7","1"]]';
    const asks = '[["10","1"],["11","1"]]';
    expect(knownRangeOf({ bids, asks, limit: 3 })).toEqual({ bidFloor: '7', askCeiling: null });
    expect(knownRangeOf({ bids, asks, limit: 2 })).toEqual({ bidFloor: '7', askCeiling: '11' });
    expect(knownRangeOf({ bids: '[]', asks, limit: 5 })).toEqual({ bidFloor: null, askCeiling: null });
  });
});
