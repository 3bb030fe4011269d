import type { Rows } from '../../stores/relational.ts';
import type { Timeseries } from '../../stores/timeseries.ts';
import { integerOf } from './rows.ts';

/** A network whose last change is below one that the time series has heard of: what comes next is taken for what came before. */
export interface LostChanges {
  readonly network: string;
  /** The last change in the relational store, 0 without any. */
  readonly heldSeq: number;
  /** The highest that the time series has heard of. */
  readonly notedSeq: number;
}

/**
 * Those of the networks whose changes the relational store has lost: it was put back to an earlier point, or is another one. It numbers
 * changes before any other store hears of them, so that to be below is proof. `noted` must have been read before.
 */
export async function findLostChanges(relational: Rows, noted: ReadonlyMap<string, number>): Promise<LostChanges[]> {
  const rows = await relational.query<{ network: string; seq: string }>(
    'SELECT network, seq FROM chain.cursors WHERE network = ANY ($1::text[])',
    [[...noted.keys()]],
  );
  const held = new Map(rows.map(({ network, seq }) => [network, integerOf(seq)]));
  return [...noted]
    .map(([network, notedSeq]) => ({ network, notedSeq, heldSeq: held.get(network) ?? 0 }))
    .filter(({ heldSeq, notedSeq }) => heldSeq < notedSeq);
}

/** The highest change that the time series has noted of each network, of minutes that start at `from` (Unix seconds) or later. */
export async function readNotedSeqs(timeseries: Timeseries, from: number): Promise<Map<string, number>> {
  const rows = await timeseries.query<{ network: string; noted: string }>(
    `SELECT network, max(version) AS noted FROM chain_touched WHERE start >= toDateTime({from:UInt32})
      GROUP BY network ORDER BY network`,
    { from },
  );
  return new Map(rows.map(({ network, noted }) => [network, integerOf(noted)]));
}
