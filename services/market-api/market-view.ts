import type { Pair } from '../../catalog/schema/pair.ts';
import { readOpenGaps } from '../datasets/market/gaps.ts';
import { countRecent, type Extent, readCounts, readExtents, readStorage } from '../datasets/market/read.ts';
import { timeOf } from '../datasets/market/read-rows.ts';
import { type Gap, recordKinds } from '../datasets/market/record.ts';
import type { Relational } from '../stores/relational.ts';
import type { StatsAnswer, SymbolAnswer, symbolStates } from './answers.ts';

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
  if (openGaps.some(({ symbol }) => symbol === pair.symbol)) return 'gap';
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

/** Figures of all pairs, read together. */
export async function readStats(relational: Relational, pairs: readonly Pair[], nowMs: number): Promise<StatsAnswer> {
  const [held, counts, last1m, last5m, gapsOfDay, storage] = await Promise.all([
    readHeld(relational, pairs),
    readCounts(relational, 0),
    countRecent(relational, nowMs - 60_000, nowMs),
    countRecent(relational, nowMs - 300_000, nowMs),
    countGaps(relational, nowMs - dayMs),
    readStorage(relational),
  ]);
  const sums = (rows: readonly { symbol: string; rows: number }[]) => {
    const bySymbol = new Map<string, number>();
    for (const row of rows) bySymbol.set(row.symbol, (bySymbol.get(row.symbol) ?? 0) + row.rows);
    return bySymbol;
  };
  const [in1m, in5m] = [sums(last1m), sums(last5m)];
  const states: Record<string, number> = { live: 0, gap: 0, waiting: 0, idle: 0 };
  const symbols: StatsAnswer['symbols'] = [];
  const total = recordsOf([]);
  for (const pair of pairs) {
    const state = stateOf(pair, held, nowMs);
    states[state] = (states[state] ?? 0) + 1;
    const { symbol } = pair;
    const records = recordsOf(counts.filter((count) => count.symbol === symbol));
    const extent = held.extents.get(symbol);
    if (extent === undefined && records.total === 0) continue;
    for (const [kind, rows] of Object.entries(records)) total[kind] = (total[kind] ?? 0) + rows;
    symbols.push({
      symbol,
      state,
      records,
      recordsPerSecond: ratesOf(in1m.get(symbol) ?? 0, in5m.get(symbol) ?? 0),
      ...lastOf(extent?.lastMs, nowMs),
      gaps: {
        open: held.openGaps.filter((gap) => gap.symbol === symbol).length,
        last24h: gapsOfDay.get(symbol) ?? 0,
      },
    });
  }
  const all = (bySymbol: ReadonlyMap<string, number>) => [...bySymbol.values()].reduce((sum, rows) => sum + rows, 0);
  const lasts = [...held.extents.values()].map(({ lastMs }) => lastMs);
  return {
    asOf: nowMs,
    total: {
      records: total,
      recordsPerSecond: ratesOf(all(in1m), all(in5m)),
      ...lastOf(lasts.length === 0 ? undefined : Math.max(...lasts), nowMs),
      gaps: { open: held.openGaps.length, last24h: all(gapsOfDay) },
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
