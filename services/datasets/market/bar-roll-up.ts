import type { Timeseries } from '../../stores/timeseries.ts';
import { foldedColumns, selectFolded, startOf } from './bar-fold.ts';

/** Tables of bars, each made of the one before it. Of as many starts as `looked` at most is asked at once whether they are stale. */
const steps = [
  { from: 'market_bars_1s', to: 'market_bars_1m', seconds: 60, looked: 1440 },
  { from: 'market_bars_1m', to: 'market_bars_1h', seconds: 3600, looked: 24 * 31 },
  { from: 'market_bars_1h', to: 'market_bars_1d', seconds: 86_400, looked: 366 },
] as const;
type Step = (typeof steps)[number];

/** Bars made anew by one statement: of so many starts in a row, of every symbol. */
const madeMax = 12;

/** What was stored before this ran may have become visible only now: an insert takes a while, and servers' clocks differ. */
const slackSeconds = 300;

/** A roll-up reads little, but must not stand in the way of whoever asks for candles. */
const limits = 'SETTINGS do_not_merge_across_partitions_select_final = 1, max_threads = 1';

/**
 * Makes each minute, hour and day anew that says less than what it is made of, and nothing else: those that a writer left behind
 * which was killed between the seconds and their minute, and all hours and days that something was stored of since the last time.
 * What was stored before the returned time (the store's clock; Unix seconds) is then in all of them.
 * Idempotent, and any number may run at once: of two bars of one start the one made of more stands.
 */
export async function rollUpBars(timeseries: Timeseries, signal?: AbortSignal): Promise<number> {
  const [now] = await timeseries.query<{ now: number; checked: number }>(
    'SELECT toUnixTimestamp(now()) AS now, (SELECT toUnixTimestamp(max(checked_to)) FROM market_rolled_up) AS checked',
  );
  const { now: checkedTo = 0, checked = 0 } = now ?? {};
  const since = Math.max(0, checked - slackSeconds);
  for (const step of steps) {
    const touched = await readTouched(timeseries, step, since);
    for (const run of runsOf(touched, step.seconds, step.looked)) {
      const stale = await readStale(timeseries, step, run);
      for (const { from, to } of runsOf(stale, step.seconds, madeMax)) {
        signal?.throwIfAborted();
        await timeseries.command(makeStale(step), { from, to });
      }
    }
  }
  await timeseries.insert('market_rolled_up', [{ checked_to: checkedTo }]);
  return checkedTo;
}

/** Starts of the longer bars, of any symbol, of which something was stored since then; ascending. */
async function readTouched(timeseries: Timeseries, { from, seconds }: Step, since: number): Promise<number[]> {
  const rows = await timeseries.query<{ at: number }>(
    `SELECT DISTINCT toUnixTimestamp(${startOf('time', seconds)}) AS at FROM ${from}
      WHERE stored_at >= toDateTime({since:UInt32}, 'UTC') ORDER BY at ${limits}`,
    { since },
  );
  return rows.map(({ at }) => at);
}

interface Run {
  readonly from: number;
  readonly to: number;
}

/** Starts that follow each other, put together; so many at most. */
function runsOf(starts: readonly number[], seconds: number, startsMax: number): Run[] {
  const runs: Run[] = [];
  for (const start of starts) {
    const last = runs.at(-1);
    if (last?.to === start && last.to - last.from < startsMax * seconds)
      runs[runs.length - 1] = { from: last.from, to: start + seconds };
    else runs.push({ from: start, to: start + seconds });
  }
  return runs;
}

/** Starts of which the longer bar of any symbol is out of date; ascending. */
async function readStale(timeseries: Timeseries, step: Step, { from, to }: Run): Promise<number[]> {
  const rows = await timeseries.query<{ at: number }>(
    `SELECT DISTINCT toUnixTimestamp(start) AS at FROM (${selectStale(step)}) ORDER BY at ${limits}`,
    { from, to },
  );
  return rows.map(({ at }) => at);
}

function makeStale(step: Step): string {
  const { from, to, seconds } = step;
  const start = startOf('b.time', seconds);
  return `INSERT INTO ${to} (symbol, time, ${foldedColumns.join(', ')})
    ${selectFolded(from, start, `${within('b.time')} AND (b.symbol, ${start}) IN (${selectStale(step)})`)} ${limits}`;
}

/** What is told anew raises a version, and with it the sum of the longer bar: one of a lower sum is out of date. */
function selectStale({ from, to, seconds }: Step): string {
  return `SELECT fine.symbol AS symbol, fine.start AS start FROM (
      SELECT b.symbol AS symbol, ${startOf('b.time', seconds)} AS start, sum(b.version) AS version FROM ${from} AS b FINAL
       WHERE ${within('b.time')} GROUP BY b.symbol, start) AS fine
    LEFT JOIN (SELECT c.symbol AS symbol, c.time AS start, c.version AS version FROM ${to} AS c FINAL
       WHERE ${within('c.time')}) AS made ON made.symbol = fine.symbol AND made.start = fine.start
    WHERE fine.version > made.version`;
}

function within(time: string): string {
  return `${time} >= toDateTime({from:UInt32}, 'UTC') AND ${time} < toDateTime({to:UInt32}, 'UTC')`;
}
