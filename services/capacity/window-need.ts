import { type WindowSize, windowSizes } from '../datasets/chain/window-size.ts';
import { ratesOf } from './chain-rates.ts';
import { costs } from './costs.ts';
import type { NetworkLoad } from './demand.ts';
import { windowPaceSeconds, windowRestFactor, windowSearchSeconds } from './program.ts';

/** What minutes, hours and days of all networks need, computed as often as they may be. */
export interface WindowNeed {
  /** Computations a second. */
  readonly perSecond: number;
  /** Of time, by size: a process computes one of each size at once. */
  readonly busy: Readonly<Record<WindowSize, number>>;
  readonly busyTotal: number;
  /** Cores of ClickHouse. */
  readonly cores: number;
  /** To search what others left: each network by the one process that its messages come to. */
  readonly searchCores: number;
}

/** Of an open window half is there in the mean. What a minute's transactions cost is in `costs.clickhouse.txMs`. */
const secondsRead: Readonly<Record<WindowSize, number>> = { minute: 0, hour: 1800, day: 43_200 };

/** A network's windows of a size are computed when it has had a commit since, at the pace of the schedule, and rest for a multiple of what they took. */
export function windowNeed(
  networks: readonly NetworkLoad[],
  paceSeconds: Readonly<Record<WindowSize, number>> = windowPaceSeconds,
): WindowNeed {
  const { stream, clickhouse } = costs;
  const busy = { minute: 0, hour: 0, day: 0 };
  let perSecond = 0;
  for (const network of networks) {
    const { commits, txs } = ratesOf([network]);
    for (const size of windowSizes) {
      const readMs = txs * secondsRead[size] * clickhouse.windowTxMs.value;
      const seconds = (stream.windowMs.value + clickhouse.windowMs.value + readMs) / 1000;
      const every = Math.max(1 / commits, seconds + Math.max(paceSeconds[size], windowRestFactor[size] * seconds));
      perSecond += 1 / every;
      busy[size] += seconds / every;
    }
  }
  const busyTotal = busy.minute + busy.hour + busy.day;
  const searches = (networks.length * windowSizes.length) / windowSearchSeconds;
  return {
    ...{ perSecond, busy, busyTotal, cores: busyTotal - (perSecond * stream.windowMs.value) / 1000 },
    searchCores: (searches * clickhouse.searchMs.value) / 1000,
  };
}
