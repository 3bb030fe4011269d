import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { Network } from '../../catalog/schema/network.ts';
import { type SyncReport, writeStatus } from '../datasets/chain/status.ts';
import { describeError } from '../runtime/errors.ts';
import type { CatalogInForce, LiveCatalog } from '../runtime/live-catalog.ts';
import type { Health, Started } from '../runtime/modules.ts';
import type { Relational } from '../stores/relational.ts';
import { type NetworkRunner, runNetwork, type SyncTuning } from './network-runner.ts';
import { pause } from './pause.ts';
import { createHttpAgent } from './rpc/json-rpc.ts';
import { createRequestGates } from './rpc/request-gate.ts';
import { type ChosenEndpoint, decideSync, type Selection } from './select-networks.ts';

/** What the rest of the process may ask of chain-sync. */
export interface ChainSync {
  /** One report a network of the catalog, synced or not, by id. */
  reports(): readonly SyncReport[];
}

export interface ChainSyncDeps {
  readonly catalog: LiveCatalog;
  readonly relational: Relational;
  readonly selection: Selection;
  readonly tuning: SyncTuning;
  /** L2_MAX_CONCURRENT_REQUESTS, of the process. */
  readonly maxConcurrentRequests: number;
  readonly log: Logger;
  readonly metrics: Registry;
}

const statusMs = 1_000;
const statusAllMs = 5_000;

/** Syncs every selected network of the catalog in force, following its changes: added starts, changed adapts, removed stops. */
export async function createChainSync(deps: ChainSyncDeps): Promise<Started<ChainSync>> {
  const gates = createRequestGates(deps.maxConcurrentRequests);
  const agent = createHttpAgent(deps.maxConcurrentRequests);
  const running = new Map<string, { runner: NetworkRunner; key: string }>();
  let idle: SyncReport[] = [];
  const abort = new AbortController();
  let applied: Promise<void> = Promise.resolve();

  async function apply({ networks }: CatalogInForce): Promise<void> {
    const wanted = new Map<string, { network: Network; endpoints: readonly ChosenEndpoint[]; key: string }>();
    const resting: SyncReport[] = [];
    for (const network of networks) {
      const decision = decideSync(network, deps.selection);
      if (decision.sync)
        wanted.set(network.id, { network, endpoints: decision.endpoints, key: JSON.stringify(network) });
      else resting.push(idleReport(network.id, decision.reason));
    }
    idle = resting;
    const stopping = [...running].filter(([id, { key }]) => wanted.get(id)?.key !== key);
    await Promise.all(
      stopping.map(async ([id, { runner }]) => {
        await runner.stop();
        running.delete(id);
        deps.log.info({ network: id }, wanted.has(id) ? 'network changed' : 'network stopped');
      }),
    );
    for (const [id, { network, endpoints, key }] of wanted) {
      if (running.has(id)) continue;
      const { tuning, relational, log, metrics } = deps;
      const runner = runNetwork({ network, endpoints, tuning, relational, gates, agent, log, metrics });
      running.set(id, { runner, key });
      deps.log.info({ network: id, endpoints: endpoints.length }, 'network started');
    }
  }

  function reports(): SyncReport[] {
    const all = [...[...running.values()].map(({ runner }) => runner.report()), ...idle];
    return all.sort((a, b) => (a.network < b.network ? -1 : 1));
  }

  let statusError: string | undefined;
  let written = new Map<string, string>();
  let allWrittenAt = Number.NEGATIVE_INFINITY;

  /** Writes the reports that changed, and all of them now and then: their age tells whether we are still here. */
  async function publish(): Promise<void> {
    const all = reports();
    const texts = new Map(all.map((report) => [report.network, JSON.stringify(report)]));
    const now = performance.now();
    const isDue = now - allWrittenAt >= statusAllMs;
    const news = isDue ? all : all.filter(({ network }) => texts.get(network) !== written.get(network));
    try {
      await writeStatus(deps.relational, news);
      written = texts;
      if (isDue) allWrittenAt = now;
      statusError = undefined;
    } catch (error) {
      const reason = describeError(error);
      if (reason !== statusError) deps.log.warn({ reason }, 'status could not be written');
      statusError = reason;
    }
  }

  async function keepPublishing(): Promise<void> {
    while (!abort.signal.aborted) {
      await publish();
      await pause(statusMs, abort.signal);
    }
  }

  await apply(deps.catalog.current());
  const unsubscribe = deps.catalog.subscribe((current) => {
    applied = applied
      .then(() => apply(current))
      .catch((error: unknown) => deps.log.error({ reason: describeError(error) }, 'catalog could not be applied'));
  });
  const publishing = keepPublishing();

  return {
    part: { reports },
    stop: async () => {
      unsubscribe();
      abort.abort();
      await applied;
      await Promise.all([...running.values()].map(({ runner }) => runner.stop()));
      await publishing;
      await agent.destroy();
    },
    health: (): Health => {
      if (statusError !== undefined) return { ok: false, detail: statusError };
      const states = reports().filter((report) => report.state !== 'idle');
      const bad = states.filter((report) => report.state === 'unreachable').length;
      // One unreachable network is that network's trouble; a process that reaches none is not doing its work.
      return {
        ok: states.length === 0 || bad < states.length,
        detail: `${states.length - bad} of ${states.length} networks reachable`,
      };
    },
  };
}

function idleReport(network: string, reason: string): SyncReport {
  return {
    network,
    state: 'idle',
    reason,
    head: null,
    synced: null,
    finalized: null,
    blocksHeld: 0,
    backfillRemaining: 0,
    blocksPerSecond: 0,
    errorRate: null,
    finalitySeconds: null,
    reorgs: 0,
    endpoints: [],
  };
}
