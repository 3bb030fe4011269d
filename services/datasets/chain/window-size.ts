/** How long a window of block time is. */
export type WindowSize = 'minute' | 'hour' | 'day';

export const windowSizes: readonly WindowSize[] = ['minute', 'hour', 'day'];

export const windowSeconds: Readonly<Record<WindowSize, number>> = { minute: 60, hour: 3600, day: 86_400 };

/**
 * How far block time goes on past the end of a window before the window is closed. A network's blocks come in the order of its chain, so
 * what changes after that is a reorg, and all but a few of these go back less than a minute.
 */
export const allowedLatenessSeconds = 60;

/** The start of the window that holds a timestamp: both Unix seconds, windows begin with the minute, hour and day of UTC. */
export function windowStart(size: WindowSize, timestamp: number): number {
  return timestamp - (timestamp % windowSeconds[size]);
}

/** Whether the window that holds `timestamp` is closed when block time has come to `watermark`. */
export function isClosedAt(watermark: number, size: WindowSize, timestamp: number): boolean {
  return watermark >= windowStart(size, timestamp) + windowSeconds[size] + allowedLatenessSeconds;
}
