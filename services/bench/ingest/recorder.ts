import { setTimeout as delay } from 'node:timers/promises';
import type { RunContext, Work } from '../bench.ts';
import { firstEventMs } from '../books/write-input.ts';
import { openOwnRecorder, waitingMax, writeAll } from './collector.ts';
import { openDatabase, updateRows } from './database.ts';
import type { IngestInput } from './input.ts';
import { recordsOf } from './records.ts';

/** How many records are given before others have their turn: about what a socket brings at once. */
const burst = 200;

/** The end of the whole way: records that are there already, by the recorder. */
export async function open(context: RunContext): Promise<Work> {
  const { books, count } = context.input as IngestInput;
  const { directory } = context;
  const database = await openDatabase(directory, firstEventMs);
  const recorder = await openOwnRecorder(database.relational, directory);
  const records = [...recordsOf(books, firstEventMs)];
  return {
    run: async () => {
      for (const [at, record] of records.entries()) {
        recorder.part.record(record);
        if (at % burst !== 0) continue;
        await new Promise(setImmediate);
        while (recorder.part.stats().bufferedRows > waitingMax) await delay(1);
      }
      await writeAll(recorder.part);
      return count;
    },
    rows: () => updateRows(database.relational),
    close: async () => {
      await recorder.stop();
      await database.close();
    },
  };
}
