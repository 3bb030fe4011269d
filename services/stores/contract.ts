import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ConfigurationError, RetryableError } from '../runtime/errors.ts';
import type { Started } from '../runtime/modules.ts';
import { copyRow } from './copy-row.ts';
import type { Relational } from './relational.ts';
import type { Timeseries } from './timeseries.ts';
import { findClickHouseCode } from './timeseries-errors.ts';

// What each store promises, whatever stands behind it: every adapter runs its suite.

const uint256Max = (2n ** 256n - 1n).toString();

/** Text that PostgreSQL can hold: everything but NUL. */
const pgText = fc.string({ unit: 'binary', maxLength: 40 }).filter((text) => !text.includes('\0'));

export function relationalContract(name: string, open: () => Promise<Started<Relational>>): void {
  describe(`relational: ${name}`, () => {
    let started: Started<Relational>;
    let relational: Relational;

    beforeAll(async () => {
      started = await open();
      relational = started.part;
      await relational.query('DROP SCHEMA IF EXISTS contract CASCADE; CREATE SCHEMA contract');
    });
    afterAll(async () => {
      await relational?.query('DROP SCHEMA contract CASCADE');
      await started?.stop();
    });
    beforeEach(async () => {
      await relational.query(
        `DROP TABLE IF EXISTS contract.t;
         CREATE TABLE contract.t (id int8 PRIMARY KEY, body text, amount numeric, at timestamptz, bytes bytea)`,
      );
    });

    const count = async (): Promise<number> => {
      const [row] = await relational.query<{ n: number }>('SELECT count(*)::int4 AS n FROM contract.t');
      return row?.n ?? -1;
    };

    it('gives exact values', async () => {
      const [row] = await relational.query(
        `SELECT 9007199254740993::int8 AS big, $1::numeric AS amount, ARRAY[9007199254740993::int8] AS bigs,
           ARRAY[0.1::numeric, NULL, '${uint256Max}'] AS amounts, 7::int4 AS small, '\\x00ff'::bytea AS bytes,
           '2026-01-02 03:04:05.678+02'::timestamptz AS at, '2026-01-02'::date AS day, '2026-01-02 03:04'::timestamp AS clock,
           '{"a": [1]}'::jsonb AS json, true AS yes, NULL AS nothing`,
        [uint256Max],
      );
      expect(row).toEqual({
        big: '9007199254740993',
        amount: uint256Max,
        bigs: ['9007199254740993'],
        amounts: ['0.1', null, uint256Max],
        small: 7,
        bytes: Buffer.from([0, 255]),
        at: new Date('2026-01-02T01:04:05.678Z'),
        day: '2026-01-02',
        clock: '2026-01-02 03:04:00',
        json: { a: [1] },
        yes: true,
        nothing: null,
      });
    });

    it('takes bigint, Date, Buffer and null as parameters', async () => {
      const at = new Date('2026-01-02T01:04:05.678Z');
      await relational.query('INSERT INTO contract.t VALUES ($1, $2, $3, $4, $5)', [
        2n ** 63n - 1n,
        null,
        2n ** 256n - 1n,
        at,
        Buffer.from('00ff', 'hex'),
      ]);
      expect(await relational.query('SELECT * FROM contract.t')).toEqual([
        { id: (2n ** 63n - 1n).toString(), body: null, amount: uint256Max, at, bytes: Buffer.from([0, 255]) },
      ]);
    });

    it('brings any text through COPY unchanged', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(fc.option(pgText), { minLength: 1, maxLength: 20 }), async (texts) => {
          await relational.query('TRUNCATE contract.t');
          await relational.transaction((tx) =>
            tx.copy('contract.t (id, body)', texts.map((text, id) => copyRow([id, text])).join('')),
          );
          const rows = await relational.query<{ body: string | null }>('SELECT body FROM contract.t ORDER BY id');
          expect(rows.map((row) => row.body)).toEqual(texts);
        }),
        { numRuns: 50 },
      );
    });

    it('brings any 256-bit number and any bytes through COPY unchanged', async () => {
      const wei = fc.bigInt({ min: 0n, max: 2n ** 256n - 1n });
      await fc.assert(
        fc.asyncProperty(wei, fc.uint8Array({ maxLength: 64 }), async (amount, bytes) => {
          await relational.query('TRUNCATE contract.t');
          const hex = `\\x${Buffer.from(bytes).toString('hex')}`;
          await relational.transaction((tx) =>
            tx.copy('contract.t (id, amount, bytes)', copyRow([1, `${amount}`, hex])),
          );
          const rows = await relational.query('SELECT amount, bytes FROM contract.t');
          expect(rows).toEqual([{ amount: `${amount}`, bytes: Buffer.from(bytes) }]);
        }),
        { numRuns: 25 },
      );
    });

    it('copies many megabytes from pieces of any length', async () => {
      const wide = '😀'.repeat(400_001);
      const rows = function* (): Generator<string> {
        for (let id = 0; id < 20_000; id++) yield copyRow([id, `row ${id}`]);
        yield* ['20000\tx', wide.slice(0, 300_001), wide.slice(300_001), '\n'];
      };
      await relational.transaction((tx) => tx.copy('contract.t (id, body)', rows()));
      expect(await count()).toBe(20_001);
      const [row] = await relational.query<{ body: string }>('SELECT body FROM contract.t WHERE id = 20000');
      expect(row?.body === `x${wide}`).toBe(true);
    });

    it('copies nothing at all when a row is refused, and goes on working', async () => {
      const copy = relational.transaction((tx) => tx.copy('contract.t (id)', `1\n2\n${'3\n'.repeat(200_000)}`));
      await expect(copy).rejects.toMatchObject({ code: '23505' });
      const unknown = relational.transaction((tx) => tx.copy('contract.nowhere', '1\n'));
      await expect(unknown).rejects.toMatchObject({ code: '42P01' });
      expect(await count()).toBe(0);
    });

    it('copies nothing at all when the source of rows fails', async () => {
      const rows = function* (): Generator<string> {
        yield '1\n'.padEnd(600_000, ' ').replace(/\n( +)$/, '$1\n');
        throw new Error('no more rows');
      };
      await expect(relational.transaction((tx) => tx.copy('contract.t (body)', rows()))).rejects.toThrow(
        'no more rows',
      );
      expect(await count()).toBe(0);
    });

    it('commits when the work resolves and rolls back when it rejects', async () => {
      const result = await relational.transaction(async (tx) => {
        await tx.query('INSERT INTO contract.t (id) VALUES (1)');
        return 'done';
      });
      expect(result).toBe('done');
      const failure = new Error('changed my mind');
      const failed = relational.transaction(async (tx) => {
        await tx.query('INSERT INTO contract.t (id) VALUES (2)');
        await tx.copy('contract.t (id)', '3\n');
        throw failure;
      });
      await expect(failed).rejects.toBe(failure);
      expect(await count()).toBe(1);
    });

    it('gives up a transaction that takes longer than it may, and closes a connection in its way', async () => {
      const slow = relational.transaction((tx) => tx.query('SELECT pg_sleep(60)'), { timeoutMs: 300 });
      await expect(slow).rejects.toBeInstanceOf(RetryableError);
      const idle = relational.transaction(
        async (tx) => {
          await tx.query('INSERT INTO contract.t (id) VALUES (1)');
          await new Promise((resolve) => setTimeout(resolve, 600));
          await tx.query('INSERT INTO contract.t (id) VALUES (2)');
        },
        { timeoutMs: 300 },
      );
      await expect(idle).rejects.toBeInstanceOf(RetryableError);
      expect(await count()).toBe(0);
    });

    it('does not pass a failed transaction off as committed', async () => {
      const swallowed = relational.transaction(async (tx) => {
        await tx.query('INSERT INTO contract.t (id) VALUES (1)');
        await tx.query('SELECT 1 / 0').catch(() => {});
      });
      await expect(swallowed).rejects.toThrow('rolled back');
      expect(await count()).toBe(0);
    });

    it('refuses a query after the end of its transaction', async () => {
      const leaked = await relational.transaction(async (tx) => tx);
      await expect(leaked.query('SELECT 1')).rejects.toThrow('has ended');
    });

    it('runs queries of one transaction in turn', async () => {
      await relational.transaction(async (tx) => {
        const texts = Array.from({ length: 10 }, (_, id) => `INSERT INTO contract.t (id) VALUES (${id})`);
        await Promise.all([...texts.map((text) => tx.query(text)), tx.copy('contract.t (id)', '100\n')]);
      });
      expect(await count()).toBe(11);
    });

    it('runs twenty transactions at once without losing an update', async () => {
      await relational.query('INSERT INTO contract.t (id, amount) VALUES (1, 0)');
      const increment = (): Promise<unknown> =>
        relational.transaction(async (tx) => {
          const [row] = await tx.query<{ amount: string }>('SELECT amount FROM contract.t WHERE id = 1 FOR UPDATE');
          await tx.query('UPDATE contract.t SET amount = $1 WHERE id = 1', [Number(row?.amount) + 1]);
        });
      await Promise.all(Array.from({ length: 20 }, increment));
      expect(await relational.query('SELECT amount FROM contract.t')).toEqual([{ amount: '20' }]);
    });

    it('keeps the code of an error which a retry would not help', async () => {
      await relational.query('INSERT INTO contract.t (id) VALUES (1)');
      const again = relational.query('INSERT INTO contract.t (id) VALUES (1)');
      await expect(again).rejects.toMatchObject({ code: '23505' });
      await expect(again).rejects.not.toBeInstanceOf(RetryableError);
    });

    it('runs a prepared statement again and again, also after its tables have changed', async () => {
      await relational.query(`INSERT INTO contract.t (id, amount) VALUES (1, 7), (2, ${uint256Max})`);
      const ask = (id: number) =>
        relational.query('SELECT id, amount FROM contract.t WHERE id = $1', [id], { prepared: true });
      const answers = await Promise.all(Array.from({ length: 30 }, (_, at) => ask(1 + (at % 2))));
      expect(answers.map(([row]) => row)).toEqual(
        answers.map((_, at) => (at % 2 === 0 ? { id: '1', amount: '7' } : { id: '2', amount: uint256Max })),
      );
      await relational.query('ALTER TABLE contract.t ALTER amount TYPE text');
      expect(await ask(2)).toEqual([{ id: '2', amount: uint256Max }]);
      await relational.query('ALTER TABLE contract.t ALTER id TYPE int4');
      for (let asked = 0; asked < 3; asked++) expect(await ask(1)).toEqual([{ id: 1, amount: '7' }]);
    });

    it('keeps the code of an error in a prepared statement', async () => {
      const wrong = relational.query('SELECT 1 / $1::int4', [0], { prepared: true });
      await expect(wrong).rejects.toMatchObject({ code: '22012' });
    });

    it('gives up a statement that takes longer than it may, and goes on working', async () => {
      for (const prepared of [true, false]) {
        const slow = relational.query('SELECT pg_sleep(60)', [], { prepared, timeoutMs: 300 });
        await expect(slow).rejects.toBeInstanceOf(RetryableError);
        expect(await relational.query('SELECT 1 AS one', [], { prepared, timeoutMs: 60_000 })).toEqual([{ one: 1 }]);
      }
    });

    it('calls a deadlock retryable', async () => {
      await relational.query('INSERT INTO contract.t (id) VALUES (1), (2)');
      const bothLocked = Promise.withResolvers<void>();
      let locked = 0;
      const lockInOrder = (ids: readonly [number, number]): Promise<void> =>
        relational.transaction(async (tx) => {
          await tx.query('SELECT 1 FROM contract.t WHERE id = $1 FOR UPDATE', [ids[0]]);
          if (++locked === 2) bothLocked.resolve();
          await bothLocked.promise;
          await tx.query('SELECT 1 FROM contract.t WHERE id = $1 FOR UPDATE', [ids[1]]);
        });
      const results = await Promise.allSettled([lockInOrder([1, 2]), lockInOrder([2, 1])]);
      const reasons = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
      expect(reasons).toHaveLength(1);
      expect(reasons[0]).toBeInstanceOf(RetryableError);
    });

    it('calls a lost connection retryable, and connects again', async () => {
      const lost = relational.transaction(async (tx) => {
        await tx.query('INSERT INTO contract.t (id) VALUES (1)');
        const [row] = await tx.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
        await relational.query('SELECT pg_terminate_backend($1)', [row?.pid]);
        await tx.query('INSERT INTO contract.t (id) VALUES (2)');
      });
      await expect(lost).rejects.toBeInstanceOf(RetryableError);
      const self = relational.query('SELECT pg_terminate_backend(pg_backend_pid())');
      await expect(self).rejects.toBeInstanceOf(RetryableError);
      expect(await count()).toBe(0);
    });

    it('passes notifications on once they are committed, and not after the listener stopped', async () => {
      const heard: string[] = [];
      const stop = await relational.listen('contract "one"', (payload) => heard.push(payload));
      const notify = (payload: string): Promise<unknown> =>
        relational.query('SELECT pg_notify($1, $2)', ['contract "one"', payload]);
      await relational
        .transaction(async (tx) => {
          await tx.query(`SELECT pg_notify('contract "one"', 'rolled back')`);
          throw new Error('no');
        })
        .catch(() => {});
      await notify('first');
      await notify('second');
      await until(() => heard.length === 2);
      await stop();
      await notify('third');
      await delay(50);
      expect(heard).toEqual(['first', 'second']);
    });

    it('listens again after a lost connection, and says that something may be missed', async () => {
      const heard: string[] = [];
      const stop = await relational.listen('contract_two', (payload) => heard.push(payload));
      await relational.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN "contract_two"%'`,
      );
      await until(() => heard.length === 1);
      await relational.query(`SELECT pg_notify('contract_two', 'still here')`);
      await until(() => heard.length === 2);
      expect(heard).toEqual(['', 'still here']);
      await stop();
    });

    it('is healthy', async () => {
      expect(await started.health?.()).toEqual({ ok: true });
    });
  });
}

export function timeseriesContract(name: string, open: () => Promise<Started<Timeseries>>): void {
  describe(`timeseries: ${name}`, () => {
    let started: Started<Timeseries>;
    let timeseries: Timeseries;

    beforeAll(async () => {
      started = await open();
      timeseries = started.part;
    });
    afterAll(async () => {
      for (const table of ['contract_total', 'contract']) await timeseries?.command(`DROP TABLE IF EXISTS ${table}`);
      await started?.stop();
    });
    beforeEach(async () => {
      for (const table of ['contract_sum', 'contract_total', 'contract'])
        await timeseries.command(`DROP TABLE IF EXISTS ${table}`);
      const settings = 'SETTINGS non_replicated_deduplication_window = 1000';
      await timeseries.command(
        `CREATE TABLE contract (id UInt64, body Nullable(String), amount UInt256, price Decimal(38, 18), at DateTime64(3, 'UTC'))
         ENGINE = MergeTree ORDER BY id ${settings}`,
      );
      await timeseries.command(
        `CREATE TABLE contract_total (n UInt64) ENGINE = SummingMergeTree ORDER BY tuple() ${settings}`,
      );
      await timeseries.command(
        'CREATE MATERIALIZED VIEW contract_sum TO contract_total AS SELECT count() AS n FROM contract',
      );
    });

    const count = async (): Promise<{ n: string; viewed: string } | undefined> => {
      const rows = await timeseries.query<{ n: string; viewed: string }>(
        'SELECT count() AS n, (SELECT sum(n) FROM contract_total) AS viewed FROM contract',
      );
      return rows[0];
    };

    it('gives exact values', async () => {
      const at = new Date('2026-01-02T03:04:05.678Z');
      const price = '12345678901234567890.123456789012345678';
      await timeseries.insert('contract', [{ id: 2n ** 64n - 1n, body: null, amount: uint256Max, price, at }]);
      expect(await timeseries.query('SELECT *, toInt32(7) AS small, 0.5 AS half FROM contract')).toEqual([
        {
          id: '18446744073709551615',
          body: null,
          amount: uint256Max,
          price,
          at: '2026-01-02 03:04:05.678',
          small: 7,
          half: 0.5,
        },
      ]);
    });

    it('takes parameters of every kind', async () => {
      const at = new Date('2026-01-02T03:04:05.678Z');
      const sql = `SELECT {text:String} AS text, {json:String} AS json, {big:UInt256} AS big, {at:DateTime64(3, 'UTC')} AS at, {day:DateTime('UTC')} AS day,
        {list:Array(String)} AS list, {none:Nullable(String)} AS none, {flag:Bool} AS flag, {n:Int32} AS n`;
      const text = `it's "quoted" \\ \t tab; -- {x:String}`;
      // A text that could be taken for an array.
      const json = '[{"a":"b"},2]';
      const params = {
        text,
        json,
        big: 2n ** 256n - 1n,
        at,
        day: new Date('2026-01-02T00:00:00Z'),
        list: ["a'b", 'c'],
        none: null,
        flag: true,
        n: -3,
      };
      expect(await timeseries.query(sql, params)).toEqual([
        {
          text,
          json,
          big: uint256Max,
          at: '2026-01-02 03:04:05.678',
          day: '2026-01-02 00:00:00',
          list: ["a'b", 'c'],
          none: null,
          flag: true,
          n: -3,
        },
      ]);
    });

    it('brings any text through an insert unchanged', async () => {
      const text = fc.string({ unit: 'grapheme', maxLength: 40 });
      await fc.assert(
        fc.asyncProperty(fc.array(text, { minLength: 1, maxLength: 10 }), async (texts) => {
          await timeseries.command('TRUNCATE TABLE contract');
          await timeseries.insert(
            'contract',
            texts.map((body, id) => rowOf(id, { body })),
          );
          const rows = await timeseries.query<{ body: string }>('SELECT body FROM contract ORDER BY id');
          expect(rows.map(({ body }) => body)).toEqual(texts);
        }),
        { numRuns: 20 },
      );
    });

    it('takes rows as the values of columns that are named, and gives the others their defaults', async () => {
      const rows = [
        [2n ** 64n - 1n, null, '0.5'],
        [7, 'a\t"b"\\', '1.000000000000000001'],
      ];
      for (let send = 0; send < 2; send++)
        await timeseries.insert('contract', rows, { token: 'values', columns: ['id', 'body', 'price'] });
      expect(await timeseries.query('SELECT id, body, amount, price FROM contract ORDER BY id')).toEqual([
        { id: '7', body: 'a\t"b"\\', amount: '0', price: '1.000000000000000001' },
        { id: '18446744073709551615', body: null, amount: '0', price: '0.5' },
      ]);
    });

    it('stores rows sent again under the same token once, also in a view', async () => {
      const rows = [rowOf(1), rowOf(2)];
      for (let send = 0; send < 3; send++) await timeseries.insert('contract', rows, { token: "blocks:1-2'\\" });
      expect(await count()).toEqual({ n: '2', viewed: '2' });
    });

    it('lets a token reach no other insert', async () => {
      await timeseries.insert('contract', [rowOf(1)], { token: 'one' });
      await timeseries.insert('contract', [rowOf(2)]);
      await timeseries.insert('contract', [rowOf(3)], { token: 'three' });
      await Promise.all(
        Array.from({ length: 20 }, (_, at) =>
          timeseries.insert('contract', [rowOf(10 + at)], at % 2 ? { token: `t${at}` } : {}),
        ),
      );
      expect(await count()).toEqual({ n: '23', viewed: '23' });
    });

    it('stores a hundred thousand rows in one insert, once', async () => {
      const rows = Array.from({ length: 100_000 }, (_, id) => rowOf(id, { body: `row ${id}` }));
      await timeseries.insert('contract', rows, { token: 'many' });
      await timeseries.insert('contract', rows, { token: 'many' });
      expect(await count()).toEqual({ n: '100000', viewed: '100000' });
    });

    it('stores rows of any number of partitions in one insert', async () => {
      await timeseries.command('DROP TABLE IF EXISTS contract_partitions');
      await timeseries.command(
        'CREATE TABLE contract_partitions (id UInt32) ENGINE = MergeTree PARTITION BY id ORDER BY id',
      );
      await timeseries.insert(
        'contract_partitions',
        Array.from({ length: 150 }, (_, id) => ({ id })),
      );
      expect(await timeseries.query('SELECT count() AS n FROM contract_partitions')).toEqual([{ n: '150' }]);
    });

    it('does nothing for no rows', async () => {
      await timeseries.insert('contract', []);
      expect(await count()).toEqual({ n: '0', viewed: '0' });
    });

    it('refuses a row with a column the table does not have', async () => {
      const insert = timeseries.insert('contract', [{ ...rowOf(1), boddy: 'x' }]);
      await expect(insert.catch((error: unknown) => findClickHouseCode(error))).resolves.toBe('117');
      expect(await count()).toEqual({ n: '0', viewed: '0' });
    });

    it('gives the code of an error', async () => {
      const codes = ['SELECT nonsense', 'SELECT * FROM nowhere', 'SELEC 1'].map((sql) =>
        timeseries.query(sql).then(() => undefined, findClickHouseCode),
      );
      expect(await Promise.all(codes)).toEqual(['47', '60', '62']);
    });

    it('answers many queries at once', async () => {
      const queries = Array.from({ length: 30 }, (_, n) =>
        timeseries.query('SELECT {n:UInt64} AS n, toDecimal64(1.5, 2) AS d', { n }),
      );
      expect((await Promise.all(queries)).flat()).toEqual(queries.map((_, n) => ({ n: String(n), d: '1.5' })));
    });

    it('is healthy', async () => {
      expect(await started.health?.()).toEqual({ ok: true });
    });
  });
}

/** Opening must fail as a matter of configuration, with a message that says what to do and holds no secret. */
export async function expectConfigurationError(
  opening: Promise<unknown>,
  message: RegExp,
  secret?: string,
): Promise<void> {
  const error = await opening.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ConfigurationError);
  expect(String(error)).toMatch(message);
  if (secret !== undefined) expect(String(error)).not.toContain(secret);
}

export async function until(isTrue: () => boolean | Promise<boolean>, timeoutMs = 90_000): Promise<void> {
  for (const end = Date.now() + timeoutMs; !(await isTrue()); await delay(10)) {
    if (Date.now() > end) throw new Error('waited too long');
  }
}

function rowOf(id: number, more: object = {}): object {
  return { id, body: 'x', amount: '1', price: '1.5', at: '2026-01-02T03:04:05.678Z', ...more };
}
