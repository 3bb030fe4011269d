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
import { gaugeOf } from '../runtime/metrics.ts';
import type { Health, Started } from '../runtime/modules.ts';
import type { Bus } from '../stores/bus.ts';
import type { Relational } from '../stores/relational.ts';

export interface ChainRelayDeps {
  readonly relational: Relational;
  readonly bus: Bus;
  readonly log: Logger;
  readonly metrics: Registry;
}

/** Of one network in one round: a long backlog of one must not keep the others waiting. */
const changesMax = 500;
/** Of one round: enough for an insert that the timeseries store likes, little enough to hold in memory many times over. */
const rowsMax = 20_000;
/** After a round of less than this, the next one waits a little: many small inserts wear the timeseries store out. */
const rowsPlenty = 2_000;
const lingerMs = 250;
/** Notifications wake the relay; the poll finds what a lost connection did not tell. */
const pollMs = 1_000;
const backoffMaxMs = 30_000;

/**
 * Carries committed changes of the chain from the outbox to the bus, in order, at least once: a change is deleted only after the
 * bus took it. What is published twice after a crash is applied once, by its `seq`. A network whose changes are not taken is
 * tried again, later each time, and does not hold up the others.
 */
export async function createChainRelay(deps: ChainRelayDeps): Promise<Started<undefined>> {
  const { relational, bus, log } = deps;
  const lag = gaugeOf(deps.metrics, names.relayLag);
  const abort = new AbortController();
  const { signal } = abort;
  const troubles = new Map<string, { reason: string; failures: number; retryAtMs: number }>();
  let storeTrouble: string | undefined;
  let lastServed = '';
  let notified = false;
  let ring = (): void => undefined;
  const unlisten = await relational.listen(changesChannel, () => {
    notified = true;
    ring();
  });

  /** Publishes what is pending of as many networks as fit a round, in turn. Returns how many rows that were. */
  async function relayRound(): Promise<number> {
    const backlog = await readBacklog(relational);
    for (const { network, changes } of backlog) lag.set({ network }, changes);
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

  async function publish(pending: readonly PendingChanges[]): Promise<void> {
    try {
      await bus.publish(chainTopic, pending.flatMap(messagesOf));
    } catch (error) {
      // One of them may be at fault: each on its own, so that the others get through.
      if (pending.length > 1) for (const each of pending) await publish([each]);
      else for (const { network } of pending) noteTrouble(network, describeError(error));
      return;
    }
    for (const { network, lastSeq, left } of pending) {
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

function messagesOf({ network, events }: PendingChanges): { key: string; value: unknown }[] {
  return events.map((event) => ({ key: network, value: event }));
}

function backoffMsAfter(failures: number): number {
  return Math.min(backoffMaxMs, lingerMs * 2 ** Math.min(failures, 10));
}
