import { isSameDecimal } from '../datasets/market/decimal.ts';
import type { Gap } from '../datasets/market/record.ts';
import type { BookTicker, Market } from './binance/messages.ts';
import { parseStreamMessage, type StreamMessage } from './binance/parse-message.ts';
import { parseSnapshot } from './binance/parse-snapshot.ts';
import { createRebuild, type DepthJson, type DepthUpdateJson, type Rebuild } from './replay-rebuild.ts';
import { createSymbolBook, type Outcome, type SymbolBook } from './symbol-book.ts';

/** What is needed of a line of a recording. `at` names it in errors. */
export type ReplayEntry =
  | { readonly kind: 'message'; readonly atMs: number; readonly text: string; readonly at: string }
  | {
      readonly kind: 'response';
      readonly atMs: number;
      readonly url: string;
      readonly body: string;
      readonly at: string;
    }
  | { readonly kind: 'connect'; readonly url: string }
  | { readonly kind: 'configuration' };

export interface ReplayOptions {
  /** In order of time. */
  readonly entries: AsyncIterable<ReplayEntry> | Iterable<ReplayEntry>;
  /** Only needed if the recording has no line that tells the address of its streams. */
  readonly market?: Market;
}

/** What became of each symbol of a recording. */
export interface SymbolReplay {
  readonly symbol: string;
  readonly state: 'live' | 'waiting';
  /** Messages of the symbol. */
  readonly diffs: number;
  readonly tickers: number;
  readonly trades: number;
  readonly garbage: number;
  readonly snapshots: number;
  /** Diffs that were applied; after each the book was compared, level by level, with an independent rebuild. */
  readonly applied: number;
  /** Where the book was not as the rebuild. */
  readonly mismatches: readonly string[];
  /** Updates for which the stream's own ticker tells the best, and how many of them it contradicts. */
  readonly compared: number;
  readonly disagreements: readonly string[];
  readonly gaps: readonly Gap[];
}

/**
 * Runs a recording of real streams through the books as the collector keeps them: each must equal, after each diff, a book that
 * is rebuilt without them, and have the best that the stream's own ticker says. A recording answers no requests: a symbol that
 * wants another snapshot gets what was recorded later, if anything.
 * @throws Error with file:line if a snapshot cannot be read, or the market cannot be told
 */
export async function replayRecording({ entries, market: told }: ReplayOptions): Promise<SymbolReplay[]> {
  const replays = new Map<string, OneReplay>();
  let market = told;
  for await (const entry of entries) {
    if (entry.kind === 'configuration') continue;
    if (entry.kind !== 'message') market ??= marketOf(entry.url);
    if (entry.kind === 'connect') continue;
    const replayOf = (symbol: string) => {
      const replay = replays.get(symbol) ?? createReplay(symbol, needMarket(market, entry.at));
      replays.set(symbol, replay);
      return replay;
    };
    if (entry.kind === 'message') {
      const message = parseStreamMessage(entry.text);
      if (!('symbol' in message) || message.symbol === undefined) continue;
      replayOf(message.symbol).onMessage(message, entry.text, entry.atMs);
    } else {
      const url = new URL(entry.url);
      const symbol = url.searchParams.get('symbol');
      if (!url.pathname.endsWith('/depth') || symbol === null) continue;
      try {
        replayOf(symbol).onSnapshot(entry.body, Number(url.searchParams.get('limit') ?? 100), entry.atMs);
      } catch (error) {
        throw new Error(`${entry.at}: the snapshot of ${symbol}`, { cause: error });
      }
    }
  }
  return [...replays.values()].map((replay) => replay.report());
}

/** By the addresses that Binance has for each; undefined for any other. */
function marketOf(url: string): Market {
  const { hostname, pathname } = new URL(url);
  if (hostname.startsWith('dstream.') || pathname.startsWith('/dapi/')) return 'coinm';
  return hostname.startsWith('fstream.') || pathname.startsWith('/fapi/') ? 'usdm' : 'spot';
}

function needMarket(market: Market | undefined, at: string): Market {
  if (market === undefined) throw new Error(`${at}: no line before it has an address that tells the market; pass it`);
  return market;
}

interface OneReplay {
  onMessage(message: StreamMessage, text: string, atMs: number): void;
  onSnapshot(body: string, limit: number, atMs: number): void;
  report(): SymbolReplay;
}

function createReplay(symbol: string, market: Market): OneReplay {
  let nowMs = 0;
  const ours = createSymbolBook({ symbol, market, bufferBytesMax: 64 * 1024 * 1024, now: () => nowMs });
  const rebuild = createRebuild(market);
  const counts = { diffs: 0, tickers: 0, trades: 0, garbage: 0, snapshots: 0, applied: 0 };
  const mismatches: string[] = [];
  const gaps = new Map<string, Gap>();
  const tickers: BookTicker[] = [];
  const tops: { updateId: number; top: readonly string[] }[] = [];

  function note(outcomes: readonly Outcome[], rebuilt: readonly number[]): void {
    const applied: number[] = [];
    for (const outcome of outcomes) {
      if (outcome.kind === 'opened' || outcome.kind === 'closed')
        gaps.set(`${outcome.gap.fromUpdateId} ${outcome.gap.openedAtMs}`, outcome.gap);
      if (outcome.kind !== 'applied') continue;
      const { diff, top } = outcome;
      applied.push(diff.lastUpdateId);
      tops.push({
        updateId: diff.lastUpdateId,
        top: [top.bid ?? '0', top.bidSize ?? '0', top.ask ?? '0', top.askSize ?? '0'],
      });
    }
    counts.applied += applied.length;
    if (String(applied) !== String(rebuilt)) mismatches.push(`applied ${applied}, the rebuild ${rebuilt}`);
    const isChanged = outcomes.some(({ kind }) => kind === 'applied' || kind === 'joined');
    if (isChanged && ours.state === 'live' && rebuild.isWhole) mismatches.push(...differences(ours, rebuild));
  }

  return {
    onMessage(message, text, atMs) {
      nowMs = atMs;
      if (message.kind === 'depth') {
        counts.diffs++;
        const json = dataOf(text) as DepthUpdateJson;
        note(ours.onDiff(message, atMs), rebuild.onDiff(json) ? [json.u] : []);
      } else if (message.kind === 'ticker') {
        counts.tickers++;
        if (message.updateId > (tickers.at(-1)?.updateId ?? 0)) tickers.push(message);
        note(ours.onTicker(message), []);
      } else if (message.kind === 'trade') {
        counts.trades++;
      } else if (message.kind === 'garbage') {
        counts.garbage++;
        if (message.of === 'depth' || message.of === undefined) note(ours.onGarbage(message.reason), []);
      }
    },
    onSnapshot(body, limit, atMs) {
      nowMs = atMs;
      counts.snapshots++;
      const applied = rebuild.onSnapshot(JSON.parse(body) as DepthJson);
      note(
        ours.onSnapshot(parseSnapshot(body, limit), atMs),
        applied.map(({ u }) => u),
      );
    },
    report() {
      const { compared, disagreements } = compareTops(tops, tickers);
      return { symbol, state: ours.state, ...counts, mismatches, compared, disagreements, gaps: [...gaps.values()] };
    },
  };
}

function dataOf(text: string): unknown {
  const json = JSON.parse(text) as { data?: unknown };
  return json.data ?? json;
}

function differences({ book, lastUpdateId }: SymbolBook, rebuild: Rebuild): string[] {
  return (['bid', 'ask'] as const).flatMap((side) => {
    const levels = book.levels(side);
    const expected = rebuild.levels(side);
    const wrong = expected.findIndex(([price, size], at) => {
      const [ourPrice = '', ourSize = ''] = levels[at] ?? [];
      return ourPrice === '' || !isSameDecimal(price, ourPrice) || !isSameDecimal(size, ourSize);
    });
    if (wrong < 0 && levels.length === expected.length) return [];
    const at = wrong < 0 ? expected.length : wrong;
    return [`at update ${lastUpdateId} ${side} ${at} is ${levels[at]}, of the rebuild ${expected[at]}`];
  });
}

/** The best at an update is that of the last ticker up to it, if another came after it. */
function compareTops(
  tops: readonly { readonly updateId: number; readonly top: readonly string[] }[],
  tickers: readonly BookTicker[],
) {
  let compared = 0;
  const disagreements: string[] = [];
  let next = 0;
  for (const { updateId, top } of tops) {
    while (next < tickers.length && (tickers[next] as BookTicker).updateId <= updateId) next++;
    const ticker = tickers[next - 1];
    if (ticker === undefined || next === tickers.length) continue;
    compared++;
    const said = [ticker.bid, ticker.bidSize, ticker.ask, ticker.askSize];
    if (said.some((text, at) => !isSameDecimal(text, top[at] ?? '0')))
      disagreements.push(`at update ${updateId}: ${top}, ticker ${ticker.updateId} says ${said}`);
  }
  return { compared, disagreements };
}
