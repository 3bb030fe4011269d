import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, describe, expect, it } from 'vitest';
import { createChildren } from '../../runtime/children.ts';
import { startPostgresServer } from '../embedded/postgres-server.ts';
import { openPool } from '../open-pool.ts';
import { layCluster } from './laid-cluster.ts';

const dir = mkdtempSync(join(tmpdir(), 'defimon-laid-'));
const log = pino({ level: 'silent' });
const children = createChildren({ log });
afterAll(async () => {
  await children.close();
  rmSync(dir, { recursive: true, force: true });
});

describe(layCluster, () => {
  it('gives each test an empty cluster of its own, on which the server starts as on one that it made', async () => {
    const folders = await Promise.all(['one', 'other'].map((name) => layCluster(join(dir, name))));
    for (const folder of folders) {
      const laid = readdirSync(folder).sort();
      const server = await startPostgresServer({ folder, children, log });
      const { part: relational, stop } = await openPool(server.connection);
      await relational.query('CREATE TABLE mine (id int4)');
      await stop();
      await server.stop();
      expect(laid).toEqual(['cluster', 'password']);
    }
  });
});
