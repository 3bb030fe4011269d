import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { readSettings, secretOf } from './settings.ts';

describe(readSettings.name, () => {
  it("reads the brief's variables", () => {
    const { settings, problems } = readSettings({
      L2_NETWORKS: 'optimism, arbitrum_one',
      L2_SYNC_INTERVAL: '6',
      L2_BATCH_SIZE: '200',
      L2_MAX_CONCURRENT_REQUESTS: '50',
      L2_PRIORITY_THRESHOLD: '8',
      DATABASE_URL: 'postgres://user:pass@db:5432/defimon',
    });

    expect(problems).toEqual([]);
    expect(settings.sync).toEqual({
      intervalSeconds: 6,
      batchSize: 200,
      maxConcurrentRequests: 50,
      priorityThreshold: 8,
    });
    expect(settings.networks).toEqual(['optimism', 'arbitrum_one']);
    expect(settings.databaseUrl?.reveal()).toBe('postgres://user:pass@db:5432/defimon');
  });

  it('reads who may ask how often, and whom to believe that', () => {
    const { settings } = readSettings({ RATE_LIMIT_PER_MINUTE: '100', TRUSTED_PROXIES: '10.0.0.0/8, ::1, loopback' });
    expect(settings).toMatchObject({ requestsPerMinute: 100, trustedProxies: ['10.0.0.0/8', '::1', 'loopback'] });
    expect(readSettings({ RATE_LIMIT_PER_MINUTE: '0' }).settings.requestsPerMinute).toBeUndefined();
    expect(readSettings({ WEBSOCKETS_MAX: '2000' }).settings.socketsMax).toBe(2000);
    expect(readSettings({ WEBSOCKETS_MAX: '0' }).problems).toEqual([expect.stringContaining('WEBSOCKETS_MAX')]);
    for (const wrong of ['kong', '10.0.0.0/33', '10.0.0/8', '::1/x'])
      expect(readSettings({ TRUSTED_PROXIES: wrong }).problems, wrong).toEqual([
        expect.stringContaining('TRUSTED_PROXIES'),
      ]);
  });

  it('reads how often windows are computed at most', () => {
    expect(readSettings({}).settings.windowPaceSeconds).toBeUndefined();
    expect(readSettings({ WINDOW_PACE_SECONDS: '0.5' }).settings.windowPaceSeconds).toBe(0.5);
    expect(readSettings({ WINDOW_PACE_SECONDS: '0' }).problems).toEqual([
      expect.stringContaining('WINDOW_PACE_SECONDS'),
    ]);
  });

  it('reads where the admin service finds the others', () => {
    const { settings, problems } = readSettings({
      ANALYTICS_API_URL: 'http://analytics-api.analytics.svc:8000/',
      OPS_URLS: 'http://a:9464, http://b:9464',
      REPOSITORY_URL: 'https://gitlab.com/api/v4/projects/group%2Fproject',
      REPOSITORY_TOKEN: 'glpat-hidden',
    });
    expect(problems).toEqual([]);
    expect(settings.admin).toMatchObject({
      analyticsUrl: 'http://analytics-api.analytics.svc:8000',
      opsUrls: ['http://a:9464', 'http://b:9464'],
      repositoryUrl: 'https://gitlab.com/api/v4/projects/group%2Fproject',
    });
    expect(settings.admin.marketUrl).toBeUndefined();
    expect(JSON.stringify(settings)).not.toContain('hidden');
    for (const wrong of ['ftp://a', 'http://a/?b=c', 'http://u:p@a', 'http://a,b']) {
      expect(readSettings({ OPS_URLS: wrong }).problems, wrong).toEqual([expect.stringContaining('OPS_URLS')]);
    }
  });

  it("reads the brief's variables of the order books", () => {
    const { settings, problems } = readSettings({
      DB_HOST: 'db',
      DB_PORT: '25060',
      DB_NAME: 'defaultdb',
      DB_USER: 'doadmin',
      DB_PASSWORD: 'pass',
      DB_SSLMODE: 'no-verify',
      SYMBOLS_CHUNK_SIZE: '25',
      BINANCE_API_KEY: 'k1',
      BINANCE_SECRET_KEY: 'k2',
      BINANCE_WEIGHT_SHARE: '1/4',
    });

    expect(problems).toEqual([]);
    expect(settings.databaseUrl?.reveal()).toBe('postgres://doadmin:pass@db:25060/defaultdb?sslmode=no-verify');
    expect(settings.market).toMatchObject({ symbolsChunkSize: 25, weightShare: 0.25 });
    expect(settings.market.apiKey?.reveal()).toBe('k1');
    expect(JSON.stringify(settings)).not.toMatch(/k1|k2|pass/);
  });

  it('takes DATABASE_URL before its parts', () => {
    const { settings } = readSettings({ DATABASE_URL: 'postgres://u:p@a/d', DB_HOST: 'b', DB_NAME: 'd', DB_USER: 'u' });

    expect(settings.databaseUrl?.reveal()).toBe('postgres://u:p@a/d');
  });

  it.each(['0', '2', '1/0', '1/2/3', 'a/4', '/4', '-1/4'])('refuses a share of %s', (share) => {
    expect(readSettings({ BINANCE_WEIGHT_SHARE: share }).problems).toEqual([
      expect.stringContaining('more than 0 and at most 1'),
    ]);
  });

  it('keeps the keys of RPC endpoints by the name of their variable, hidden', () => {
    const { settings, problems } = readSettings({ RPC_KEY_ALCHEMY_TOKEN: ' k1 ', RPC_KEY_EMPTY: '' });

    expect(problems).toEqual([]);
    expect([...settings.rpcKeys.keys()]).toEqual(['RPC_KEY_ALCHEMY_TOKEN']);
    expect(settings.rpcKeys.get('RPC_KEY_ALCHEMY_TOKEN')?.reveal()).toBe('k1');
    expect(JSON.stringify([...settings.rpcKeys])).not.toContain('k1');
  });

  it('reports every problem at once, and never the value of a secret', () => {
    const { problems } = readSettings({
      L2_BATCH_SIZE: 'many',
      L2_SYNC_INTERVAL: '-1',
      DATABASE_URL: 'mysql://root:hunter2@db',
      JWT_SECRET: 'short',
    });

    expect(problems).toHaveLength(4);
    expect(problems.join()).not.toMatch(/hunter2|short"/);
    expect(problems[0]).toContain('L2_SYNC_INTERVAL="-1": must be a number from 0.1 to 3600');
  });

  it('refuses a misspelt name instead of ignoring it', () => {
    expect(readSettings({ L2_BATCHSIZE: '5' }).problems).toEqual([
      expect.stringContaining('L2_BATCHSIZE: no such setting; known: L2_NETWORKS'),
    ]);
  });

  it('takes an empty variable for one that is not set', () => {
    expect(readSettings({ L2_NETWORKS: '', DATABASE_URL: ' ' })).toMatchObject({
      problems: [],
      settings: { networks: undefined, databaseUrl: undefined },
    });
  });
});

describe(secretOf.name, () => {
  it('shows stars wherever it is printed', () => {
    const secret = secretOf('hunter2');

    expect(`${secret} ${JSON.stringify({ secret })} ${inspect(secret)}`).not.toContain('hunter2');
    expect(secret.reveal()).toBe('hunter2');
  });
});
