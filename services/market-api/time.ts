import { invalidRequest } from '../runtime/http-problem.ts';

/** Smaller than this is seconds (until the year 5138), the rest milliseconds (from 1973-03-03 on). */
const millisecondsFrom = 100_000_000_000;

/** The end of the year 9999: beyond it dates are written in ways that stores read differently. */
export const timeMax = 253_402_300_799_999;

/** What the documentation says of a time in a request. */
export const timeRule =
  'Unix time: below 100,000,000,000 it is in seconds, from there on in milliseconds (1695211200 and 1695211200000 are the same instant)';

/** Milliseconds, of Unix seconds or milliseconds. */
export function millisecondsOf(time: number): number {
  return time < millisecondsFrom ? time * 1000 : time;
}

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
