import type { Protocol } from '../../../catalog/schema/protocol.ts';
import type { Timeseries } from '../../stores/timeseries.ts';
import { layoutsOf, type ProtocolLayout } from './protocol-layout.ts';
import { type EventTotals, readProtocolTotals, type WindowRange } from './protocol-totals.ts';
import { integerOf } from './rows.ts';

export type ProtocolWindowSize = 'minute' | 'hour' | 'day';

/** Windows of one network that are to be computed anew. */
export interface ProtocolWindowsToCompute {
  readonly network: string;
  readonly size: ProtocolWindowSize;
  /** Unix seconds, each the start of a window of this size (UTC). */
  readonly starts: readonly number[];
  /** The network's `seq` that the raw tables have reached: all changes up to it are in them. */
  readonly version: number;
}

const secondsOf: Record<ProtocolWindowSize, number> = { minute: 60, hour: 3600, day: 86_400 };

/**
 * Computes what each protocol did in these windows from the raw tables, and writes it: also zeros, so that a window which a
 * reorg emptied says so. Idempotent; the highest version wins. Protocols without a contract on the network, and retired ones,
 * cost nothing.
 */
export async function recomputeProtocolWindows(
  timeseries: Timeseries,
  protocols: readonly Protocol[],
  { network, size, starts, version }: ProtocolWindowsToCompute,
): Promise<void> {
  const inUse = protocols.filter(({ status }) => status !== 'retired');
  const layouts = layoutsOf(inUse, network);
  if (layouts.length === 0 || starts.length === 0) return;
  const range = { network, seconds: secondsOf[size], starts: [...new Set(starts)].sort((a, b) => a - b) };
  const { windows, volumes } = await compute(timeseries, layouts, range, { network, size, version });
  // A window that is seen is whole: its row goes in last.
  await timeseries.insert('chain_protocol_volumes', volumes);
  await timeseries.insert('chain_protocol_windows', windows);
}

interface Computed {
  readonly windows: readonly object[];
  readonly volumes: readonly object[];
}

async function compute(
  timeseries: Timeseries,
  layouts: readonly ProtocolLayout[],
  range: WindowRange,
  place: Pick<ProtocolWindowsToCompute, 'network' | 'size' | 'version'>,
): Promise<Computed> {
  const { uses, events } = await readProtocolTotals(timeseries, layouts, range);
  const useOf = new Map(uses.map((use) => [`${use.protocol} ${use.start}`, use]));
  const eventsOf = Map.groupBy(events, ({ protocol, start }) => `${protocol} ${start}`);
  const windows: object[] = [];
  const volumes: object[] = [];
  for (const { protocol, definition } of layouts) {
    for (const start of range.starts) {
      const key = `${protocol} ${start}`;
      const use = useOf.get(key);
      const counted = { logs: 0, events: 0, undecoded: {} as Record<string, number>, volumes: 0 };
      for (const total of eventsOf.get(key) ?? []) {
        const logs = integerOf(total.logs);
        counted.logs += logs;
        if (total.reason === '') {
          counted.events += logs;
          counted.volumes++;
          volumes.push({ ...place, protocol, start, definition, ...volumeOf(total) });
        } else if (total.reason !== 'unlisted') {
          counted.undecoded[total.reason] = (counted.undecoded[total.reason] ?? 0) + logs;
        }
      }
      windows.push({
        ...{ ...place, protocol, start, definition },
        ...{ calls: use?.calls ?? 0, failed_calls: use?.failed ?? 0, users: use?.users ?? 0 },
        ...counted,
      });
    }
  }
  return { windows, volumes };
}

function volumeOf({ contract, address, event, field, asset, count, positive, negative }: EventTotals): object {
  return { contract, address, event, field, asset, count, positive: sumOf(positive), negative: sumOf(negative) };
}

function sumOf(limbs: readonly string[]): bigint {
  return limbs.reduce((sum, limb, at) => sum + (BigInt(limb) << BigInt(128 * at)), 0n);
}
