import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { Agent } from 'undici';
import type { Network } from '../../catalog/schema/network.ts';
import type { Block, Hex } from '../datasets/chain/block.ts';
import { countOf } from '../datasets/chain/intervals.ts';
import type { SyncReport, SyncState } from '../datasets/chain/status.ts';
import { createChainStore } from '../datasets/chain/write.ts';
import { describeError } from '../runtime/errors.ts';
import type { Relational } from '../stores/relational.ts';
import { createEvmReader, type HeadReading } from './evm/evm-reader.ts';
import type { Header } from './evm/parse-block.ts';
import { createNetworkMeters } from './network-meters.ts';
import { type SyncProgress, syncNetwork } from './network-sync.ts';
import { pause } from './pause.ts';
import { createEndpoint } from './rpc/endpoint.ts';
import type { RequestGates } from './rpc/request-gate.ts';
import { createTokenBucket } from './rpc/token-bucket.ts';
import { type ChosenEndpoint, isOwnNode } from './select-networks.ts';

/** One network being synced. */
export interface NetworkRunner {
  report(): SyncReport;
  /** Resolves when nothing of it runs any more; what was committed stays. */
  stop(): Promise<void>;
}

export interface SyncTuning {
  readonly intervalMs: number;
  readonly batchSize: number;
  readonly historyBlocks: number | undefined;
  /** sync.retention: older blocks are not filled in, and dropped; all are kept without it. */
  readonly relationalDays?: number | undefined;
  readonly requestsPerSecond: number;
  readonly requestTimeoutMs: number;
}

export interface RunnerOptions {
  readonly network: Network;
  readonly endpoints: readonly ChosenEndpoint[];
  readonly tuning: SyncTuning;
  readonly relational: Relational;
  readonly gates: RequestGates;
  readonly agent: Agent;
  readonly log: Logger;
  readonly metrics: Registry;
}

/** The blocks a final one is taken to need where a chain has neither a finality tag nor a hint: two epochs, as on Ethereum. */
const confirmationsDefault = 64;
const restartMs = 5_000;
const dayMs = 86_400_000;
const dropEveryMs = 60_000;
const ownNodeRequestsPerSecond = 100_000;
/** A node of our own is back as soon as it is started again; asking costs nobody anything. */
const ownNodeRestMaxMs = 2_000;

/**
 * Stacks that count a block's gas as go-ethereum does. Others charge gas outside of transactions, or leave transactions out of
 * eth_getBlockByNumber (Cosmos SDK, Filecoin, HyperEVM), and would be refused for it.
 */
const stacksWhoseGasAddsUp = new Set(['anvil', 'beacon_chain', 'geth_clique', 'linea_besu', 'op_stack']);

/** Starts syncing one EVM network and keeps at it, whatever fails, until stopped. */
export function runNetwork(options: RunnerOptions): NetworkRunner {
  const { network, relational, log, tuning } = options;
  const id = network.id;
  const ownNode = isOwnNode(options.endpoints.map(({ url }) => url));
  const historyBlocks = ownNode || network.startBlock !== undefined ? undefined : tuning.historyBlocks;
  const requestsPerSecond =
    network.requestsPerSecond ?? (ownNode ? ownNodeRequestsPerSecond : tuning.requestsPerSecond);
  const abort = new AbortController();
  const meters = createNetworkMeters(options.metrics, id);
  const { requestsOver, errorsOver, blocksOver } = meters;
  const endpoints = options.endpoints.map(({ url, rpc }) => {
    const callsPerSecond = Math.min(requestsPerSecond, rpc.requestsPerSecond ?? requestsPerSecond);
    return createEndpoint(url, {
      // Two calls a block; one batch takes no more than a second's budget, so that the head never waits long behind it.
      blocksMax: Math.max(1, Math.min(tuning.batchSize, Math.floor(callsPerSecond / 2))),
      callsMax: rpc.maxBatchSize,
      bucket: rpc.requestsPerSecond === undefined ? undefined : createTokenBucket(rpc.requestsPerSecond),
      restMaxMs: ownNode ? ownNodeRestMaxMs : undefined,
    });
  });
  const reader = createEvmReader({
    network: id,
    chainId: network.chainId ?? 0,
    gasAddsUp: stacksWhoseGasAddsUp.has(network.stack),
    weight: network.priority,
    finalityTag: network.finality.tag,
    endpoints,
    agent: options.agent,
    gates: options.gates,
    bucket: createTokenBucket(requestsPerSecond),
    timeoutMs: tuning.requestTimeoutMs,
    signal: abort.signal,
    onAsked: () => requestsOver.add(1),
    onAnswer: (endpoint) => meters.requests.inc({ network: id, endpoint: endpoint.host }),
    onFault: (endpoint, fault) => {
      meters.errors.inc({ network: id, endpoint: endpoint.host, kind: fault.kind });
      errorsOver.add(1);
      log.debug({ network: id, endpoint: endpoint.host, kind: fault.kind, reason: fault.message }, 'endpoint failed');
    },
  });
  let progress: SyncProgress | undefined;
  let head: Header | undefined;
  let headFailure: string | null = null;
  let historyFailure: string | null = null;
  let reorgs = 0;
  let finalNumber: number | null = null;
  let finalitySeconds: number | null = null;

  function moved(after: SyncProgress, blocks: readonly Block[]): void {
    progress = after;
    if (blocks.length === 0) return;
    meters.blocks.inc({ network: id }, blocks.length);
    meters.transactions.inc(
      { network: id },
      blocks.reduce((sum, block) => sum + block.txs.length, 0),
    );
    blocksOver.add(blocks.length);
    const [last, tip] = [blocks.at(-1), after.cursor.synced.at(-1)?.to];
    if (last !== undefined && last.number === tip) {
      meters.synced.set({ network: id }, tip);
      meters.showFees(last);
    }
  }

  function followed(reading: HeadReading, after: SyncProgress): void {
    const finalBefore = finalNumber;
    finalNumber = after.cursor.finalizedNumber;
    head = reading.head;
    progress = after;
    if (headFailure !== null) log.info({ network: id }, 'network reachable again');
    headFailure = null;
    meters.head.set({ network: id }, head.number);
    if (finalNumber === null || finalNumber === finalBefore) return;
    const finalAt = timeOf(finalNumber, reading);
    if (finalAt === undefined) return;
    finalitySeconds = Math.max(0, Date.now() / 1000 - finalAt);
    meters.finality.set({ network: id }, finalitySeconds);
  }

  /** When a block was made, in Unix seconds; by the nominal block time where its own is not at hand. */
  function timeOf(number: number, { head, finalized }: HeadReading): number | undefined {
    if (finalized?.number === number) return finalized.timestamp;
    const spacing = network.blockTimeSeconds;
    return spacing === undefined ? undefined : head.timestamp - (head.number - number) * spacing;
  }

  /** One line when a network is lost, not one a poll: the reason of the moment is in the report. */
  function headFailed(reason: string): void {
    // Told when it begins, and when it becomes another failure: numbers in it change all the time.
    const kindOf = (text: string | null): string | undefined => text?.replaceAll(/0x[0-9a-f]+|\d+/g, '#');
    if (kindOf(headFailure) !== kindOf(reason))
      log.warn({ network: id, reason }, 'network cannot be followed, trying again');
    headFailure = reason;
  }

  async function keepRunning(): Promise<void> {
    while (!abort.signal.aborted) {
      try {
        await syncNetwork({
          network: id,
          store: createChainStore(relational, id),
          reader,
          log,
          signal: abort.signal,
          intervalMs: tuning.intervalMs,
          blocksPerCommitMax: tuning.batchSize,
          genesisHash: network.genesisHash as Hex | undefined,
          startBlock: network.startBlock,
          historyBlocks,
          retentionMs: tuning.relationalDays === undefined ? undefined : tuning.relationalDays * dayMs,
          dropEveryMs,
          clock: Date.now,
          hasFinalityTag: network.finality.tag !== undefined,
          confirmations: network.finality.confirmations ?? confirmationsDefault,
          observer: {
            moved,
            followed,
            headFailed,
            historyFailed: (reason) => {
              historyFailure = reason ?? null;
            },
            dropped: (count) => meters.dropped.inc({ network: id }, count),
            reorged: (depth) => {
              reorgs++;
              meters.reorgs.inc({ network: id });
              meters.reorgDepth.observe({ network: id }, depth);
            },
          },
        });
      } catch (error) {
        if (abort.signal.aborted) return;
        headFailed(describeError(error));
        await pause(restartMs, abort.signal);
      }
    }
  }

  const done = keepRunning();
  return {
    report: () => {
      const synced = progress?.cursor.synced.at(-1)?.to ?? null;
      const remaining = progress?.remaining ?? 0;
      const requests = requestsOver.sum();
      const errorRate = requests === 0 ? null : Math.min(1, errorsOver.sum() / requests);
      const blocksPerSecond = blocksOver.perSecond();
      meters.errorRate.set({ network: id }, errorRate ?? 0);
      meters.speed.set({ network: id }, blocksPerSecond);
      meters.remaining.set({ network: id }, remaining);
      return {
        network: id,
        state: stateOf({ headFailure, head: head?.number, synced, remaining }),
        reason: headFailure ?? historyFailure,
        head: head?.number ?? null,
        synced,
        finalized: progress?.cursor.finalizedNumber ?? null,
        blocksHeld: countOf(progress?.cursor.synced ?? []),
        backfillRemaining: remaining,
        blocksPerSecond: rounded(blocksPerSecond, 2),
        errorRate: errorRate === null ? null : rounded(errorRate, 4),
        finalitySeconds: finalitySeconds === null ? null : rounded(finalitySeconds, 1),
        reorgs,
        endpoints: endpoints.map((endpoint) => endpoint.report()),
      };
    },
    stop: async () => {
      abort.abort(new Error('stopped'));
      await done;
      meters.remove();
    },
  };
}

function stateOf(at: {
  headFailure: string | null;
  head: number | undefined;
  synced: number | null;
  remaining: number;
}): SyncState {
  if (at.headFailure !== null) return 'unreachable';
  if (at.head === undefined) return 'starting';
  return at.head - (at.synced ?? 0) > 2 || at.remaining > 0 ? 'syncing' : 'synced';
}

function rounded(value: number, digits: number): number {
  return Math.round(value * 10 ** digits) / 10 ** digits;
}
