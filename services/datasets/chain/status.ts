import type { Relational, Rows } from '../../stores/relational.ts';

/** How the sync of one network is, in one word. `idle`: not synced, for the reason given. */
export type SyncState = 'idle' | 'starting' | 'syncing' | 'synced' | 'unreachable';

/** One endpoint as chain-sync sees it; the host only, since a URL's path may hold a key. */
export interface EndpointStatus {
  readonly host: string;
  readonly state: string;
  readonly reason: string | null;
  readonly requests: number;
  readonly errors: number;
  readonly latencyMs: number | null;
  readonly head: number | null;
}

/** What chain-sync reports of a network, for the APIs and health pages of other processes. */
export interface SyncReport {
  readonly network: string;
  readonly state: SyncState;
  readonly reason: string | null;
  readonly head: number | null;
  readonly synced: number | null;
  readonly finalized: number | null;
  readonly blocksHeld: number;
  readonly backfillRemaining: number;
  readonly blocksPerSecond: number;
  /** Failed requests as a share of all in the last five minutes. */
  readonly errorRate: number | null;
  readonly finalitySeconds: number | null;
  readonly reorgs: number;
  readonly endpoints: readonly EndpointStatus[];
}

/**
 * Writes the reports of several networks in one statement, and forgets those that nobody has renewed for a day: a process
 * knows only the networks of its own shard, and must leave the others' reports alone.
 */
export async function writeStatus(rows: Rows, reports: readonly SyncReport[]): Promise<void> {
  await rows.query(
    `INSERT INTO chain.status (network, state, reason, report, updated_at)
     SELECT report->>'network', report->>'state', report->>'reason', report, now()
       FROM jsonb_array_elements($1::jsonb) AS report
     ON CONFLICT (network) DO UPDATE
       SET state = excluded.state, reason = excluded.reason, report = excluded.report, updated_at = excluded.updated_at`,
    [JSON.stringify(reports)],
  );
  await rows.query(`DELETE FROM chain.status WHERE updated_at < now() - interval '1 day'`);
}

/** The last report of every network, with its age in seconds. */
export async function readStatus(rows: Rows): Promise<{ report: SyncReport; ageSeconds: number }[]> {
  const found = await rows.query<{ report: SyncReport; age: number }>(
    'SELECT report, extract(epoch FROM now() - updated_at)::float8 AS age FROM chain.status ORDER BY network',
  );
  return found.map((row) => ({ report: row.report, ageSeconds: row.age }));
}

/** The same without the endpoints, which are most of a report. */
export async function readStatusBriefly(
  relational: Relational,
): Promise<{ report: Omit<SyncReport, 'endpoints'>; ageSeconds: number }[]> {
  // One text is read quicker than a row of each network.
  const [found] = await relational.query<{ all: string | null }>(
    `SELECT string_agg(format('{"report":%s,"ageSeconds":%s}', s.report, s.age), ',') AS all
       FROM (SELECT report - 'endpoints' AS report, extract(epoch FROM now() - updated_at)::float8 AS age FROM chain.status
              ORDER BY network) s`,
    [],
    { prepared: true },
  );
  return JSON.parse(`[${found?.all ?? ''}]`);
}
