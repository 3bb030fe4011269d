import type { Logger } from 'pino';
import { describeError } from '../../runtime/errors.ts';
import { createEnvironmentsReader, type EnvironmentState } from './environment-state.ts';
import type { ReadProjectFile } from './folder.ts';

/** Where environments are read from. */
export type EnvironmentsPlace =
  | { readonly kind: 'folder' }
  | { readonly kind: 'repository'; readonly url: string; readonly ref: string };

/** The last good reading, and what came of the attempts since. */
export interface EnvironmentsReading {
  readonly states: readonly EnvironmentState[];
  /** Unix milliseconds; undefined if there was none yet. */
  readonly readAt: number | undefined;
  /** Why the last attempt failed; undefined if it did not. */
  readonly error: string | undefined;
}

export interface KeptEnvironments {
  readonly place: EnvironmentsPlace;
  /** What is known, read again first if it is no longer fresh. Never throws. */
  read(): Promise<EnvironmentsReading>;
}

export interface KeptOptions {
  readonly place: EnvironmentsPlace;
  readonly readFile: ReadProjectFile;
  /** How long a reading is given without another look, and how long after a failure nothing is tried. */
  readonly freshMs: number;
  /** How long somebody waits for another look while there is an older reading. */
  readonly waitMs?: number;
  /** Unix milliseconds. */
  readonly clock: () => number;
  readonly log: Logger;
}

/**
 * Reads environments when somebody asks and the last reading is old, whoever asks meanwhile waits for the same one: not for long
 * where there is an older one, since a place that hangs must not hold up what else is told. A reading counts as a whole: if one
 * file of it cannot be had, the last good one stays.
 */
export function createKeptEnvironments(options: KeptOptions): KeptEnvironments {
  const { place, readFile, freshMs, waitMs = 1_500, clock, log } = options;
  const readAll = createEnvironmentsReader(readFile);
  let kept: EnvironmentsReading = { states: [], readAt: undefined, error: undefined };
  let triedAt = Number.NEGATIVE_INFINITY;
  let running: Promise<void> | undefined;

  async function refresh(): Promise<void> {
    try {
      const states = await readAll();
      kept = { states, readAt: clock(), error: undefined };
    } catch (error) {
      const reason = describeError(error);
      kept = { ...kept, error: reason };
      log.warn({ reason }, 'environments could not be read');
    } finally {
      triedAt = clock();
      running = undefined;
    }
  }

  return {
    place,
    read: async () => {
      if (clock() - triedAt >= freshMs) {
        running ??= refresh();
        await (kept.readAt === undefined ? running : atMost(waitMs, running));
      }
      return kept;
    },
  };
}

/** Resolves with `work`, or after so long. */
async function atMost(ms: number, work: Promise<void>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  await Promise.race([work, promise]);
  clearTimeout(timer);
}
