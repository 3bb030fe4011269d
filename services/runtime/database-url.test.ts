import { describe, expect, it } from 'vitest';
import { databaseUrlOf } from './database-url.ts';

const parts = { host: 'db', name: 'market', user: 'collector' };

describe(databaseUrlOf.name, () => {
  it('is what DATABASE_URL would be', () => {
    expect(urlOf({ ...parts, password: 'p' })).toBe('postgres://collector:p@db:5432/market');
  });

  it('escapes what would end a part of it', () => {
    const url = new URL(urlOf({ ...parts, user: 'a:b', password: '@/?#%', host: '::1', port: 6432 }) ?? '');

    expect([url.username, url.password].map(decodeURIComponent)).toEqual(['a:b', '@/?#%']);
    expect(url.host).toBe('[::1]:6432');
  });

  it('speaks TLS to a managed server of DigitalOcean, and checks it by the certificate given', () => {
    const host = 'db-do-user-1-0.b.db.ondigitalocean.com';

    expect(sslOf({ ...parts, host })).toEqual(['no-verify', null]);
    expect(sslOf({ ...parts, host, sslRootCert: '/ca.crt' })).toEqual(['verify-full', '/ca.crt']);
    expect(sslOf({ ...parts, host, sslMode: 'verify-full' })).toEqual(['verify-full', null]);
    expect(sslOf(parts)).toEqual([null, null]);
  });

  it('says what is missing, and nothing where nothing is set', () => {
    const problems: string[] = [];

    expect(databaseUrlOf({ password: 'hunter2', host: 'db' }, problems)).toBeUndefined();
    expect(databaseUrlOf({}, problems)).toBeUndefined();
    expect(problems).toEqual(['DB_NAME, DB_USER: not set, but other DB_ variables are']);
  });

  it('refuses a host that is none', () => {
    const problems: string[] = [];

    expect(databaseUrlOf({ ...parts, host: 'a b' }, problems)).toBeUndefined();
    expect(problems).toEqual(['DB_HOST="a b": must be the name or the address of a host']);
  });
});

function urlOf(given: Parameters<typeof databaseUrlOf>[0]): string | undefined {
  const problems: string[] = [];
  const url = databaseUrlOf(given, problems);
  expect(problems).toEqual([]);
  return url;
}

function sslOf(given: Parameters<typeof databaseUrlOf>[0]): (string | null)[] {
  const { searchParams } = new URL(urlOf(given) ?? '');
  return [searchParams.get('sslmode'), searchParams.get('sslrootcert')];
}
