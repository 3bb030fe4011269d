import type { Timeseries } from '../../stores/timeseries.ts';

/** How well the timeseries store packs one table: bytes before to bytes on disk. */
export interface Compression {
  readonly table: string;
  readonly ratio: number;
}

/** By ClickHouse's system.parts, which tell no networks apart. */
export async function readCompression(timeseries: Timeseries): Promise<Compression[]> {
  const rows = await timeseries.query<{ table: string; ratio: number }>(
    `SELECT table, sum(data_uncompressed_bytes) / sum(data_compressed_bytes) AS ratio
       FROM system.parts
      WHERE active AND database = currentDatabase() AND table IN ('chain_blocks', 'chain_txs', 'chain_logs')
      GROUP BY table HAVING sum(data_compressed_bytes) > 0
      ORDER BY table`,
  );
  return rows.map((row) => ({ table: row.table, ratio: Number(row.ratio) }));
}
