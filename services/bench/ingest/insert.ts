import { readFileSync } from 'node:fs';
import { recordColumns } from '../../datasets/market/copy-rows.ts';
import type { RunContext, Work } from '../bench.ts';
import { firstEventMs } from '../books/write-input.ts';
import { openDatabase, updateRows } from './database.ts';
import type { IngestInput } from './input.ts';

export interface InsertSettings {
  readonly rowsPerStatement: number;
}

/**
 * What cryptofeed's backend of PostgreSQL does: statements of many rows with the values as text in them, each in a
 * transaction of its own. The statements are made before the stopwatch, in its favour.
 */
export async function open(context: RunContext): Promise<Work> {
  const input = context.input as IngestInput;
  const { rowsPerStatement } = context.settings as InsertSettings;
  const { relational, close } = await openDatabase(context.directory, firstEventMs);
  const rows = readFileSync(input.rows, 'utf8').trimEnd().split('\n').map(valuesOf);
  const statements: string[] = [];
  for (let at = 0; at < rows.length; at += rowsPerStatement) {
    const some = rows.slice(at, at + rowsPerStatement).join(',');
    statements.push(`INSERT INTO market.records (${recordColumns}) VALUES ${some}`);
  }
  return {
    run: async () => {
      for (const statement of statements) await relational.transaction((tx) => tx.query(statement));
      return input.count;
    },
    rows: () => updateRows(relational),
    close,
  };
}

/** A row of COPY as one of VALUES. Nothing in a feed's row is escaped. */
function valuesOf(row: string): string {
  const values = row.split('\t').map((value) => (value === '\\N' ? 'NULL' : `'${value}'`));
  return `(${values.join(',')})`;
}
