import { setTimeout as delay } from 'node:timers/promises';
import type { RunContext, Work } from '../bench.ts';
import { firstEventMs } from '../books/write-input.ts';
import { openCollector, waitingMax } from './collector.ts';
import { openDatabase, updateRows } from './database.ts';
import { replay } from './exchange.ts';
import type { IngestInput } from './input.ts';

const pollMs = 2;
const messagesAtOnce = 5000;

/**
 * The whole way. An exchange waits for nobody, and a collector that cannot keep up must lose something; to find its best
 * speed, this one sends as long as what is on its way stays below what the recorder holds in memory. The stopwatch ends when
 * the last row is committed. Connecting and the snapshots come before it.
 */
export async function open(context: RunContext): Promise<Work> {
  const { exchange, count, books } = context.input as IngestInput;
  const { directory } = context;
  const database = await openDatabase(directory, firstEventMs);
  const { relational } = database;
  const collector = await openCollector({ relational, directory, exchange, symbols: books.symbols });
  let cpuSeconds = Number.NaN;
  return {
    run: async () => {
      const before = process.cpuUsage();
      for (let from = 0; from < count; from += messagesAtOnce) {
        while (from - collector.recorded + collector.waiting > waitingMax) await delay(pollMs);
        await replay(exchange, { from, to: from + messagesAtOnce });
      }
      while (collector.recorded < count) await delay(pollMs);
      await collector.flush();
      const { user, system } = process.cpuUsage(before);
      cpuSeconds = (user + system) / 1e6;
      return collector.recorded;
    },
    measures: () => ({ 'CPU-s per 1,000,000 rows, without PostgreSQL': (cpuSeconds * 1e6) / count }),
    rows: () => updateRows(relational),
    close: async () => {
      await collector.close();
      await database.close();
    },
  };
}
