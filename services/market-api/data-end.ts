import type { RecordPlace, RecordQuery } from '../datasets/market/read.ts';
import { timeOf } from '../datasets/market/read-rows.ts';
import { type RecordKind, recordKinds } from '../datasets/market/record.ts';
import type { Rows } from '../stores/relational.ts';

/** How many records an answer will have, its last one, and whether others follow it. */
export interface DataEnd {
  readonly count: number;
  readonly last: RecordPlace | undefined;
  readonly more: boolean;
}

/**
 * Where an answer of `limit` records will end, before it is read: its size and the way to the next one go out ahead of its rows.
 * It reads no more than keys in the order of the index.
 */
export async function findDataEnd(
  rows: Rows,
  query: RecordQuery & { readonly after?: RecordPlace | undefined; readonly limit: number },
): Promise<DataEnd> {
  const { symbol, after, limit } = query;
  const isOldestFirst = query.order === 'oldest first';
  const [beyond, direction] = isOldestFirst ? ['>', 'ASC'] : ['<', 'DESC'];
  const values = [symbol, timeOf(query.fromMs), timeOf(query.toMs), limit];
  const branches = [...new Set(query.kinds)].map((kind) => {
    let place = '';
    if (after !== undefined) {
      const turn = recordKinds.indexOf(kind) - recordKinds.indexOf(after.kind);
      const time = `'${timeOf(after.eventTimeMs)}'`;
      if (turn === 0) place = `AND (event_time, update_id) ${beyond} (${time}, ${after.updateId})`;
      else place = `AND event_time ${beyond}${turn < 0 === isOldestFirst ? '' : '='} ${time}`;
    }
    return `(SELECT event_time, kind, update_id FROM market.records
              WHERE symbol = $1 AND kind = '${kind}' AND event_time BETWEEN $2 AND $3 ${place}
              ORDER BY event_time ${direction}, update_id ${direction} LIMIT $4::int8 + 1)`;
  });
  const [found] = await rows.query<{ count: number; event_ms: string | null; kind: RecordKind; update_id: string }>(
    `WITH found AS (
       SELECT *, row_number() OVER (ORDER BY event_time ${direction}, kind ${direction}, update_id ${direction}) AS place
         FROM (${branches.join(' UNION ALL ')}) keys
     )
     SELECT (SELECT least(count(*), $4::int8 + 1)::int4 FROM found) AS count,
            (extract(epoch FROM last.event_time) * 1000)::int8 AS event_ms, last.kind, last.update_id
       FROM (VALUES (1)) one LEFT JOIN LATERAL (SELECT * FROM found WHERE place <= $4::int8 ORDER BY place DESC LIMIT 1) last ON true`,
    values,
  );
  const count = found?.count ?? 0;
  if (found === undefined || found.event_ms === null) return { count: 0, last: undefined, more: false };
  return {
    count: Math.min(count, limit),
    last: { eventTimeMs: Number(found.event_ms), kind: found.kind, updateId: Number(found.update_id) },
    more: count > limit,
  };
}
