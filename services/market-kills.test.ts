import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import type { Pair } from '../catalog/schema/pair.ts';
import { findHoles, startMarket } from './market-pipeline-fixture.ts';
import { createChildren } from './runtime/children.ts';
import { startPostgresServer } from './stores/embedded/postgres-server.ts';
import { openPool } from './stores/open-pool.ts';
import { layCluster } from './stores/testing/laid-cluster.ts';
import { seededRandom } from './testing/seeded-random.ts';

describe('a collector that is killed', () => {
  test('4 times at random moments: each hole in what it wrote is on record, and nothing is doubled', async () => {
    const { exchange, pairs } = await startMarket('spot', ['AAA', 'BBB', 'CCC', 'DDD']);
    await using _exchange = exchange;
    const dataDir = mkdtempSync(join(tmpdir(), 'defimon-market-kills-'));
    const log = pino({ level: 'silent' });
    const children = createChildren({ log });
    const server = await startPostgresServer({ folder: await layCluster(join(dataDir, 'relational')), children, log });
    const random = seededRandom(5);
    const options = {
      connection: server.connection,
      dataDir,
      pairs,
      rest: exchange.restUrl,
      stream: exchange.streamUrl,
    };
    try {
      for (let time = 0; time < 4; time++) {
        const child = startChild(options);
        await child.said('started');
        await sleep(random() * 1500);
        await child.kill();
      }
      const last = startChild(options);
      await last.said('all live');
      await sleep(500);
      await last.stop();
      const relational = await openPool(server.connection);
      for (const { symbol } of pairs) {
        const found = await findHoles(relational.part, symbol);
        expect(found.updates, symbol).toBeGreaterThan(10);
        expect(found.unexplained, symbol).toEqual([]);
        expect(found.openGaps, symbol).toBe(0);
        expect(found.doubled, symbol).toBe(0);
      }
      await relational.stop();
    } finally {
      await server.stop();
      await children.close();
      rmSync(dataDir, { recursive: true, force: true });
    }
  }, 400_000);
});

interface ChildOptions {
  readonly connection: object;
  readonly dataDir: string;
  readonly pairs: readonly Pair[];
  readonly rest: string;
  readonly stream: string;
}

function startChild(options: ChildOptions) {
  const at = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href);
  const program = `
    import { openEmbeddedTimeseries } from ${at('./stores/embedded/chdb.ts')};
    import { migrateDataset } from ${at('./stores/migrate.ts')};
    import { openPool } from ${at('./stores/open-pool.ts')};
    import { startMarketPipeline } from ${at('./market-pipeline-fixture.ts')};
    const { connection, dataDir, pairs, rest, stream } = ${JSON.stringify(options)};
    const { part: relational, stop: stopRelational } = await openPool({ ...connection, max: 5 });
    const { part: timeseries, stop: stopTimeseries } = await openEmbeddedTimeseries({ dataDir });
    await migrateDataset({ relational, timeseries }, 'market', ${JSON.stringify(join(import.meta.dirname, 'datasets', 'market'))});
    const exchanges = { spot: { restUrl: rest, streamUrl: stream } };
    const pipeline = await startMarketPipeline({ relational, timeseries, pairs, exchanges, dataDir });
    process.stdout.write('started\\n');
    process.on('SIGTERM', async () => {
      await pipeline.stop();
      await stopTimeseries();
      await stopRelational();
      process.exit(0);
    });
    for (;;) {
      const symbols = pipeline.collector.reports().flatMap((report) => report.symbols);
      if (symbols.every(({ state }) => state === 'live')) process.stdout.write('all live\\n');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }`;
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', program], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit');
  let output = '';
  for (const pipe of [child.stdout, child.stderr]) pipe.on('data', (data) => (output += String(data)));
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal);
    await exited;
  };
  return {
    said: async (line: string) => {
      const deadline = performance.now() + 40_000;
      while (!output.includes(`${line}\n`)) {
        if (child.exitCode !== null || performance.now() > deadline)
          throw new Error(`the child did not say "${line}": ${output}`);
        await sleep(2);
      }
    },
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
  };
}
