import { pino } from 'pino';
import type { Network } from '../../../catalog/schema/network.ts';
import type { Block } from '../../datasets/chain/block.ts';
import { type ChainStoreModel, createChainStoreModel } from '../../datasets/chain/chain-store-model.ts';
import type { BlockAppended, BlockRetracted, ChainEvent } from '../../datasets/chain/changes.ts';
import { buildBlock, type TxParts } from '../../datasets/chain/read-fixtures.ts';
import type { Step } from '../../datasets/chain/write.ts';
import type { Batch, Bus } from '../../stores/bus.ts';
import type { CandleFeed } from './candle-feed.ts';
import type { ChainReads } from './chain-reads.ts';
import { noteOf } from './texts.ts';

// A store and a log in memory, for the tests of what follows chains.

/** A network's store and the log of its changes, written by relays that overlap and are late. */
export interface ModelChain {
  readonly network: string;
  readonly model: ChainStoreModel;
  readonly reads: ChainReads;
  /** What was published, oldest first. */
  readonly log: readonly ChainEvent[];
  commit(step: Step): Promise<void>;
  /** Blocks on top of the chain, `depth` of which they replace. */
  grow(count: number, depth?: number): Promise<void>;
  /** Publishes `count` changes more, and `again` of those before once more. */
  relay(count: number, again?: number): void;
}

export function createModelChain(network: string): ModelChain {
  const model = createChainStoreModel();
  const log: ChainEvent[] = [];
  let relayed = 0;
  let salt = 0;

  const commit = async (step: Step): Promise<void> => {
    await model.commitStep(await model.loadCursor(), step);
  };

  /** As the relay reads it: of what was appended, only what is still there. */
  function eventAt(seq: number): ChainEvent[] {
    const change = model.changes[seq - 1];
    if (change === undefined) return [];
    const { kind, number, hash } = change;
    if (kind === 'finalized') return [{ kind, network, seq, number, fromNumber: null, observedAtMs: 1 }];
    if (kind === 'retracted') return [retractionOf(network, seq, number, hash as `0x${string}`)];
    const block = model.blocks().find((each) => each.hash === hash);
    return block === undefined ? [] : [appendedOf(network, seq, block)];
  }

  return {
    ...{ network, model, log, commit },
    grow: async (count, depth = 0) => {
      const held = model.blocks();
      const at = Math.max(0, held.length - depth);
      const gone = held.slice(at);
      const [first, last] = [gone[0], gone.at(-1)];
      const append: Block[] = [];
      for (let each = 0; each < count; each++) {
        const parent = append.at(-1) ?? held[at - 1];
        const number = parent === undefined ? (first?.number ?? 1000) : parent.number + 1;
        const txs: TxParts[] = [{ to: contractAddress, logCount: 1 }, {}];
        append.push(buildBlock({ number, parent, timestamp: 1_700_000_000 + number, salt: salt++, txs }));
      }
      const retract = first === undefined || last === undefined ? undefined : { from: first.number, to: last.number };
      await commit({ retract, append });
    },
    relay: (count, again = 0) => {
      const upTo = Math.min(model.changes.length, relayed + count);
      for (let seq = Math.max(1, relayed + 1 - again); seq <= upTo; seq++) log.push(...eventAt(seq));
      relayed = upTo;
    },
    reads: {
      look: async () => ({
        reported: new Map([[network, { report: reportOf(network), ageSeconds: 0 }]]),
        newest: new Map(),
        cursors: new Map([[network, { seq: model.changes.length, relayedSeq: relayed }]]),
      }),
      ends: async (networks, blocksMax) =>
        networks.includes(network) && model.changes.length > 0
          ? [
              {
                network,
                seq: model.changes.length,
                finalized: null,
                blocks: model
                  .blocks()
                  .slice(-blocksMax)
                  .map((block) => noteOf(appendedOf(network, 0, block))),
              },
            ]
          : [],
    },
  };
}

/** What the blocks of `grow` call. */
export const contractAddress = '0x00000000000000000000000000000000000000aa' as const;

export function appendedOf(network: string, seq: number, block: Block): BlockAppended {
  const { number, hash, timestamp, gasLimit, gasUsed, baseFeePerGas, logs } = block;
  const txs = block.txs.map((tx) => ({
    ...{ index: tx.index, hash: tx.hash, type: tx.type, sender: tx.from, recipient: tx.to, value: tx.value },
    ...{ method: tx.method, status: tx.status, gasUsed: tx.gasUsed, effectiveGasPrice: tx.effectiveGasPrice },
    ...{ l1Fee: tx.l1Fee, contractAddress: tx.contractAddress },
  }));
  return { kind: 'appended', network, seq, number, hash, timestamp, gasLimit, gasUsed, baseFeePerGas, txs, logs };
}

export function retractionOf(network: string, seq: number, number: number, hash: `0x${string}`): BlockRetracted {
  return { kind: 'retracted', network, seq, number, hash, timestamp: 1_700_000_000 + number, txCount: 2, logCount: 1 };
}

/** A bus of one follower, who is given batches by hand. */
export function createHandBus(): { bus: Bus; give(events: readonly { network: string }[]): Promise<void> } {
  let follower: ((batch: Batch) => Promise<void>) | undefined;
  let offset = 0;
  return {
    bus: {
      publish: async () => undefined,
      subscribe: () => Promise.reject(new Error('it is followed, not shared')),
      follow: async (_topic, _group, handle) => {
        follower = handle;
        return async () => {
          follower = undefined;
        };
      },
    },
    give: async (events) => {
      const messages = events.map((event) => ({
        ...{ key: event.network, value: JSON.parse(JSON.stringify(event)) as unknown },
        ...{ offset: String(offset++), timestampMs: 0 },
      }));
      await follower?.({ topic: 'chain.blocks', partition: 0, messages, id: String(offset) });
    },
  };
}

export function networkOf(id: string, parts: Partial<Network> = {}): Network {
  return { id, name: id, kind: 'evm', status: 'active', ...parts } as Network;
}

export const noCandles: CandleFeed = {
  follow: () => () => undefined,
  staleness: () => undefined,
  followFreshness: () => () => undefined,
  stop: async () => undefined,
};

export const silent = pino({ level: 'silent' });

function reportOf(network: string) {
  return {
    ...{ network, state: 'synced' as const, reason: null, head: null, synced: null, finalized: null, blocksHeld: 0 },
    ...{ backfillRemaining: 0, blocksPerSecond: 0, errorRate: null, finalitySeconds: null, reorgs: 0, endpoints: [] },
  };
}
