/** The time series store: ClickHouse, in process (chDB) or networked. */
export interface Timeseries {
  /**
   * Rows of a SELECT without a FORMAT clause. Integers of 64 bits and more and decimals come back as strings, exact; DateTime
   * as `2026-01-31 10:00:00` in the column's zone. Parameters are `{name:Type}` in the SQL; a Date is passed with its milliseconds.
   * Throws RetryableError for a lost connection or an overloaded server, else the client's error, whose code
   * `findClickHouseCode` gives.
   */
  query<R extends object>(sql: string, params?: Record<string, unknown>): Promise<R[]>;
  /** A statement without a result: DDL, ALTER, OPTIMIZE. */
  command(sql: string, params?: Record<string, unknown>): Promise<void>;
  /**
   * Appends rows (object keys are columns; bigint and Date are allowed) and resolves once they are stored.
   * With a `token`, the same rows sent again under the same token are stored once, also in materialized views; the table
   * needs `SETTINGS non_replicated_deduplication_window = 1000` (or be replicated). A failed insert may have stored its
   * rows: send the same rows again with the same token.
   * With `columns` each row is an array of their values in that order, which is less work for both sides. Columns that are not
   * named get their defaults.
   */
  insert(table: string, rows: readonly object[], options?: InsertOptions): Promise<void>;
}

export interface InsertOptions {
  readonly token?: string;
  readonly columns?: readonly string[];
}
