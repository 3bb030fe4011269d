import { stringify } from 'yaml';
import type { Kind } from '../kinds.ts';
import { phasePriorities } from '../rules/networks.ts';

/** The options given for a new entry, by name; an option may be given more than once. */
export type Values = ReadonlyMap<string, readonly string[]>;

export interface Field {
  /** `--<name>`. */
  name: string;
  about: string;
  example: string;
  /** What it is if it is not given; undefined: it stays out. */
  fallback?: (values: Values) => string | undefined;
  /** True if the entry cannot be without it. */
  isRequired?: (values: Values) => boolean;
  many?: boolean;
}

export interface Template {
  kind: Kind;
  fields: readonly Field[];
  /** The file below catalog/. */
  path(values: Values): string;
  render(values: Values): string;
}

const always = () => true;
const one = (values: Values, name: string): string => values.get(name)?.at(-1) ?? '';
/** Values of a list: given one by one, or with commas. */
const list = (values: Values, name: string): string[] =>
  (values.get(name) ?? []).flatMap((value) => value.split(',').map((item) => item.trim())).filter(Boolean);

/** A YAML scalar: quoted where it must be. */
function scalar(value: string): string {
  // In a flow collection these would end the value; a line break would start a block.
  if (/[\n\r\t,[\]{}"]/.test(value)) return JSON.stringify(value);
  return stringify(value, { lineWidth: 0 }).trim();
}
/** A number as it is; anything else as text, for the schema to refuse it at its place. */
function number(value: string): string {
  return /^-?\d+(\.\d+)?$/.test(value) ? value : scalar(value);
}
const flow = (items: readonly string[]): string => `[${items.map(scalar).join(', ')}]`;

/** `key: value # comment` for each value that is there; an empty string is an empty line. */
function lines(...parts: (string | [key: string, value: string | undefined, comment?: string | undefined])[]): string {
  const text = parts.flatMap((part) => {
    if (typeof part === 'string') return [part];
    const [key, value, comment] = part;
    if (value === undefined || value === '') return [];
    return [`${key}: ${value}${comment === undefined ? '' : ` # ${comment}`}`];
  });
  return `${text.join('\n').replace(/\n{3,}/g, '\n\n')}\n`;
}
const schemaLine = (kind: Kind): string => `# yaml-language-server: $schema=../schema/generated/${kind}.schema.json`;
const optional = (values: Values, name: string, write = scalar): string | undefined =>
  one(values, name) === '' ? undefined : write(one(values, name));

const owner = (fallback: string): Field => ({
  name: 'owner',
  about: 'who answers for it',
  example: fallback,
  fallback: () => fallback,
});

const network: Template = {
  kind: 'network',
  fields: [
    { name: 'id', about: 'snake_case, as in /api/v1/l2/networks/{id}', example: 'world_chain', isRequired: always },
    {
      name: 'name',
      about: 'as people write it',
      example: 'World Chain',
      fallback: (values) => titleOf(one(values, 'id')),
    },
    { name: 'kind', about: 'evm, solana, starknet, cosmos …', example: 'evm', fallback: () => 'evm' },
    {
      name: 'chain-id',
      about: 'EIP-155 chain id',
      example: '480',
      isRequired: (values) => one(values, 'kind') === 'evm',
    },
    {
      name: 'rpc',
      about: 'JSON-RPC endpoint, in order of preference',
      example: 'https://…',
      many: true,
      isRequired: always,
    },
    { name: 'stack', about: 'node software', example: 'op_stack', isRequired: always },
    {
      name: 'settlement',
      about: "'self', or the network that secures it",
      example: 'ethereum',
      fallback: () => 'self',
    },
    { name: 'symbol', about: 'native currency', example: 'ETH', fallback: () => 'ETH' },
    { name: 'decimals', about: 'of the native currency', example: '18', fallback: () => '18' },
    { name: 'phase', about: 'phase of the roll-out, 1 to 3', example: '3', fallback: () => '3' },
    {
      name: 'priority',
      about: '10 is synced first',
      example: '3',
      fallback: (values) => String(phasePriorities[Number(one(values, 'phase'))]?.[0] ?? 1),
    },
    owner('analytics'),
    { name: 'block-time', about: 'seconds', example: '2' },
    { name: 'finality-tag', about: 'block tag', example: 'finalized', fallback: () => 'finalized' },
    { name: 'confirmations', about: 'blocks in about one finality window', example: '450' },
    { name: 'explorer', about: 'block explorer', example: 'https://worldscan.org' },
    { name: 'github', about: '<owner>/<repository>', example: 'worldcoin/world-chain' },
  ],
  path: (values) => `networks/${one(values, 'id')}.yaml`,
  render(values) {
    const tag = optional(values, 'finality-tag');
    const confirmations = optional(values, 'confirmations', number);
    const finality = [tag && `tag: ${tag}`, confirmations && `confirmations: ${confirmations}`]
      .filter(Boolean)
      .join(', ');
    return lines(
      schemaLine('network'),
      ['id', scalar(one(values, 'id'))],
      ['name', scalar(one(values, 'name'))],
      ['kind', scalar(one(values, 'kind'))],
      ['chainId', optional(values, 'chain-id', number)],
      '',
      ['status', 'active'],
      ['phase', number(one(values, 'phase'))],
      ['priority', number(one(values, 'priority')), '10 is synced first'],
      ['owner', scalar(one(values, 'owner'))],
      '',
      ['stack', scalar(one(values, 'stack'))],
      ['settlement', scalar(one(values, 'settlement'))],
      ['nativeCurrency', `{ symbol: ${scalar(one(values, 'symbol'))}, decimals: ${number(one(values, 'decimals'))} }`],
      ['blockTimeSeconds', optional(values, 'block-time', number)],
      ['finality', `{ ${finality} }`, 'blocks up to the tag are never taken back'],
      '',
      "# In order of preference. A provider's limit belongs beside its url: requestsPerSecond, maxBatchSize.",
      'rpc:',
      ...(values.get('rpc') ?? []).map((url) => `  - url: ${scalar(url)}`),
      ['explorer', optional(values, 'explorer')],
      ['github', optional(values, 'github')],
    );
  },
};

/** What ends the symbols of futures: spot and usdm share their names at the exchange, coinm has its own. */
const perpetual = '.P';
const endings: Readonly<Record<string, string>> = { usdm: perpetual, coinm: '_PERP' };

const pair: Template = {
  kind: 'pair',
  fields: [
    { name: 'base', about: 'what is traded', example: 'SKY', isRequired: always },
    { name: 'quote', about: 'what it is paid in', example: 'USDT', fallback: () => 'USDT' },
    { name: 'market', about: 'spot, usdm or coinm', example: 'usdm', fallback: () => 'spot' },
    {
      name: 'symbol',
      about: "our id: the exchange's name, with .P for usdm",
      example: 'SKYUSDT',
      fallback: (values) => `${one(values, 'base')}${one(values, 'quote')}${endings[one(values, 'market')] ?? ''}`,
    },
    {
      name: 'exchange-symbol',
      about: "the exchange's name, where it is another",
      example: 'SKYUSDT',
      fallback: (values) => {
        const symbol = one(values, 'symbol');
        return symbol.endsWith(perpetual) ? symbol.slice(0, -perpetual.length) : undefined;
      },
    },
    { name: 'category', about: 'the file it goes to', example: 'defi', isRequired: always },
    { name: 'tick-size', about: 'price step', example: '0.00001', isRequired: always },
    { name: 'step-size', about: 'quantity step', example: '0.1', isRequired: always },
    { name: 'min-notional', about: 'smallest order', example: '5' },
    { name: 'priority', about: '10 is resynced first; as its file if not given', example: '5' },
  ],
  path: (values) => `pairs/${one(values, 'category')}.yaml`,
  /** A whole new file; into one that exists, appendPair writes a line. */
  render: (values) =>
    lines(
      schemaLine('pair'),
      ['category', scalar(one(values, 'category'))],
      ['exchange', 'binance'],
      ['market', scalar(one(values, 'market'))],
      ['owner', 'market'],
      ['quote', scalar(one(values, 'quote'))],
      ['priority', '5', 'of a pair that states none'],
      ['status', 'active'],
      '',
      'pairs:',
      `  - ${renderPair(values, { quote: one(values, 'quote'), market: one(values, 'market') })}`,
    ),
};

/** A pair as one line; its market and quote only where they differ from its file's. */
export function renderPair(values: Values, file: { readonly market: string; readonly quote: string }): string {
  const differs = (key: keyof typeof file): string =>
    one(values, key) === file[key] ? '' : `${key}: ${scalar(one(values, key))}`;
  const quoted = (name: string): string => JSON.stringify(one(values, name));
  const parts = [
    `symbol: ${scalar(one(values, 'symbol'))}`,
    one(values, 'exchange-symbol') === '' ? '' : `exchangeSymbol: ${scalar(one(values, 'exchange-symbol'))}`,
    differs('market'),
    `base: ${scalar(one(values, 'base'))}`,
    differs('quote'),
    `tickSize: ${quoted('tick-size')}`,
    `stepSize: ${quoted('step-size')}`,
    one(values, 'min-notional') === '' ? '' : `minNotional: ${quoted('min-notional')}`,
    one(values, 'priority') === '' ? '' : `priority: ${number(one(values, 'priority'))}`,
  ];
  return `{ ${parts.filter(Boolean).join(', ')} }`;
}

const channel: Template = {
  kind: 'channel',
  fields: [
    { name: 'platform', about: 'github, telegram or twitter', example: 'telegram', isRequired: always },
    {
      name: 'handle',
      about: 'without @; on GitHub <owner>/<repository>',
      example: 'avalancheavax',
      isRequired: always,
    },
    {
      name: 'id',
      about: 'kebab-case',
      example: 'telegram-avalancheavax',
      fallback: (values) => slugOf(`${one(values, 'platform')}-${one(values, 'handle')}`),
    },
    {
      name: 'name',
      about: 'as people write it',
      example: 'Avalanche on Telegram',
      fallback: (values) =>
        `${one(values, 'handle')} on ${platformNames[one(values, 'platform')] ?? one(values, 'platform')}`,
    },
    { name: 'network', about: 'what it speaks about', example: 'avalanche', many: true },
    { name: 'visibility', about: 'public or private', example: 'public', fallback: () => 'public' },
    {
      name: 'secret-ref',
      about: 'credentials of a private channel: <secret>/<key>',
      example: 'telegram/session',
      isRequired: (values) => one(values, 'visibility') === 'private',
    },
    { name: 'language', about: 'ISO 639-1', example: 'en' },
    owner('social'),
  ],
  path: (values) => `channels/${one(values, 'id')}.yaml`,
  render: (values) =>
    lines(
      schemaLine('channel'),
      ['id', scalar(one(values, 'id'))],
      ['name', scalar(one(values, 'name'))],
      ['platform', scalar(one(values, 'platform'))],
      ['handle', scalar(one(values, 'handle'))],
      ['visibility', scalar(one(values, 'visibility'))],
      ['secretRef', optional(values, 'secret-ref'), 'a reference: the credentials themselves are never written here'],
      ['language', optional(values, 'language')],
      ['networks', flow(list(values, 'network')), 'what it speaks about'],
      ['status', 'active'],
      ['owner', scalar(one(values, 'owner'))],
    ),
};

const protocol: Template = {
  kind: 'protocol',
  fields: [
    { name: 'id', about: 'kebab-case', example: 'uniswap-v3', isRequired: always },
    {
      name: 'name',
      about: 'as people write it',
      example: 'Uniswap V3',
      fallback: (values) => titleOf(one(values, 'id')),
    },
    {
      name: 'category',
      about: 'dex, lending, token, staking, bridge or stablecoin',
      example: 'dex',
      isRequired: always,
    },
    {
      name: 'contract',
      about: '<network>:<name>:<address>',
      example: 'ethereum:UniswapV3Factory:0x1F98…',
      many: true,
      isRequired: always,
    },
    {
      name: 'event',
      about: '<contract name>: <signature>',
      example: 'WETH9: event Deposit(address indexed dst, uint256 wad)',
      many: true,
      isRequired: always,
    },
    { name: 'website', about: 'home page', example: 'https://uniswap.org' },
    owner('analytics'),
  ],
  path: (values) => `protocols/${one(values, 'id')}.yaml`,
  render: (values) =>
    lines(
      schemaLine('protocol'),
      ['id', scalar(one(values, 'id'))],
      ['name', scalar(one(values, 'name'))],
      ['category', scalar(one(values, 'category'))],
      ['website', optional(values, 'website')],
      ['status', 'active'],
      ['owner', scalar(one(values, 'owner'))],
      '',
      '# Addresses with their checksum. startBlock, where it is known, saves a search from the genesis.',
      'contracts:',
      ...(values.get('contract') ?? []).map((contract) => {
        const [on = '', name = '', address = ''] = contract.split(':').map((part) => part.trim());
        return `  - { network: ${scalar(on)}, name: ${scalar(name)}, address: ${JSON.stringify(address)} }`;
      }),
      '',
      'events:',
      ...(values.get('event') ?? []).flatMap((event) => {
        const [, contract = '', signature = ''] = /^([^:]*):\s*(.*)$/.exec(event) ?? ['', '', event];
        return [`  - contract: ${scalar(contract)}`, `    signature: ${scalar(signature)}`];
      }),
    ),
};

const pool: Template = {
  kind: 'pool',
  fields: [
    { name: 'id', about: 'kebab-case', example: 'archive', isRequired: always },
    {
      name: 'name',
      about: 'as people write it',
      example: 'Archive pool',
      fallback: (values) => `${titleOf(one(values, 'id'))} pool`,
    },
    { name: 'purpose', about: 'one sentence', example: 'Old blocks', isRequired: always },
    {
      name: 'provider',
      about: 'gcp, hetzner, digitalocean, aws or undecided',
      example: 'hetzner',
      fallback: () => 'undecided',
    },
    {
      name: 'region',
      about: "the provider's name",
      example: 'nbg1',
      many: true,
      isRequired: (values) => one(values, 'provider') !== 'undecided',
    },
    {
      name: 'machine',
      about: "a type of the provider's price list",
      example: 'ccx23',
      isRequired: (values) => one(values, 'provider') !== 'undecided',
    },
    { name: 'min', about: 'nodes at rest', example: '1', fallback: () => '1' },
    { name: 'max', about: 'nodes at full scale', example: '3', fallback: (values) => one(values, 'min') },
    {
      name: 'cluster',
      about: 'its Kubernetes cluster',
      example: 'defimon-archive',
      fallback: (values) => (one(values, 'provider') === 'undecided' ? undefined : `defimon-${one(values, 'id')}`),
    },
    {
      name: 'kubernetes-version',
      about: 'of its cluster, as the provider names it',
      example: '1.35.1',
      isRequired: (values) => one(values, 'provider') !== 'undecided',
    },
    {
      name: 'namespace',
      about: 'of its services',
      example: 'archive',
      many: true,
      fallback: (values) => one(values, 'id'),
    },
    { name: 'domain', about: 'what its public routes hang on', example: 'archive.highfunk.uk' },
    { name: 'budget', about: 'a month at rest, in the currency of the bill', example: '100' },
    {
      name: 'currency',
      about: 'of the budget',
      example: 'EUR',
      fallback: (values) => (one(values, 'provider') === 'hetzner' ? 'EUR' : 'USD'),
    },
    owner('platform'),
  ],
  path: (values) => `pools/${one(values, 'id')}.yaml`,
  render(values) {
    const budget = optional(values, 'budget', number);
    return lines(
      schemaLine('pool'),
      ['id', scalar(one(values, 'id'))],
      ['name', scalar(one(values, 'name'))],
      ['purpose', scalar(one(values, 'purpose'))],
      ['owner', scalar(one(values, 'owner'))],
      [
        'provider',
        scalar(one(values, 'provider')),
        one(values, 'provider') === 'undecided' ? 'nothing of it is deployed until it is' : undefined,
      ],
      ['regions', flow(list(values, 'region'))],
      ['cluster', optional(values, 'cluster')],
      ['kubernetesVersion', optional(values, 'kubernetes-version', JSON.stringify)],
      ['namespaces', flow(list(values, 'namespace'))],
      ['domain', optional(values, 'domain')],
      [
        'budget',
        budget && `{ monthly: ${budget}, currency: ${scalar(one(values, 'currency'))} }`,
        'most that it may cost at rest',
      ],
      '',
      'nodeGroups:',
      '  - id: general',
      '    kind: kubernetes',
      ...(one(values, 'machine') === '' ? [] : [`    machine: ${scalar(one(values, 'machine'))}`]),
      `    min: ${number(one(values, 'min'))}`,
      `    max: ${number(one(values, 'max'))}`,
      '',
      '# What services here may need: relational, timeseries, cache, bus, objects, document, search.',
      'stores: []',
    );
  },
};

const service: Template = {
  kind: 'service',
  fields: [
    {
      name: 'id',
      about: 'kebab-case; also its folder, Deployment and metric label',
      example: 'alerter',
      isRequired: always,
    },
    { name: 'name', about: 'as people write it', example: 'Alerter', fallback: (values) => titleOf(one(values, 'id')) },
    { name: 'purpose', about: 'one sentence', example: 'Sends alerts', isRequired: always },
    { name: 'pool', about: 'where it runs', example: 'analytics', isRequired: always },
    { name: 'namespace', about: "one of the pool's", example: 'analytics', fallback: (values) => one(values, 'pool') },
    { name: 'port', about: '<name>:<number>', example: 'http:8010', many: true, isRequired: always },
    { name: 'reads', about: 'kinds of the catalog it reads', example: 'networks', many: true },
    { name: 'needs', about: 'stores it needs', example: 'relational', many: true },
    { name: 'cpu', about: 'asked for by one replica', example: '250m', fallback: () => '250m' },
    { name: 'memory', about: 'asked for by one replica', example: '512Mi', fallback: () => '512Mi' },
    { name: 'min', about: 'fewest replicas', example: '1', fallback: () => '1' },
    { name: 'max', about: 'most replicas', example: '3', fallback: (values) => one(values, 'min') },
    owner('platform'),
  ],
  path: (values) => `services/${one(values, 'id')}.yaml`,
  render(values) {
    const ports = list(values, 'port').map((port) => port.split(':'));
    return lines(
      schemaLine('service'),
      ['id', scalar(one(values, 'id'))],
      ['name', scalar(one(values, 'name'))],
      ['purpose', scalar(one(values, 'purpose'))],
      ['owner', scalar(one(values, 'owner'))],
      ['pool', scalar(one(values, 'pool'))],
      ['namespace', scalar(one(values, 'namespace'))],
      ['released', 'false', 'true once it may be deployed'],
      ['reload', 'hot', 'restart: a changed slice takes a new pod'],
      '',
      ['reads', flow(list(values, 'reads')), 'its slice of the catalog'],
      ['needs', flow(list(values, 'needs')), 'stores, which its pool must provide'],
      '',
      'ports:',
      ...ports.map(([name = '', port = '']) => `  - { name: ${scalar(name)}, port: ${number(port)} }`),
      ['routes', '[]', 'paths that are reached from outside, with auth and roles'],
      '',
      'resources:',
      `  requests: { cpu: ${scalar(one(values, 'cpu'))}, memory: ${scalar(one(values, 'memory'))} }`,
      ['scaling', `{ min: ${number(one(values, 'min'))}, max: ${number(one(values, 'max'))} }`],
    );
  },
};

/** The kinds that "new" writes; the others are lists of a few lines, edited by hand. */
export const templates: readonly Template[] = [network, pair, channel, protocol, pool, service];

const platformNames: Record<string, string> = { github: 'GitHub', telegram: 'Telegram', twitter: 'X' };

function titleOf(id: string): string {
  return id
    .replaceAll(/[_-]+/g, ' ')
    .replace(/(^| )([a-z])/g, (_, space: string, letter: string) => space + letter.toUpperCase());
}

function slugOf(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '');
}
