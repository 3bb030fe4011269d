import type { Span } from '../../datasets/chain/span.ts';
import type { NetworkToSum, WindowSums } from '../../datasets/chain/window-sums.ts';

/** What happened on networks over a span, by their ids; see `readWindowSums`. */
export type ReadSums = (span: Span, networks: readonly NetworkToSum[]) => Promise<ReadonlyMap<string, WindowSums>>;

export interface SharedSumsOptions {
  /** For how long a reading is shared at least, from when it came. */
  readonly keepMs: number;
  /** Milliseconds of a clock that never goes back. */
  readonly now?: () => number;
}

interface Shared {
  readonly sums: ReturnType<ReadSums>;
  /** Infinity until it came. */
  endsAt: number;
}

/** A reading of all networks of a large catalog takes the store seconds: it is then busy with them for a fifth of the time at most. */
const restPerWork = 4;
/** Also of one that took half a minute, on a machine with much else to do. */
const keepMsMax = 60_000;
const readingsMax = 200;

/**
 * Lets all who ask for the same span and networks share one reading, whichever endpoint they ask: for `keepMs`, and the longer the more it cost,
 * up to a minute. Windows are computed every some seconds, so that it is hardly older than they are where the store is quick, and
 * `asOf` says how old it is.
 * A failure is shared only with those who wait for it.
 */
export function shareSums(read: ReadSums, options: SharedSumsOptions): ReadSums {
  const { keepMs, now = () => performance.now() } = options;
  const readings = new Map<string, Shared>();

  function begin(key: string, span: Span, networks: readonly NetworkToSum[]): Shared {
    const began = now();
    const shared: Shared = { sums: read(span, networks), endsAt: Number.POSITIVE_INFINITY };
    readings.set(key, shared);
    shared.sums.then(
      () => {
        const came = now();
        shared.endsAt = came + Math.min(keepMsMax, Math.max(keepMs, restPerWork * (came - began)));
      },
      () => {
        if (readings.get(key) === shared) readings.delete(key);
      },
    );
    return shared;
  }

  return (span, networks) => {
    const key = JSON.stringify([span.name, networks.map(({ id, startBlock }) => [id, startBlock])]);
    const found = readings.get(key);
    if (found !== undefined && found.endsAt > now()) return found.sums;
    readings.delete(key);
    for (const [oldest, { endsAt }] of readings) {
      if (readings.size < readingsMax && endsAt > now()) break;
      readings.delete(oldest);
    }
    return begin(key, span, networks).sums;
  };
}
