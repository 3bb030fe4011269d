import type { Pool } from '../../catalog/schema/pool.ts';

/**
 * The user by whom Grafana reads ClickHouse: it may read what services keep there, and nothing else, since whoever may
 * draw a panel may write any statement into it. Its password stands beside the store's own, in the entry `clickhouse`.
 */
export const clickhouseReader = {
  user: 'grafana',
  database: 'default',
  /** Of the entry, and of the store's Secret. */
  passwordKey: 'grafana-password',
  /** Grafana's own Secret, and the variable that its data source takes the password from. */
  secret: 'grafana-clickhouse',
  variable: 'CLICKHOUSE_PASSWORD',
  /** The Service and port that it asks. */
  service: 'clickhouse-clickhouse',
  port: 8123,
} as const;

/** Whether there is a ClickHouse in the pool's clusters that Grafana can ask. */
export function hasClickhouse({ stores }: Pick<Pool, 'stores'>): boolean {
  return stores.some(({ engine, managed }) => engine === 'clickhouse' && !managed);
}
