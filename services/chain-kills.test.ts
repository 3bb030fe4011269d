import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { mineWithTraffic, readNode, readRelational, readTimeseries } from './chain-pipeline-fixture.ts';
import { createChildren } from './runtime/children.ts';
import { openEmbeddedTimeseries } from './stores/embedded/chdb.ts';
import { startPostgresServer } from './stores/embedded/postgres-server.ts';
import { openPool } from './stores/open-pool.ts';
import { layCluster } from './stores/testing/laid-cluster.ts';
import { startAnvil } from './testing/anvil.ts';
import { fillBlocks } from './testing/fill-blocks.ts';
import { seededRandom } from './testing/seeded-random.ts';

describe('a process that is killed', () => {
  test('8 times at random moments: nothing is missing, doubled or torn in either store', async () => {
    await using anvil = await startAnvil({ noMining: true });
    await fillBlocks(anvil, { blocks: 300, txsPerBlock: 5 });
    const accounts = await anvil.rpc<string[]>('eth_accounts');
    const dataDir = mkdtempSync(join(tmpdir(), 'defimon-kills-'));
    const log = pino({ level: 'silent' });
    const children = createChildren({ log });
    const server = await startPostgresServer({ folder: await layCluster(join(dataDir, 'relational')), children, log });
    const random = seededRandom(11);
    let traffic = true;
    const moving = (async () => {
      while (traffic) {
        if (random() < 0.2) await anvil.rpc('anvil_reorg', [1 + Math.floor(random() * 5), []]);
        await mineWithTraffic(anvil, accounts, random);
        await sleep(30);
      }
    })();
    try {
      for (let time = 0; time < 8; time++) {
        const child = startChild({ connection: server.connection, dataDir, url: anvil.url });
        await child.said('started');
        await sleep(random() * 300);
        await child.kill();
      }
      traffic = false;
      await moving;
      const last = startChild({ connection: server.connection, dataDir, url: anvil.url });
      await last.said('caught up');
      await last.kill();
      const expected = await readNode(anvil);
      const relational = await openPool(server.connection);
      expect(await readRelational(relational.part, 'kills')).toEqual(expected.relational);
      await relational.stop();
      const timeseries = await openEmbeddedTimeseries({ dataDir });
      expect(await readTimeseries(timeseries.part, 'kills')).toEqual(expected.timeseries);
      await timeseries.stop();
    } finally {
      traffic = false;
      await moving;
      await server.stop();
      await children.close();
      rmSync(dataDir, { recursive: true, force: true });
    }
  }, 400_000);
});

function startChild(options: { connection: object; dataDir: string; url: string }) {
  const at = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href);
  const program = `
    import { chainTables, networkOf, startPipeline } from ${at('./chain-pipeline-fixture.ts')};
    import { openEmbeddedTimeseries } from ${at('./stores/embedded/chdb.ts')};
    import { migrateDataset } from ${at('./stores/migrate.ts')};
    import { openPool } from ${at('./stores/open-pool.ts')};
    const { connection, dataDir, url } = ${JSON.stringify(options)};
    const { part: relational } = await openPool({ ...connection, max: 5 });
    const { part: timeseries } = await openEmbeddedTimeseries({ dataDir });
    await migrateDataset({ relational, timeseries }, 'chain', chainTables);
    const pipeline = await startPipeline({ relational, timeseries, networks: [networkOf('kills', [url])] });
    process.stdout.write('started\\n');
    for (;;) {
      if (await pipeline.isCaughtUp()) process.stdout.write('caught up\\n');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }`;
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', program], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit');
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += String(data)));
  return {
    said: async (line: string) => {
      const deadline = performance.now() + 20_000;
      while (!output.includes(`${line}\n`)) {
        if (child.exitCode !== null || performance.now() > deadline)
          throw new Error(`the child did not say "${line}": ${output}`);
        await sleep(2);
      }
    },
    kill: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
