import type { Logger } from 'pino';
import { maintainPartitions, readStoreTime } from '../datasets/market/partitions.ts';
import { describeError } from '../runtime/errors.ts';
import type { Relational } from '../stores/relational.ts';

const aheadDays = 3;
const everyMs = 3_600_000;
const retryMs = 60_000;
/** Two clocks that differ by more are not to be trusted with what to remove. */
const skewMsMax = 3_600_000;

export interface Maintenance {
  /** Why nothing is removed; undefined while all is well. */
  readonly trouble: string | undefined;
  stop(): void;
}

/**
 * Makes and drops partitions now, and every hour until stopped. What fails is done again soon: rows find a place meanwhile.
 * Today is what PostgreSQL says; nothing is dropped while our own clock says otherwise, as one of them is wrong.
 */
export async function startMaintenance(options: {
  readonly relational: Relational;
  readonly retentionDays: number;
  readonly clock: () => number;
  readonly onSkew: () => void;
  readonly log: Logger;
}): Promise<Maintenance> {
  const { relational, retentionDays, clock, log } = options;
  let trouble: string | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;
  const maintain = async (): Promise<void> => {
    let nextMs = everyMs;
    try {
      const now = await readStoreTime(relational);
      const skewMs = now - clock();
      const keepsAll = Math.abs(skewMs) > skewMsMax;
      trouble = undefined;
      if (keepsAll) {
        trouble = `PostgreSQL's clock is ${Math.round(skewMs / 1000)} s ahead of ours: no old records are removed`;
        log.error({ skewMs }, 'the clocks of PostgreSQL and of this host differ: no old records are removed');
        options.onSkew();
      }
      const done = await maintainPartitions(relational, { now, aheadDays, retentionDays, keepsAll });
      if (done.made.length + done.dropped.length > 0) log.info(done, 'partitions were made and dropped');
    } catch (error) {
      nextMs = retryMs;
      log.warn({ reason: describeError(error) }, 'partitions could not be made and dropped');
    }
    if (!isStopped) timer = setTimeout(() => void maintain(), nextMs);
  };
  await maintain();
  return {
    get trouble() {
      return trouble;
    },
    stop: () => {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}
