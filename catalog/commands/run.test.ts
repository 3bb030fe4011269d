import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { loadCatalog } from '../load.ts';
import { rules } from '../rules.ts';
import { smallCatalog } from '../testing/small-catalog.ts';
import { runCatalog } from './run.ts';

const root = mkdtempSync(join(tmpdir(), 'catalog-'));
const dir = join(root, 'catalog');
afterAll(() => rmSync(root, { recursive: true }));
beforeEach(() => {
  rmSync(dir, { recursive: true, force: true });
  for (const [path, text] of Object.entries(smallCatalog)) {
    cpSync(import.meta.filename, join(dir, path), { recursive: true });
    writeFileSync(join(dir, path), text);
  }
});

describe(runCatalog.name, () => {
  it("writes the network of the README, by the README's own command", async () => {
    const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8');
    const command = /npm run catalog -- (new network .*)/.exec(readme)?.[1] ?? '';
    expect(await run(...command.split(' '), '--owner', 'platform')).toMatchObject({ code: 0, err: '' });
    expect(loadCatalog(dir).networks.map(({ id }) => id)).toContain('third');
  });

  it('explains itself', async () => {
    expect(await run('--help')).toMatchObject({ code: 0, out: expect.stringContaining('npm run catalog -- validate') });
    expect(await run()).toMatchObject({ code: 2, out: expect.stringContaining('npm run catalog -- validate') });
    expect(await run('new', '--help')).toMatchObject({ code: 0, out: expect.stringContaining('new network|pair') });
    expect(await run('new', 'pair', '--help')).toMatchObject({ code: 0, out: expect.stringContaining('--tick-size') });
  });

  it.each([
    [['valdate'], 'unknown command "valdate"'],
    [['list', 'netwrok'], 'unknown kind "netwrok": did you mean "network"?'],
    [['show', 'alhpa'], 'no entry "alhpa": did you mean "alpha"?'],
    [['show'], 'show what?'],
    [['validate', 'x'], '"x" is one argument too many'],
    [['list', 'pairs', 'x'], '"x" is one argument too many'],
    [['validate', '--name', 'x'], '"validate" takes no --name'],
    [['list', '--diir', 'x'], 'unknown option --diir: did you mean dir?'],
    [['new', 'netwrok'], '"new" does not write a netwrok: did you mean network?'],
    [['new', 'plan'], '"new" does not write a plan'],
    [['new', 'network', '--tick-size', '1'], 'a network has no --tick-size'],
    [['validate', '--dir'], "Option '--dir <value>' argument missing"],
  ])('says what is wrong with %j', async (argv, message) => {
    const { code, err } = await run(...argv);
    expect([code, err]).toEqual([2, expect.stringContaining(message)]);
    expect(err).toContain('"npm run catalog -- --help" lists the commands.');
  });

  it.each([
    ['topic', 'topics.yaml, which is one list', '  - id: '],
    ['owner', 'owners.yaml, which is one list', '  - id: platform'],
    ['plan', 'plans.yaml, which is one list', '  - id: free'],
    ['component', 'components.yaml, which is one list', '  - id: '],
    ['machine', 'machines/', '  - type: '],
  ])('shows how a %s is written by hand', async (kind, file, example) => {
    const { code, out, err } = await run('new', kind);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(`edit ${kind === 'machine' ? 'a file of ' : ''}${join(dir, file)}`);
    expect(err).toContain(`${kind}.schema.json`);
    expect(err).toContain(example);
  });

  it('writes no colours but to a terminal', async () => {
    writeFileSync(join(dir, 'plans.yaml'), 'plans: 5');
    expect((await run('validate')).err).not.toContain('\u001b[');
    expect((await run('list', 'network')).out).not.toContain('\u001b[');
  });
});

describe('validate', () => {
  it('sums up a catalog that holds', async () => {
    const { code, out, err } = await run('validate');
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(
      /^valid 4 networks, 3 pairs, 2 channels, 1 protocol, 2 pools, 3 services, 4 machines, 1 plan, 1 owner, 1 topic, 1 component\n/,
    );
    expect(out).toMatch(/\nsha256:[0-9a-f]{64}\n$/);
  });

  it('prints every problem and how many there are', async () => {
    writeFileSync(join(dir, 'plans.yaml'), 'plans: 5');
    writeFileSync(join(dir, 'networks/alpha.yaml'), 'id: [');
    const { code, out, err } = await run('validate');
    expect([code, out]).toEqual([1, '']);
    expect(err.split('\n')).toEqual([
      expect.stringMatching(/alpha\.yaml:1:6 CAT001 /),
      expect.stringMatching(/plans\.yaml:1:8 CAT012 "plans" must be a list, not 5 — put "- " before each item$/),
      '',
      '2 errors in 2 files',
      '',
    ]);
  });

  it('checks the environments beside the catalog', async () => {
    const file = join(root, 'environments/dev/environment.yaml');
    cpSync(import.meta.filename, file, { recursive: true });
    writeFileSync(file, 'name: dev\n');
    const { code, err } = await run('validate');
    rmSync(join(root, 'environments'), { recursive: true });
    expect([code, err]).toEqual([1, expect.stringMatching(/environment\.yaml:1:1 CAT010 "domain" is missing/)]);
  });
});

describe('list', () => {
  it('counts the entries of each kind', async () => {
    const { code, out } = await run('list');
    expect(code).toBe(0);
    expect(out).toMatch(/^kind +entries +active +in\nnetwork +4 +2 +networks\/\npair +3 +2 +pairs\/\n/);
  });

  it.each([
    'network',
    'pair',
    'channel',
    'protocol',
    'pool',
    'service',
    'machine',
    'plan',
    'owner',
    'topic',
    'component',
  ])('shows a table of every %s', async (kind) => {
    const { code, out } = await run('list', kind);
    expect(code).toBe(0);
    const lines = out.trimEnd().split('\n');
    expect(lines.length).toBeGreaterThan(1);
    expect(lines.every((line) => line === line.trimEnd() && !line.includes('undefined'))).toBe(true);
    expect((await run('list', `${kind}s`)).out).toBe(out);
  });
});

describe('show', () => {
  it('shows an entry, its place and who refers to it', async () => {
    const { code, out } = await run('show', 'alpha');
    expect(code).toBe(0);
    expect(out).toMatch(/^network alpha {2}\S+networks\/alpha\.yaml:1\n\nid: alpha\nname: Alpha\n/);
    expect(out).toContain('referred to by network beta, delta, gamma\n');
    expect(out).toContain('referred to by channel github-alpha-node, telegram-beta\n');
    expect(out).toContain('referred to by protocol weth\n');
  });

  it('finds a pair in lower case, and an entry by its kind', async () => {
    expect((await run('show', 'uniusdt')).out).toMatch(/^pair UNIUSDT {2}\S+pairs\/defi\.yaml:11\n/);
    expect((await run('show', 'machine/hetzner/ccx33')).out).toMatch(/^machine hetzner\/ccx33/);
  });

  it('shows what a pool costs', async () => {
    const { out } = await run('show', 'main');
    expect(out).toMatch(/1 × ccx33 +nbg1 +100\.00 +EUR\n1 × 100 GB volume +nbg1 +10\.00 +EUR\nsum +110\.00 +EUR\n/);
  });
});

describe('new', () => {
  const network = [
    'new',
    'network',
    '--id',
    'omega',
    '--chain-id',
    '77',
    '--stack',
    'anvil',
    '--rpc',
    'http://127.0.0.1:8545',
  ];

  it.each([
    [
      'network',
      [
        '--id',
        'omega',
        '--chain-id',
        '77',
        '--stack',
        'geth',
        '--rpc',
        'https://a.example.com',
        '--rpc',
        'https://b.example.com',
        '--block-time',
        '0.5',
        '--confirmations',
        '64',
        '--explorer',
        'https://omega.example.com',
        '--github',
        'omega/node',
      ],
      'networks/omega.yaml',
    ],
    [
      'channel',
      [
        '--platform',
        'telegram',
        '--handle',
        'Alpha_News',
        '--network',
        'alpha,beta',
        '--language',
        'en',
        '--owner',
        'platform',
      ],
      'channels/telegram-alpha-news.yaml',
    ],
    [
      'protocol',
      [
        '--id',
        'wrapped',
        '--category',
        'token',
        '--contract',
        'alpha:WETH9:0x4200000000000000000000000000000000000006',
        '--event',
        'WETH9: event Deposit(address indexed dst, uint256 wad)',
        '--owner',
        'platform',
      ],
      'protocols/wrapped.yaml',
    ],
    [
      'pool',
      [
        '--id',
        'archive',
        '--purpose',
        'Old blocks: all of them',
        '--provider',
        'hetzner',
        '--region',
        'nbg1',
        '--machine',
        'ccx33',
        '--kubernetes-version',
        '1.35.1',
        '--budget',
        '100',
      ],
      'pools/archive.yaml',
    ],
    ['pool', ['--id', 'someday', '--purpose', 'Later'], 'pools/someday.yaml'],
    [
      'service',
      [
        '--id',
        'alerter',
        '--purpose',
        'Sends alerts',
        '--pool',
        'main',
        '--port',
        'http:8010',
        '--port',
        'admin:9110',
        '--reads',
        'networks',
        '--needs',
        'relational',
      ],
      'services/alerter.yaml',
    ],
    [
      'pair',
      ['--base', 'DOGE', '--category', 'meme', '--tick-size', '0.00001', '--step-size', '1', '--min-notional', '1'],
      'pairs/meme.yaml',
    ],
  ])('writes a %s with %j', async (kind, argv, path) => {
    const owner = kind === 'network' ? ['--owner', 'platform'] : [];
    if (kind === 'pair')
      writeFileSync(
        join(dir, 'owners.yaml'),
        `${smallCatalog['owners.yaml']}${smallCatalog['owners.yaml']?.replace('owners:\n', '').replace('id: platform', 'id: market')}`,
      );
    const { code, out, err } = await run('new', kind, ...argv, ...owner);
    expect([code, err]).toEqual([0, '']);
    expect(out).toContain(`wrote ${join(dir, path)}`);
    const text = readFileSync(join(dir, path), 'utf8');
    expect(text).toMatch(
      new RegExp(`^# yaml-language-server: \\$schema=\\.\\./schema/generated/${kind}\\.schema\\.json\n`),
    );
    expect(text).toMatch(/ # |\n# /);
    loadCatalog(dir);
  });

  it('adds a pair to its category, after the last that is traded, and keeps every other byte', async () => {
    const before = smallCatalog['pairs/defi.yaml'] ?? '';
    const line = '  - { symbol: CRVUSDT, base: CRV, tickSize: "0.0001", stepSize: "0.1" }\n';
    const { code, out } = await run(
      'new',
      'pair',
      '--base',
      'CRV',
      '--category',
      'defi',
      '--tick-size',
      '0.0001',
      '--step-size',
      '0.1',
    );
    expect([code, out]).toEqual([0, `added to ${join(dir, 'pairs/defi.yaml')}\n`]);
    const after = readFileSync(join(dir, 'pairs/defi.yaml'), 'utf8');
    expect(after).toContain(`minNotional: '5' }\n${line}\n  # Retired.`);
    expect(after.replace(line, '')).toBe(before);
    await run(
      'new',
      'pair',
      '--base',
      'LDO',
      '--quote',
      'BTC',
      '--category',
      'defi',
      '--tick-size',
      '0.1',
      '--step-size',
      '1',
      '--priority',
      '7',
    );
    expect(readFileSync(join(dir, 'pairs/defi.yaml'), 'utf8')).toContain(
      `${line}  - { symbol: LDOBTC, base: LDO, quote: BTC, tickSize: "0.1", stepSize: "1", priority: 7 }\n`,
    );
    const futures = ['new', 'pair', '--base', 'UNI', '--category', 'defi', '--tick-size', '1', '--step-size', '1'];
    await run(...futures, '--market', 'usdm');
    await run(...futures, '--market', 'coinm', '--quote', 'USD');
    expect(readFileSync(join(dir, 'pairs/defi.yaml'), 'utf8')).toContain(
      `  - { symbol: UNIUSDT.P, exchangeSymbol: UNIUSDT, market: usdm, base: UNI, tickSize: "1", stepSize: "1" }
  - { symbol: UNIUSD_PERP, market: coinm, base: UNI, quote: USD, tickSize: "1", stepSize: "1" }
`,
    );
    loadCatalog(dir);
  });

  it('names what is missing where nobody can be asked', async () => {
    const { code, err } = await run('new', 'network', '--id', 'omega');
    expect(code).toBe(2);
    expect(err).toContain('missing --chain-id (480), --rpc (https://…), --stack (op_stack)');
    expect(
      (await run('new', 'network', '--id', 'x', '--kind', 'near', '--rpc', 'https://x', '--stack', '')).err,
    ).toContain('missing --stack');
  });

  it('asks for what is missing on a terminal', async () => {
    const { code, out, err } = await runOnTerminal(
      ['new', 'network', '--id', 'omega', '--owner', 'platform'],
      ['78', '', 'https://omega.example.com', 'geth'],
    );
    expect(err).toMatch(/chain-id, EIP-155 chain id \(480\)/);
    expect([code, out]).toEqual([0, expect.stringContaining('wrote')]);
    expect(loadCatalog(dir).networks.find(({ id }) => id === 'omega')?.chainId).toBe(78);
  });

  it('writes nothing when the terminal closes in the middle', async () => {
    const { code, err } = await runOnTerminal(['new', 'network', '--id', 'omega'], ['78']);
    expect([code, err]).toEqual([1, expect.stringContaining('Nothing was written.')]);
    expect(existsSync(join(dir, 'networks/omega.yaml'))).toBe(false);
  });

  it('refuses to overwrite', async () => {
    const before = readFileSync(join(dir, 'networks/alpha.yaml'), 'utf8');
    const { code, err } = await run(
      'new',
      'network',
      '--id',
      'alpha',
      '--chain-id',
      '5',
      '--stack',
      'a',
      '--rpc',
      'https://x.example.com',
    );
    expect([code, err]).toEqual([1, expect.stringContaining('already exists')]);
    expect(readFileSync(join(dir, 'networks/alpha.yaml'), 'utf8')).toBe(before);
  });

  it.each([
    [[...network, '--owner', 'nobody'], 'CAT022 unknown owner "nobody"'],
    [
      [...network, '--owner', 'platform', '--settlement', 'alhpa'],
      'CAT033 unknown network "alhpa" — did you mean "alpha"?',
    ],
    [[...network, '--owner', 'platform', '--chain-id', '1001'], 'CAT031 chainId 1001 is already that of "alpha"'],
    [[...network, '--owner', 'platform', '--priority', 'high'], 'CAT012 "priority" must be a whole number, not "high"'],
    [[...network, '--owner', 'platform', '--id', '../../omega'], 'CAT005 no entry is kept in this file'],
    [[...network, '--owner', 'platform', '--name', 'a\nb: c'], 'CAT013 "name" cannot be'],
    [
      ['new', 'pair', '--base', 'UNI', '--category', 'defi', '--tick-size', '1', '--step-size', '1'],
      'CAT020 pair "UNIUSDT" is already defined',
    ],
    [
      ['new', 'pair', '--base', 'CRV', '--category', 'defi', '--tick-size', '0', '--step-size', '1'],
      'CAT046 tickSize is 0',
    ],
  ])('leaves nothing behind that does not hold: %j', async (argv, message) => {
    const before = allFiles();
    const { code, out, err } = await run(...argv);
    expect([code, out, err]).toEqual([1, '', expect.stringContaining(message)]);
    expect(err).toMatch(/errors?: nothing was written\.\n$/);
    expect(allFiles()).toEqual(before);
  });

  it('says why a file cannot be written', async () => {
    rmSync(join(dir, 'protocols'), { recursive: true });
    writeFileSync(join(dir, 'protocols'), 'a file where a folder should be');
    const argv = ['--id', 'p', '--category', 'dex', '--contract', 'alpha:A:0x4200000000000000000000000000000000000006'];
    const { code, err } = await run('new', 'protocol', ...argv, '--event', 'A: event B()', '--owner', 'platform');
    expect([code, err]).toEqual([1, expect.stringMatching(/protocols\/p\.yaml cannot be written: /)]);
  });

  it('does not blame a new entry for old errors', async () => {
    writeFileSync(join(dir, 'networks/beta.yaml'), 'id: [');
    const { code, err } = await run(...network, '--owner', 'platform');
    expect([code, err]).toEqual([0, '']);
  });
});

describe('rules', () => {
  it('gives each rule with its reason', async () => {
    const { code, out } = await run('rules');
    expect(code).toBe(0);
    expect(out.match(/^CAT\d{3} {2}/gm)).toHaveLength(rules.length);
    expect((await run('rules', 'cat036')).out).toMatch(
      /^CAT036 {2}an endpoint is reached over TLS.*\n {8}because anyone/,
    );
    expect(await run('rules', 'CAT999')).toMatchObject({ code: 2, err: expect.stringContaining('no rule "CAT999"') });
  });
});

interface Outcome {
  code: number;
  out: string;
  err: string;
}

function run(...argv: string[]): Promise<Outcome> {
  return runWith(argv, new PassThrough());
}

/** As on a terminal where someone types these lines, and then closes it. */
async function runOnTerminal(argv: string[], lines: string[]): Promise<Outcome> {
  const stdin = Object.assign(new PassThrough(), { isTTY: true });
  const waiting = [...lines];
  return runWith(argv, stdin, (text) => {
    if (!/: $/.test(text)) return;
    const line = waiting.shift();
    if (line === undefined) stdin.end();
    else stdin.write(`${line}\n`);
  });
}

async function runWith(
  argv: string[],
  stdin: NodeJS.ReadableStream,
  onPrompt?: (text: string) => void,
): Promise<Outcome> {
  let [out, err] = ['', ''];
  const stdout = new PassThrough().setEncoding('utf8').on('data', (text: string) => (out += text));
  const stderr = new PassThrough().setEncoding('utf8').on('data', (text: string) => {
    err += text;
    // Without its cursor movements.
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is removed
    onPrompt?.(text.replace(/\u001b\[[0-9;]*[A-Za-z]/g, ''));
  });
  const code = await runCatalog(argv, { dir, stdin, stdout, stderr });
  await new Promise((resolve) => setImmediate(resolve));
  return { code, out, err };
}

function allFiles(): [string, string][] {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.\w+$/.test(path))
    .sort()
    .map((path) => [path, readFileSync(join(dir, path), 'utf8')]);
}
