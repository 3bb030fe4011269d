import { describe, expect, it } from 'vitest';
import { buildChain } from '../../datasets/chain/read-fixtures.ts';
import { appendedOf, retractionOf } from './live-fixtures.ts';
import { createLiveNetwork, newestBlocksMax } from './live-network.ts';
import { noteOf } from './texts.ts';

const network = 'net_a';
const chain = buildChain(undefined, 40);
/** The block of that number joins as the change of that seq. */
const joins = (number: number, seq = number) => appendedOf(network, seq, chain[number] as (typeof chain)[number]);
const leaves = (number: number, seq: number) =>
  retractionOf(network, seq, number, chain[number]?.hash as `0x${string}`);

describe(createLiveNetwork, () => {
  it('takes each change once, and names the one before it', () => {
    const live = createLiveNetwork();
    expect(live.take(joins(5))?.event).toMatchObject({ seq: 5, previousSeq: 4 });
    for (const seq of [5, 3, 4]) expect(live.take(joins(seq))).toBeUndefined();
    expect(live.take(joins(7, 9))?.event).toMatchObject({ seq: 9, previousSeq: 5 });
    expect([live.ring.size, live.seq]).toEqual([2, 9]);
  });

  it('can go on from where the bus was when it began to follow, and from what was published shortly before', () => {
    const live = createLiveNetwork();
    expect(live.ring.after(10)).toBeUndefined();
    live.ring.reach(10);
    expect([live.ring.after(10), live.ring.after(9)]).toEqual([[], undefined]);
    live.take(joins(7));
    live.take(joins(8));
    expect(live.ring.after(7)?.map(({ seq }) => seq)).toEqual([8]);
    expect([live.ring.after(6)?.length, live.ring.after(5)]).toEqual([2, undefined]);
    live.ring.trim({ eventsMax: 1, bytesMax: 1_000_000 });
    expect([live.ring.after(7)?.length, live.ring.after(6)]).toEqual([1, undefined]);
    live.ring.trim({ eventsMax: 1, bytesMax: 1 });
    expect([live.ring.after(8), live.ring.after(7), live.ring.bytes]).toEqual([[], undefined, 0]);
  });

  it('shows the chain as it was read, with the changes that came meanwhile and since', () => {
    const live = createLiveNetwork();
    live.take(joins(28));
    live.take(joins(29));
    live.take(leaves(29, 30));
    live.load({
      seq: 28,
      finalized: 3,
      blocks: chain.slice(5, 29).map((block) => noteOf(appendedOf(network, 0, block))),
    });
    expect(live.snapshot()).toMatchObject({ seq: 30 });
    expect(numbersOf(live.snapshot().text)).toEqual(Array.from({ length: newestBlocksMax - 1 }, (_, at) => 10 + at));
    live.take(joins(29, 31));
    live.take({ kind: 'finalized', network, seq: 32, number: 20, fromNumber: null, observedAtMs: 1 });
    expect(JSON.parse(`{${live.snapshot().text}}`)).toMatchObject({ chainSeq: 32, finalized: 20 });
    expect(numbersOf(live.snapshot().text).at(-1)).toBe(29);
  });

  it('has the end of the chain read again when all that it knew of it has left, or a change is missing', () => {
    const live = createLiveNetwork();
    live.load({ seq: 1, finalized: null, blocks: [noteOf(joins(1))] });
    expect(live.isLoaded).toBe(true);
    live.take(leaves(1, 2));
    expect(live.isLoaded).toBe(false);
    live.load({ seq: 2, finalized: null, blocks: [noteOf(joins(0))] });
    live.breakOff();
    expect([live.isLoaded, live.ring.after(2)]).toEqual([false, undefined]);
    live.load({ seq: 3, finalized: null, blocks: [] });
    expect([live.isLoaded, live.ring.after(3), live.ring.after(2)]).toEqual([true, [], undefined]);
  });

  it('does not take blocks of the past for the newest, nor for recent ones', () => {
    const live = createLiveNetwork();
    live.seed(joins(35));
    expect(live.take(joins(2))).toMatchObject({ isNewest: false, isRecent: false });
    expect(live.take(joins(34))).toMatchObject({ isNewest: false, isRecent: true });
    expect(live.gas).toBeUndefined();
    expect(live.take(joins(36))).toMatchObject({ isNewest: true, isRecent: true });
    expect(live.newest?.number).toBe(36);
    expect(live.gas).toContain('"number":36');
  });

  it('counts transactions a second once a minute was seen', () => {
    const live = createLiveNetwork();
    const blocks = buildChain(undefined, 70, () => ({ txs: [{}, {}, {}] }));
    for (const [at, block] of blocks.entries()) {
      expect(live.tps).toBe(at <= 60 ? null : 3);
      live.take(appendedOf(network, at + 1, block));
    }
    const last = blocks.at(-1)?.hash as `0x${string}`;
    live.take({ ...retractionOf(network, 71, 69, last), txCount: 3 });
    // The minute before it is as busy.
    expect(live.tps).toBe(3);
  });
});

function numbersOf(text: string): number[] {
  return (JSON.parse(`{${text}}`).blocks as { number: number }[]).map(({ number }) => number);
}
