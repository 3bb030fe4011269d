import fc from 'fast-check';
import type { Block } from '../datasets/chain/block.ts';
import type { BlockAppended, ChainEvent } from '../datasets/chain/changes.ts';
import { addressOf, type BlockParts, buildBlock } from '../datasets/chain/read-fixtures.ts';

// Histories of a network and the logs that one relay, or several at once, make of them.

const big = fc.oneof(fc.nat(5).map(String), fc.bigInt(0n, 2n ** 90n).map(String), fc.constant(String(2n ** 256n - 1n)));
const address = fc.nat(5).map(addressOf);
const tx = fc.record({
  from: address,
  to: fc.option(address),
  status: fc.constantFrom(0, 1, null),
  gasUsed: fc.oneof({ arbitrary: fc.nat(1e6).map(String), weight: 9 }, { arbitrary: big, weight: 1 }),
  effectiveGasPrice: fc.option(
    fc.oneof({ arbitrary: fc.bigInt(0n, 2n ** 70n).map(String), weight: 9 }, { arbitrary: big, weight: 1 }),
  ),
  l1Fee: fc.option(big),
  logCount: fc.nat(2),
});
const block = fc.record({
  /** After its parent; some chains have blocks of one second, and clocks that jump. */
  seconds: fc.oneof(
    { arbitrary: fc.nat(3), weight: 4 },
    { arbitrary: fc.nat(50), weight: 4 },
    { arbitrary: fc.constantFrom(600, 4000, 90_000, -2), weight: 1 },
  ),
  gasUsed: big,
  baseFeePerGas: fc.option(big),
  txs: fc.array(tx, { maxLength: 3 }),
});
const step = fc.record({
  retract: fc.oneof({ arbitrary: fc.constant(0), weight: 3 }, { arbitrary: fc.nat(6), weight: 1 }),
  append: fc.array(block, { maxLength: 5 }),
  /** Below the existing blocks, as a backfill goes. */
  below: fc.boolean(),
  /** Blocks under the tip that become final, and how many were at once; null: since when is not known. */
  final: fc.option(fc.record({ depth: fc.nat(4), count: fc.option(fc.nat(6)), afterMs: fc.nat(5_000_000) }), {
    freq: 2,
  }),
});

/** A network's changes as they were committed. */
export const history = fc.array(step, { minLength: 1, maxLength: 8 });
export type History = typeof history extends fc.Arbitrary<infer T> ? T : never;

export function eventsOf(network: string, steps: History): ChainEvent[] {
  const events: ChainEvent[] = [];
  const next = (): { network: string; seq: number } => ({ network, seq: events.length + 1 });
  // High enough that a backfill finds room below.
  let chain: Block[] = [];
  for (const [salt, { retract, append, below, final }] of steps.entries()) {
    if (below && chain.length > 0) {
      // Parents before children, each older than the block above.
      let above = chain[0] as Block;
      const added: Block[] = [];
      for (const { seconds, ...parts } of append) {
        if (above.number === 0) break;
        above = blockOf({ ...parts, number: above.number - 1, timestamp: above.timestamp - Math.abs(seconds), salt });
        added.unshift(above);
      }
      for (const each of added) events.push(appendedOf(next(), each));
      chain = [...added, ...chain];
    } else {
      const kept = chain.slice(0, Math.max(0, chain.length - retract));
      for (const gone of chain.slice(kept.length).reverse()) {
        const { number, hash, timestamp, txs, logs } = gone;
        const counts = { txCount: txs.length, logCount: logs.length };
        events.push({ kind: 'retracted', ...next(), number, hash, timestamp, ...counts });
      }
      for (const { seconds, ...parts } of append) {
        const parent = kept.at(-1);
        const timestamp = (parent?.timestamp ?? 1_700_000_000) + seconds;
        const added = blockOf({ ...parts, number: (parent?.number ?? 5) + 1, parent, timestamp, salt });
        kept.push(added);
        events.push(appendedOf(next(), added));
      }
      chain = kept;
    }
    const tip = chain.at(-1);
    const lowest = chain[0];
    if (final === null || tip === undefined || lowest === undefined) continue;
    const number = Math.max(lowest.number, tip.number - final.depth);
    const fromNumber = final.count === null ? null : Math.max(lowest.number, number - final.count);
    events.push({ kind: 'finalized', ...next(), number, fromNumber, observedAtMs: 1_700_000_000_000 + final.afterMs });
  }
  return events;
}

function blockOf(parts: BlockParts): Block {
  return buildBlock(parts);
}

function appendedOf(place: { network: string; seq: number }, of: Block): BlockAppended {
  const { number, hash, timestamp, gasLimit, gasUsed, baseFeePerGas, logs } = of;
  const txs = of.txs.map(({ from: sender, to: recipient, ...rest }) => ({ ...rest, sender, recipient }));
  return { kind: 'appended', ...place, number, hash, timestamp, gasLimit, gasUsed, baseFeePerGas, txs, logs };
}

/** What two relays at once publish: each begins after what is published already, and may be slower than the other. */
export const relaying = fc.array(
  fc.record({
    from: fc.nat(100),
    count: fc.integer({ min: 1, max: 12 }),
    seen: fc.nat(100),
    weave: fc.array(fc.boolean()),
  }),
  { maxLength: 8 },
);
export type Relaying = typeof relaying extends fc.Arbitrary<infer T> ? T : never;

/** The log that relays make: runs of the outbox, each from a change that is not beyond what was published, two of them interleaved. */
export function logOf(events: readonly ChainEvent[], runs: Relaying): ChainEvent[] {
  const log: ChainEvent[] = [];
  // A run counts as published once all of it is out; until then nobody begins after it.
  let published = 0;
  let slow: { left: ChainEvent[]; end: number } = { left: [], end: 0 };
  for (const { from, count, seen, weave } of [
    ...runs,
    { from: events.length, count: events.length, seen: 0, weave: [] },
  ]) {
    const start = Math.min(from, published);
    const end = Math.min(events.length, start + count);
    const visible = visibleAt(events, Math.max(end, Math.min(seen, events.length)));
    const fast = visible.slice(start, end).flatMap((each) => each ?? []);
    for (const takesSlow of weave) {
      const taken = takesSlow ? slow.left.shift() : fast.shift();
      if (taken !== undefined) log.push(taken);
    }
    log.push(...slow.left);
    published = Math.max(published, slow.end);
    slow = { left: fast, end };
    if (weave.length > 0) continue;
    log.push(...fast);
    published = Math.max(published, end);
    slow = { left: [], end: 0 };
  }
  return log;
}

/** The outbox as a relay reads it when `count` changes are committed: without blocks that were replaced by then. */
function visibleAt(events: readonly ChainEvent[], count: number): (ChainEvent | undefined)[] {
  const canonical = new Map<number, string>();
  for (const event of events.slice(0, count)) {
    if (event.kind === 'appended') canonical.set(event.number, event.hash);
    if (event.kind === 'retracted') canonical.delete(event.number);
  }
  return events.map((event) =>
    event.kind === 'appended' && canonical.get(event.number) !== event.hash ? undefined : event,
  );
}
