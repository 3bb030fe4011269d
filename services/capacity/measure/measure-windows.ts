import { setTimeout as sleep } from 'node:timers/promises';
import type { Protocol } from '../../../catalog/schema/protocol.ts';
import { recomputeProtocolWindows } from '../../datasets/chain/protocol-windows.ts';
import { findStaleWindows, planWindows, readTouchedNetworks } from '../../datasets/chain/window-plan.ts';
import { type WindowSize, windowSizes, windowStart } from '../../datasets/chain/window-size.ts';
import { recomputeWindows } from '../../datasets/chain/windows.ts';
import type { Timeseries } from '../../stores/timeseries.ts';
import type { Meter } from './meter.ts';

/** Until ClickHouse has merged what was inserted. */
export const mergeMs = 1500;
const times = 10;

/** Of a search: a network that has had marks and windows for so many days. */
const searchedDays = 30;

/**
 * The newest hour and the newest day of a network, computed again and again as while they are open. Two networks whose windows have
 * more and fewer transactions tell what is fixed (`windowMs`) and what a transaction costs (`windowTxMs`).
 */
export async function measureLongWindows(options: {
  readonly timeseries: Timeseries;
  readonly protocols: readonly Protocol[];
  readonly network: string;
  /** Starts of the minutes that were touched, in Unix seconds. */
  readonly touched: readonly number[];
  readonly meter: Meter;
  readonly tell: (line: string) => void;
}): Promise<void> {
  const { timeseries, protocols, network, touched, meter, tell } = options;
  const newest = Math.max(...touched);
  for (const size of ['hour', 'day'] as const) {
    const start = windowStart(size, newest);
    const [found] = await timeseries.query<{ txs: string }>(
      `SELECT count() AS txs FROM chain_txs WHERE network = {network:String} AND timestamp >= toDateTime({start:UInt32}, 'UTC')`,
      { network, start },
    );
    const compute = async (): Promise<void> => {
      const plan = await planWindows(timeseries, network, size, [start]);
      await recomputeProtocolWindows(timeseries, protocols, plan);
      await recomputeWindows(timeseries, plan);
    };
    await compute();
    const work = async (): Promise<void> => {
      for (let at = 0; at < times; at++) await compute();
      await sleep(mergeMs);
    };
    tell(await meter.spend(`the ${size} of ${network}, ${found?.txs} transactions, store here`, times, work));
  }
}

/** What a process asks of each of its networks now and then (`searchMs`), and once for all of them. */
export async function measureSearches(
  timeseries: Timeseries,
  meter: Meter,
  tell: (line: string) => void,
): Promise<void> {
  const network = 'searched';
  const minutes = searchedDays * 1440;
  const from = Math.floor(Date.now() / 86_400_000) * 86_400 - searchedDays * 86_400;
  const rows = Array.from({ length: minutes }, (_, at) => ({ network, start: from + 60 * at, version: at + 1 }));
  await timeseries.insert('chain_touched', rows);
  const search = async (size: WindowSize): Promise<void> => {
    for (let at = 0; at < times; at++) await findStaleWindows(timeseries, network, size, 2000);
  };
  for (const size of windowSizes)
    tell(
      await meter.spend(`a search for ${size}s left, ${searchedDays} days of marks, store here`, times, () =>
        search(size),
      ),
    );
  const ask = async (): Promise<void> => {
    for (let at = 0; at < times; at++) await readTouchedNetworks(timeseries);
  };
  tell(await meter.spend(`which networks have had changes, ${minutes} marks, store here`, times, ask));
}
