import { invalidRequest } from '../runtime/http-problem.ts';
import { millisecondsFrom, millisecondsOf } from '../runtime/unix-time.ts';

/** The bounds of a request in milliseconds, both inclusive. Throws a 400 when they are the wrong way round. */
export function rangeOf(query: { start_time?: number; end_time?: number }): { fromMs?: number; toMs?: number } {
  const fromMs = query.start_time === undefined ? undefined : millisecondsOf(query.start_time);
  // A bound in seconds takes in its whole second, as what happened within it carries milliseconds.
  const { end_time: end } = query;
  const toMs = end === undefined ? undefined : end < millisecondsFrom ? end * 1000 + 999 : end;
  if (fromMs !== undefined && toMs !== undefined && fromMs > toMs) {
    throw invalidRequest([
      { parameter: 'start_time', detail: `${query.start_time} is after end_time ${end}: swap them` },
    ]);
  }
  return { ...(fromMs === undefined ? {} : { fromMs }), ...(toMs === undefined ? {} : { toMs }) };
}
