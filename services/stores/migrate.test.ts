import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createChildren } from '../runtime/children.ts';
import { embeddedStores } from '../runtime/stores-config.ts';
import { expectConfigurationError } from './contract.ts';
import { migrateDataset, migrateRelational, migrateTimeseries, statementsOf } from './migrate.ts';
import { createStores } from './open.ts';
import type { Relational } from './relational.ts';
import { layCluster } from './testing/laid-cluster.ts';
import type { Timeseries } from './timeseries.ts';
import { findClickHouseCode } from './timeseries-errors.ts';

const log = pino({ level: 'silent' });
const root = mkdtempSync(path.join(os.tmpdir(), 'defimon-test-'));
const children = createChildren({ log });
const stops: (() => Promise<void>)[] = [];
let relational: Relational;
let timeseries: Timeseries;
let dir: string;

beforeAll(async () => {
  await layCluster(path.join(root, 'data', 'relational'));
  const stores = createStores(embeddedStores(path.join(root, 'data')), { log, children, onLost: () => {} });
  const opened = [await stores.openRelational(), await stores.openTimeseries()] as const;
  stops.push(...opened.map(({ stop }) => stop));
  [relational, timeseries] = [opened[0].part, opened[1].part];
});
afterAll(async () => {
  for (const stop of stops) await stop();
  await children.close();
  rmSync(root, { recursive: true, force: true });
});
beforeEach(async () => {
  dir = mkdtempSync(path.join(root, 'dataset-'));
  await relational.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
  for (const table of ['defimon_migrations', 'a', 'b']) await timeseries.command(`DROP TABLE IF EXISTS ${table}`);
});

describe(migrateRelational.name, () => {
  it('applies each file once, in order', async () => {
    write('002-b.sql', 'INSERT INTO a VALUES (2);');
    write('001-a.sql', 'CREATE TABLE a (id int4);\nINSERT INTO a VALUES (1);\n');
    expect(await migrateRelational(relational, 'test', dir)).toEqual({
      applied: ['001-a.sql', '002-b.sql'],
      ahead: [],
    });
    expect(await migrateRelational(relational, 'test', dir)).toEqual({ applied: [], ahead: [] });
    write('003-c.sql', 'INSERT INTO a VALUES (3)');
    expect(await migrateRelational(relational, 'test', dir)).toEqual({ applied: ['003-c.sql'], ahead: [] });
    expect(await relational.query('SELECT id FROM a')).toEqual([{ id: 1 }, { id: 2 }, { id: 3 }]);
  });

  it('keeps the files of datasets apart', async () => {
    write('001-a.sql', 'CREATE TABLE IF NOT EXISTS a (id int4); INSERT INTO a VALUES (1)');
    await migrateRelational(relational, 'one', dir);
    expect(await migrateRelational(relational, 'two', dir)).toMatchObject({ applied: ['001-a.sql'] });
  });

  it('refuses an applied file that was edited, naming it', async () => {
    const file = write('001-a.sql', 'CREATE TABLE a (id int4);');
    await migrateRelational(relational, 'test', dir);
    write('001-a.sql', 'CREATE TABLE a (id int4);\r\n'.trimEnd());
    await migrateRelational(relational, 'test', dir);
    write('001-a.sql', 'CREATE TABLE a (id int8);');
    await expectConfigurationError(migrateRelational(relational, 'test', dir), new RegExp(`${file}: .*another text`));
  });

  it('applies nothing of a file that fails, and names it', async () => {
    write('001-a.sql', 'CREATE TABLE a (id int4);');
    write('002-b.sql', 'CREATE TABLE b (id int4); SELECT 1 / 0;');
    await expect(migrateRelational(relational, 'test', dir)).rejects.toThrow('002-b.sql: division by zero');
    expect(await relational.query(`SELECT to_regclass('a') IS NULL AS a, to_regclass('b') IS NULL AS b`)).toEqual([
      { a: false, b: true },
    ]);
    write('002-b.sql', 'CREATE TABLE b (id int4);');
    expect(await migrateRelational(relational, 'test', dir)).toMatchObject({ applied: ['002-b.sql'] });
  });

  it('refuses a file that comes too late, twice the same number and any other name', async () => {
    write('002-b.sql', 'SELECT 1');
    await migrateRelational(relational, 'test', dir);
    const late = write('001-a.sql', 'SELECT 1');
    await expectConfigurationError(migrateRelational(relational, 'test', dir), new RegExp(`${late}: .*number above 2`));
    rmSync(late);
    const twice = write('002-c.sql', 'SELECT 1');
    await expectConfigurationError(migrateRelational(relational, 'test', dir), new RegExp(`${twice}: .*same number`));
    rmSync(twice);
    const odd = write('3-c.sql', 'SELECT 1');
    await expectConfigurationError(migrateRelational(relational, 'test', dir), new RegExp(`${odd}: .*NNN-name.sql`));
  });

  it('starts under tables of a newer version, and says so', async () => {
    write('001-a.sql', 'SELECT 1');
    const newer = write('002-b.sql', 'SELECT 2');
    await migrateRelational(relational, 'test', dir);
    rmSync(newer);
    expect(await migrateRelational(relational, 'test', dir)).toEqual({ applied: [], ahead: ['002-b.sql'] });
  });

  it('lets several processes take turns', async () => {
    write('001-a.sql', 'CREATE TABLE a (id int4); SELECT pg_sleep(0.05);');
    write('002-b.sql', 'INSERT INTO a VALUES (1);');
    const runs = await Promise.all(Array.from({ length: 5 }, () => migrateRelational(relational, 'test', dir)));
    expect(runs.flatMap(({ applied }) => applied).sort()).toEqual(['001-a.sql', '002-b.sql']);
    expect(await relational.query('SELECT id FROM a')).toEqual([{ id: 1 }]);
  });
});

describe(migrateTimeseries.name, () => {
  it('applies each file once, in order', async () => {
    write(
      '001-a.sql',
      '-- Why; and how\nCREATE TABLE a (id UInt8)\nENGINE = MergeTree ORDER BY id;\n\nINSERT INTO a VALUES (1);\n',
    );
    write('002-b.sql', 'INSERT INTO a VALUES (2);');
    expect(await migrateTimeseries(timeseries, 'test', dir)).toEqual({
      applied: ['001-a.sql', '002-b.sql'],
      ahead: [],
    });
    expect(await migrateTimeseries(timeseries, 'test', dir)).toEqual({ applied: [], ahead: [] });
    expect(await timeseries.query('SELECT id FROM a ORDER BY id')).toEqual([{ id: 1 }, { id: 2 }]);
  });

  it('refuses an applied file that was edited, naming it', async () => {
    const file = write('001-a.sql', 'CREATE TABLE a (id UInt8) ENGINE = MergeTree ORDER BY id;');
    await migrateTimeseries(timeseries, 'test', dir);
    write('001-a.sql', 'CREATE TABLE a (id UInt16) ENGINE = MergeTree ORDER BY id;');
    await expectConfigurationError(migrateTimeseries(timeseries, 'test', dir), new RegExp(`${file}: .*another text`));
  });

  it('goes on at the statement that failed', async () => {
    const first = 'CREATE TABLE a (id UInt8) ENGINE = MergeTree ORDER BY id;\nINSERT INTO a VALUES (1);\n';
    const file = write('001-a.sql', `${first}CREATE TABLE b (id Nonsense) ENGINE = MergeTree ORDER BY id;`);
    const failed = migrateTimeseries(timeseries, 'test', dir);
    await expect(failed).rejects.toThrow(file);
    await expect(failed.catch(findClickHouseCode)).resolves.toBe('50');
    write('001-a.sql', `${first}CREATE TABLE b (id UInt8) ENGINE = MergeTree ORDER BY id;`);
    expect(await migrateTimeseries(timeseries, 'test', dir)).toMatchObject({ applied: ['001-a.sql'] });
    expect(await timeseries.query('SELECT id FROM a')).toEqual([{ id: 1 }]);
  });

  it('accepts that a kill came after a statement and before its note', async () => {
    write('001-a.sql', 'CREATE TABLE a (id UInt8) ENGINE = MergeTree ORDER BY id;\nINSERT INTO a VALUES (1);');
    const killed: Timeseries = {
      ...timeseries,
      insert: (table, rows) =>
        rows.some((row) => 'state' in row && row.state === 'done')
          ? Promise.reject(new Error('killed'))
          : timeseries.insert(table, rows),
    };
    await expect(migrateTimeseries(killed, 'test', dir)).rejects.toThrow('killed');
    expect(await migrateTimeseries(timeseries, 'test', dir)).toMatchObject({ applied: ['001-a.sql'] });
    expect(await timeseries.query('SELECT id FROM a')).toEqual([{ id: 1 }]);
  });

  it('does not take a table of somebody else for its own', async () => {
    await timeseries.command('CREATE TABLE a (id String) ENGINE = MergeTree ORDER BY id');
    write('001-a.sql', 'CREATE TABLE a (id UInt8) ENGINE = MergeTree ORDER BY id;');
    await expect(migrateTimeseries(timeseries, 'test', dir)).rejects.toThrow('already exists');
  });
});

describe(migrateDataset.name, () => {
  it('migrates both stores, from several processes at once', async () => {
    for (const store of ['relational', 'timeseries']) mkdirSync(path.join(dir, store));
    write('relational/001-a.sql', 'CREATE TABLE a (id int4)');
    write('timeseries/001-a.sql', 'CREATE TABLE a (id UInt8) ENGINE = MergeTree ORDER BY id;');
    const runs = await Promise.all(
      Array.from({ length: 3 }, () => migrateDataset({ relational, timeseries }, 'test', dir)),
    );
    expect(runs.flatMap((run) => run.relational.applied)).toEqual(['001-a.sql']);
    expect(runs.flatMap((run) => run.timeseries.applied)).toEqual(['001-a.sql']);
  });

  it('has nothing to do for a dataset without files', async () => {
    const nothing = { applied: [], ahead: [] };
    const run = await migrateDataset({ relational, timeseries }, 'test', path.join(dir, 'none'));
    expect(run).toEqual({ relational: nothing, timeseries: nothing });
  });
});

describe(statementsOf.name, () => {
  it('splits at semicolons that end a line, and drops comment lines', () => {
    expect(statementsOf("-- a;\nSELECT ';a';\n  -- b;\nSELECT 'x;y'\n  FROM t ;  \n\nSELECT 3")).toEqual([
      "SELECT ';a'",
      "SELECT 'x;y'\n  FROM t",
      'SELECT 3',
    ]);
  });
});

function write(name: string, sql: string): string {
  const file = path.join(dir, name);
  writeFileSync(file, sql);
  return file;
}
