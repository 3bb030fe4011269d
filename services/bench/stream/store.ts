import { migrateTimeseries } from '../../stores/migrate.ts';
import { openNetworkedTimeseries } from '../../stores/networked/clickhouse.ts';
import type { Timeseries } from '../../stores/timeseries.ts';
import { flows } from './flows.ts';
import type { StreamInput } from './input.ts';

/** ClickHouse with the flow's tables, new and empty. */
export async function openStore(input: StreamInput): Promise<{
  readonly timeseries: Timeseries;
  /** A line a row. */
  lines(): Promise<string[]>;
  close(): Promise<void>;
}> {
  const { part: timeseries, stop } = await openNetworkedTimeseries({ clickhouseUrl: input.clickhouseUrl });
  const { dataset, tables, selectLines } = flows[input.flow];
  const found = await timeseries.query<{ name: string }>(
    'SELECT name FROM system.tables WHERE database = currentDatabase()',
  );
  for (const { name } of found) await timeseries.command(`DROP TABLE IF EXISTS \`${name}\` SYNC`);
  await migrateTimeseries(timeseries, dataset, tables);
  return {
    timeseries,
    lines: async () => {
      const lines: string[] = [];
      for (const sql of selectLines) {
        for (const { line } of await timeseries.query<{ line: string }>(sql)) lines.push(line);
      }
      return lines;
    },
    close: stop,
  };
}
