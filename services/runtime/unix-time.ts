/** Smaller than this is seconds (until the year 5138), the rest milliseconds (from 1973-03-03 on). */
export const millisecondsFrom = 100_000_000_000;

/** The end of the year 9999: beyond it dates are written in ways that stores read differently. */
export const timeMax = 253_402_300_799_999;

/** What the documentation says of a time in a request. */
export const timeRule =
  'Unix time: below 100,000,000,000 it is in seconds, from there on in milliseconds (1695211200 and 1695211200000 are the same instant)';

/** What the documentation says of a time in a request that may also be a date. */
export const instantRule = `${timeRule}, or ISO 8601: a day (\`2026-01-31\`, of UTC) or a time with its zone (\`2026-01-31T10:00:00Z\`)`;

/** What `findInstantMs` may take. */
export const instantPattern =
  '^([0-9]{1,15}|[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,9})?)?(Z|[+ -][0-9]{2}:[0-9]{2}))?)$';

/** Milliseconds, of Unix seconds or milliseconds. */
export function millisecondsOf(time: number): number {
  return time < millisecondsFrom ? time * 1000 : time;
}

/** Milliseconds of an instant by `instantRule`; undefined when it is none: another form, the 30th of February, after the year 9999. */
export function findInstantMs(text: string): number | undefined {
  if (!new RegExp(instantPattern).test(text)) return undefined;
  if (/^\d+$/.test(text)) {
    const timeMs = millisecondsOf(Number(text));
    return timeMs <= timeMax ? timeMs : undefined;
  }
  const [day = ''] = text.split('T');
  // A day that its month does not have is taken for one of the next month.
  const dayMs = Date.parse(day);
  if (Number.isNaN(dayMs) || new Date(dayMs).toISOString().slice(0, 10) !== day) return undefined;
  // A plus sign in an address is read as a space.
  const timeMs = Date.parse(text.replace(' ', '+'));
  return timeMs >= 0 && timeMs <= timeMax ? timeMs : undefined;
}
