import type { Timeseries } from '../../stores/timeseries.ts';

/** How well the timeseries store packs one table of one network: bytes before to bytes on disk. */
export interface Compression {
  readonly network: string;
  readonly table: string;
  readonly ratio: number;
}

/** By ClickHouse's system.parts; a partition is a network. */
export async function readCompression(timeseries: Timeseries): Promise<Compression[]> {
  const rows = await timeseries.query<{ network: string; table: string; ratio: number }>(
    `SELECT partition AS network, table, sum(data_uncompressed_bytes) / sum(data_compressed_bytes) AS ratio
       FROM system.parts
      WHERE active AND database = currentDatabase() AND table IN ('chain_blocks', 'chain_txs', 'chain_logs')
      GROUP BY partition, table HAVING sum(data_compressed_bytes) > 0
      ORDER BY partition, table`,
  );
  return rows.map((row) => ({ network: row.network, table: row.table, ratio: Number(row.ratio) }));
}
