import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Holder, startHolder } from '../stores/testing/holder.ts';
import { seededRandom } from '../testing/seeded-random.ts';
import { createRecorder } from './recorder.ts';
import { type FrailDatabase, openFrailDatabase, openTestRecorder, until } from './recorder-fixtures.ts';

const rounds = 4;
let database: FrailDatabase;
let dir: string;
beforeAll(async () => {
  database = await openFrailDatabase();
  dir = mkdtempSync(path.join(tmpdir(), 'defimon-kills-'));
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
  rmSync(dir, { recursive: true, force: true });
});

describe(createRecorder, () => {
  test('loses nothing that was flushed, doubles nothing and has no hole, wherever it is killed', async () => {
    const random = seededRandom(4);
    let flushed = 0;
    for (let round = 0; round < rounds; round++) {
      const writer = startWriter(flushed + 1);
      // Every other one is killed while the database is away, after some went to disk.
      await until(() => flushedBy(writer) > flushed);
      if (round % 2 === 1) {
        database.disconnect();
        const before = flushedBy(writer);
        await until(() => flushedBy(writer) > before + 50);
      }
      await delay(random() * 300);
      await writer.kill();
      flushed = flushedBy(writer);
      database.reconnect();
      const recorder = await openTestRecorder({ relational: database.relational, dir });
      const places = await recorder.part.loadLastRecorded(['BTCUSDT']);
      await until(() => !recorder.part.stats().isSpilling);
      await recorder.stop();
      const [held] = await database.relational.query<{ count: string; first: string; last: string }>(
        'SELECT count(*), min(update_id) AS first, max(update_id) AS last FROM market.records',
      );
      expect(Number(held?.first)).toBe(1);
      // As each is held once at most, as many as the last one's number are all of them.
      expect(held?.count).toBe(held?.last);
      expect(Number(held?.last)).toBeGreaterThanOrEqual(flushed);
      expect(places.get('BTCUSDT')?.updateId).toBeGreaterThanOrEqual(flushed);
      expect(places.get('BTCUSDT')?.updateId).toBeLessThanOrEqual(Number(held?.last));
      flushed = Number(held?.last);
    }
  });
});

function flushedBy(writer: Holder): number {
  return Number(writer.lines.at(-1) ?? 0);
}

/** A process that records 1, 2, … of BTCUSDT from the given one on, and says how far it was flushed. */
function startWriter(from: number): Holder {
  const urlOf = (file: string): string => JSON.stringify(new URL(file, import.meta.url).href);
  return startHolder(`
    import { openTestRecorder } from ${urlOf('./recorder-fixtures.ts')};
    import { buildDepth } from ${urlOf('../datasets/market/read-fixtures.ts')};
    import { openPool } from ${urlOf('../stores/open-pool.ts')};
    const { part: relational } = await openPool({ connectionString: ${JSON.stringify(database.url)}, max: 3 });
    const { part: recorder } = await openTestRecorder({ relational, dir: ${JSON.stringify(dir)}, batchSize: 7 });
    let id = ${from};
    setInterval(() => {
      for (const end = id + 5; id < end; id++) recorder.record(buildDepth(id));
    }, 1);
    for (;;) {
      const last = id - 1;
      await recorder.flush();
      if (last > 0) console.log(last);
      await new Promise((resolve) => setTimeout(resolve, 3));
    }
  `);
}
