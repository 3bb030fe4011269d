/**
 * Rows come back with exact values: int8 and numeric as decimal strings (also inside arrays), int4 and float8 as numbers,
 * bytea as Buffer, timestamptz as Date, date and timestamp (which name no instant) as strings, jsonb parsed.
 */
export interface Rows {
  /**
   * Runs one statement with `$1…` parameters, or several statements separated by `;` when there are none (the rows of the
   * last one come back).
   * Throws RetryableError when the same call may succeed later (connection lost, deadlock, serialization failure, too many
   * connections), ConfigurationError when it cannot (wrong password, no such database), else the driver's DatabaseError
   * with its SQLSTATE in `code`.
   */
  query<R extends object>(text: string, values?: readonly unknown[]): Promise<R[]>;
}

/** Usable until the function given to `transaction` settles, not longer. Calls run one after another. */
export interface Transaction extends Rows {
  /**
   * `COPY target FROM STDIN` in text format: rows by `copyRow` or the like, each ended by a newline. An iterable is read
   * lazily, as fast as the server takes it; pieces need not be whole rows.
   */
  copy(target: string, text: string | Iterable<string>): Promise<void>;
}

/** How a statement is run that is asked often and must be answered soon. */
export interface QueryOptions {
  /**
   * Parsed and planned once a connection, not with each call: for the few texts that are asked again and again. What a change of
   * its tables or a pooler in between spoils is made good without the caller.
   */
  readonly prepared?: boolean;
  /** It is a RetryableError that the answer takes longer; the connection is closed under the statement. */
  readonly timeoutMs?: number;
}

/** The relational store: PostgreSQL, embedded or networked. */
export interface Relational extends Rows {
  query<R extends object>(text: string, values?: readonly unknown[], options?: QueryOptions): Promise<R[]>;
  /**
   * Commits when `work` resolves and rolls back when it rejects, with that rejection. READ COMMITTED; nothing is retried
   * here. A RetryableError out of the commit itself leaves the outcome unknown: read before writing again.
   * A transaction left idle for a minute is ended by the server, so that a lost process cannot keep its locks.
   * With `timeoutMs` it is a RetryableError that it takes longer, whatever it waits for: the server gives up the statement or the
   * lock a little earlier, and a connection that says nothing by then is closed.
   */
  transaction<T>(work: (tx: Transaction) => Promise<T>, options?: { readonly timeoutMs?: number }): Promise<T>;
  /**
   * Calls `onNotify` for each NOTIFY on the channel once resolved; the function returned stops that. After a lost
   * connection it connects again by itself and calls `onNotify('')` once, as notifications may have been missed:
   * a payload is a hint to look, never data.
   */
  listen(channel: string, onNotify: (payload: string) => void): Promise<() => Promise<void>>;
}
