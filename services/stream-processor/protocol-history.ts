import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { metrics as names } from '../../catalog/metrics.ts';
import type { Protocol } from '../../catalog/schema/protocol.ts';
import { findProtocolWindowsBehind, readVersionReached, type WindowBehind } from '../datasets/chain/protocol-behind.ts';
import { type ProtocolWindowSize, recomputeProtocolWindows } from '../datasets/chain/protocol-windows.ts';
import { describeError } from '../runtime/errors.ts';
import type { LiveCatalog } from '../runtime/live-catalog.ts';
import { counterOf } from '../runtime/metrics.ts';
import type { Started } from '../runtime/modules.ts';
import type { Timeseries } from '../stores/timeseries.ts';

export interface ProtocolHistoryDeps {
  readonly timeseries: Timeseries;
  readonly catalog: Pick<LiveCatalog, 'current' | 'subscribe'>;
  readonly log: Logger;
  readonly metrics: Registry;
  /** How often all networks are looked through without a change of the catalog. */
  readonly searchMs?: number;
  /** See `rawKeptFrom`; without it, all raw rows are there. A protocol that is added has windows from then on. */
  readonly keptFrom?: (() => number) | undefined;
}

const searchMs = 600_000;
const backoffMs = 5_000;
const sizes: readonly ProtocolWindowSize[] = ['minute', 'hour', 'day'];
/** Computed at once: about a day's rows at most. */
const windowsMax: Readonly<Record<ProtocolWindowSize, number>> = { minute: 120, hour: 12, day: 1 };
/** Found at once; what is beyond is found when these are done. */
const foundMax = 2_000;
/** After each step it rests so many times as long as the step took: batches come first. */
const restFactor = 2;

/**
 * Computes anew what is behind the catalog: all windows of a protocol that was added or changed while chains went on, the newest
 * first. Each step is written whole and what is left is found in the tables, so a process that is killed loses nothing.
 * Several may run: one may do again what another is doing, with the same result.
 */
export async function createProtocolHistory(deps: ProtocolHistoryDeps): Promise<Required<Started<undefined>>> {
  const { timeseries, catalog, log, keptFrom = () => 0 } = deps;
  const computed = counterOf(deps.metrics, names.protocolHistoryWindows);
  const abort = new AbortController();
  const { signal } = abort;
  let trouble: string | undefined;
  /** Ended by a change of the catalog. */
  let waiting = new AbortController();
  let changed = false;
  const unsubscribe = catalog.subscribe(() => {
    changed = true;
    waiting.abort();
  });
  const inUse = (): Protocol[] => catalog.current().catalog.protocols.filter(({ status }) => status !== 'retired');

  async function search(): Promise<void> {
    const networks = new Set(inUse().flatMap(({ contracts }) => contracts.map(({ network }) => network)));
    for (const network of [...networks].sort()) {
      for (const size of sizes) await catchUp(network, size);
    }
  }

  async function catchUp(network: string, size: ProtocolWindowSize): Promise<void> {
    let isFirst = true;
    while (!signal.aborted) {
      const found = await findProtocolWindowsBehind(timeseries, inUse(), network, size, foundMax, keptFrom());
      if (found.length === 0) return;
      if (isFirst) log.info({ network, size, windows: found.length }, 'windows of protocols are behind the catalog');
      isFirst = false;
      for (const { starts, protocols: ids } of stepsOf(found, windowsMax[size])) {
        if (signal.aborted) return;
        const fromMs = performance.now();
        const version = await readVersionReached(timeseries, network);
        const protocols = inUse().filter(({ id }) => ids.includes(id));
        await recomputeProtocolWindows(timeseries, protocols, { network, size, starts, version });
        computed.inc({ network, size }, starts.length);
        await pause(restFactor * (performance.now() - fromMs), signal);
      }
      // The chain went on meanwhile; what is left of so few is its own, and for those who follow it.
      if (found.length < foundMax) return;
    }
  }

  async function run(): Promise<void> {
    while (!signal.aborted) {
      waiting = new AbortController();
      changed = false;
      try {
        await search();
        trouble = undefined;
      } catch (error) {
        const reason = describeError(error);
        if (reason !== trouble) log.warn({ reason }, 'history of protocols could not be computed, trying again');
        trouble = reason;
      }
      if (changed) continue;
      await pause(
        trouble === undefined ? (deps.searchMs ?? searchMs) : backoffMs,
        AbortSignal.any([signal, waiting.signal]),
      );
    }
  }

  const running = run();
  return {
    part: undefined,
    stop: async () => {
      unsubscribe();
      abort.abort();
      await running;
    },
    // What is behind is still as it was defined before: no reason to take the process out of service.
    health: () => ({ ok: true, ...(trouble !== undefined && { detail: `history of protocols: ${trouble}` }) }),
  };
}

/** Windows that the same protocols lack, in groups of `max` at most. */
function stepsOf(found: readonly WindowBehind[], max: number): { starts: number[]; protocols: readonly string[] }[] {
  const alike = Map.groupBy(found, ({ protocols }) => protocols.join(' '));
  return [...alike.values()].flatMap((some) =>
    Array.from({ length: Math.ceil(some.length / max) }, (_, at) => ({
      starts: some.slice(at * max, (at + 1) * max).map(({ start }) => start),
      protocols: some[0]?.protocols ?? [],
    })),
  );
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
