import type { Market } from '../../market-collector/binance/messages.ts';
import { readRecordings } from '../recording.ts';
import type { ExchangeSource, TrueBook } from './exchange-source.ts';
import type { ExchangeMessage } from './stream-text.ts';

/** A recorded market that goes on as it did. */
export interface ReplaySource extends ExchangeSource {
  /** Those whose depth was recorded. */
  readonly symbols: readonly string[];
  readonly streams: readonly string[];
  readonly messageCount: number;
  /** From the first message to the last, in milliseconds. */
  readonly durationMs: number;
}

interface Timed {
  readonly atMs: number;
  readonly message: ExchangeMessage;
}

interface Snapshot {
  readonly atMs: number;
  readonly limit: number;
  readonly body: string;
}

interface Levels {
  readonly bids: [string, string][];
  readonly asks: [string, string][];
}

const combinedPattern = /^\{"stream":"([^"]+)","data":/;

/**
 * Reads a recording of one market: lines of `timestamp: message`, and what was answered to `…/depth` and `…/exchangeInfo`.
 * The first snapshot that is asked for is the recorded one. Later ones are made of it and the diffs that came since, so that
 * a collector that lost its book finds one that fits the streams.
 * @throws Error with file:line when it is no recording, or one without messages
 */
export async function openReplay(options: {
  readonly paths: readonly string[];
  /** By default told by the addresses of the recording. */
  readonly market?: Market;
}): Promise<ReplaySource> {
  const timeline: Timed[] = [];
  const snapshots = new Map<string, Snapshot[]>();
  let exchangeInfo: string | undefined;
  let market = options.market;
  for await (const entry of readRecordings(options.paths)) {
    if (entry.kind === 'configuration') continue;
    if (entry.kind === 'message') {
      timeline.push({ atMs: entry.atMs, message: messageOf(entry.text, entry.atMs) });
      continue;
    }
    const url = new URL(entry.url);
    market ??= marketOf(url);
    if (entry.kind === 'connect') continue;
    if (url.pathname.endsWith('/exchangeInfo')) exchangeInfo ??= entry.body;
    const symbol = url.searchParams.get('symbol');
    if (!url.pathname.endsWith('/depth') || symbol === null) continue;
    const limit = Number(url.searchParams.get('limit') ?? 100);
    snapshots.set(symbol, [...(snapshots.get(symbol) ?? []), { atMs: entry.atMs, limit, body: entry.body }]);
  }
  const first = timeline[0];
  if (first === undefined) throw new Error(`${options.paths.join(', ')}: no message was recorded`);
  const firstMs = first.atMs;
  const lastMs = timeline.at(-1)?.atMs ?? firstMs;
  const told = market ?? 'spot';
  const given = new Set<string>();
  const known = new Set(timeline.map(({ message }) => message.symbol).filter((symbol) => symbol !== ''));
  let nowMs = firstMs;
  let next = 0;

  function advance(ms: number): ExchangeMessage[] {
    nowMs += ms;
    const from = next;
    while (next < timeline.length && (timeline[next] as Timed).atMs <= nowMs) next++;
    return timeline.slice(from, next).map(({ message }) => message);
  }

  /** The newest snapshot that was recorded up to now; before the first one, that one. */
  function baseOf(symbol: string): Snapshot | undefined {
    const recorded = snapshots.get(symbol) ?? [];
    return recorded.findLast(({ atMs }) => atMs <= nowMs) ?? recorded[0];
  }

  /** The snapshot and all that was said since, as Binance's documents tell to put them together. */
  function bookOf(
    symbol: string,
  ): { readonly lastUpdateId: number; readonly bids: Side; readonly asks: Side } | undefined {
    const base = baseOf(symbol);
    if (base === undefined) return undefined;
    const snapshot = JSON.parse(base.body) as Levels & { lastUpdateId: number };
    const bids: Side = new Map(snapshot.bids.map(([price, size]) => [Number(price), [price, size]]));
    const asks: Side = new Map(snapshot.asks.map(([price, size]) => [Number(price), [price, size]]));
    let { lastUpdateId } = snapshot;
    for (const { message } of timeline.slice(0, next)) {
      if (message.kind !== 'depth' || message.symbol !== symbol || message.updateId <= lastUpdateId) continue;
      const diff = JSON.parse(message.text) as { b: [string, string][]; a: [string, string][] };
      for (const level of diff.b) put(bids, level);
      for (const level of diff.a) put(asks, level);
      lastUpdateId = message.updateId;
    }
    return { lastUpdateId, bids, asks };
  }

  function truth(symbol: string): TrueBook | undefined {
    const book = bookOf(symbol);
    if (book === undefined) return undefined;
    return { lastUpdateId: book.lastUpdateId, bids: sorted(book.bids, -1), asks: sorted(book.asks, 1) };
  }

  function snapshot(symbol: string, limit: number): string | undefined {
    const base = baseOf(symbol);
    if (base === undefined) return undefined;
    const recorded = JSON.parse(base.body) as Levels;
    const now = given.has(symbol) ? truth(symbol) : undefined;
    given.add(symbol);
    const { bids, asks } = now ?? recorded;
    const time = 'E' in recorded ? { E: Math.floor(nowMs), T: Math.floor(nowMs) } : {};
    const facts = now === undefined ? {} : { lastUpdateId: now.lastUpdateId, ...time };
    return JSON.stringify({ ...recorded, ...facts, bids: bids.slice(0, limit), asks: asks.slice(0, limit) });
  }

  return {
    market: told,
    symbols: [...known],
    streams: [...new Set(timeline.map(({ message }) => message.stream))],
    messageCount: timeline.length,
    durationMs: lastMs - firstMs,
    snapshotLimit: Math.min(...[...snapshots.values()].flat().map(({ limit }) => limit), 5000),
    nowMs: () => Math.floor(nowMs),
    advance,
    truth,
    snapshot,
    ended: () => next >= timeline.length,
    exchangeInfo: (asked) => (asked === undefined ? exchangeInfo : choose(exchangeInfo, asked)),
  };
}

type Side = Map<number, [price: string, size: string]>;

function put(side: Side, [price, size]: [string, string]): void {
  if (Number(size) === 0) side.delete(Number(price));
  else side.set(Number(price), [price, size]);
}

function sorted(side: Side, sign: 1 | -1): [string, string][] {
  return [...side].sort(([a], [b]) => sign * (a - b)).map(([, level]) => level);
}

/** Of combined streams the payload; of a raw one the message itself, with the stream that its event is of. */
function messageOf(text: string, atMs: number): ExchangeMessage {
  const wrapped = combinedPattern.exec(text);
  const payload = wrapped === null ? text : text.slice(wrapped[0].length, text.lastIndexOf('}'));
  const symbol = /"s":"([^"]+)"/.exec(payload)?.[1] ?? '';
  const event = /"e":"([^"]+)"/.exec(payload)?.[1] ?? (/^\{"u":\d+,"s":/.test(payload) ? 'bookTicker' : '');
  const kind = kinds[event] ?? 'other';
  const id = kind === 'trade' ? /"[ta]":(\d+)/.exec(payload) : /"u":(\d+)/.exec(payload);
  return {
    stream: wrapped?.[1] ?? `${symbol.toLowerCase()}@${event === 'depthUpdate' ? 'depth@100ms' : event}`,
    symbol,
    kind,
    text: payload,
    timeMs: Math.floor(atMs),
    updateId: Number(id?.[1] ?? 0),
  };
}

const kinds: Readonly<Record<string, ExchangeMessage['kind']>> = {
  depthUpdate: 'depth',
  bookTicker: 'ticker',
  trade: 'trade',
  aggTrade: 'trade',
};

function marketOf({ hostname }: URL): Market {
  if (/^(fapi|fstream)\./.test(hostname)) return 'usdm';
  return /^(dapi|dstream)\./.test(hostname) ? 'coinm' : 'spot';
}

function choose(text: string | undefined, asked: readonly string[]): string | undefined {
  if (text === undefined) return undefined;
  const info = JSON.parse(text) as { symbols: { symbol: string }[] };
  const symbols = info.symbols.filter(({ symbol }) => asked.includes(symbol));
  return symbols.length < asked.length ? undefined : JSON.stringify({ ...info, symbols });
}
