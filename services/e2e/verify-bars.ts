import { setTimeout as sleep } from 'node:timers/promises';
import { rollUpBars } from '../datasets/market/bar-roll-up.ts';
import type { Relational } from '../stores/relational.ts';
import type { Timeseries } from '../stores/timeseries.ts';
import { sumOf, type Verified } from './verified.ts';

/** Bars of a second that say they are whole, against the trades on record. Around a gap a bar may know of trades that were never recorded. */
export async function verifySeconds(
  { relational, timeseries }: { readonly relational: Relational; readonly timeseries: Timeseries },
  symbol: string,
): Promise<Verified> {
  const bars = await timeseries.query<{ second: string; trades: string; volume: string }>(
    `SELECT toString(toUnixTimestamp(time)) AS second, toString(trades) AS trades, toString(volume) AS volume
       FROM market_bars_1s FINAL WHERE symbol = {symbol:String} AND trades_whole_seconds = 1 ORDER BY time`,
    { symbol },
  );
  const recorded = await relational.query<{ second: string; trades: string; volume: string }>(
    `SELECT floor(extract(epoch FROM event_time))::int8::text AS second, count(*)::text AS trades, sum(size)::text AS volume
       FROM market.records WHERE symbol = $1 AND kind = 'trade' GROUP BY 1`,
    [symbol],
  );
  const gaps = await relational.query<{ from: number; to: number }>(
    `SELECT extract(epoch FROM opened_at)::float8 - 5 AS from, extract(epoch FROM coalesce(closed_at, now()))::float8 + 5 AS to
       FROM market.gaps WHERE symbol = $1`,
    [symbol],
  );
  const [last] = await relational.query<{ second: number | null }>(
    `SELECT extract(epoch FROM max(event_time))::float8 - 2 AS second FROM market.records WHERE symbol = $1`,
    [symbol],
  );
  const trades = new Map(recorded.map((row) => [row.second, row]));
  const isSure = (second: number): boolean =>
    second < (last?.second ?? 0) && !gaps.some(({ from, to }) => second + 1 >= from && second <= to);
  const sure = bars.filter(({ second }) => isSure(Number(second)));
  const faults = sure.flatMap(({ second, ...bar }) => {
    const { trades: count = '0', volume = '0' } = trades.get(second) ?? {};
    if (bar.trades === count && unitsOf(bar.volume) === unitsOf(volume)) return [];
    return [
      `ClickHouse: the bar of ${symbol} at ${second} has ${bar.trades} trades of ${bar.volume}, on record are ${count} of ${volume}`,
    ];
  });
  if (sure.length === 0) faults.push(`ClickHouse: no bar of ${symbol} can be compared with the trades on record`);
  return { rows: sure.length, lost: faults.length, doubled: 0, faults };
}

const longer = { market_bars_1m: 60, market_bars_1h: 3600, market_bars_1d: 86_400 } as const;
const attemptsMax = 20;
const pauseMs = 100;
/** The service makes hours and days every minute. */
const rolledUpSeconds = 150;

/**
 * Minutes, hours and days against the seconds that are stored, put together here. The market goes on meanwhile: a bar is compared as
 * soon as it is of the seconds read before it and some of those that came until they were read again, the first of them.
 */
export async function verifyLongerBars(timeseries: Timeseries): Promise<Verified> {
  const lagging = await findLagging(timeseries);
  const parts: Verified[] = [{ rows: 0, lost: lagging.length, doubled: 0, faults: lagging }];
  const compared = new Set<string>();
  let undecided: string[] = [];
  for (let attempt = 0; attempt < attemptsMax && (attempt === 0 || undecided.length > 0); attempt++) {
    if (attempt > 0) await sleep(pauseMs);
    undecided = [];
    const before = await readSeconds(timeseries);
    // The service does so every minute; what is compared here is what comes out.
    await rollUpBars(timeseries);
    const held = new Map<string, Bar[]>();
    for (const table of Object.keys(longer)) held.set(table, await readBars(timeseries, table));
    const after = await readSeconds(timeseries);
    for (const [table, seconds] of Object.entries(longer)) {
      const [then, now] = [groupAll(before, seconds), groupAll(after, seconds)];
      const bars = new Map((held.get(table) ?? []).map((bar) => [keyOf(bar.symbol, bar.start), bar]));
      for (const [key, known] of then) {
        const name = `${table} ${key}`;
        const bar = bars.get(key);
        if (compared.has(name)) continue;
        const made = bar === undefined ? undefined : findMadeOf(bar.version, known, now.get(key) ?? []);
        if (bar === undefined || made === undefined) {
          undecided.push(name);
          continue;
        }
        const difference = differenceOf(
          name,
          bar,
          fold(made.seconds, (start) => start - (start % seconds)),
        );
        // Other changes may add up to the same: what is between two readings is only taken for what it is when it is right.
        if (made.isBetween && difference.faults.length > 0) {
          undecided.push(name);
          continue;
        }
        compared.add(name);
        parts.push(difference);
      }
      for (const key of bars.keys())
        if (!now.has(key)) parts.push(faultOf(`ClickHouse: ${table} ${key} is made of no second`));
    }
  }
  parts.push(...undecided.map((name) => faultOf(`ClickHouse: ${name} is not what its seconds say`)));
  if (compared.size === 0) parts.push(faultOf('ClickHouse: there are no longer bars'));
  return sumOf(parts);
}

/** Hours and days that lack what was stored so long ago that the service should have been there. */
async function findLagging(timeseries: Timeseries): Promise<string[]> {
  const faults: string[] = [];
  for (const [table, seconds] of [
    ['market_bars_1h', 3600],
    ['market_bars_1d', 86_400],
  ] as const) {
    const rows = await timeseries.query<{ symbol: string; at: number }>(
      `SELECT fine.symbol AS symbol, fine.at AS at FROM (
         SELECT b.symbol AS symbol, intDiv(toUnixTimestamp(b.time), ${seconds}) * ${seconds} AS at, sum(b.version) AS version
           FROM market_bars_1s AS b FINAL WHERE b.stored_at < now() - ${rolledUpSeconds} GROUP BY b.symbol, at) AS fine
       LEFT JOIN (SELECT c.symbol AS symbol, toUnixTimestamp(c.time) AS at, c.version AS version FROM ${table} AS c FINAL) AS made
         ON made.symbol = fine.symbol AND made.at = fine.at
       WHERE fine.version > made.version`,
    );
    faults.push(...rows.map(({ symbol, at }) => `ClickHouse: ${table} of ${symbol} at ${at} lags behind its seconds`));
  }
  return faults;
}

type Amount = bigint | null;

interface Bar {
  readonly symbol: string;
  /** Unix seconds. */
  readonly start: number;
  readonly version: bigint;
  readonly counts: readonly bigint[];
  readonly sums: readonly Amount[];
  readonly trades: { readonly first: bigint; readonly last: bigint; readonly open: Amount; readonly close: Amount };
  readonly high: Amount;
  readonly low: Amount;
  readonly book: { readonly time: number | null; readonly columns: readonly (string | null)[] };
}

const countColumns = ['trades', 'seconds', 'trades_whole_seconds', 'book_seconds', 'book_whole_seconds'];
const seldomKnown = ['spread_seconds', 'imbalance_seconds'];
const sumColumns = ['volume', 'quote_volume', 'taker_buy_volume', 'taker_buy_quote_volume'];
const sides = ['bid', 'ask'];
const bookColumns = sides.flatMap((side) => [
  side,
  `${side}_size`,
  ...[5, 10, 25, 50, 100].flatMap((bps) => [`${side}_depth_${bps}`, `${side}_depth_quote_${bps}`]),
]);

function readSeconds(timeseries: Timeseries): Promise<Bar[]> {
  return readBars(timeseries, 'market_bars_1s');
}

async function readBars(timeseries: Timeseries, table: string): Promise<Bar[]> {
  const counts = [...countColumns, ...seldomKnown];
  const texts = [...counts, ...sumColumns, ...bookColumns]
    .concat('first_trade_id', 'last_trade_id', 'open', 'high', 'low', 'close', 'version')
    .map((column) => `toString(b.${column}) AS ${column}_text`);
  const rows = await timeseries.query<Record<string, unknown>>(
    `SELECT b.symbol AS symbol, toUnixTimestamp(b.time) AS start, toUnixTimestamp(b.book_time) AS book_at, ${texts.join(', ')}
       FROM ${table} AS b FINAL ORDER BY b.symbol, b.time`,
  );
  return rows.map((row) => {
    const text = (column: string): string | null => row[`${column}_text`] as string | null;
    const amount = (column: string): Amount => unitsOf(text(column));
    const integer = (column: string): bigint => BigInt(text(column) ?? 0);
    return {
      symbol: String(row.symbol),
      start: Number(row.start),
      version: integer('version'),
      counts: counts.map(integer),
      sums: sumColumns.map(amount),
      trades: {
        ...{ first: integer('first_trade_id'), last: integer('last_trade_id') },
        ...{ open: amount('open'), close: amount('close') },
      },
      high: amount('high'),
      low: amount('low'),
      book: { time: row.book_at === null ? null : Number(row.book_at), columns: bookColumns.map(text) },
    };
  });
}

function groupAll(seconds: readonly Bar[], length: number): ReadonlyMap<string, readonly Bar[]> {
  return Map.groupBy(seconds, ({ symbol, start }) => keyOf(symbol, start - (start % length)));
}

/**
 * The seconds whose versions add up to that of a bar, which was read between the two times: those of before, with as many of the
 * changes until after, from the earliest second on, as it takes. A slow machine reads for longer than a second, and a bar that is made
 * anew meanwhile is of neither. Undefined when none are, as when seconds changed in another order.
 */
export function findMadeOf<Second extends { readonly start: number; readonly version: bigint }>(
  version: bigint,
  before: readonly Second[],
  after: readonly Second[],
): { readonly seconds: readonly Second[]; readonly isBetween: boolean } | undefined {
  const made = new Map(before.map((second) => [second.start, second]));
  let sum = before.reduce((total, second) => total + second.version, 0n);
  const changed = after.filter((second) => made.get(second.start)?.version !== second.version);
  let taken = 0;
  for (const second of changed.toSorted((a, b) => a.start - b.start)) {
    if (sum === version) break;
    taken += 1;
    sum += second.version - (made.get(second.start)?.version ?? 0n);
    made.set(second.start, second);
  }
  if (sum !== version) return undefined;
  const seconds = [...made.values()].sort((a, b) => a.start - b.start);
  return { seconds, isBetween: taken > 0 && taken < changed.length };
}

/** In the plainest way; seconds ascend. */
function fold(seconds: readonly Bar[], startOf: (start: number) => number): Bar {
  const [{ symbol, start, counts, sums }] = seconds as [Bar];
  const traded = seconds.filter(({ trades }) => trades.open !== null);
  const byFirst = traded.toSorted((a, b) => Number(a.trades.first - b.trades.first));
  const byLast = traded.toSorted((a, b) => Number(a.trades.last - b.trades.last));
  const [first, last] = [byFirst[0]?.trades, byLast.at(-1)?.trades];
  const prices = (of: (bar: Bar) => Amount): bigint[] => traded.map((bar) => of(bar) ?? 0n);
  const extreme = (values: bigint[], isBetter: (a: bigint, b: bigint) => boolean): Amount =>
    values.length === 0 ? null : values.reduce((best, value) => (isBetter(value, best) ? value : best));
  const total = (values: readonly Amount[]): bigint => values.reduce<bigint>((sum, value) => sum + (value ?? 0n), 0n);
  return {
    symbol,
    start: startOf(start),
    version: total(seconds.map(({ version }) => version)),
    counts: counts.map((_, at) => total(seconds.map((bar) => bar.counts[at] ?? 0n))),
    sums: sums.map((_, at) => total(seconds.map((bar) => bar.sums[at] ?? 0n))),
    trades: {
      ...{ first: first?.first ?? 0n, last: last?.last ?? 0n },
      ...{ open: first?.open ?? null, close: last?.close ?? null },
    },
    high: extreme(
      prices(({ high }) => high),
      (a, b) => a > b,
    ),
    low: extreme(
      prices(({ low }) => low),
      (a, b) => a < b,
    ),
    book: seconds.findLast(({ book }) => book.time !== null)?.book ?? {
      time: null,
      columns: bookColumns.map(() => null),
    },
  };
}

function differenceOf(name: string, held: Bar, expected: Bar): Verified {
  const textOf = (bar: Bar): string =>
    JSON.stringify(bar, (_, value) => (typeof value === 'bigint' ? `${value}` : value));
  const [left, right] = [textOf(held), textOf(expected)];
  if (left === right) return { rows: 1, lost: 0, doubled: 0, faults: [] };
  return { rows: 1, lost: 1, doubled: 0, faults: [`ClickHouse: ${name} is ${left}, and its seconds say ${right}`] };
}

function faultOf(fault: string): Verified {
  return { rows: 1, lost: 1, doubled: 0, faults: [fault] };
}

function keyOf(symbol: string, start: number): string {
  return `${symbol} ${start}`;
}

/** × 10^18, as the store keeps them. */
function unitsOf(text: string): bigint;
function unitsOf(text: string | null): Amount;
function unitsOf(text: string | null): Amount {
  if (text === null) return null;
  const [whole = '0', fraction = ''] = text.split('.');
  return BigInt(whole + fraction.padEnd(18, '0'));
}
