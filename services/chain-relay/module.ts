import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { metrics as names } from '../../catalog/metrics.ts';
import {
  chainTopic,
  changesChannel,
  markRelayed,
  type PendingChanges,
  readBacklog,
  readPending,
} from '../datasets/chain/changes.ts';
import { describeError } from '../runtime/errors.ts';
import type { LiveCatalog } from '../runtime/live-catalog.ts';
import { counterOf, gaugeOf, histogramOf } from '../runtime/metrics.ts';
import type { Health, Started } from '../runtime/modules.ts';
import type { Bus } from '../stores/bus.ts';
import type { Relational } from '../stores/relational.ts';

export interface ChainRelayDeps {
  readonly relational: Relational;
  readonly bus: Bus;
  /** The networks of this process: of several that share an outbox, each has some. */
  readonly catalog: Pick<LiveCatalog, 'current'>;
  readonly log: Logger;
  readonly metrics: Registry;
  /** How long changes of other networks may wait for those whose they are. */
  readonly foreignPatienceMs?: number;
}

/** Of one network in one round: a long backlog of one must not keep the others waiting. */
const changesMax = 2_000;
/** Of one round: enough for an insert that the timeseries store likes, little enough to hold in memory many times over. */
const rowsMax = 20_000;
/** After a round of less than this, the next one waits a little: many small inserts wear the timeseries store out. */
const rowsPlenty = 2_000;
const lingerMs = 250;
/** Notifications wake the relay; the poll finds what a lost connection did not tell. */
const pollMs = 1_000;
const backoffMaxMs = 30_000;
/** Longer than a pod takes to be replaced, and than a network to go from one process to another. */
const foreignPatienceDefaultMs = 60_000;
const publishBuckets = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60];

/**
 * Carries committed changes of the chain from the outbox to the bus, in order, at least once: a change is deleted only after the
 * bus took it. What is published twice after a crash is applied once, by its `seq`. A network whose changes are not taken is
 * tried again, later each time, and does not hold up the others.
 *
 * Several relays may share an outbox: two pods during a rollout, one process for each share of the networks. Each serves its own
 * networks, and those that nobody has served for a while, so that what a network leaves when it goes from the catalog still arrives.
 * Two that serve one network at once only say things twice: each publishes, in order and one round after another, from a change
 * before which all are published. So in the log no change comes for the first time before the one before it.
 */
export async function createChainRelay(deps: ChainRelayDeps): Promise<Started<undefined>> {
  const { relational, bus, catalog, log, foreignPatienceMs = foreignPatienceDefaultMs } = deps;
  const lag = gaugeOf(deps.metrics, names.relayLag);
  const relayed = counterOf(deps.metrics, names.relayedChanges);
  const publishing = histogramOf(deps.metrics, names.relayPublish, publishBuckets);
  /** Networks of others that have changes, and since when those stand still. */
  let foreign = new Map<string, { relayedSeq: number; sinceMs: number }>();
  let behind: readonly string[] = [];
  const abort = new AbortController();
  const { signal } = abort;
  const troubles = new Map<string, { reason: string; failures: number; retryAtMs: number }>();
  let storeTrouble: string | undefined;
  let lastServed = '';
  let notified = false;
  let ring = (): void => undefined;
  const unlisten = await relational.listen(changesChannel, (network) => {
    // Of several relays one has work to do; what the others may have to take over can wait for the poll.
    if (!catalog.current().networks.some(({ id }) => id === network)) return;
    notified = true;
    ring();
  });

  /** Publishes what is pending of as many networks as fit a round, in turn. Returns how many rows that were. */
  async function relayRound(): Promise<number> {
    const backlog = served(await readBacklog(relational));
    for (const network of behind) lag.set({ network }, 0);
    for (const { network, changes } of backlog) lag.set({ network }, changes);
    behind = backlog.map(({ network }) => network);
    const free = backlog.filter(({ network }) => (troubles.get(network)?.retryAtMs ?? 0) <= performance.now());
    const next = Math.max(
      0,
      free.findIndex(({ network }) => network > lastServed),
    );
    const pending: PendingChanges[] = [];
    let rows = 0;
    for (const { network } of [...free.slice(next), ...free.slice(0, next)]) {
      if (signal.aborted || rows >= rowsMax) break;
      const found = await readPending(relational, network, changesMax, rowsMax - rows);
      if (found === undefined) continue;
      pending.push(found);
      rows += found.rows;
      lastServed = network;
    }
    await publish(pending);
    return rows;
  }

  /** Our own networks, and those whose changes stand still. */
  function served(backlog: readonly Backlog[]): readonly Backlog[] {
    const own = new Set(catalog.current().networks.map(({ id }) => id));
    const nowMs = performance.now();
    const seen = new Map<string, { relayedSeq: number; sinceMs: number }>();
    const mine = backlog.filter(({ network, relayedSeq }) => {
      if (own.has(network)) return true;
      const before = foreign.get(network);
      const sinceMs = before?.relayedSeq === relayedSeq ? before.sinceMs : nowMs;
      seen.set(network, { relayedSeq, sinceMs });
      return nowMs - sinceMs >= foreignPatienceMs;
    });
    foreign = seen;
    return mine;
  }

  async function publish(pending: readonly PendingChanges[]): Promise<void> {
    const messages = pending.flatMap(messagesOf);
    try {
      const fromMs = performance.now();
      await bus.publish(chainTopic, messages);
      if (messages.length > 0) publishing.observe((performance.now() - fromMs) / 1000);
    } catch (error) {
      // One of them may be at fault: each on its own, so that the others get through.
      if (pending.length > 1) for (const each of pending) await publish([each]);
      else for (const { network } of pending) noteTrouble(network, describeError(error));
      return;
    }
    for (const { network, lastSeq, left, events } of pending) {
      relayed.inc({ network }, events.length);
      await markRelayed(relational, network, lastSeq);
      lag.set({ network }, left);
      if (troubles.delete(network)) log.info({ network }, 'changes are taken again');
    }
  }

  function noteTrouble(network: string, reason: string): void {
    const before = troubles.get(network);
    const failures = (before?.failures ?? 0) + 1;
    if (before?.reason !== reason) log.warn({ network, reason }, 'changes are not taken, trying again');
    troubles.set(network, { reason, failures, retryAtMs: performance.now() + backoffMsAfter(failures) });
  }

  async function run(): Promise<void> {
    let failures = 0;
    while (!signal.aborted) {
      notified = false;
      try {
        const rows = await relayRound();
        failures = 0;
        storeTrouble = undefined;
        if (rows === 0) await notification();
        else if (rows < rowsPlenty) await pause(lingerMs);
      } catch (error) {
        const reason = describeError(error);
        if (reason !== storeTrouble) log.warn({ reason }, 'relay failed, trying again');
        storeTrouble = reason;
        await pause(backoffMsAfter(++failures));
      }
    }
  }

  /** Resolves once a commit has notified, a poll later at the latest. */
  function notification(): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        ring = () => undefined;
        resolve();
      };
      const timer = setTimeout(done, pollMs);
      signal.addEventListener('abort', done, { once: true });
      ring = done;
      if (notified || signal.aborted) done();
    });
  }

  async function pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal }).catch(() => undefined);
  }

  const done = run();
  return {
    part: undefined,
    stop: async () => {
      abort.abort();
      await unlisten();
      await done;
    },
    health: (): Health => {
      if (storeTrouble !== undefined) return { ok: false, detail: storeTrouble };
      const [first] = troubles;
      return first === undefined
        ? { ok: true }
        : { ok: false, detail: `changes of ${first[0]} are not taken: ${first[1].reason}` };
    },
  };
}

type Backlog = Awaited<ReturnType<typeof readBacklog>>[number];

function messagesOf({ network, events }: PendingChanges): { key: string; value: unknown }[] {
  return events.map((event) => ({ key: network, value: event }));
}

function backoffMsAfter(failures: number): number {
  return Math.min(backoffMaxMs, lingerMs * 2 ** Math.min(failures, 10));
}
