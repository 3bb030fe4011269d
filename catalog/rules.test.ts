import { describe, expect, it } from 'vitest';
import { parseCatalog } from './load.ts';
import { formatProblem } from './problem.ts';
import { rules } from './rules.ts';
import { exchangeSymbolOf } from './schema/pair.ts';
import { smallCatalog, smallCatalogWith } from './testing/small-catalog.ts';

/** One change that breaks a rule: the file, the text replaced, what it says then, and the text the problem points at. */
type Break = [code: string, what: string, file: string, edits: (readonly [from: string, to: string])[], at: string];

const key64 = 'ab12'.repeat(16);

const breaks: Break[] = [
  [
    'CAT020',
    'a pair stands twice',
    'pairs/defi.yaml',
    [['AAVEUSDT, base: AAVE', 'UNIUSDT, base: UNI']],
    "UNIUSDT, base: UNI, tickSize: '0.01'",
  ],
  ['CAT021', 'a file bears another name', 'networks/alpha.yaml', [['id: alpha', 'id: alpha_two']], 'alpha_two'],
  ['CAT021', 'a category is in another file', 'pairs/defi.yaml', [['category: defi', 'category: meme']], 'meme'],
  ['CAT022', 'an owner is unknown', 'networks/alpha.yaml', [['owner: platform', 'owner: platfrom']], 'platfrom'],
  ['CAT023', 'a retired pair has no note', 'pairs/defi.yaml', [['    statusNote: Renamed.\n', '']], 'retired'],
  ['CAT030', 'an EVM network has no chain id', 'networks/alpha.yaml', [['chainId: 1001\n', '']], 'evm'],
  ['CAT030', 'another network has one', 'networks/delta.yaml', [['networkId: delta-1', 'chainId: 7']], '7'],
  ['CAT031', 'two networks share a chain id', 'networks/beta.yaml', [['chainId: 1002', 'chainId: 1001']], '1001'],
  ['CAT031', 'an alias has another chain id', 'networks/gamma.yaml', [['chainId: 1002', 'chainId: 1003']], '1003'],
  ['CAT032', 'an alias stands for itself', 'networks/gamma.yaml', [['aliasOf: beta', 'aliasOf: gamma']], 'gamma'],
  ['CAT032', 'an alias stands for nothing', 'networks/gamma.yaml', [['aliasOf: beta', 'aliasOf: bta']], 'bta'],
  ['CAT032', 'an alias is in use', 'networks/gamma.yaml', [['status: retired', 'status: deprecated']], 'deprecated'],
  ['CAT033', 'a settlement is unknown', 'networks/beta.yaml', [['settlement: alpha', 'settlement: alhpa']], 'alhpa'],
  [
    'CAT033',
    'a network settles on itself by name',
    'networks/alpha.yaml',
    [['settlement: self', 'settlement: alpha']],
    'alpha',
  ],
  ['CAT034', 'a successor is unknown', 'networks/delta.yaml', [['successor: alpha', 'successor: omega']], 'omega'],
  ['CAT034', 'a successor is retired', 'networks/delta.yaml', [['successor: alpha', 'successor: gamma']], 'gamma'],
  [
    'CAT035',
    'a network in use has no endpoint',
    'networks/beta.yaml',
    [['rpc:\n  - url: https://beta.example.com', 'rpc: []']],
    '[]',
  ],
  [
    'CAT036',
    'an endpoint is reached without TLS',
    'networks/beta.yaml',
    [['https://beta', 'http://beta']],
    'http://beta',
  ],
  ['CAT036', 'a socket is reached without TLS', 'networks/alpha.yaml', [['wss://alpha', 'ws://alpha']], 'ws://alpha'],
  [
    'CAT037',
    'two networks share an endpoint',
    'networks/beta.yaml',
    [['https://beta.example.com', 'https://ALPHA.example.com/']],
    'https://ALPHA',
  ],
  ['CAT038', 'a priority is outside its phase', 'networks/alpha.yaml', [['priority: 8', 'priority: 5']], '5'],
  ['CAT039', 'a network is never final', 'networks/beta.yaml', [['{ confirmations: 450 }', '{}']], '{}'],
  ['CAT040', 'a settlement is retired', 'networks/beta.yaml', [['settlement: alpha', 'settlement: gamma']], 'gamma'],
  ['CAT045', 'a symbol is not base and quote', 'pairs/defi.yaml', [['base: UNI', 'base: UNO']], 'UNIUSDT'],
  [
    'CAT045',
    "the exchange's symbol is not base and quote",
    'pairs/defi.yaml',
    [['symbol: UNIUSDT, base', 'symbol: UNIUSDT, exchangeSymbol: UNIUSDC, base']],
    'UNIUSDC,',
  ],
  [
    'CAT045',
    'our symbol of a future begins with another base',
    'pairs/defi.yaml',
    [['symbol: UNIUSDT, base', 'symbol: UNOUSDT.P, exchangeSymbol: UNIUSDT, market: usdm, base']],
    'UNOUSDT.P',
  ],
  [
    'CAT045',
    'a coin-margined future has no term',
    'pairs/defi.yaml',
    [['symbol: UNIUSDT, base', 'symbol: UNIUSDT, market: coinm, base']],
    'UNIUSDT',
  ],
  ['CAT046', 'a tick is zero', 'pairs/defi.yaml', [["tickSize: '0.001'", "tickSize: '0.000'"]], "'0.000'"],
  ['CAT046', 'a smallest order is zero', 'pairs/defi.yaml', [["minNotional: '5'", "minNotional: '0'"]], "'0'"],
  ['CAT047', 'a successor is no pair', 'pairs/defi.yaml', [['successor: UNIUSDT', 'successor: UNIUSD']], 'UNIUSD'],
  [
    'CAT048',
    "two pairs are one of the exchange's",
    'pairs/defi.yaml',
    [['symbol: AAVEUSDT, base: AAVE', 'symbol: UNIUSDT.P, exchangeSymbol: UNIUSDT, base: UNI']],
    "UNIUSDT, base: UNI, tickSize: '0.01'",
  ],
  [
    'CAT050',
    'a handle stands twice',
    'channels/telegram-beta.yaml',
    [
      ['platform: telegram', 'platform: github'],
      ['handle: beta', 'handle: alpha/Node'],
    ],
    'alpha/Node',
  ],
  [
    'CAT051',
    'a channel names an unknown network',
    'channels/telegram-beta.yaml',
    [['[beta, alpha]', '[beta, alpa]']],
    'alpa',
  ],
  [
    'CAT052',
    'a channel speaks about retired networks alone',
    'channels/github-alpha-node.yaml',
    [['[alpha]', '[gamma]']],
    'active',
  ],
  [
    'CAT053',
    'a private channel has no credentials',
    'channels/telegram-beta.yaml',
    [['secretRef: telegram/session\n', '']],
    'private',
  ],
  ['CAT054', 'a GitHub handle is one word', 'channels/github-alpha-node.yaml', [['Alpha/node', 'Alpha']], 'Alpha'],
  ['CAT054', 'a Telegram handle is two', 'channels/telegram-beta.yaml', [['handle: beta', 'handle: beta/x']], 'beta/x'],
  [
    'CAT060',
    'a contract is on an unknown network',
    'protocols/weth.yaml',
    [['network: beta', 'network: betta']],
    'betta',
  ],
  [
    'CAT060',
    'a contract is on a network without contracts',
    'protocols/weth.yaml',
    [['network: beta', 'network: delta']],
    'delta',
  ],
  [
    'CAT061',
    'a contract is on a retired network',
    'protocols/weth.yaml',
    [['network: beta', 'network: gamma']],
    'gamma',
  ],
  ['CAT062', 'an address is mistyped', 'protocols/weth.yaml', [['0xC02aaA39b', '0xC02aaA39B']], '"0xC02aaA39B'],
  [
    'CAT063',
    'an event is of no contract',
    'protocols/weth.yaml',
    [['- contract: WETH9', '- contract: WETH']],
    'WETH\n',
  ],
  [
    'CAT064',
    'an event has an unknown type',
    'protocols/weth.yaml',
    [['uint256 wad', 'uint257 wad']],
    'event Deposit(address indexed dst, uint257',
  ],
  [
    'CAT064',
    'an event stands twice',
    'protocols/weth.yaml',
    [['Withdrawal(address indexed src', 'Deposit(address dst']],
    'event Deposit(address dst',
  ],
  [
    'CAT065',
    'a contract stands twice',
    'protocols/weth.yaml',
    [
      [
        'network: beta, name: WETH9, address: "0x4200000000000000000000000000000000000006"',
        'network: alpha, name: WETH9, address: "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2"',
      ],
    ],
    '"0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2" }\nevents',
  ],
  [
    'CAT066',
    'an amount is no parameter',
    'protocols/weth.yaml',
    [
      [
        'event Withdrawal(address indexed src, uint256 wad)',
        'event Withdrawal(address indexed src, uint256 wad)\n    amounts: [{ field: wda }]',
      ],
    ],
    'wda',
  ],
  [
    'CAT066',
    'an amount is an address',
    'protocols/weth.yaml',
    [
      [
        'event Withdrawal(address indexed src, uint256 wad)',
        'event Withdrawal(address indexed src, uint256 wad)\n    amounts: [{ field: src }]',
      ],
    ],
    'src }',
  ],
  [
    'CAT066',
    'an amount stands twice',
    'protocols/weth.yaml',
    [
      [
        'event Withdrawal(address indexed src, uint256 wad)',
        'event Withdrawal(address indexed src, uint256 wad)\n    amounts: [{ field: wad }, { field: wad, asset: src }]',
      ],
    ],
    'wad, asset',
  ],
  [
    'CAT066',
    'an asset is no address',
    'protocols/weth.yaml',
    [
      [
        'event Withdrawal(address indexed src, uint256 wad)',
        'event Withdrawal(address indexed src, uint256 wad)\n    amounts: [{ field: wad, asset: wad }]',
      ],
    ],
    'wad }',
  ],
  [
    'CAT070',
    'a pool without a provider has machines',
    'pools/later.yaml',
    [['min: 0', 'machine: ccx33, min: 0']],
    'ccx33',
  ],
  [
    'CAT070',
    'a pool without a provider has a region',
    'pools/later.yaml',
    [['regions: []', 'regions: [nbg1]']],
    '[nbg1]',
  ],
  ['CAT070', 'a pool with a provider has no machine', 'pools/main.yaml', [['    machine: ccx33\n', '']], 'general'],
  ['CAT070', 'a pool with a provider has no region', 'pools/main.yaml', [['[nbg1]', '[]']], '[]'],
  ['CAT070', 'a pool with nodes has no cluster', 'pools/main.yaml', [['cluster: main\n', '']], 'main\n'],
  ['CAT071', 'a machine is not on the price list', 'pools/main.yaml', [['machine: ccx33', 'machine: ccx34']], 'ccx34'],
  ['CAT071', 'a disk is none', 'pools/main.yaml', [['disk: volume', 'disk: ccx33']], 'ccx33'],
  [
    'CAT072',
    'a node group has min above max',
    'pools/main.yaml',
    [['    min: 1\n    max: 2', '    min: 1\n    max: 0']],
    '1\n    max: 0',
  ],
  [
    'CAT072',
    'a service has min above max',
    'services/chain-sync.yaml',
    [['min: 1, max: 2', 'min: 3, max: 2']],
    '3, max',
  ],
  [
    'CAT073',
    'services ask for more CPU than there is',
    'services/api.yaml',
    [['cpu: 500m', "cpu: '3'"]],
    '- id: general',
  ],
  [
    'CAT073',
    'services ask for more memory than there is',
    'services/api.yaml',
    [['memory: 1Gi', 'memory: 16Gi']],
    '- id: general',
  ],
  [
    'CAT073',
    'services ask for more disk than there is',
    'services/api.yaml',
    [['scaling:', 'volume: 1Ti\nscaling:']],
    '- id: general',
  ],
  ['CAT074', 'a pool costs more than its budget', 'pools/main.yaml', [['monthly: 200', 'monthly: 109.99']], '109.99'],
  ['CAT075', 'a budget is in another currency', 'pools/main.yaml', [['currency: EUR', 'currency: USD']], 'USD'],
  [
    'CAT076',
    'a workload runs on no node group',
    'pools/main.yaml',
    [['nodeGroup: general', 'nodeGroup: genral']],
    'genral',
  ],
  [
    'CAT077',
    'a kind of store stands twice',
    'pools/main.yaml',
    [['kind: cache', 'kind: relational']],
    'relational\n    engine: redis',
  ],
  [
    'CAT078',
    'two pools share a domain',
    'pools/later.yaml',
    [['later.example.com', 'main.example.com']],
    'main.example.com',
  ],
  ['CAT079', 'a cluster has no version', 'pools/main.yaml', [["kubernetesVersion: '1.35'\n", '']], 'main\nnamespaces'],
  [
    'CAT079',
    'a control plane has no majority',
    'pools/main.yaml',
    [
      [
        '  - id: general\n',
        '  - { id: masters, kind: control-plane, machine: ccx33, min: 2, max: 2 }\n  - id: general\n',
      ],
    ],
    '2, max',
  ],
  [
    'CAT079',
    'a workload is on the control plane',
    'pools/main.yaml',
    [
      ['monthly: 200', 'monthly: 2000'],
      [
        '  - id: general\n',
        '  - { id: masters, kind: control-plane, machine: ccx33, min: 1, max: 1 }\n  - id: general\n',
      ],
      ['nodeGroup: general', 'nodeGroup: masters'],
    ],
    'masters\n    replicas',
  ],
  [
    'CAT079',
    'machines run what is no workload',
    'pools/main.yaml',
    [['stores:\n', '  - { id: outside, kind: vm, machine: ccx33, min: 0, max: 0, runs: [graphana] }\nstores:\n']],
    'graphana',
  ],
  ['CAT080', 'a pool is unknown', 'services/api.yaml', [['pool: main', 'pool: mian']], 'mian'],
  ['CAT081', "a namespace is not the pool's", 'services/api.yaml', [['namespace: main', 'namespace: other']], 'other'],
  [
    'CAT082',
    'a store is not provided',
    'services/api.yaml',
    [['[relational, cache, bus]', '[search, cache, bus]']],
    'search',
  ],
  ['CAT083', 'two services share a port', 'services/forecast.yaml', [['port: 8001', 'port: 8000']], '8000'],
  ['CAT083', "a service takes a store's port", 'services/api.yaml', [['port: 9102', 'port: 5432']], '5432'],
  ['CAT083', "a service takes a workload's port", 'services/api.yaml', [['port: 9102', 'port: 3001']], '3001'],
  [
    'CAT083',
    'a service names two ports alike',
    'services/api.yaml',
    [['name: admin, port: 9102', 'name: http, port: 9102']],
    'http, port: 9102',
  ],
  [
    'CAT084',
    'two services share a path',
    'services/chain-sync.yaml',
    [
      ['port: 9101', 'port: 9101, public: true'],
      ['routes: []', 'routes: [{ path: /api/, port: admin, auth: none }]'],
    ],
    '/api/,',
  ],
  [
    'CAT085',
    'a route names an unknown port',
    'services/api.yaml',
    [['path: /api, port: http', 'path: /api, port: htpp']],
    'htpp',
  ],
  [
    'CAT085',
    'a route leads to a private port',
    'services/api.yaml',
    [['path: /api, port: http', 'path: /api, port: admin']],
    'admin, auth',
  ],
  [
    'CAT086',
    'a cookie is read where no token is asked for',
    'services/forecast.yaml',
    [['auth: none }', 'auth: none, websocket: true }']],
    'true }',
  ],
  [
    'CAT086',
    'a page without a token reads a cookie',
    'services/forecast.yaml',
    [['auth: none }', 'auth: none, page: true }']],
    'true }',
  ],
  ['CAT086', 'roles are asked of nobody', 'services/api.yaml', [['auth: jwt', 'auth: none']], '[admin]'],
  [
    'CAT087',
    'a released service has no provider',
    'services/forecast.yaml',
    [['released: false', 'released: true']],
    'true',
  ],
  [
    'CAT088',
    'a request is above its limit',
    'services/chain-sync.yaml',
    [["limits: { cpu: '2', memory: 4Gi }", 'limits: { cpu: 500m, memory: 4Gi }']],
    "{ cpu: '1'",
  ],
  ['CAT088', "a store's request is above its limit", 'pools/main.yaml', [['memory: 8Gi', 'memory: 3Gi']], "{ cpu: '1'"],
  [
    'CAT089',
    'a variable is set twice',
    'services/api.yaml',
    [['env: OTHER', 'env: JWT_SECRET']],
    'JWT_SECRET, secretRef: auth/other',
  ],
  [
    'CAT089',
    'an address is put where a secret is',
    'services/api.yaml',
    [['reload: hot', 'reload: hot\ncalls: [{ env: JWT_SECRET, service: forecast, port: http }]']],
    'JWT_SECRET, service',
  ],
  [
    'CAT090',
    'a service calls one that is not there',
    'services/api.yaml',
    [['reload: hot', 'reload: hot\ncalls: [{ env: FORECAST_URL, service: forceast, port: http }]']],
    'forceast',
  ],
  [
    'CAT090',
    'a service calls a port that the other has not',
    'services/api.yaml',
    [['reload: hot', 'reload: hot\ncalls: [{ env: FORECAST_URL, service: forecast, port: htpp }]']],
    'htpp',
  ],
  [
    'CAT090',
    'a service calls a port of another pool that has no route',
    'services/forecast.yaml',
    [['reload: restart', 'reload: restart\ncalls: [{ env: API_URL, service: api, port: admin }]']],
    'admin }',
  ],
  ['CAT095', 'a private key', 'networks/alpha.yaml', [['stack: geth', `stack: geth # ${key64}`]], key64],
  ['CAT095', 'an AWS key in a comment', 'plans.yaml', [['plans:', '# AKIAIOSFODNN7EXAMPLE\nplans:']], 'AKIA'],
  [
    'CAT095',
    'a web token',
    'plans.yaml',
    [['plans:', '# eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w\nplans:']],
    'eyJ',
  ],
  [
    'CAT095',
    'a password in a URL',
    'networks/alpha.yaml',
    [['https://alpha.example.com', 'https://me:hunter2@alpha.example.com']],
    'https://me',
  ],
  [
    'CAT095',
    'a key in a path',
    'networks/alpha.yaml',
    [['https://alpha.example.com', 'https://alpha.example.com/v3/9aa3d95b3bc440fa88ea12eaa4456161']],
    '9aa3d95b',
  ],
  [
    'CAT095',
    'a key in a query',
    'networks/alpha.yaml',
    [['https://alpha.example.com', 'https://alpha.example.com/?apikey=abcdef123']],
    '?apikey',
  ],
  ['CAT101', "a topic's pool is unknown", 'topics.yaml', [['pool: main', 'pool: mian']], 'mian'],
  ['CAT101', "a topic's pool has no bus", 'topics.yaml', [['pool: main', 'pool: later']], 'later'],
  [
    'CAT102',
    'a producer is unknown',
    'topics.yaml',
    [['producers: [chain-sync]', 'producers: [chain-snyc]']],
    'chain-snyc',
  ],
  [
    'CAT102',
    'a consumer is in another pool',
    'topics.yaml',
    [['consumers: [api]', 'consumers: [forecast]']],
    'forecast',
  ],
  [
    'CAT102',
    'a producer does not need the bus',
    'services/chain-sync.yaml',
    [['[relational, bus]', '[relational]']],
    'chain-sync',
  ],
  [
    'CAT102',
    'a producer does not read its topics',
    'services/chain-sync.yaml',
    [['[networks, topics]', '[networks]']],
    'chain-sync',
  ],
  [
    'CAT103',
    'a topic does not say how long a record stays',
    'topics.yaml',
    [['    retentionHours: 24\n', '']],
    'delete',
  ],
  ['CAT103', 'a compacted topic says so', 'topics.yaml', [['cleanup: delete', 'cleanup: compact']], '24'],
  [
    'CAT104',
    'a service that reads no topic scales by its lag',
    'services/chain-sync.yaml',
    [['max: 2 }', 'max: 2, targetLag: 100 }']],
    '100',
  ],
  [
    'CAT105',
    'a StatefulSet has no volume',
    'services/api.yaml',
    [['reload: hot', 'workload: { kind: statefulset }\nreload: hot']],
    'statefulset',
  ],
  [
    'CAT106',
    'a service is split by what it does not read',
    'services/chain-sync.yaml',
    [['reload: hot', 'shards: { of: pairs, size: 10 }\nreload: hot']],
    'pairs',
  ],
  [
    'CAT107',
    'a pool with stores of its own says nothing of backups',
    'pools/main.yaml',
    [['backups: { dailyRetentionDays: 7, weeklyRetentionDays: 28 }\n', '']],
    'main\n',
  ],
  [
    'CAT108',
    'a pool borrows a store that the other has not',
    'pools/later.yaml',
    [['stores:\n', 'borrows:\n  - { kind: timeseries, from: main }\nstores:\n']],
    'main }',
  ],
  [
    'CAT108',
    'a pool borrows from one that is not there',
    'pools/later.yaml',
    [['stores:\n', 'borrows:\n  - { kind: timeseries, from: mian }\nstores:\n']],
    'mian }',
  ],
  [
    'CAT108',
    'a pool borrows from itself',
    'pools/later.yaml',
    [['stores:\n', 'borrows:\n  - { kind: timeseries, from: later }\nstores:\n']],
    'later }',
  ],
  [
    'CAT108',
    'a pool borrows a bus beside its own',
    'pools/main.yaml',
    [['stores:\n', 'borrows:\n  - { kind: bus, from: later }\nstores:\n']],
    'later }',
  ],
  [
    'CAT109',
    'topics keep more than the disk of their bus holds',
    'pools/main.yaml',
    [['kind: bus\n    engine: kafka\n', 'kind: bus\n    engine: kafka\n    storageGB: 4\n    disk: volume\n']],
    '4\n    disk',
  ],
];

describe('rules', () => {
  it('accept the small catalog that the breaks start from', () => {
    expect(parseCatalog(new Map(Object.entries(smallCatalog))).problems.map(formatProblem)).toEqual([]);
  });

  it.each(breaks)('%s: %s', (code, _what, file, edits, at) => {
    const files = smallCatalogWith(file, ...edits);
    const { catalog, problems } = parseCatalog(files);
    const places = problems.filter((problem) => problem.code === code);
    // With a warning alone the catalog is taken all the same.
    expect(catalog === undefined).toBe(problems.some(({ severity }) => severity === 'error'));
    const pointedAt = places.map((problem) => textAt(files, problem));
    expect(
      pointedAt.map((text) => text.slice(0, at.length)),
      problems.map(formatProblem).join('\n'),
    ).toContain(at);
  });

  it('each have a change here that breaks them', () => {
    expect([...new Set(breaks.map(([code]) => code))]).toEqual(rules.map(({ code }) => code));
  });

  it('have codes in order, each once, and say what holds and why', () => {
    const codes = rules.map(({ code }) => code);
    expect(codes).toEqual([...new Set(codes)].sort());
    for (const { code, rule, why } of rules) {
      expect(code).toMatch(/^CAT[01]\d\d$/);
      expect(rule.length).toBeGreaterThan(15);
      expect(why.length).toBeGreaterThan(15);
    }
  });

  it('take a pair, its perpetuals and a term of them for pairs of their own', () => {
    const line = '  - { symbol: UNIUSDT, ';
    const steps = "tickSize: '1', stepSize: '1' }";
    const futures = `  - { symbol: UNIUSDT.P, exchangeSymbol: UNIUSDT, market: usdm, base: UNI, ${steps}
  - { symbol: UNIUSDT_240927, market: usdm, base: UNI, ${steps}
  - { symbol: UNIUSD_PERP, market: coinm, base: UNI, quote: USD, ${steps}
`;
    const files = smallCatalogWith('pairs/defi.yaml', [line, `${futures}${line}`]);
    const { catalog, problems } = parseCatalog(files);
    expect(problems.map(formatProblem)).toEqual([]);
    const names = new Map(catalog?.pairs.map((pair) => [pair.symbol, `${pair.market} ${exchangeSymbolOf(pair)}`]));
    expect(names.get('UNIUSDT')).toBe('spot UNIUSDT');
    expect(names.get('UNIUSDT.P')).toBe('usdm UNIUSDT');
    expect(names.get('UNIUSD_PERP')).toBe('coinm UNIUSD_PERP');
  });

  it('give a service what its pool borrows', () => {
    const clickhouse = '  - { kind: timeseries, engine: clickhouse, managed: false }\n';
    const files = new Map([
      ...smallCatalogWith('pools/main.yaml', ['stores:\n', `stores:\n${clickhouse}`]),
      edited('pools/later.yaml', ['stores:\n', 'borrows:\n  - { kind: timeseries, from: main }\nstores:\n']),
      edited('services/forecast.yaml', ['needs: [relational]', 'needs: [relational, timeseries]']),
    ]);
    expect(parseCatalog(files).problems.map(formatProblem)).toEqual([]);
  });

  it('let services of a pool that borrows a bus write and read its topics, but not scale by their lag', () => {
    const onBus = ['reads: [pairs]\nneeds: [relational]', 'reads: [pairs, topics]\nneeds: [relational, bus]'] as const;
    const files = new Map([
      ...smallCatalogWith('topics.yaml', ['consumers: [api]', 'consumers: [api, forecast]']),
      edited('services/forecast.yaml', onBus),
    ]);
    const problemsWith = (scaling: string, borrows: string) => {
      const [service, text] = edited('services/forecast.yaml', onBus);
      files.set(service, text.replace('scaling: {', `scaling: { ${scaling}`));
      files.set(...edited('pools/later.yaml', ['stores:\n', `${borrows}stores:\n`]));
      return parseCatalog(files).problems.map(({ code, message, fix }) => `${code} ${message}: ${fix}`);
    };
    const borrows = 'borrows:\n  - { kind: bus, from: main }\n';
    expect(problemsWith('', borrows)).toEqual([]);
    expect(problemsWith('', '')).toContainEqual(
      'CAT102 "forecast" is in pool "later", which has not the bus of pool "main" that carries this: name a service of ' +
        'pool "main", or add "{ kind: bus, from: main }" to borrows in catalog/pools/later.yaml',
    );
    expect(problemsWith('targetLag: 100,', borrows)).toEqual([
      'CAT104 "forecast" reads "chain.blocks" of a borrowed bus: remove targetLag, and scale it by CPU',
    ]);
  });

  it('show the sum that is too large, and what it is made of', () => {
    const { problems } = parseCatalog(smallCatalogWith('services/api.yaml', ['cpu: 500m', "cpu: '4'"]));
    expect(problems.map(({ message }) => message)).toEqual([
      'pool "main" needs 10 CPU at rest (2 × api 8 + 1 × chain-sync 1 + 1 × postgresql 1), 1 × ccx33 give 7.8',
      'pool "main" needs 19 CPU at full scale (4 × api 16 + 2 × chain-sync 2 + 1 × postgresql 1), 2 × ccx33 give 15.6',
    ]);
  });

  it('show what topics keep, and whose size nothing bounds', () => {
    const bus: [string, string] = ['engine: kafka\n', 'engine: kafka\n    storageGB: 4\n    disk: volume\n'];
    const large = parseCatalog(smallCatalogWith('pools/main.yaml', bus));
    expect(large.problems.map(({ message }) => message)).toEqual([
      'topics of pool "main" keep up to 3.5 GB on a broker (chain.blocks 3.5), 85 % of its disk are 3.4',
    ]);
    const files = smallCatalogWith('pools/main.yaml', bus);
    files.set('topics.yaml', (files.get('topics.yaml') ?? '').replace('    retentionMiB: 1000\n', ''));
    expect(parseCatalog(files).problems.map(({ message }) => message)).toEqual([
      'topic "chain.blocks" may fill the disk of pool "main" before its time is over',
    ]);
  });

  it('show the cost that is too high, and what it is made of', () => {
    const { problems } = parseCatalog(smallCatalogWith('pools/main.yaml', ['monthly: 200', 'monthly: 100']));
    expect(problems.map(({ message }) => message)).toEqual([
      'pool "main" costs 110 EUR a month (1 × ccx33 100 + 1 × 100 GB volume 10), its budget is 100',
    ]);
  });

  it('never repeat a secret', () => {
    const { problems } = parseCatalog(
      smallCatalogWith('networks/alpha.yaml', ['stack: geth', `stack: geth # ${key64}`]),
    );
    expect(problems).not.toEqual([]);
    expect(problems.map(formatProblem).join('\n')).not.toContain(key64.slice(0, 12));
  });

  it('take hashes and references for what they are', () => {
    const files = smallCatalogWith('networks/alpha.yaml', ['finality:', `genesisHash: '0x${key64}'\nfinality:`]);
    expect(parseCatalog(files).problems.map(formatProblem)).toEqual([]);
  });

  it('report no second error for a reference to an entry that has one', () => {
    const files = smallCatalogWith('networks/alpha.yaml', ['priority: 8', 'priority: high']);
    expect(parseCatalog(files).problems.map(formatProblem)).toEqual([
      'catalog/networks/alpha.yaml:7:11 CAT012 "priority" must be a whole number, not "high" — write a whole number',
    ]);
  });

  it('let endpoints of this machine be reached without TLS', () => {
    for (const host of ['127.0.0.1:8545', 'localhost:8545', '[::1]:8545']) {
      const files = smallCatalogWith('networks/alpha.yaml', ['https://alpha.example.com', `http://${host}`]);
      expect(parseCatalog(files).problems.map(formatProblem)).toEqual([]);
    }
  });
});

function textAt(
  files: ReadonlyMap<string, string>,
  { file, line, col }: { file: string; line: number; col: number },
): string {
  const lines = (files.get(file.replace(/^catalog\//, '')) ?? '').split('\n').slice(line - 1);
  return [lines[0]?.slice(col - 1), ...lines.slice(1)].join('\n');
}

/** A file of the small catalog with its text changed. */
function edited(file: string, edit: readonly [from: string, to: string]): [file: string, text: string] {
  return [file, smallCatalogWith(file, edit).get(file) ?? ''];
}
