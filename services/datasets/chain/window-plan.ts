import type { Timeseries } from '../../stores/timeseries.ts';
import type { ChainEvent } from './changes.ts';
import { type Interval, type Intervals, joinIntervals } from './intervals.ts';
import { integerOf } from './rows.ts';
import { isClosedAt, type WindowSize, windowSeconds, windowStart } from './window-size.ts';

/** Windows of one network that are to be computed anew, and what their rows say that the raw tables do not. */
export interface WindowPlan {
  readonly network: string;
  readonly size: WindowSize;
  /** Unix seconds. */
  readonly starts: readonly number[];
  /** All changes up to this one are in the raw tables. */
  readonly version: number;
  /** The highest timestamp seen of the network by then; Unix seconds. */
  readonly watermark: number;
  readonly lateOf: ReadonlyMap<number, Late>;
}

/** Blocks appended or retracted after the minute, its hour and its day were closed. */
export interface Late {
  readonly minute: number;
  readonly hour: number;
  readonly day: number;
}

const none: Late = { minute: 0, hour: 0, day: 0 };

/**
 * The minutes that changes of one network touch, once these are in the raw tables: those of the blocks, of their neighbours (whose
 * block time or completeness they change), and of what became final. `events` are as the log has them, in its order: what came
 * before is not counted as late again. `lateEvents` are those whose minute was closed.
 */
export async function planMinutes(
  timeseries: Timeseries,
  network: string,
  events: readonly ChainEvent[],
): Promise<WindowPlan & { readonly lateEvents: number }> {
  const starts = await readTouchedMinutes(timeseries, network, events);
  const { rows, watermark } = await readMinutes(timeseries, network, starts);
  const versions = [...rows.values()].map(({ version }) => version);
  // Of a replay the windows know more than its messages do.
  const version = [...events.map(({ seq }) => seq), ...versions].reduce((a, b) => Math.max(a, b), 0);
  return { network, size: 'minute', starts, version, ...countLate(events, rows, watermark) };
}

/** Hours or days of a network, by what its minutes say. One that has no minutes is left out. */
export async function planRollups(
  timeseries: Timeseries,
  network: string,
  size: 'hour' | 'day',
  starts: readonly number[],
): Promise<WindowPlan> {
  const seconds = windowSeconds[size];
  const rows = await timeseries.query<{ window: string; late: string; watermark: number; version: string }>(
    `SELECT intDiv(toUnixTimestamp(start), {seconds:UInt32}) * {seconds:UInt32} AS window,
       sum(late_of_${size}) AS late, toUnixTimestamp(max(watermark)) AS watermark, max(version) AS version
     FROM chain_windows FINAL
     WHERE network = {network:String} AND size = 'minute' AND start >= toDateTime({from:UInt32})
       AND start < toDateTime({to:UInt32}) AND window IN {starts:Array(UInt32)}
     GROUP BY window ORDER BY window`,
    { network, seconds, starts, from: Math.min(...starts), to: Math.max(...starts) + seconds },
  );
  return {
    network,
    size,
    starts: rows.map((row) => integerOf(row.window)),
    version: rows.reduce((highest, row) => Math.max(highest, integerOf(row.version)), 0),
    watermark: rows.reduce((highest, row) => Math.max(highest, row.watermark), 0),
    lateOf: new Map(rows.map((row) => [integerOf(row.window), { ...none, [size]: integerOf(row.late) }])),
  };
}

async function readTouchedMinutes(
  timeseries: Timeseries,
  network: string,
  events: readonly ChainEvent[],
): Promise<number[]> {
  const starts = new Set<number>();
  const numbers: Interval[] = [];
  for (const event of events) {
    if (event.kind === 'finalized') {
      if (event.fromNumber !== null) numbers.push({ from: event.fromNumber, to: event.number });
      continue;
    }
    // Blocks that went, or moved to another time, are not found by their number.
    starts.add(windowStart('minute', event.timestamp));
    numbers.push({ from: Math.max(0, event.number - 1), to: event.number + 1 });
  }
  if (numbers.length === 0) return [];
  const found = await timeseries.query<{ start: string }>(
    `SELECT DISTINCT intDiv(toUnixTimestamp(timestamp), 60) * 60 AS start FROM chain_blocks FINAL
      WHERE network = {network:String} AND ${anyOf(joinIntervals(numbers))}`,
    { network },
  );
  for (const { start } of found) starts.add(integerOf(start));
  return [...starts].sort((a, b) => a - b);
}

function anyOf(numbers: Intervals): string {
  return `(${numbers.map(({ from, to }) => `number BETWEEN ${from} AND ${to}`).join(' OR ')})`;
}

interface MinuteRow {
  readonly late: Late;
  readonly version: number;
}

/** The rows of minutes as they stand, and the watermark: that of the newest minute, as its row was written with the newest block. */
async function readMinutes(
  timeseries: Timeseries,
  network: string,
  starts: readonly number[],
): Promise<{ rows: Map<number, MinuteRow>; watermark: number }> {
  const ofNetwork = `network = {network:String} AND size = 'minute'`;
  const found = await timeseries.query<{
    at: number;
    late: string;
    late_of_hour: string;
    late_of_day: string;
    reached: number;
    version: string;
  }>(
    `SELECT toUnixTimestamp(start) AS at, late, late_of_hour, late_of_day, toUnixTimestamp(watermark) AS reached, version
       FROM chain_windows FINAL
      WHERE ${ofNetwork} AND start IN (
        SELECT arrayJoin(arrayMap(at -> toDateTime(at, 'UTC'), {starts:Array(UInt32)}))
        UNION ALL (SELECT start FROM chain_windows WHERE ${ofNetwork} ORDER BY start DESC LIMIT 1))
      ORDER BY start`,
    { network, starts },
  );
  const rows = found.map((row): [number, MinuteRow] => {
    const late = { minute: integerOf(row.late), hour: integerOf(row.late_of_hour), day: integerOf(row.late_of_day) };
    return [row.at, { late, version: integerOf(row.version) }];
  });
  return { rows: new Map(rows), watermark: found.at(-1)?.reached ?? 0 };
}

function countLate(
  events: readonly ChainEvent[],
  rows: ReadonlyMap<number, MinuteRow>,
  reached: number,
): { lateOf: Map<number, Late>; watermark: number; lateEvents: number } {
  const lateOf = new Map([...rows].map(([start, row]) => [start, row.late]));
  let watermark = reached;
  let highest = -1;
  let lateEvents = 0;
  for (const event of events) {
    // The log may tell twice, never in another order.
    const isNew = event.seq > highest;
    if (isNew) highest = event.seq;
    if (event.kind === 'finalized') continue;
    const start = windowStart('minute', event.timestamp);
    if (isNew && event.seq > (rows.get(start)?.version ?? -1)) {
      const one = (size: WindowSize): number => (isClosedAt(watermark, size, event.timestamp) ? 1 : 0);
      const { minute, hour, day } = lateOf.get(start) ?? none;
      lateOf.set(start, { minute: minute + one('minute'), hour: hour + one('hour'), day: day + one('day') });
      lateEvents += one('minute');
    }
    // Also of a block that is told only as it goes: its minute has a row, and the newest row has the watermark.
    watermark = Math.max(watermark, event.timestamp);
  }
  return { lateOf, watermark, lateEvents };
}
