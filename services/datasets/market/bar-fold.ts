import { depthBps } from './bar.ts';

/** The columns of the book at the end of a second, in tables of bars. */
export const bookColumns: readonly string[] = [
  'book_time',
  'bid',
  'bid_size',
  'ask',
  'ask_size',
  ...depthColumns('bid_depth'),
  ...depthColumns('bid_depth_quote'),
  ...depthColumns('ask_depth'),
  ...depthColumns('ask_depth_quote'),
];

function depthColumns(name: string): string[] {
  return depthBps.map((bps) => `${name}_${bps}`);
}

const summed = [
  'trades',
  'volume',
  'quote_volume',
  'taker_buy_volume',
  'taker_buy_quote_volume',
  'seconds',
  'trades_whole_seconds',
  'book_seconds',
  'book_whole_seconds',
  'spread_bps_sum',
  'spread_seconds',
  'imbalance_sum',
  'imbalance_seconds',
  'version',
];

/**
 * For each column what makes one bar out of many, in SQL over rows `b`. It does not matter in which steps: days made of minutes are
 * days made of seconds. The book's columns are within the tuple `book`, in the order of `bookColumns`.
 */
const folds: ReadonlyMap<string, string> = new Map([
  ['first_trade_id', 'minIf(b.first_trade_id, b.trades > 0)'],
  ['last_trade_id', 'maxIf(b.last_trade_id, b.trades > 0)'],
  ['open', 'argMinIf(b.open, b.first_trade_id, b.trades > 0)'],
  ['high', 'max(b.high)'],
  ['low', 'min(b.low)'],
  ['close', 'argMaxIf(b.close, b.last_trade_id, b.trades > 0)'],
  ['spread_bps_max', 'max(b.spread_bps_max)'],
  ...summed.map((column) => [column, `sum(b.${column})`] as const),
]);

const foldedBook = `argMaxIf(tuple(${bookColumns.map((column) => `b.${column}`).join(', ')}), b.time, b.book_seconds > 0) AS book`;

/** The columns that `selectFolded` gives besides `symbol` and `time`, in its order. */
export const foldedColumns: readonly string[] = [...folds.keys(), ...bookColumns];

/** The start of the bar of so many seconds that a time is in. */
export function startOf(time: string, seconds: number): string {
  return `toDateTime(intDiv(toUnixTimestamp(${time}), ${seconds}) * ${seconds}, 'UTC')`;
}

/** Bars of `table` that meet `where` (over rows `b`), made into one bar for each symbol and each `start` (over `b` too). */
export function selectFolded(table: string, start: string, where: string): string {
  return foldFrom(`${table} AS b FINAL`, start, where);
}

/** As `selectFolded`, of whatever gives rows `b`, each of them once. */
export function foldFrom(source: string, start: string, where: string): string {
  const outer = [...folds.keys(), ...bookColumns.map((column, at) => `book.${at + 1} AS ${column}`)];
  const inner = [...folds].map(([column, fold]) => `${fold} AS ${column}`);
  return `SELECT symbol, start AS time, ${outer.join(', ')} FROM (
    SELECT b.symbol AS symbol, ${start} AS start, ${inner.join(', ')}, ${foldedBook}
      FROM ${source} WHERE ${where} GROUP BY b.symbol, start)`;
}
