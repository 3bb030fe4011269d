import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createHandover, streamOf } from './handover.ts';

describe(createHandover, () => {
  it('hands on each message once and in order, whichever of the two is ahead, and when', () => {
    const streams = ['a@depth', 'a@trade', 'b@depth'];
    const schedule = fc.record({
      messages: fc.array(fc.nat(streams.length - 1), { minLength: 1, maxLength: 60 }),
      // Which socket is heard next; and from where on the new one is subscribed.
      turns: fc.array(fc.boolean(), { minLength: 200, maxLength: 200 }),
      subscribedAt: fc.nat(20),
      overlap: fc.nat(150),
    });
    fc.assert(
      fc.property(schedule, ({ messages, turns, subscribedAt, overlap }) => {
        const sent = messages.map((stream, id) => raw(streams[stream] ?? '', id));
        const handover = createHandover(Number.POSITIVE_INFINITY);
        const got: string[] = [];
        let oldAt = subscribedAt;
        let freshAt = subscribedAt;
        for (const one of sent.slice(0, subscribedAt)) got.push(String(one));
        for (const turn of turns.slice(0, overlap)) {
          const next = sent[turn ? oldAt : freshAt];
          if (next === undefined) continue;
          if (turn) {
            handover.old(next);
            got.push(String(next));
            oldAt++;
          } else {
            handover.fresh(next, 0);
            freshAt++;
          }
        }
        for (const held of handover.finish()) got.push(String(held.raw));
        for (const late of sent.slice(freshAt)) if (!handover.isRepeat(late)) got.push(String(late));
        // What both had not delivered yet would be lost only if it was sent before the new one was subscribed.
        for (const stream of streams) {
          const of = (texts: readonly string[]): string[] => texts.filter((text) => text.includes(`"${stream}"`));
          expect(of(got)).toEqual(of(sent.map(String)));
        }
      }),
      { numRuns: 500 },
    );
  });

  it('is in step once both have delivered the same message of each stream', () => {
    const handover = createHandover(1_000);
    handover.old(raw('a@depth', 1));
    handover.fresh(raw('a@depth', 2), 0);
    expect(handover.isInStep(['a@depth'])).toBe(false);
    handover.old(raw('a@depth', 2));
    expect(handover.isInStep(['a@depth'])).toBe(true);
    expect(handover.isInStep(['a@depth', 'b@depth'])).toBe(false);
    expect(handover.finish()).toEqual([]);
  });

  it('hands on all it holds where the two never send the same bytes', () => {
    const handover = createHandover(1_000);
    handover.old(raw('a@depth', 1));
    handover.fresh(raw('a@depth', 100), 5);
    handover.fresh(raw('b@depth', 101), 6);
    handover.fresh(raw('a@depth', 102), 7);
    expect(handover.finish().map((held) => [String(held.raw), held.receivedAtMs])).toEqual([
      [String(raw('a@depth', 100)), 5],
      [String(raw('b@depth', 101)), 6],
      [String(raw('a@depth', 102)), 7],
    ]);
  });

  it('is full when it holds more than it may, and no longer when the old one has caught up', () => {
    const handover = createHandover(60);
    for (const id of [1, 2, 3]) handover.fresh(raw('a@depth', id), 0);
    expect(handover.isFull).toBe(true);
    handover.old(raw('a@depth', 3));
    expect(handover.isFull).toBe(false);
  });
});

describe(streamOf, () => {
  it.each([
    ['{"stream":"btcusdt@depth@100ms","data":{}}', 'btcusdt@depth@100ms'],
    ['{"result":null,"id":1}', ''],
    ['{"stream":"never ends', ''],
    ['', ''],
  ])('%s', (text, expected) => {
    expect(streamOf(Buffer.from(text))).toBe(expected);
  });
});

const raw = (stream: string, id: number): Buffer => Buffer.from(JSON.stringify({ stream, data: { id } }));
