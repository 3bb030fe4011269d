import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { expectConfigurationError, until } from '../contract.ts';
import { startHolder } from '../testing/holder.ts';
import { createWorks, openEmbeddedTimeseries } from './chdb.ts';

const dir = mkdtempSync(path.join(os.tmpdir(), 'defimon-test-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const rowsPerBatch = 2000;

describe(openEmbeddedTimeseries.name, () => {
  it('has every acknowledged batch after kill -9, once, and takes the batch in doubt again', async () => {
    const dataDir = path.join(dir, 'killed');
    let batches = 0;
    for (let round = 0; round < 3; round++) {
      const holder = startHolder(writerProgram(dataDir, batches));
      // Another moment of the engine's work each time.
      await until(() => holder.lines.length >= 5 + 3 * round, 30_000);
      await holder.kill();
      const acknowledged = Number(holder.lines.at(-1)) + 1;
      const { part: timeseries, stop } = await openEmbeddedTimeseries({ dataDir });
      const counts = await timeseries.query<{ batch: number; n: string }>(
        'SELECT batch, count() AS n FROM t GROUP BY batch ORDER BY batch',
      );
      const inDoubt = counts.filter(({ batch }) => batch >= acknowledged);
      expect(counts.slice(0, acknowledged)).toEqual(
        Array.from({ length: acknowledged }, (_, batch) => ({ batch, n: String(rowsPerBatch) })),
      );
      // It is there as a whole or not at all.
      expect(inDoubt.length).toBeLessThanOrEqual(1);
      expect(inDoubt.every(({ n }) => n === String(rowsPerBatch))).toBe(true);
      await timeseries.insert('t', rowsOf(acknowledged), { token: `batch ${acknowledged}` });
      batches = acknowledged + 1;
      const total = String(batches * rowsPerBatch);
      expect(await timeseries.query('SELECT count() AS n, (SELECT sum(n) FROM total) AS viewed FROM t')).toEqual([
        { n: total, viewed: total },
      ]);
      await stop();
    }
  });

  it('refuses a folder that a live process has', async () => {
    const dataDir = path.join(dir, 'held');
    const holder = startHolder(writerProgram(dataDir, 0));
    await holder.line();
    const who = new RegExp(`in use by another Defimon, process ${holder.pid}: stop it`);
    await expectConfigurationError(openEmbeddedTimeseries({ dataDir }), who);
    await holder.kill();
    const { stop } = await openEmbeddedTimeseries({ dataDir });
    await expectConfigurationError(openEmbeddedTimeseries({ dataDir }), /in use by this process already/);
    await stop();
  });

  it('refuses a folder that cannot be written', async () => {
    const dataDir = path.join(dir, 'file');
    writeFileSync(dataDir, '');
    await expectConfigurationError(openEmbeddedTimeseries({ dataDir }), /cannot write in .*another data folder/);
  });

  it('finishes what is in hand when it stops, and refuses more', async () => {
    const { part: timeseries, stop } = await openEmbeddedTimeseries({ dataDir: path.join(dir, 'stopped') });
    const queries = Array.from({ length: 8 }, () => timeseries.query('SELECT sleep(0.05) AS slept'));
    await stop();
    expect((await Promise.all(queries)).length).toBe(8);
    await expect(timeseries.query('SELECT 1')).rejects.toThrow('closed');
  });
});

describe(createWorks.name, () => {
  it('runs no more than its number at once, in order', async () => {
    const slots = createWorks(3);
    const order: number[] = [];
    let running = 0;
    let most = 0;
    const work = async (at: number): Promise<void> => {
      order.push(at);
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 5));
      running--;
      if (at % 4 === 0) throw new Error('failed');
    };
    const works = Array.from({ length: 20 }, (_, at) => slots.run(() => work(at)));
    const results = await Promise.allSettled(works);
    expect(results.filter(({ status }) => status === 'rejected')).toHaveLength(5);
    expect(most).toBe(3);
    expect(order).toEqual(Array.from({ length: 20 }, (_, at) => at));
  });
});

function rowsOf(batch: number): object[] {
  return Array.from({ length: rowsPerBatch }, (_, id) => ({ batch, id, body: `row ${id} of ${batch}` }));
}

/** Inserts batches with tokens for ever, and prints the number of each once it is acknowledged. */
function writerProgram(dataDir: string, first: number): string {
  const module = JSON.stringify(new URL('./chdb.ts', import.meta.url).href);
  return `
    import { openEmbeddedTimeseries } from ${module};
    const rowsPerBatch = ${rowsPerBatch};
    ${rowsOf.toString()}
    const { part } = await openEmbeddedTimeseries({ dataDir: ${JSON.stringify(dataDir)} });
    const settings = 'SETTINGS non_replicated_deduplication_window = 1000';
    await part.command('CREATE TABLE IF NOT EXISTS t (batch UInt32, id UInt32, body String) ENGINE = MergeTree ORDER BY (batch, id) ' + settings);
    await part.command('CREATE TABLE IF NOT EXISTS total (n UInt64) ENGINE = SummingMergeTree ORDER BY tuple() ' + settings);
    await part.command('CREATE MATERIALIZED VIEW IF NOT EXISTS view TO total AS SELECT count() AS n FROM t');
    for (let batch = ${first}; ; batch++) {
      await part.insert('t', rowsOf(batch), { token: 'batch ' + batch });
      console.log(batch);
    }
  `;
}
