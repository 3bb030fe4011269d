import { readNode, readRelational, readTimeseries, type StoredChain } from '../chain-pipeline-fixture.ts';
import { findHoles } from '../market-pipeline-fixture.ts';
import type { Relational } from '../stores/relational.ts';
import type { Timeseries } from '../stores/timeseries.ts';
import type { Platform } from './platform.ts';
import type { SourceChain, Sources } from './sources.ts';

/** What was compared with what it must be, so that nobody takes an empty comparison for a good one. */
export interface Verified {
  /** Rows that the sources say there must be. */
  readonly rows: number;
  readonly lost: number;
  /** Rows too many: doubled, or of what is not so any more. */
  readonly doubled: number;
  /** What is wrong, in words; empty when nothing is. */
  readonly faults: readonly string[];
}

interface Stores {
  readonly relational: Relational;
  readonly timeseries: Timeseries;
}

/** All that the stores hold, against the sources. Nothing may move meanwhile but the market. */
export async function verifyStores(stores: Stores, sources: Sources): Promise<Verified> {
  const parts: Verified[] = [];
  for (const chain of sources.chains) parts.push(await verifyChain(stores, chain));
  for (const symbol of sources.symbols) {
    parts.push(await verifyRecords(stores.relational, symbol), await verifyBars(stores, symbol));
  }
  return sumOf(parts);
}

/** Both stores against the node itself, row by row. */
export async function verifyChain(stores: Stores, { id, node }: SourceChain): Promise<Verified> {
  const expected = await readNode(node);
  const relational = await readRelational(stores.relational, id);
  const timeseries = await readTimeseries(stores.timeseries, id);
  return sumOf([
    ...comparisons(`PostgreSQL, ${id}`, relational, expected.relational),
    ...comparisons(`ClickHouse, ${id}`, timeseries, expected.timeseries),
  ]);
}

/** Blocks, transactions and totals of the API against the node. */
export async function verifyAnswers({ analyticsUrl, name }: Platform, { id, node }: SourceChain): Promise<Verified> {
  const { relational } = await readNode(node);
  const network = `${analyticsUrl}/api/v1/l2/networks/${id}`;
  const hashesOf = (rows: readonly object[]): string[] => rows.map((row) => ('hash' in row ? String(row.hash) : ''));
  const blocks = compareRows(
    `${name}: blocks of ${id}`,
    await allOf(`${network}/blocks`, 'blocks'),
    hashesOf(relational.blocks),
  );
  const txs = compareRows(
    `${name}: transactions of ${id}`,
    await allOf(`${network}/txs`, 'txs'),
    hashesOf(relational.txs),
  );
  const { stats } = (await ask(`${network}/stats?window=all`)) as { stats: Record<string, unknown> | null };
  const gasUsed = relational.blocks.reduce(
    (sum, block) => sum + BigInt('gas_used' in block ? String(block.gas_used) : 0),
    0n,
  );
  const totals = { blocks: relational.blocks.length, transactions: relational.txs.length, gasUsed: String(gasUsed) };
  const wrong = Object.entries(totals).filter(([key, value]) => stats?.[key] !== value);
  const faults = wrong.map(
    ([key, value]) => `${name}: ${key} of ${id} is ${String(stats?.[key])}, and the chain has ${value}`,
  );
  return sumOf([blocks, txs, { rows: 3, lost: 0, doubled: 0, faults }]);
}

/** Every update of a pair's book continues the one before, or a gap says what is missing between them. */
async function verifyRecords(relational: Relational, symbol: string): Promise<Verified> {
  const { updates, unexplained, doubled } = await findHoles(relational, symbol);
  const faults = unexplained.map((hole) => `PostgreSQL: updates of ${symbol} from ${hole}, are missing without a gap`);
  if (doubled > 0) faults.push(`PostgreSQL: ${doubled} records of ${symbol} are there twice`);
  return { rows: updates, lost: unexplained.length, doubled, faults };
}

/** Bars that say they are whole, against the trades on record. Around a gap a bar may know of trades that were never recorded. */
async function verifyBars({ relational, timeseries }: Stores, symbol: string): Promise<Verified> {
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
    if (bar.trades === count && Number(bar.volume) === Number(volume)) return [];
    return [
      `ClickHouse: the bar of ${symbol} at ${second} has ${bar.trades} trades of ${bar.volume}, on record are ${count} of ${volume}`,
    ];
  });
  return { rows: sure.length, lost: faults.length, doubled: 0, faults };
}

function comparisons(where: string, held: StoredChain, expected: StoredChain): Verified[] {
  const texts = (rows: readonly object[]): string[] =>
    rows.map((row) => JSON.stringify(Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1))));
  const kinds = ['blocks', 'txs', 'logs'] as const;
  return kinds.map((kind) => compareRows(`${where} ${kind}`, texts(held[kind]), texts(expected[kind])));
}

function compareRows(where: string, held: readonly string[], expected: readonly string[]): Verified {
  const left = new Map<string, number>();
  for (const row of expected) left.set(row, (left.get(row) ?? 0) + 1);
  const tooMany: string[] = [];
  for (const row of held) {
    const count = left.get(row) ?? 0;
    if (count === 0) tooMany.push(row);
    else left.set(row, count - 1);
  }
  const missing = [...left].flatMap(([row, count]) => Array<string>(count).fill(row));
  const faults = [
    ...(missing.length > 0 ? [`${where}: ${missing.length} missing, the first: ${missing[0]}`] : []),
    ...(tooMany.length > 0 ? [`${where}: ${tooMany.length} too many, the first: ${tooMany[0]}`] : []),
  ];
  return { rows: expected.length, lost: missing.length, doubled: tooMany.length, faults };
}

function sumOf(parts: readonly Verified[]): Verified {
  const sum = (of: (part: Verified) => number): number => parts.reduce((total, part) => total + of(part), 0);
  return {
    rows: sum(({ rows }) => rows),
    lost: sum(({ lost }) => lost),
    doubled: sum(({ doubled }) => doubled),
    faults: parts.flatMap(({ faults }) => faults),
  };
}

async function allOf(path: string, key: string): Promise<string[]> {
  const hashes: string[] = [];
  for (let next: string | null = ''; next !== null; ) {
    const page = (await ask(`${path}?limit=1000${next === '' ? '' : `&before=${next}`}`)) as Record<string, unknown>;
    hashes.push(...(page[key] as { hash: string }[]).map(({ hash }) => hash));
    next = page.next as string | null;
  }
  return hashes;
}

export async function ask(url: string): Promise<unknown> {
  const response = await fetch(url, { signal: AbortSignal.timeout(10_000) });
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`);
  return response.json();
}
