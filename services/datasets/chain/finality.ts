import type { Rows } from '../../stores/relational.ts';
import { type Interval, removeInterval } from './intervals.ts';
import { integerOf } from './rows.ts';

/** The blocks `from`..`number` were seen to become final at `observedAtMs`, Unix milliseconds. */
export interface Finality {
  readonly number: number;
  readonly from: number;
  readonly observedAtMs: number;
}

/** Keeps when blocks became final: nobody can be asked for it again. */
export async function recordFinality(
  rows: Rows,
  network: string,
  { number, from, observedAtMs }: Finality,
): Promise<void> {
  await rows.query(
    'INSERT INTO chain.finality (network, number, from_number, observed_at_ms) VALUES ($1, $2, $3, $4)',
    [network, number, from, observedAtMs],
  );
}

/** Takes back that blocks of a range are final: they are gone, and their successors have yet to become it. */
export async function forgetFinality(rows: Rows, network: string, range: Interval): Promise<void> {
  const overlapping = await readFinality(rows, network, range);
  await rows.query('DELETE FROM chain.finality WHERE network = $1 AND number >= $2 AND from_number <= $3', [
    network,
    range.from,
    range.to,
  ]);
  for (const { number, from, observedAtMs } of overlapping) {
    for (const part of removeInterval([{ from, to: number }], range))
      await recordFinality(rows, network, { from: part.from, number: part.to, observedAtMs });
  }
}

/** Drops when blocks of a range became final, the range being the lowest that is held: touches no row but those of it. */
export async function dropFinality(rows: Rows, network: string, { from, to }: Interval): Promise<void> {
  await rows.query('DELETE FROM chain.finality WHERE network = $1 AND number BETWEEN $2 AND $3', [network, from, to]);
  await rows.query(
    `UPDATE chain.finality SET from_number = $2 + 1
      WHERE network = $1 AND from_number <= $2
        AND number = (SELECT min(number) FROM chain.finality WHERE network = $1 AND number > $2)`,
    [network, to],
  );
}

/** When blocks of a range became final, ascending, as far as it is known. What overlaps the range is given whole. */
export async function readFinality(rows: Rows, network: string, range: Interval): Promise<Finality[]> {
  const found = await rows.query<{ number: string; from_number: string; observed_at_ms: string }>(
    `SELECT number, from_number, observed_at_ms FROM chain.finality
      WHERE network = $1 AND number >= $2 AND from_number <= $3 ORDER BY number`,
    [network, range.from, range.to],
  );
  return found.map((row) => ({
    number: integerOf(row.number),
    from: integerOf(row.from_number),
    observedAtMs: integerOf(row.observed_at_ms),
  }));
}
