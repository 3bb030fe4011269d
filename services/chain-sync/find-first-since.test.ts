import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Header } from './evm/parse-block.ts';
import { findFirstSince } from './find-first-since.ts';

describe(findFirstSince, () => {
  test('finds the first block that is young enough, whatever the spacing, and where headers end', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(3), { minLength: 1, maxLength: 60 }),
        fc.record({ from: fc.nat(60), lacking: fc.nat(60), time: fc.nat(100) }),
        async (spacings, { lacking, ...wish }) => {
          const headers = chainOf(spacings);
          const head = headers.at(-1) as Header;
          const from = Math.min(wish.from, head.number);
          const time = Math.min(wish.time, head.timestamp);
          const found = await findFirstSince(
            async (numbers) => numbers.map((number) => (number < lacking ? undefined : headers[number])),
            { from, head, time },
          );
          const known = headers.filter(({ number }) => number >= Math.max(from, lacking) || number === head.number);
          const expected = known.find(({ timestamp }) => timestamp >= time) as Header;
          expect(found).toEqual({
            number: expected.number,
            isEdge: expected.number > from && expected.number <= lacking,
          });
        },
      ),
      { numRuns: 300 },
    );
  });

  test('asks for few headers of a long chain', async () => {
    let [asked, rounds] = [0, 0];
    const head = headerOf(25_000_000, 300_000_000);
    const found = await findFirstSince(
      async (numbers) => {
        asked += numbers.length;
        rounds++;
        return numbers.map((number) => headerOf(number, number * 12));
      },
      { from: 0, head, time: head.timestamp - 30 * 86_400 },
    );
    expect(found.number).toBe(25_000_000 - 216_000);
    expect(rounds).toBeLessThanOrEqual(13);
    expect(asked).toBeLessThanOrEqual(39);
  });
});

function chainOf(spacings: readonly number[]): Header[] {
  let timestamp = 0;
  return spacings.map((spacing, number) => {
    timestamp += spacing;
    return headerOf(number, timestamp);
  });
}

function headerOf(number: number, timestamp: number): Header {
  return { number, timestamp, hash: `0x${number}`, parentHash: `0x${number - 1}` };
}
