import type { Timeseries } from '../../stores/timeseries.ts';
import type { ChainEvent } from './changes.ts';
import { joinIntervals } from './intervals.ts';
import { integerOf } from './rows.ts';
import { isClosedAt, type WindowSize, windowStart } from './window-size.ts';

/** Minutes of one network that some changes touched, and how far the network has come with them. */
export interface TouchedMinutes {
  readonly network: string;
  /** Unix seconds, ascending. */
  readonly starts: readonly number[];
  /** The highest timestamp seen of the network; Unix seconds, 0 before any. */
  readonly watermark: number;
  /** Blocks appended or retracted after their minute was closed; those that were counted before are not counted again. */
  readonly lateEvents: number;
  /** Minutes that were touched and are not noted, as their rows may have gone for their age: their windows stay as they are. */
  readonly tooOld: number;
  /** The last of these changes, and the highest one that had been noted of the network before them, as far as it was looked at. */
  readonly lastSeq: number;
  readonly notedSeq: number;
}

/**
 * Notes which minutes changes touch: those of the blocks, of their neighbours (whose block time or completeness they change), and of
 * what became final. All windows that they are in are behind from then on, until they are computed. The changes must be in the raw
 * tables, and be given as the log has them, in its order. Safe to run again.
 * @param keptFrom See `rawKeptFrom`.
 */
export async function markTouched(
  timeseries: Timeseries,
  events: readonly ChainEvent[],
  keptFrom = 0,
): Promise<TouchedMinutes[]> {
  if (events.length === 0) return [];
  const networks = Map.groupBy(events, ({ network }) => network);
  const minutes = await readMinutesOf(timeseries, networks);
  const marks = await readMarks(timeseries, minutes);
  const rows: object[] = [];
  const touched = [...networks].map(([network, some]): TouchedMinutes => {
    const all = [...(minutes.get(network) ?? [])].sort((a, b) => a - b);
    const starts = all.filter((start) => start >= keptFrom);
    const before = marks.get(network) ?? new Map<number, Mark>();
    const { lateOf, watermark, lateEvents } = countLate(some, before);
    // Of a replay the marks know more than its messages do.
    const versions = starts.map((start) => before.get(start)?.version ?? 0);
    const lastSeq = some.reduce((highest, { seq }) => Math.max(highest, seq), 0);
    const version = versions.reduce((a, b) => Math.max(a, b), lastSeq);
    for (const start of starts) rows.push({ network, start, ...lateRow(lateOf.get(start)), watermark, version });
    const notedSeq = [...before.values()].reduce((highest, mark) => Math.max(highest, mark.version), 0);
    return { network, starts, watermark, lateEvents, tooOld: all.length - starts.length, lastSeq, notedSeq };
  });
  if (rows.length > 0) await timeseries.insert('chain_touched', rows);
  return touched;
}

/** By network; of several in one question, as most batches are small and of many networks. */
async function readMinutesOf(
  timeseries: Timeseries,
  networks: ReadonlyMap<string, readonly ChainEvent[]>,
): Promise<Map<string, Set<number>>> {
  const minutes = new Map<string, Set<number>>();
  const conditions: string[] = [];
  const params: Record<string, string> = {};
  for (const [network, events] of networks) {
    // Blocks that went, or moved to another time, are not found by their number.
    const changed = events.filter((event) => event.kind !== 'finalized');
    minutes.set(network, new Set(changed.map(({ timestamp }) => windowStart('minute', timestamp))));
    const numbers = joinIntervals(events.flatMap(numbersTouched));
    if (numbers.length === 0) continue;
    const name = `network${conditions.length}`;
    params[name] = network;
    const ranges = numbers.map(({ from, to }) => `number BETWEEN ${from} AND ${to}`);
    conditions.push(`(network = {${name}:String} AND (${ranges.join(' OR ')}))`);
  }
  if (conditions.length === 0) return minutes;
  // Any version of a block will do: a minute too many costs little.
  const found = await timeseries.query<{ network: string; start: string }>(
    `SELECT DISTINCT network, intDiv(toUnixTimestamp(timestamp), 60) * 60 AS start FROM chain_blocks
      WHERE ${conditions.join(' OR ')}`,
    params,
  );
  for (const { network, start } of found) minutes.get(network)?.add(integerOf(start));
  return minutes;
}

function numbersTouched(event: ChainEvent): { from: number; to: number }[] {
  if (event.kind !== 'finalized') return [{ from: Math.max(0, event.number - 1), to: event.number + 1 }];
  return event.fromNumber === null ? [] : [{ from: event.fromNumber, to: event.number }];
}

type Late = Readonly<Record<WindowSize, number>>;

interface Mark {
  readonly late: Late;
  readonly watermark: number;
  readonly version: number;
}

/** What is noted of these minutes, and of each network's newest one: it was touched with the newest block, so it has the watermark. */
async function readMarks(
  timeseries: Timeseries,
  minutes: ReadonlyMap<string, ReadonlySet<number>>,
): Promise<Map<string, Map<number, Mark>>> {
  const params: Record<string, string> = {};
  const conditions = [...minutes].map(([network, starts], at) => {
    params[`network${at}`] = network;
    const isNetwork = `network = {network${at}:String}`;
    const newest = `start = (SELECT start FROM chain_touched WHERE ${isNetwork} ORDER BY start DESC LIMIT 1)`;
    return `(${isNetwork} AND (${starts.size === 0 ? '' : `start IN (${[...starts].join()}) OR `}${newest}))`;
  });
  const found = await timeseries.query<{
    network: string;
    at: number;
    late_of_minute: string;
    late_of_hour: string;
    late_of_day: string;
    reached: number;
    version: string;
  }>(
    `SELECT network, toUnixTimestamp(start) AS at, late_of_minute, late_of_hour, late_of_day,
       toUnixTimestamp(watermark) AS reached, version
     FROM chain_touched FINAL WHERE ${conditions.join(' OR ')} ORDER BY network, start`,
    params,
  );
  const marks = new Map<string, Map<number, Mark>>();
  for (const row of found) {
    const of = marks.get(row.network) ?? new Map<number, Mark>();
    marks.set(row.network, of);
    const late = {
      minute: integerOf(row.late_of_minute),
      hour: integerOf(row.late_of_hour),
      day: integerOf(row.late_of_day),
    };
    of.set(row.at, { late, watermark: row.reached, version: integerOf(row.version) });
  }
  return marks;
}

const none: Late = { minute: 0, hour: 0, day: 0 };

function lateRow(late: Late = none): object {
  return { late_of_minute: late.minute, late_of_hour: late.hour, late_of_day: late.day };
}

/** `marks` ascend by their minute. */
function countLate(
  events: readonly ChainEvent[],
  marks: ReadonlyMap<number, Mark>,
): { lateOf: Map<number, Late>; watermark: number; lateEvents: number } {
  const lateOf = new Map([...marks].map(([start, { late }]) => [start, late]));
  let watermark = [...marks.values()].at(-1)?.watermark ?? 0;
  let highest = -1;
  let lateEvents = 0;
  for (const event of events) {
    // The log may tell twice, never in another order.
    const isNew = event.seq > highest;
    if (isNew) highest = event.seq;
    if (event.kind === 'finalized') continue;
    const start = windowStart('minute', event.timestamp);
    if (isNew && event.seq > (marks.get(start)?.version ?? -1)) {
      const one = (size: WindowSize): number => (isClosedAt(watermark, size, event.timestamp) ? 1 : 0);
      const { minute, hour, day } = lateOf.get(start) ?? none;
      lateOf.set(start, { minute: minute + one('minute'), hour: hour + one('hour'), day: day + one('day') });
      lateEvents += one('minute');
    }
    // Also of a block that is told only as it goes: its minute is marked, and the newest mark has the watermark.
    watermark = Math.max(watermark, event.timestamp);
  }
  return { lateOf, watermark, lateEvents };
}
