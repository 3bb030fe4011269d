import { readFileSync } from 'node:fs';
import { recordColumns } from '../../datasets/market/copy-rows.ts';
import type { RunContext, Work } from '../bench.ts';
import { firstEventMs } from '../books/write-input.ts';
import { openDatabase, updateRows } from './database.ts';
import type { IngestInput } from './input.ts';

/** The limit: rows that are text already, by one COPY into the same table, in one transaction. */
export async function open(context: RunContext): Promise<Work> {
  const input = context.input as IngestInput;
  const { relational, close } = await openDatabase(context.directory, firstEventMs);
  const text = readFileSync(input.rows, 'utf8');
  return {
    run: async () => {
      await relational.transaction((tx) => tx.copy(`market.records (${recordColumns})`, text));
      return input.count;
    },
    rows: () => updateRows(relational),
    close,
  };
}
