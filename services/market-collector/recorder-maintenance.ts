import type { Logger } from 'pino';
import { maintainPartitions } from '../datasets/market/partitions.ts';
import { describeError } from '../runtime/errors.ts';
import type { Relational } from '../stores/relational.ts';

const aheadDays = 3;
const everyMs = 3_600_000;
const retryMs = 60_000;

/** Makes and drops partitions now, and every hour until stopped. What fails is done again soon: rows find a place meanwhile. */
export async function startMaintenance(options: {
  readonly relational: Relational;
  readonly retentionDays: number;
  readonly clock: () => number;
  readonly log: Logger;
}): Promise<{ stop(): void }> {
  const { relational, retentionDays, clock, log } = options;
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;
  const maintain = async (): Promise<void> => {
    let nextMs = everyMs;
    try {
      const done = await maintainPartitions(relational, { now: clock(), aheadDays, retentionDays });
      if (done.made.length + done.dropped.length > 0) log.info(done, 'partitions were made and dropped');
    } catch (error) {
      nextMs = retryMs;
      log.warn({ reason: describeError(error) }, 'partitions could not be made and dropped');
    }
    if (!isStopped) timer = setTimeout(() => void maintain(), nextMs);
  };
  await maintain();
  return {
    stop: () => {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}
