import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { balancePool, sum } from './capacity.ts';
import { costOfPool } from './cost.ts';
import { renderEditorSchemas } from './editor-schemas.ts';
import { formatProblem, getEntry, loadCatalog, readCatalog } from './load.ts';
import { renderLock } from './lock.ts';
import { parseMiB } from './quantities.ts';
import { sliceOf } from './slice.ts';

// The catalog of this repository against the brief's figures. That it fits together is the rules' business.
const dir = import.meta.dirname;
const catalog = loadCatalog(dir);
const yamlFiles = readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.yaml'));

describe('the catalog', () => {
  it('holds, without a warning', () => {
    expect(readCatalog(dir).problems.map(formatProblem)).toEqual([]);
  });

  it('is locked and sliced to digests that stay as long as nothing changes', () => {
    expect(renderLock(catalog)).toEqual(renderLock(loadCatalog(dir)));
    for (const { id } of catalog.services) expect(sliceOf(catalog, id).digest).toMatch(/^sha256:[0-9a-f]{64}$/);
  });

  it.each(yamlFiles)('%s tells the editor its schema', (path) => {
    const [first = ''] = readFileSync(join(dir, path), 'utf8').split('\n');
    const schema = /^# yaml-language-server: \$schema=(\S+)$/.exec(first)?.[1] ?? '';
    expect(existsSync(join(dir, dirname(path), schema)), first).toBe(true);
    expect(renderEditorSchemas().map((one) => join(dir, one.path))).toContain(join(dir, dirname(path), schema));
  });

  it.each(renderEditorSchemas())('$path is what the schemas say today', ({ path, text }) => {
    expect(readFileSync(join(dir, path), 'utf8'), 'run "npm run generate"').toBe(text);
  });
});

describe('networks', () => {
  // "Поддерживаемые L2 сети" of the brief: id, phase, priority, TVL in millions of US dollars.
  const brief: [id: string, phase: number, priority: number, tvlMillionUsd: number][] = [
    ['optimism', 1, 10, 850],
    ['arbitrum_one', 1, 10, 2100],
    ['polygon_zkevm', 1, 9, 45],
    ['base', 1, 9, 750],
    ['zksync_era', 1, 9, 650],
    ['starknet', 1, 8, 180],
    ['linea', 1, 8, 120],
    ['scroll', 1, 8, 85],
    ['polygon_pos', 1, 9, 850],
    ['bsc', 1, 9, 5200],
    ['avalanche', 1, 8, 1100],
    ['solana', 1, 8, 1200],
    ['mantle', 1, 7, 45],
    ['metis', 1, 6, 35],
    ['loopring', 1, 7, 120],
    ['fantom', 2, 6, 85],
    ['cronos', 2, 6, 180],
    ['celo', 2, 5, 45],
    ['gnosis_chain', 2, 5, 35],
    ['ronin', 2, 6, 25],
    ['immutable_x', 2, 6, 25],
    ['consensys_zkevm', 2, 7, 25],
    ['boba_network', 2, 5, 15],
    ['arbitrum_nova', 2, 5, 15],
    ['harmony', 3, 4, 15],
    ['klaytn', 3, 4, 25],
    ['near', 3, 4, 15],
  ];

  it('are 66', () => {
    expect(catalog.networks).toHaveLength(66);
  });

  it.each(brief)('%s has the phase, priority and TVL of the brief', (id, phase, priority, tvlMillionUsd) => {
    const network = getEntry(catalog, 'networks', id);
    expect(network).toMatchObject({ phase, priority, tvlUsd: tvlMillionUsd * 1_000_000 });
  });

  it('have no TVL where the brief gives none', () => {
    const ids = brief.map(([id]) => id);
    expect(catalog.networks.filter(({ id }) => !ids.includes(id)).filter(({ tvlUsd }) => tvlUsd !== undefined)).toEqual(
      [],
    );
  });

  it('of phase 1 are the default of L2_NETWORKS', () => {
    const phase1 = catalog.networks.filter(({ phase }) => phase === 1).map(({ id }) => id);
    expect(phase1.toSorted()).toEqual(
      'optimism,arbitrum_one,polygon_zkevm,base,zksync_era,starknet,linea,scroll,polygon_pos,bsc,avalanche,solana,mantle,metis,loopring'
        .split(',')
        .toSorted(),
    );
  });

  it('that have ended are kept with the reason', () => {
    const retired = catalog.networks.filter(({ status }) => status === 'retired').map(({ id }) => id);
    expect(retired).toEqual(['consensys_zkevm', 'immutable_x', 'loopring', 'polygon_zkevm']);
    const deprecated = catalog.networks.filter(({ status }) => status === 'deprecated').map(({ id }) => id);
    expect(deprecated).toEqual(['fantom', 'harmony', 'mode']);
    expect(getEntry(catalog, 'networks', 'consensys_zkevm').aliasOf).toBe('linea');
    expect(getEntry(catalog, 'networks', 'fantom').successor).toBe('sonic');
  });
});

describe('pairs', () => {
  const active = catalog.pairs.filter(({ status }) => status === 'active');

  it('are 200 that are traded', () => {
    expect(active).toHaveLength(200);
    expect(new Set(active.map(({ quote }) => quote))).toEqual(new Set(['USDT']));
  });

  it.each([
    ['top10', 10],
    ['layer1', 50],
    ['layer2', 12],
    ['defi', 43],
    ['meme', 23],
    ['infra', 27],
    ['ai', 15],
    ['gaming', 16],
    ['stable', 4],
  ] as const)('of category %s are %d', (category, number) => {
    expect(active.filter((pair) => pair.category === category)).toHaveLength(number);
  });

  it('of the brief that are traded no more are kept, with their successor where it is one of ours', () => {
    const retired = catalog.pairs.filter(({ status }) => status === 'retired');
    expect(retired.map(({ symbol, successor }) => [symbol, successor])).toEqual([
      ['ALPHAUSDT', undefined],
      ['EOSUSDT', 'AUSDT'],
      ['FTMUSDT', 'SUSDT'],
      ['ICXUSDT', undefined],
      ['MATICUSDT', 'POLUSDT'],
      // SKYUSDT is not among the 200: the note names it.
      ['MKRUSDT', undefined],
    ]);
  });

  it.each(
    'BTC ETH ADA BNB XRP SOL DOT DOGE AVAX MATIC UNI LINK AAVE COMP MKR SUSHI CRV YFI 1INCH ALPHA FTM NEAR ATOM ALGO EOS TRX XTZ FIL VET ICX SHIB PEPE FLOKI BONK WIF'.split(
      ' ',
    ),
  )('of the brief include %sUSDT', (base) => {
    expect(getEntry(catalog, 'pairs', `${base}USDT`).priority).toBeGreaterThanOrEqual(8);
  });
});

describe('channels', () => {
  it('follow the repository of every network that is no alias, each once', () => {
    const repositories = catalog.networks
      .filter(({ aliasOf }) => aliasOf === undefined)
      .flatMap(({ github }) => github ?? []);
    const github = catalog.channels.filter(({ platform }) => platform === 'github');
    expect(github.map(({ handle }) => handle).toSorted()).toEqual([...new Set(repositories)].toSorted());
    for (const { handle, networks } of github) {
      const using = catalog.networks.filter((network) => network.github === handle && network.aliasOf === undefined);
      expect(networks.toSorted()).toEqual(using.map(({ id }) => id).toSorted());
    }
  });
});

describe('pools', () => {
  it('are the five of the brief, the provider of one still undecided', () => {
    expect(catalog.pools.map(({ id, provider, regions, domain }) => [id, provider, regions.join(' '), domain])).toEqual(
      [
        ['analytics', 'hetzner', 'nbg1', 'analytics.highfunk.uk'],
        ['infrastructure', 'gcp', 'us-central1', 'infrastructure.highfunk.uk'],
        ['market', 'digitalocean', 'nyc1', undefined],
        ['ml', 'undecided', '', 'ml.highfunk.uk'],
        ['social', 'aws', 'eu-west-1 eu-central-1 us-east-1', 'api.social-analytics.com'],
      ],
    );
  });

  it("cost on DigitalOcean what the brief's table says, and today's list price beside it", () => {
    const { lines, planned, known } = costOfPool(getEntry(catalog, 'pools', 'market'), catalog.machines);
    expect(lines.map(({ what, planned, monthly }) => [what, planned, monthly])).toEqual([
      ['1 × s-2vcpu-4gb', 24, 24],
      ['1 × db-s-4vcpu-8gb', 60, 120],
      ['1 × load-balancer', 12, 12],
      ['1 × snapshots', 5, 5],
    ]);
    expect(planned).toBe(101);
    expect(known).toEqual({ USD: 161 });
  });

  it('give the analytics 8 to 32 vCPU, 32 to 128 GB and 1 TB or more of disk', () => {
    const pool = getEntry(catalog, 'pools', 'analytics');
    const machine = catalog.machines.find(({ type }) => type === pool.nodeGroups[0]?.machine);
    if (machine?.kind !== 'server') throw new Error('the analytics pool runs on servers');
    const { min = 0, max = 0 } = pool.nodeGroups[0] ?? {};
    expect([min * machine.vcpu, max * machine.vcpu]).toEqual([8, 32]);
    expect([min * machine.memoryGiB, max * machine.memoryGiB]).toEqual([32, 128]);
    expect(pool.stores.reduce((total, { storageGB = 0 }) => total + storageGB, 0)).toBeGreaterThanOrEqual(1000);
  });

  it('give the Ethereum node 2 TB or more', () => {
    const pool = getEntry(catalog, 'pools', 'infrastructure');
    const [, nodes] = balancePool(pool, catalog, 'rest');
    expect(sum(nodes?.given ?? []).diskGB).toBeGreaterThanOrEqual(2048);
  });
});

describe('services', () => {
  it.each([
    ['analytics-api', [8000, 8002]],
    ['market-api', [8080]],
    ['forecast-api', [8001]],
    ['admin', [3000]],
  ] as const)('%s listens where the brief says', (id, ports) => {
    expect(getEntry(catalog, 'services', id).ports.map(({ port }) => port)).toEqual(ports);
  });

  it('gateway listens on 8443', () => {
    expect(getEntry(catalog, 'services', 'gateway').ports.find((port) => port.public)?.port).toBe(8443);
  });

  it('are 13, of which six are released', () => {
    expect(catalog.services).toHaveLength(13);
    const released = catalog.services.filter((service) => service.released).map(({ id }) => id);
    expect(released).toEqual([
      'admin',
      'analytics-api',
      'chain-sync',
      'market-api',
      'market-collector',
      'stream-processor',
    ]);
  });

  it.each(catalog.services.filter(({ pool }) => pool === 'social'))(
    '$id has 3 to 10 replicas',
    ({ scaling, namespace }) => {
      expect(scaling).toMatchObject({ min: 3, max: 10 });
      expect(namespace).toBe('social-analytics');
    },
  );

  it('take the Telegram webhook of the brief', () => {
    const { routes } = getEntry(catalog, 'services', 'social-integrator');
    expect(routes).toEqual([{ path: '/api/social/telegram/webhook', port: 'webhook', auth: 'signature' }]);
  });

  it.each(catalog.services)('$id asks for memory it may use', ({ resources }) => {
    expect(parseMiB(resources.limits?.memory ?? resources.requests.memory)).toBeGreaterThanOrEqual(
      parseMiB(resources.requests.memory),
    );
  });
});

describe('plans', () => {
  it.each([
    ['free', '0'],
    ['pro', '29.99'],
    ['enterprise', '99.99'],
  ])('%s costs %s US dollars a month', (id, amount) => {
    expect(getEntry(catalog, 'plans', id).price).toEqual({ amount, currency: 'USD', every: 'month' });
  });

  it('limit the free one to 100 requests a minute, and no other to a number of channels', () => {
    expect(getEntry(catalog, 'plans', 'free').limits.requestsPerMinute).toBe(100);
    const limited = catalog.plans.filter(({ limits }) => limits.channels !== undefined).map(({ id }) => id);
    expect(limited).toEqual(['free']);
  });
});
