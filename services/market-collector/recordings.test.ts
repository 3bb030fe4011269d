import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readRecordings } from '../testing/recording.ts';
import { replayRecording } from './replay-recording.ts';

/**
 * Recordings of real streams in cryptofeed's format, of Binance spot, USDⓈ-M or COIN-M: all files whose names have the same
 * beginning up to the first dot are one recording. Without the variable there is nothing to replay.
 */
const folder = process.env.DEFIMON_RECORDINGS;
const timeoutMs = 600_000;
/** Of the updates for which the ticker tells the best. COIN-M snapshots lack orders at times, until the stream names their level. */
const disagreementsMax = 0.005;

describe.skipIf(folder === undefined)('recordings of DEFIMON_RECORDINGS (skipped when it is not set)', () => {
  test.each(recordingsIn(folder))(
    '%s: each book equals its rebuild after each update, and its best the ticker',
    async (_, paths) => {
      const replays = await replayRecording({ entries: readRecordings(paths) });
      expect(replays.length).toBeGreaterThan(0);
      for (const { symbol, mismatches } of replays) expect({ symbol, mismatches }).toEqual({ symbol, mismatches: [] });
      const compared = replays.reduce((sum, replay) => sum + replay.compared, 0);
      const disagreements = replays.flatMap((replay) => replay.disagreements);
      expect(disagreements.length, disagreements.join('\n')).toBeLessThanOrEqual(compared * disagreementsMax);
      // What the ticker contradicts is never passed over.
      for (const replay of replays) if (replay.disagreements.length > 0) expect(replay.gaps).not.toEqual([]);
    },
    timeoutMs,
  );
});

function recordingsIn(path: string | undefined): [name: string, paths: string[]][] {
  const recordings = new Map<string, string[]>();
  for (const file of path === undefined ? [] : readdirSync(path).sort()) {
    const name = file.split('.')[0] ?? file;
    recordings.set(name, [...(recordings.get(name) ?? []), join(path ?? '', file)]);
  }
  return [...recordings];
}
