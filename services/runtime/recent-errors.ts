import type { DestinationStream } from 'pino';

/** Warnings and errors of one level and message, counted together: messages are constant, what differs stands in the fields. */
export interface RecentError {
  readonly level: 'warn' | 'error' | 'fatal';
  readonly message: string;
  /** Of the newest; secrets are hidden, long values cut. */
  readonly fields: Record<string, unknown>;
  readonly count: number;
  /** Unix milliseconds. */
  readonly firstAt: number;
  readonly lastAt: number;
}

/** What went wrong lately, as the log tells it: for those who cannot read the log of each process. */
export interface RecentErrors extends DestinationStream {
  /** The newest first. */
  list(): RecentError[];
}

/** Kinds that are kept: constant messages are few, so that a flood of one kind pushes out no other. */
const kindsMax = 50;
const fieldsMax = 20;
const textMax = 500;
const levels: ReadonlyMap<unknown, RecentError['level']> = new Map([
  [40, 'warn'],
  [50, 'error'],
  [60, 'fatal'],
]);

/** A stream for pino: it is given lines of JSON, in which pino has hidden what is secret, and keeps the newest kinds of them. */
export function createRecentErrors(): RecentErrors {
  const kinds = new Map<string, RecentError>();
  return {
    write: (line) => {
      const entry = entryOf(line);
      if (entry === undefined) return;
      const key = `${entry.level} ${entry.message}`;
      const known = kinds.get(key);
      // The newest stand last.
      kinds.delete(key);
      kinds.set(key, known === undefined ? entry : { ...entry, count: known.count + 1, firstAt: known.firstAt });
      const [oldest] = kinds.keys();
      if (kinds.size > kindsMax && oldest !== undefined) kinds.delete(oldest);
    },
    list: () => [...kinds.values()].reverse(),
  };
}

function entryOf(line: string): RecentError | undefined {
  const { level, time, msg, ...fields } = parse(line);
  const name = levels.get(level);
  if (name === undefined) return undefined;
  const at = typeof time === 'number' ? time : Date.parse(String(time));
  const shown = Object.entries(fields)
    .slice(0, fieldsMax)
    .map(([key, value]) => [key, shortened(value)] as const);
  return {
    level: name,
    message: typeof msg === 'string' && msg !== '' ? shortText(msg) : '(no message)',
    fields: Object.fromEntries(shown),
    count: 1,
    firstAt: at,
    lastAt: at,
  };
}

function parse(line: string): Record<string, unknown> {
  const value: unknown = JSON.parse(line);
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function shortened(value: unknown): unknown {
  if (typeof value === 'string') return shortText(value);
  if (typeof value !== 'object' || value === null) return value;
  const text = JSON.stringify(value);
  const short = shortText(text);
  // Unchanged, it stays what it is.
  return short === text ? value : short;
}

/** Without the name and password that an address may hold: an error's reason often quotes one. */
function shortText(text: string): string {
  const safe = text.replaceAll(/\/\/[^/\s@"']*@/g, '//…@');
  return safe.length <= textMax ? safe : `${safe.slice(0, textMax)}…`;
}
