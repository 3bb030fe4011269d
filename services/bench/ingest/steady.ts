import { setTimeout as delay } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Relational } from '../../stores/relational.ts';
import type { RunContext, Work } from '../bench.ts';
import { cpuSecondsOfTree } from '../cpu-time.ts';
import { openCollector } from './collector.ts';
import { openDatabase } from './database.ts';
import { readSent, startLive } from './exchange.ts';
import type { Sent } from './exchange-process.ts';
import type { SteadyInput } from './input.ts';
import { measureLatencies } from './latency.ts';

const pollMs = 100;
/** When memory is measured, as a share of the time. Not at once: code is compiled and buffers grow in the first tenth. */
const measuredAt = [
  ['start', 0.1],
  ['middle', 0.5],
  ['end', 0.9],
] as const;

/** The whole way at the pace of a market, for a time: what it costs, how late rows are, whether memory grows, what is lost. */
export async function open(context: RunContext): Promise<Work> {
  const { exchange, symbols, seconds, updatesPerSecond } = context.input as SteadyInput;
  const { directory } = context;
  const database = await openDatabase(directory, Date.now());
  const { relational, latencies, begin } = measureLatencies(database.relational, Date.now);
  const collector = await openCollector({ relational, directory, exchange, symbols });
  const collectGarbage = exposeGc();
  const figures: Record<string, number> = {};
  let found: Found[] = [];

  const measureMemory = (when: string): void => {
    collectGarbage();
    const { heapUsed, external, rss } = process.memoryUsage();
    figures[`live MB, ${when}`] = (heapUsed + external) / 2 ** 20;
    figures[`resident MB, ${when}`] = rss / 2 ** 20;
  };

  return {
    run: async () => {
      begin();
      const cpu = cpuMark();
      const startedAt = performance.now();
      const elapsed = () => (performance.now() - startedAt) / 1000;
      await startLive(exchange, { updatesPerSecond, seconds });
      const moments = measuredAt.map(([when, share]) => ({ when, atSeconds: seconds * share }));
      let sent = await readSent(exchange);
      while (!sent.done) {
        await delay(pollMs);
        const [next] = moments;
        if (next !== undefined && elapsed() >= next.atSeconds) {
          measureMemory(next.when);
          moments.shift();
        }
        if (elapsed() >= seconds) sent = await readSent(exchange);
      }
      for (const { when } of moments) measureMemory(when);
      figures['live MB, end ÷ middle'] = (figures['live MB, end'] ?? 0) / (figures['live MB, middle'] ?? 0);
      const used = cpuMark();
      const tookSeconds = elapsed();
      figures['collector, % of a core'] = (100 * (used.own - cpu.own)) / tookSeconds;
      figures['PostgreSQL, % of a core'] = (100 * (used.tree - used.own - (cpu.tree - cpu.own))) / tookSeconds;
      // The last update was sent; it may still be in a socket.
      const total = sent.symbols.reduce((sum, { updates, tickers }) => sum + updates + tickers, 0);
      const deadline = performance.now() + 10_000;
      while (collector.recorded < total && performance.now() < deadline) await delay(pollMs);
      await collector.flush();
      for (const share of [0.5, 0.99]) figures[`received → durable ms, p${share * 100}`] = latencies.percentile(share);
      found = await compare(database.relational, sent);
      figures['rows lost'] = found.reduce((sum, { lost }) => sum + lost, 0);
      figures['rows doubled'] = found.reduce((sum, { doubled }) => sum + doubled, 0);
      return total;
    },
    measures: () => figures,
    rows: async () => found.map(({ symbol, sent, lost, doubled }) => `${symbol} ${sent} ${lost} ${doubled}`),
    close: async () => {
      await collector.close();
      await database.close();
    },
  };
}

interface Found {
  readonly symbol: string;
  /** Updates and tickers. */
  readonly sent: number;
  readonly lost: number;
  readonly doubled: number;
}

/** What the exchange sent against what is in the table, symbol by symbol. */
async function compare(relational: Relational, { symbols }: Sent): Promise<Found[]> {
  const rows = await relational.query<{ symbol: string; rows: number; different: number; last: string }>(
    `SELECT symbol, count(*)::int4 AS rows, count(DISTINCT (kind, update_id))::int4 AS different, max(update_id) AS last
       FROM market.records WHERE kind IN ('depth', 'ticker') GROUP BY symbol`,
  );
  const bySymbol = new Map(rows.map((row) => [row.symbol, row]));
  return symbols.map(({ symbol, updates, tickers, lastUpdateId }) => {
    const held = bySymbol.get(symbol) ?? { rows: 0, different: 0, last: '0' };
    const sent = updates + tickers;
    const lost = sent - held.different;
    if (lost === 0 && Number(held.last) !== lastUpdateId)
      throw new Error(`${symbol} ends at update ${held.last}, not at ${lastUpdateId}.`);
    return { symbol, sent, lost, doubled: held.rows - held.different };
  });
}

function cpuMark(): { own: number; tree: number } {
  const { user, system } = process.cpuUsage();
  return { own: (user + system) / 1e6, tree: cpuSecondsOfTree(process.pid) };
}

/** Without it, memory that nobody needs any more would be counted. */
function exposeGc(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}
