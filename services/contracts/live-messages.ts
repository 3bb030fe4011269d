import Type, { type Static } from 'typebox';
import { Nullable } from './schema.ts';

// Messages of the analytics API's /ws, as far as the pages read them; the documentation of the API has all of them.

const Whole = Type.Integer();
const Wei = Type.String({ pattern: '^[0-9]+$' });
const Words = Type.String();

/** Of the channel `networks`: how a network is now. */
export const NetworkNow = Type.Object({
  type: Type.Literal('network'),
  network: Words,
  status: Words,
  state: Words,
  reason: Nullable(Words),
  stale: Type.Union([Type.Null(), Type.Object({ reason: Words, since: Whole })]),
  head: Nullable(Whole),
  synced: Nullable(Whole),
  finalized: Nullable(Whole),
  lagBlocks: Nullable(Whole),
  /** Of the newest block, Unix seconds. */
  time: Nullable(Whole),
  tps: Nullable(Type.Number()),
});
export type NetworkNow = Static<typeof NetworkNow>;

/** A block of the channel `blocks`. */
export const LiveBlock = Type.Object({
  number: Whole,
  hash: Words,
  timestamp: Whole,
  transactions: Whole,
  logs: Whole,
  gasUsed: Wei,
  gasLimit: Wei,
  baseFeePerGas: Nullable(Wei),
  fees: Type.Object({ execution: Nullable(Wei), l1Data: Nullable(Wei) }),
});
export type LiveBlock = Static<typeof LiveBlock>;

const ofNetwork = { network: Words };

/** Of the channel `blocks`: what happened to a chain. */
export const ChainNews = Type.Union([
  Type.Object({
    type: Type.Literal('snapshot'),
    ...ofNetwork,
    chainSeq: Whole,
    finalized: Nullable(Whole),
    blocks: Type.Array(LiveBlock),
  }),
  Type.Object({ type: Type.Literal('block'), ...ofNetwork, chainSeq: Whole, ...LiveBlock.properties }),
  Type.Object({
    type: Type.Literal('retracted'),
    ...ofNetwork,
    chainSeq: Whole,
    number: Whole,
    hash: Words,
    timestamp: Whole,
  }),
  Type.Object({ type: Type.Literal('finalized'), ...ofNetwork, chainSeq: Whole, number: Whole }),
  Type.Object({ type: Type.Literal('resumed'), ...ofNetwork, chainSeq: Whole }),
  Type.Object({ type: Type.Literal('reset'), ...ofNetwork }),
  Type.Object({ type: Type.Literal('stale'), ...ofNetwork, reason: Words, since: Whole }),
  Type.Object({ type: Type.Literal('live'), ...ofNetwork }),
  Type.Object({ type: Type.Literal('added'), ...ofNetwork }),
  Type.Object({ type: Type.Literal('retired'), ...ofNetwork }),
  Type.Object({ type: Type.Literal('removed'), ...ofNetwork }),
]);
export type ChainNews = Static<typeof ChainNews>;

const Spread = Type.Union([
  Type.Null(),
  Type.Object({ transactions: Whole, total: Wei, mean: Wei, p50: Wei, p95: Wei }),
]);

/** Of the channel `gas`: what the newest block cost. */
export const GasNow = Type.Object({
  type: Type.Literal('gas'),
  ...ofNetwork,
  number: Whole,
  timestamp: Whole,
  gasUsed: Wei,
  gasLimit: Wei,
  baseFeePerGas: Nullable(Wei),
  gasPrice: Type.Union([Type.Null(), Type.Object({ p10: Wei, p50: Wei, p90: Wei, p95: Wei })]),
  executionFees: Spread,
  l1DataFees: Spread,
});
export type GasNow = Static<typeof GasNow>;
