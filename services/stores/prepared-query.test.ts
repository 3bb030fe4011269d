import pg from 'pg';
import { describe, expect, test } from 'vitest';
import { createPreparedQuery } from './prepared-query.ts';

describe(createPreparedQuery, () => {
  test('gives each text one name, whoever prepares it', async () => {
    const [one, other] = [open(), open()];
    await one.run({ text: 'a' });
    await one.run({ text: 'a' });
    await one.run({ text: 'b' });
    await other.run({ text: 'b' });
    const [first, again, second] = one.names;
    expect(first).toEqual(expect.any(String));
    expect([again, second === first, other.names]).toEqual([first, false, [second]]);
  });

  test('runs the text itself where a pooler lost the statement, and prepares no more', async () => {
    for (const code of ['26000', '42P05']) {
      const { run, names, fail } = open();
      await run({ text: 'a' });
      fail(errorOf(code, 'prepared statement'));
      expect(await run({ text: 'a' })).toBeDefined();
      await run({ text: 'b' });
      expect(names.slice(2)).toEqual([undefined, undefined]);
    }
  });

  test('runs the text itself where a table has changed, and goes on preparing', async () => {
    const { run, names, fail } = open();
    fail(errorOf('0A000', 'cached plan must not change result type'));
    expect(await run({ text: 'a' })).toBeDefined();
    await run({ text: 'a' });
    expect(names).toEqual([expect.any(String), undefined, names[0]]);
  });

  test('passes on any other failure, and does not try again', async () => {
    const { run, names, fail } = open();
    fail(errorOf('0A000', 'not implemented'));
    await expect(run({ text: 'a' })).rejects.toMatchObject({ code: '0A000' });
    expect(names).toHaveLength(1);
  });
});

/** A query that notes the names it is asked by, and fails once when told to. */
function open() {
  const names: (string | undefined)[] = [];
  let failure: Error | undefined;
  const run = createPreparedQuery(async ({ name }) => {
    names.push(name);
    const error = failure;
    failure = undefined;
    if (error !== undefined) throw error;
    return { rows: [], fields: [], command: 'SELECT', rowCount: 0, oid: 0 };
  });
  const fail = (error: Error): void => {
    failure = error;
  };
  return { run, names, fail };
}

function errorOf(code: string, message: string): Error {
  return Object.assign(new pg.DatabaseError(message, 0, 'error'), { code });
}
