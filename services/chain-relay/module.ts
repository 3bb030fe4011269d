import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { metrics as names } from '../../catalog/metrics.ts';
import { chainTopic, changesChannel, markRelayed, readBacklog, readPending } from '../datasets/chain/changes.ts';
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

/** Enough for an insert that the timeseries store likes, little enough to hold in memory many times over. */
const changesMax = 500;
const rowsMax = 20_000;
/** Notifications wake the relay; the poll finds what a lost connection did not tell. */
const pollMs = 1_000;

/**
 * Carries committed changes of the chain from the outbox to the bus, in order, at least once: a change is deleted only after the
 * bus took it. What is published twice after a crash is applied once, by its `seq`.
 */
export async function createChainRelay(deps: ChainRelayDeps): Promise<Started<undefined>> {
  const { relational, bus, log } = deps;
  const lag = gaugeOf(deps.metrics, names.relayLag);
  const abort = new AbortController();
  let failure: string | undefined;
  let wake = (): void => undefined;
  const unlisten = await relational.listen(changesChannel, () => wake());

  async function relayAll(): Promise<void> {
    const backlog = await readBacklog(relational);
    for (const { network, changes } of backlog) {
      lag.set({ network }, changes);
      while (!abort.signal.aborted) {
        const pending = await readPending(relational, network, changesMax, rowsMax);
        if (pending === undefined) break;
        await bus.publish(chainTopic, pending.events.map((event) => ({ key: network, value: event })));
        await markRelayed(relational, network, pending.lastSeq);
        lag.set({ network }, Math.max(0, changes - pending.events.length));
      }
      lag.set({ network }, 0);
    }
  }

  async function run(): Promise<void> {
    let failures = 0;
    while (!abort.signal.aborted) {
      const woken = new Promise<void>((resolve) => {
        wake = resolve;
      });
      try {
        await relayAll();
        failures = 0;
        failure = undefined;
      } catch (error) {
        failure = describeError(error);
        log.warn({ reason: failure }, 'relay failed, trying again');
        await sleep(Math.min(10_000, 250 * 2 ** failures++), undefined, { signal: abort.signal }).catch(() => undefined);
        continue;
      }
      await Promise.race([woken, sleep(pollMs, undefined, { signal: abort.signal }).catch(() => undefined)]);
    }
  }

  const done = run();
  return {
    part: undefined,
    stop: async () => {
      abort.abort();
      await unlisten();
      await done;
    },
    health: (): Health => (failure === undefined ? { ok: true } : { ok: false, detail: failure }),
  };
}
