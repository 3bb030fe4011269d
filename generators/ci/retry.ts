import { setTimeout as sleep } from 'node:timers/promises';
import { CiError } from './ci-error.ts';

/** What a failed call to another system says about trying again. */
export interface Refusal {
  /** Undefined: no answer came at all. */
  readonly status: number | undefined;
  /** A header of the answer; names are lower case. */
  header(name: string): string | undefined;
}

/** How long a caller is ready to wait. Tests give a clock that does not. */
export interface Patience {
  readonly attemptsMax: number;
  /** A longer pause is not waited for: it is an error which says so. */
  readonly pauseMsMax: number;
  readonly nowMs: () => number;
  readonly pause: (ms: number) => Promise<unknown>;
}

/** Some minutes in all: a job must end, and GitLab's and GitHub's windows are one minute long. */
export const patience: Patience = { attemptsMax: 6, pauseMsMax: 120_000, nowMs: Date.now, pause: sleep };

/** Where nobody says how long. */
const ownPauseMsMax = 30_000;

const passingStatuses = [408, 425, 429, 500, 502, 503, 504];

/**
 * Calls until an answer comes that is not a passing failure.
 *
 * @param call Tried again from its beginning, so it must be safe to repeat.
 * @param refusalOf What a thrown error was; undefined when it is none that waiting could help.
 * @throws The call's own error when it is not a passing one, or the attempts are used up; CiError when the pause that
 *   the other side asks for is longer than we wait.
 */
export async function withRetries<T>(
  { attemptsMax, pauseMsMax, nowMs, pause }: Patience,
  refusalOf: (error: unknown) => Refusal | undefined,
  call: () => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await call();
    } catch (error) {
      const refusal = refusalOf(error);
      if (refusal === undefined || attempt >= attemptsMax) throw error;
      const ms = pauseMsOf(refusal, attempt, nowMs());
      if (ms === undefined) throw error;
      if (ms > pauseMsMax) {
        const reason = error instanceof Error ? error.message : String(error);
        throw new CiError(
          `${reason}\nIt asks to come back in ${Math.ceil(ms / 1000)} s, longer than a job waits: run the job again then`,
        );
      }
      await pause(ms);
    }
  }
}

/**
 * How long to wait before the next attempt; undefined when another attempt would get the same answer. What the other side
 * asks for counts first: `Retry-After` in seconds or as a date, then the end of the rate limit's window, in Unix seconds.
 */
export function pauseMsOf(refusal: Refusal, attempt: number, nowMs: number): number | undefined {
  const { status } = refusal;
  const asked = askedMs(refusal, nowMs);
  // GitHub answers 403 when a limit is used up, and for what is forbidden: only the former names a time.
  const isLimited = status === 403 && (refusal.header('retry-after') !== undefined || isUsedUp(refusal));
  if (status !== undefined && !isLimited && !passingStatuses.includes(status)) return undefined;
  return asked ?? Math.min(1000 * 2 ** (attempt - 1), ownPauseMsMax);
}

function askedMs(refusal: Refusal, nowMs: number): number | undefined {
  const after = refusal.header('retry-after');
  if (after !== undefined) {
    const ms = /^\d+$/.test(after) ? Number(after) * 1000 : Date.parse(after) - nowMs;
    return Number.isNaN(ms) ? undefined : Math.max(0, ms);
  }
  if (!isUsedUp(refusal)) return undefined;
  const reset = Number(refusal.header('x-ratelimit-reset') ?? refusal.header('ratelimit-reset'));
  // The window ends within that second: one more, so that the next attempt is not a moment early.
  return Number.isFinite(reset) && reset > 0 ? Math.max(0, (reset + 1) * 1000 - nowMs) : undefined;
}

function isUsedUp(refusal: Refusal): boolean {
  return (refusal.header('x-ratelimit-remaining') ?? refusal.header('ratelimit-remaining')) === '0';
}
