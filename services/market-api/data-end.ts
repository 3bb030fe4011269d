import type { RecordPlace, RecordQuery } from '../datasets/market/read.ts';
import { timeOf } from '../datasets/market/read-rows.ts';
import { type RecordKind, recordKinds } from '../datasets/market/record.ts';
import type { Rows } from '../stores/relational.ts';

/** How many records an answer will have, its first and last one, and whether others follow it. */
export interface DataEnd {
  readonly count: number;
  readonly ends: readonly [RecordPlace, RecordPlace] | undefined;
  readonly more: boolean;
}

/**
 * Where an answer of `limit` records will begin and end, before it is read: its size and the way to the next one go out ahead of its rows.
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
  const [found] = await rows.query<{ count: number; more: boolean; first: PlaceRow | null; last: PlaceRow | null }>(
    `WITH found AS (
       SELECT *, row_number() OVER (ORDER BY event_time ${direction}, kind ${direction}, update_id ${direction}) AS place
         FROM (${branches.join(' UNION ALL ')}) keys
     ), ends AS (
       SELECT place, json_build_object('ms', (extract(epoch FROM event_time) * 1000)::int8, 'kind', kind, 'id', update_id) AS row
         FROM found
     ), size AS (SELECT least(count(*), $4::int8)::int4 AS count, count(*) > $4::int8 AS more FROM found)
     SELECT count, more, (SELECT row FROM ends WHERE place = 1) AS first, (SELECT row FROM ends WHERE place = count) AS last
       FROM size`,
    values,
  );
  const { count = 0, more = false, first = null, last = null } = found ?? {};
  return { count, more, ends: first === null || last === null ? undefined : [placeOf(first), placeOf(last)] };
}

/** Ids and times are integers that JavaScript has. */
interface PlaceRow {
  readonly ms: number;
  readonly kind: RecordKind;
  readonly id: number;
}

function placeOf({ ms, kind, id }: PlaceRow): RecordPlace {
  return { eventTimeMs: ms, kind, updateId: id };
}
