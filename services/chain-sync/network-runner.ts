import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { Agent } from 'undici';
import { metrics as names } from '../../catalog/metrics.ts';
import type { Network } from '../../catalog/schema/network.ts';
import { countOf, gapsIn } from '../datasets/chain/intervals.ts';
import type { SyncReport, SyncState } from '../datasets/chain/status.ts';
import { type Cursor, pinGenesis } from '../datasets/chain/write.ts';
import type { Block, Hex } from '../datasets/chain/block.ts';
import { describeError } from '../runtime/errors.ts';
import { counterOf, gaugeOf, histogramOf } from '../runtime/metrics.ts';
import type { Relational } from '../stores/relational.ts';
import { createEvmReader } from './evm/evm-reader.ts';
import type { Header } from './evm/parse-block.ts';
import { syncNetwork } from './network-sync.ts';
import { createSlidingSum } from './rate.ts';
import { createEndpoint } from './rpc/endpoint.ts';
import type { RequestGate } from './rpc/request-gate.ts';
import { createTokenBucket } from './rpc/token-bucket.ts';
import { isOwnNode } from './select-networks.ts';

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
  readonly requestsPerSecond: number;
  readonly requestTimeoutMs: number;
}

export interface RunnerOptions {
  readonly network: Network;
  readonly urls: readonly string[];
  readonly tuning: SyncTuning;
  readonly relational: Relational;
  readonly gate: RequestGate;
  readonly agent: Agent;
  readonly log: Logger;
  readonly metrics: Registry;
}

/** The blocks a final one is taken to need where a chain has neither a finality tag nor a hint: two epochs, as on Ethereum. */
const confirmationsDefault = 64;
const restartMs = 5_000;
const ownNodeRequestsPerSecond = 100_000;

/** Starts syncing one EVM network and keeps at it, whatever fails, until stopped. */
export function runNetwork(options: RunnerOptions): NetworkRunner {
  const { network, relational, log, tuning } = options;
  const id = network.id;
  const ownNode = isOwnNode(options.urls);
  const historyBlocks = ownNode || network.startBlock !== undefined ? undefined : tuning.historyBlocks;
  const requestsPerSecond = network.requestsPerSecond ?? (ownNode ? ownNodeRequestsPerSecond : tuning.requestsPerSecond);
  const abort = new AbortController();
  const meters = createMeters(options.metrics, id);
  const { requestsOver, errorsOver, blocksOver } = meters;
  const endpoints = options.urls.map((url) => {
    const sizeMax = network.rpc.find((rpc) => rpc.url === url)?.maxBatchSize;
    // Two calls a block: the block and its receipts.
    return createEndpoint(url, Math.max(1, Math.min(tuning.batchSize, Math.floor((sizeMax ?? Number.POSITIVE_INFINITY) / 2))));
  });
  let genesis: Hex | null = (network.genesisHash as Hex | undefined) ?? null;
  let cursor: Cursor | undefined;
  let head: Header | undefined;
  let failure: string | null = null;
  let reorgs = 0;
  let finalitySeconds: number | null = null;
  const reader = createEvmReader({
    network: id,
    chainId: network.chainId ?? 0,
    weight: network.priority,
    finalityTag: network.finality.tag,
    endpoints,
    agent: options.agent,
    gate: options.gate,
    bucket: createTokenBucket(requestsPerSecond),
    timeoutMs: tuning.requestTimeoutMs,
    signal: abort.signal,
    genesisHash: () => genesis,
    onAnswer: (endpoint) => {
      meters.requests.inc({ network: id, endpoint: endpoint.host });
      requestsOver.add(1);
    },
    onFault: (endpoint, fault) => {
      meters.errors.inc({ network: id, endpoint: endpoint.host, kind: fault.kind });
      requestsOver.add(1);
      errorsOver.add(1);
      log.debug({ network: id, endpoint: endpoint.host, kind: fault.kind, reason: fault.message }, 'endpoint failed');
    },
  });

  function committed(blocks: readonly Block[], after: Cursor): void {
    cursor = after;
    const txs = blocks.reduce((sum, block) => sum + block.txs.length, 0);
    meters.blocks.inc({ network: id }, blocks.length);
    meters.transactions.inc({ network: id }, txs);
    blocksOver.add(blocks.length);
    const last = blocks.at(-1);
    if (last !== undefined && last.number === after.synced.at(-1)?.to) meters.showFees(last);
  }

  function followed(told: Header, after: Cursor): void {
    const finalBefore = cursor?.finalizedNumber ?? -1;
    head = told;
    cursor = after;
    failure = null;
    genesis ??= after.genesisHash;
    meters.head.set({ network: id }, told.number);
    const tip = after.synced.at(-1)?.to;
    if (tip !== undefined) meters.synced.set({ network: id }, tip);
    if (after.finalizedNumber !== null && after.finalizedNumber > finalBefore) {
      // The final block's own time is not at hand for an old one; block numbers and the nominal block time are close enough.
      const spacing = network.blockTimeSeconds;
      if (spacing !== undefined) {
        finalitySeconds = Math.max(0, Date.now() / 1000 - told.timestamp + (told.number - after.finalizedNumber) * spacing);
        meters.finality.set({ network: id }, finalitySeconds);
      }
    }
  }

  async function run(): Promise<void> {
    if (genesis !== null) await pinGenesis(relational, id, genesis).catch(() => undefined);
    await syncNetwork({
      network: id,
      relational,
      reader,
      log,
      signal: abort.signal,
      intervalMs: tuning.intervalMs,
      blocksPerCommitMax: tuning.batchSize,
      startBlock: network.startBlock,
      historyBlocks,
      confirmations: network.finality.confirmations ?? confirmationsDefault,
      observer: {
        committed,
        followed,
        started: (after) => {
          cursor = after;
          genesis = after.genesisHash ?? genesis;
        },
        reorged: (depth) => {
          reorgs++;
          meters.reorgs.inc({ network: id });
          meters.reorgDepth.observe({ network: id }, depth);
        },
        failed: (reason) => {
          failure = reason;
        },
      },
    });
  }

  async function keepRunning(): Promise<void> {
    while (!abort.signal.aborted) {
      try {
        await run();
      } catch (error) {
        if (abort.signal.aborted) return;
        failure = describeError(error);
        log.warn({ network: id, reason: failure }, 'sync failed, trying again');
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, restartMs);
          abort.signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
        });
      }
    }
  }

  function remaining(): number {
    const [lowest, live] = [cursor?.synced[0], cursor?.synced.at(-1)];
    if (cursor === undefined || lowest === undefined || live === undefined) return 0;
    const start = network.startBlock ?? 0;
    const wanted = historyBlocks === undefined ? start : Math.max(start, live.to - historyBlocks);
    return countOf(gapsIn(cursor.synced, { from: wanted, to: live.to }));
  }

  const done = keepRunning();
  return {
    report: () => {
      const synced = cursor?.synced.at(-1)?.to ?? null;
      const left = remaining();
      const requests = requestsOver.sum();
      const errorRate = requests === 0 ? null : errorsOver.sum() / requests;
      meters.errorRate.set({ network: id }, errorRate ?? 0);
      meters.speed.set({ network: id }, blocksOver.perSecond());
      meters.remaining.set({ network: id }, left);
      return {
        network: id,
        state: stateOf({ failure, headKnown: head !== undefined, behind: (head?.number ?? 0) - (synced ?? 0), left }),
        reason: failure,
        head: head?.number ?? null,
        synced,
        finalized: cursor?.finalizedNumber ?? null,
        blocksHeld: countOf(cursor?.synced ?? []),
        backfillRemaining: left,
        blocksPerSecond: Math.round(blocksOver.perSecond() * 100) / 100,
        errorRate: errorRate === null ? null : Math.round(errorRate * 10_000) / 10_000,
        finalitySeconds: finalitySeconds === null ? null : Math.round(finalitySeconds * 10) / 10,
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

function stateOf(at: { failure: string | null; headKnown: boolean; behind: number; left: number }): SyncState {
  if (at.failure !== null) return 'unreachable';
  if (!at.headKnown) return 'starting';
  return at.behind > 2 || at.left > 0 ? 'syncing' : 'synced';
}

function createMeters(registry: Registry, network: string) {
  const blocks = counterOf(registry, names.blocksProcessed);
  const transactions = counterOf(registry, names.transactionsProcessed);
  const requests = counterOf(registry, names.syncRequests);
  const errors = counterOf(registry, names.syncErrors);
  const reorgs = counterOf(registry, names.reorgs);
  const reorgDepth = histogramOf(registry, names.reorgDepth, [1, 2, 4, 8, 16, 32, 64, 128]);
  const gauges = {
    speed: gaugeOf(registry, names.syncSpeed),
    errorRate: gaugeOf(registry, names.syncErrorRate),
    head: gaugeOf(registry, names.headBlock),
    synced: gaugeOf(registry, names.syncedBlock),
    remaining: gaugeOf(registry, names.backfillRemaining),
    finality: gaugeOf(registry, names.finalityTime),
  };
  const fee = gaugeOf(registry, names.gasFee);
  blocks.inc({ network }, 0);
  transactions.inc({ network }, 0);
  reorgs.inc({ network }, 0);
  return {
    blocks,
    transactions,
    requests,
    errors,
    reorgs,
    reorgDepth,
    ...gauges,
    requestsOver: createSlidingSum(300_000),
    errorsOver: createSlidingSum(300_000),
    blocksOver: createSlidingSum(30_000),
    /** Means over the transactions of one block; a display value, so floating point will do. */
    showFees: (block: Block): void => {
      if (block.txs.length === 0) return;
      let [l2, l1, l1Known] = [0, 0, false];
      for (const tx of block.txs) {
        l2 += Number(tx.gasUsed) * Number(tx.effectiveGasPrice ?? tx.gasPrice ?? 0);
        if (tx.l1Fee !== null) [l1, l1Known] = [l1 + Number(tx.l1Fee), true];
      }
      fee.set({ network, layer: 'l2' }, l2 / block.txs.length);
      if (l1Known) fee.set({ network, layer: 'l1' }, l1 / block.txs.length);
    },
    /** A stopped network's gauges would stand still and look alive. */
    remove: (): void => {
      for (const gauge of Object.values(gauges)) gauge.remove({ network });
      for (const layer of ['l1', 'l2']) fee.remove({ network, layer });
    },
  };
}
