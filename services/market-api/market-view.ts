import type { Pair } from '../../catalog/schema/pair.ts';
import type { StatsAnswer, SymbolAnswer, symbolStates } from '../contracts/market-answers.ts';
import { readOpenGaps } from '../datasets/market/gaps.ts';
import { countRecent, countUpTo, type Extent, readCounts, readExtents, readStorage } from '../datasets/market/read.ts';
import { timeOf } from '../datasets/market/read-rows.ts';
import { type Gap, recordKinds } from '../datasets/market/record.ts';
import type { Relational } from '../stores/relational.ts';

/** Nothing for so long, and a pair counts as waiting. */
const silentMs = 5 * 60_000;
const dayMs = 86_400_000;

/** What is held of the pairs. */
export interface Held {
  readonly extents: ReadonlyMap<string, Extent>;
  readonly openGaps: readonly Gap[];
}

export async function readHeld(relational: Relational, pairs: readonly Pair[]): Promise<Held> {
  const symbols = pairs.map(({ symbol }) => symbol);
  const [extents, openGaps] = await Promise.all([readExtents(relational, symbols), readOpenGaps(relational)]);
  return { extents: new Map(extents.map((extent) => [extent.symbol, extent])), openGaps };
}

type SymbolState = (typeof symbolStates)[number];

export function stateOf(pair: Pair, { extents, openGaps }: Held, nowMs: number): SymbolState {
  if (pair.status === 'retired') return 'idle';
  if (openGaps.some(({ symbol, stream }) => symbol === pair.symbol && stream === 'book')) return 'gap';
  const last = extents.get(pair.symbol)?.lastMs;
  return last !== undefined && nowMs - last < silentMs ? 'live' : 'waiting';
}

export function symbolAnswerOf(pair: Pair, held: Held, nowMs: number): SymbolAnswer {
  const extent = held.extents.get(pair.symbol);
  const { symbol, base, quote, market, status, tickSize, stepSize, priority, category } = pair;
  return {
    ...{ symbol, base, quote, market, status, tickSize, stepSize, priority, category },
    successor: pair.successor ?? null,
    state: stateOf(pair, held, nowMs),
    firstTime: extent?.firstMs ?? null,
    lastTime: extent?.lastMs ?? null,
  };
}

/** Records of a kind that are counted one by one while the pair is not in the counts. */
const countedMax = 1000;

/** Figures of the pairs, read together; what is held of others is left out. */
export async function readStats(relational: Relational, pairs: readonly Pair[], nowMs: number): Promise<StatsAnswer> {
  const [held, tallied, recent, gapsOfDay, storage] = await Promise.all([
    readHeld(relational, pairs),
    readCounts(relational, 0),
    countRecent(relational, nowMs),
    countGaps(relational, nowMs - dayMs),
    readStorage(relational),
  ]);
  const isTallied = new Set(tallied.map(({ symbol }) => symbol));
  const others = [...held.extents.keys()].filter((symbol) => !isTallied.has(symbol));
  const counts = Map.groupBy(
    [...tallied, ...(await countUpTo(relational, others, countedMax))],
    ({ symbol }) => symbol,
  );
  const recentOf = new Map(recent.map((each) => [each.symbol, each]));
  const states: Record<string, number> = { live: 0, gap: 0, waiting: 0, idle: 0 };
  const symbols: StatsAnswer['symbols'] = [];
  const records = recordsOf([]);
  const sums = { last1m: 0, last5m: 0, open: 0, last24h: 0 };
  for (const pair of pairs) {
    const { symbol } = pair;
    const state = stateOf(pair, held, nowMs);
    states[state] = (states[state] ?? 0) + 1;
    const own = recordsOf(counts.get(symbol) ?? []);
    const open = held.openGaps.filter((gap) => gap.symbol === symbol).length;
    const last24h = gapsOfDay.get(symbol) ?? 0;
    const { last1m = 0, last5m = 0 } = recentOf.get(symbol) ?? {};
    for (const [kind, rows] of Object.entries(own)) records[kind] = (records[kind] ?? 0) + rows;
    sums.last1m += last1m;
    sums.last5m += last5m;
    sums.open += open;
    sums.last24h += last24h;
    const extent = held.extents.get(symbol);
    if (extent === undefined && own.total === 0 && open === 0 && last24h === 0) continue;
    const recordsPerSecond = ratesOf(last1m, last5m);
    symbols.push({
      ...{ symbol, state, records: own, recordsPerSecond },
      ...lastOf(extent?.lastMs, nowMs),
      gaps: { open, last24h },
    });
  }
  const lasts = [...held.extents.values()].map(({ lastMs }) => lastMs);
  return {
    asOf: nowMs,
    total: {
      records,
      recordsPerSecond: ratesOf(sums.last1m, sums.last5m),
      ...lastOf(lasts.length === 0 ? undefined : Math.max(...lasts), nowMs),
      gaps: { open: sums.open, last24h: sums.last24h },
      symbols: states,
      storage: { days: storage.days, bytes: storage.bytes },
    },
    symbols,
  };
}

function recordsOf(counts: readonly { kind: string; rows: number }[]): Record<string, number> {
  const records: Record<string, number> = Object.fromEntries(recordKinds.map((kind) => [kind, 0]));
  let total = 0;
  for (const { kind, rows } of counts) {
    records[kind] = (records[kind] ?? 0) + rows;
    total += rows;
  }
  return { ...records, total };
}

function ratesOf(in1m: number, in5m: number): { last1m: number; last5m: number } {
  return { last1m: Math.round((in1m / 60) * 100) / 100, last5m: Math.round((in5m / 300) * 100) / 100 };
}

function lastOf(lastMs: number | undefined, nowMs: number): { lastUpdate: number | null; lagMs: number | null } {
  // The exchange's clock may be ahead of ours.
  return { lastUpdate: lastMs ?? null, lagMs: lastMs === undefined ? null : Math.max(0, nowMs - lastMs) };
}

async function countGaps(relational: Relational, sinceMs: number): Promise<Map<string, number>> {
  const rows = await relational.query<{ symbol: string; gaps: number }>(
    'SELECT symbol, count(*)::int4 AS gaps FROM market.gaps WHERE opened_at >= $1 GROUP BY symbol',
    [timeOf(sinceMs)],
  );
  return new Map(rows.map(({ symbol, gaps }) => [symbol, gaps]));
}
