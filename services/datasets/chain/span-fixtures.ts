import fc from 'fast-check';
import type { Timeseries } from '../../stores/timeseries.ts';
import type { BlockAppended, ChainEvent, LogAppended, TxAppended } from './changes.ts';
import { addressOf, buildBlock } from './read-fixtures.ts';
import { writeChainEvents } from './timeseries.ts';
import { markTouched } from './touched-minutes.ts';
import {
  arbitrumInternalType,
  depositType,
  entryPoints,
  l1AttributesDepositor,
  userOperationTopic,
} from './user-operations.ts';
import { findStaleWindows, planWindows } from './window-plan.ts';
import { windowSizes } from './window-size.ts';
import { recomputeWindows } from './windows.ts';

// Chains of weeks with reorganisations and holes, whose blocks carry what spans count, for tests.

const wide = fc.oneof(
  { arbitrary: fc.bigInt(0n, 2n ** 70n), weight: 9 },
  { arbitrary: fc.constant(2n ** 256n - 1n), weight: 1 },
);
const digits = wide.map(String);
const log = fc.record({
  address: fc.constantFrom(...entryPoints, addressOf('no entry point')),
  topic: fc.constantFrom(userOperationTopic, userOperationTopic, addressOf('another topic')),
});
const tx = fc.record({
  kind: fc.constantFrom(
    { type: 2, sender: addressOf(0) },
    { type: 0, sender: addressOf(1) },
    { type: arbitrumInternalType, sender: addressOf(2) },
    { type: depositType, sender: l1AttributesDepositor },
    { type: depositType, sender: addressOf(3) },
  ),
  recipient: fc.option(fc.nat(3).map(addressOf)),
  status: fc.constantFrom(0, 1, null),
  gasUsed: fc.oneof({ arbitrary: fc.nat(1e6).map(String), weight: 9 }, { arbitrary: digits, weight: 1 }),
  effectiveGasPrice: fc.option(digits),
  l1Fee: fc.option(digits),
  logs: fc.array(log, { maxLength: 3 }),
});
const block = fc.record({
  after: fc.oneof(
    { arbitrary: fc.nat(70), weight: 6 },
    { arbitrary: fc.constantFrom(1200, 4000, 90_000, 900_000), weight: 2 },
  ),
  /** Numbers before it that are not held. */
  missing: fc.oneof({ arbitrary: fc.constant(0), weight: 9 }, { arbitrary: fc.nat(2), weight: 1 }),
  gasUsed: digits,
  gasLimit: digits,
  baseFeePerGas: fc.option(digits),
  txs: fc.array(tx, { maxLength: 3 }),
});

/** What a chain does not tell at all, what happens to it, and the first of its blocks that there is to hold. */
export const chainDraft = fc.record({
  startBlock: fc.constantFrom(0, 5, 6),
  hasStatuses: fc.boolean(),
  hasPrices: fc.boolean(),
  hasL1Fees: fc.boolean(),
  hasBaseFees: fc.boolean(),
  steps: fc.array(
    fc.record({
      retract: fc.oneof({ arbitrary: fc.constant(0), weight: 2 }, { arbitrary: fc.nat(4), weight: 1 }),
      append: fc.array(block, { maxLength: 6 }),
      final: fc.option(fc.record({ count: fc.nat(3), afterMs: fc.nat(5_000_000) })),
    }),
    { maxLength: 5 },
  ),
});
export type ChainDraft = typeof chainDraft extends fc.Arbitrary<infer T> ? T : never;

/** The changes of such a chain, in order; `first` is its first block's number. */
export function changesOf(network: string, draft: ChainDraft, first = 5): ChainEvent[] {
  const events: ChainEvent[] = [];
  let chain: BlockAppended[] = [];
  const place = () => ({ network, seq: events.length + 1 });
  for (const [salt, { retract, append, final }] of draft.steps.entries()) {
    const kept = Math.max(0, chain.length - retract);
    for (const { number, hash, timestamp, txs, logs } of chain.slice(kept).reverse()) {
      const counts = { txCount: txs.length, logCount: logs.length };
      events.push({ kind: 'retracted', ...place(), number, hash, timestamp, ...counts });
    }
    chain = chain.slice(0, kept);
    for (const { after, missing, ...parts } of append) {
      const parent = chain.at(-1);
      const number = parent === undefined ? first : parent.number + 1 + missing;
      const timestamp = (parent?.timestamp ?? 1_700_000_000) + after;
      const added = { ...appendedOf(number, timestamp, salt, parts, draft), ...place() };
      chain.push(added);
      events.push(added);
    }
    const tip = chain.at(-1);
    if (final === null || tip === undefined) continue;
    const fromNumber = Math.max(first, tip.number - final.count);
    const observedAtMs = tip.timestamp * 1000 + final.afterMs;
    events.push({ kind: 'finalized', ...place(), number: tip.number, fromNumber, observedAtMs });
  }
  return events;
}

type BlockParts = Omit<ChainDraft['steps'][number]['append'][number], 'after' | 'missing'>;

function appendedOf(
  number: number,
  timestamp: number,
  salt: number,
  parts: BlockParts,
  { hasStatuses, hasPrices, hasL1Fees, hasBaseFees }: ChainDraft,
): Omit<BlockAppended, 'network' | 'seq'> {
  const { hash } = buildBlock({ number, timestamp, salt });
  const txs = parts.txs.map(
    ({ kind, logs: _, ...fields }, index): TxAppended => ({
      ...{ index, hash: `${hash}${index}`, value: '1', method: null, contractAddress: null, ...kind, ...fields },
      status: hasStatuses ? fields.status : null,
      effectiveGasPrice: hasPrices ? fields.effectiveGasPrice : null,
      l1Fee: hasL1Fees ? fields.l1Fee : null,
    }),
  );
  const logs = parts.txs
    .flatMap(({ logs: some }, txIndex) => some.map((each) => ({ ...each, txIndex })))
    .map(
      ({ address, topic, txIndex }, index): LogAppended => ({ index, txIndex, address, topics: [topic], data: '0x' }),
    );
  const baseFeePerGas = hasBaseFees ? parts.baseFeePerGas : null;
  return {
    kind: 'appended',
    ...{ number, hash, timestamp, txs, logs, baseFeePerGas },
    gasUsed: parts.gasUsed,
    gasLimit: parts.gasLimit,
  };
}

/** Writes changes and computes all windows that they touch, as the stream processor does. */
export async function processChanges(timeseries: Timeseries, events: readonly ChainEvent[]): Promise<void> {
  await writeChainEvents(timeseries, events);
  const touched = await markTouched(timeseries, events);
  for (const { network } of touched) await recomputeStale(timeseries, network);
}

export async function recomputeStale(timeseries: Timeseries, network: string): Promise<void> {
  for (const size of windowSizes) {
    const starts = await findStaleWindows(timeseries, network, size, 1000);
    if (starts.length > 0) await recomputeWindows(timeseries, await planWindows(timeseries, network, size, starts));
  }
}
