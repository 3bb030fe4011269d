import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { metrics as names } from '../../catalog/metrics.ts';
import { findLostChanges, readNotedSeqs } from '../datasets/chain/lost-changes.ts';
import type { TouchedMinutes } from '../datasets/chain/touched-minutes.ts';
import { describeError } from '../runtime/errors.ts';
import { gaugeOf } from '../runtime/metrics.ts';
import type { Rows } from '../stores/relational.ts';
import type { Timeseries } from '../stores/timeseries.ts';

/** Tells of networks whose changes the time series cannot tell from those that it has, as PostgreSQL was put back to an earlier point. */
export interface ChainLosses {
  /** Looks again where changes came that are below what was noted: they were sent again, or their numbers were given twice. */
  follow(touched: readonly TouchedMinutes[]): void;
  /** What is to be done; undefined when nothing is lost. */
  trouble(): string | undefined;
  stop(): Promise<void>;
}

/** Networks that have had no block for longer are looked at when they have one. */
const recentSeconds = 14 * 86_400;
/** A network that is lost is told again by messages that may come to another process. */
const lookAgainMs = 60_000;

export function watchChainLosses(options: {
  readonly relational: Rows;
  readonly timeseries: Timeseries;
  readonly clock: () => number;
  readonly log: Logger;
  readonly metrics: Registry;
  /** How often it is looked whether what was lost is still: every minute unless given. */
  readonly lookAgainMs?: number;
}): ChainLosses {
  const { relational, timeseries, clock, log } = options;
  const gauge = gaugeOf(options.metrics, names.chainLostChanges);
  /** The highest change that was noted of each. */
  const lost = new Map<string, number>();
  /** What is to be looked at once nothing is being looked at. */
  let next = new Map<string, number>();
  let isLooking = false;

  async function look(noted: ReadonlyMap<string, number>): Promise<void> {
    const found = await findLostChanges(relational, noted);
    for (const { network, heldSeq, notedSeq } of found) {
      gauge.set({ network }, notedSeq - heldSeq);
      const isTold = lost.has(network);
      lost.set(network, notedSeq);
      if (isTold) continue;
      log.error(
        { network, heldSeq, notedSeq, command: commandOf(network) },
        'PostgreSQL has fewer changes of a network than ClickHouse: new ones are ignored until it is told again',
      );
    }
    const stillLost = new Set(found.map(({ network }) => network));
    for (const network of noted.keys()) {
      if (stillLost.has(network) || !lost.delete(network)) continue;
      gauge.remove({ network });
      log.info({ network }, 'changes of a network are above those of ClickHouse again');
    }
  }

  async function lookAtAll(): Promise<void> {
    await look(await readNotedSeqs(timeseries, Math.max(0, Math.floor(clock() / 1000) - recentSeconds)));
  }

  async function lookAtNext(): Promise<void> {
    while (next.size > 0) {
      const noted = next;
      next = new Map();
      await look(noted);
    }
  }

  async function run(works: readonly (() => Promise<void>)[]): Promise<void> {
    isLooking = true;
    try {
      for (const work of works) await work();
    } catch (error) {
      log.warn({ reason: describeError(error) }, 'changes of PostgreSQL and ClickHouse could not be compared');
    }
    isLooking = false;
  }

  let looking = run([lookAtAll, lookAtNext]);
  function lookSoon(noted: Iterable<readonly [network: string, notedSeq: number]>): void {
    for (const [network, notedSeq] of noted) next.set(network, notedSeq);
    if (next.size > 0 && !isLooking) looking = run([lookAtNext]);
  }

  const timer = setInterval(() => lookSoon(lost), options.lookAgainMs ?? lookAgainMs);
  return {
    follow: (touched) => {
      const below = touched.filter(({ lastSeq, notedSeq }) => lastSeq < notedSeq);
      lookSoon(below.map(({ network, notedSeq }) => [network, notedSeq] as const));
    },
    trouble: () => {
      const [network] = lost.keys();
      if (network === undefined) return undefined;
      return `PostgreSQL has fewer changes of ${[...lost.keys()].join(', ')} than ClickHouse; run ${commandOf(network)}`;
    },
    stop: async () => {
      clearInterval(timer);
      await looking;
    },
  };
}

function commandOf(network: string): string {
  return `npm run rebuild -- --network ${network} --from <the time that PostgreSQL was put back to> --to <now>`;
}
