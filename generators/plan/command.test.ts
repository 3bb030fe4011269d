import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { runGenerate } from '../command.ts';
import { projectRoot } from '../testing/project.ts';
import { runDiff } from './command.ts';
import { runCost } from './cost-command.ts';
import { runExplain } from './explain-command.ts';
import { runImpact } from './impact-command.ts';

/** A git repository with today's catalog, rendered and committed; each test begins from that commit. */
let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'defimon-plan-'));
  cpSync(join(projectRoot, 'catalog'), join(root, 'catalog'), {
    recursive: true,
    filter: (path) => !path.endsWith('.ts'),
  });
  // Without dev: a third of the time.
  for (const name of ['local', 'staging', 'production']) {
    for (const file of ['environment.yaml', 'images.lock.yaml']) {
      const from = join(projectRoot, 'environments', name, file);
      if (existsSync(from)) cpSync(from, join(root, 'environments', name, file));
    }
  }
  // What tells people about the folder is no part of any environment.
  cpSync(join(projectRoot, 'environments/README.md'), join(root, 'environments/README.md'));
  const nowhere = { write: () => true };
  if (runGenerate(root, ['--init', 'production'], nowhere, nowhere) !== 0)
    throw new Error('the project does not render');
  git('init', '--quiet', '--initial-branch=main');
  git('add', '--all');
  git('commit', '--quiet', '--message=base');
});
beforeEach(() => {
  git('checkout', '--quiet', '--force', 'main');
  git('clean', '--quiet', '--force', '-d');
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe(runDiff.name, () => {
  it('says that nothing changes', () => {
    expect(run(runDiff)).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^Nothing changes\.\nCompared with HEAD\.\n/),
    });
  });

  it('shows a new network in every cluster that reads it, without a run of generate', () => {
    write('catalog/networks/foo.yaml', fooNetwork);
    const { code, out } = run(runDiff);
    expect(code).toBe(0);
    expect(out).toMatch(
      /^1 network added \(network\/foo\): \d+ objects change in \d+ clusters; no pod restarts; \+0 USD a month; no danger\. Production is unchanged until promoted: 1 entry differs from its lock\./,
    );
    expect(out).toMatch(
      /Deployment\.apps\/analytics\/analytics-api reloads without a restart \(ConfigMap analytics-api\) in staging\/defimon-analytics/,
    );
    expect(out).toContain('[network/foo (catalog/networks/foo.yaml:');
    expect(out).toContain(
      'production: unchanged until promoted; a promotion from staging brings 1 entry: +network/foo',
    );
    expect(out).not.toMatch(/production\/defimon/);
  });

  it('compares a branch with where it left main, and with what is named', () => {
    git('checkout', '--quiet', '-B', 'topic');
    edit('catalog/networks/base.yaml', (text) => text.replace(/^name: .*$/m, 'name: Bass'));
    git('commit', '--quiet', '--all', '--message=topic');
    expect(run(runDiff).out).toContain('Compared with merge base with main.');
    expect(run(runDiff).out).toContain('1 network changed (network/base)');
    expect(run(runDiff, '--against', 'HEAD').out).toContain('1 network changed (network/base)');
  });

  it('shows danger at the entry that causes it, and fails where it is asked to', () => {
    edit('catalog/networks/base.yaml', (text) => text.replace(/^priority: .*$/m, 'priority: 3'));
    const { code, out } = run(runDiff, '--fail-on', 'danger', '--format', 'codequality');
    expect(code).toBe(3);
    const findings: { check_name: string; location: { path: string } }[] = JSON.parse(out);
    expect(findings.find(({ check_name }) => check_name === 'DAN006')?.location.path).toBe(
      'catalog/networks/base.yaml',
    );
    expect(run(runDiff).code).toBe(0);
  });

  it('shows where an entry stood that is gone', () => {
    edit('catalog/pairs/defi.yaml', (text) => text.replace(/^.*symbol: YFIUSDT.*\n/m, ''));
    expect(run(runDiff).out).toMatch(/\[pair\/YFIUSDT \(catalog\/pairs\/defi\.yaml:\d+\)\]/);
  });

  it('shows what settings cost', () => {
    edit('catalog/pools/market.yaml', (text) =>
      text.replace(/(machine: s-2vcpu-4gb)\n {4}min: 1/, '$1\n    min: 2').replace('monthly: 165', 'monthly: 200'),
    );
    const { out } = run(runDiff, '--environment', 'staging');
    expect(out).toMatch(/staging +market +161 USD +185 USD +\+24 USD/);
    expect(out).not.toMatch(/^dev/m);
  });

  it('is the problems in every format when the catalog has errors', () => {
    edit('catalog/networks/base.yaml', (text) => text.replace('kind: evm', 'kind: evn'));
    for (const [format, pattern] of [
      ['text', /^catalog\/networks\/base\.yaml:\d+:\d+ CAT\d+ /m],
      ['markdown', /\| error \| `catalog\/networks\/base\.yaml:\d+:\d+` \| CAT\d+ \|/],
      ['json', /"file": "catalog\/networks\/base\.yaml"/],
      ['codequality', /"path": "catalog\/networks\/base\.yaml"/],
      ['junit', /<failure message="catalog\/networks\/base\.yaml:/],
    ] as const) {
      const { code, out } = run(runDiff, '--format', format);
      expect([format, code]).toEqual([format, 1]);
      expect(out).toMatch(pattern);
    }
  });

  it('writes the note and the artefact', () => {
    edit('catalog/networks/base.yaml', (text) => text.replace(/^name: .*$/m, 'name: Bass'));
    const { out } = run(runDiff, '--format', 'markdown', '--output', 'out/plan.md', '--full', 'out/full.md');
    expect(out).toMatch(/^1 network changed \(network\/base\): .*\n$/);
    for (const file of ['out/plan.md', 'out/full.md']) {
      expect(readFileSync(join(root, file), 'utf8').startsWith('<!-- defimon-plan -->\n')).toBe(true);
    }
  });

  it.each([
    [['--format', 'html'], 2, 'there is no format "html"'],
    [['--formt', 'text'], 2, 'unknown option --formt: did you mean format?'],
    [['--environment', 'stagin'], 2, 'there is no environment "stagin": did you mean "staging"?'],
    [['--fail-on', 'fire'], 2, '--fail-on takes "danger", not "fire"'],
    [['--against', 'nowhere'], 1, 'there is no commit "nowhere"'],
    [['--against'], 2, "Option '--against <value>' argument missing"],
  ])('says what is wrong with %j', (argv, code, message) => {
    expect(run(runDiff, ...argv)).toMatchObject({ code, out: '', err: expect.stringContaining(message) });
  });
});

describe(runExplain.name, () => {
  const folder = 'environments/staging/defimon-analytics/analytics-api';

  it('leads from a file to the entries, with their lines', () => {
    const { code, out } = run(runExplain, `${folder}/deployment-analytics-api.yaml`);
    expect(code).toBe(0);
    expect(out).toMatch(/^Deployment\.apps\/analytics\/analytics-api\nunit {5}analytics-api \(tier services, /);
    expect(out).toMatch(/service\/analytics-api \(catalog\/services\/analytics-api\.yaml:\d+\)/);
  });

  it('leads from a line of a slice to its entry, and from any other to its field', () => {
    const text = readFileSync(join(root, folder, 'configmap-analytics-api.yaml'), 'utf8').split('\n');
    const line = text.findIndex((one) => one.includes('"id":"base"')) + 1;
    expect(run(runExplain, `${folder}/configmap-analytics-api.yaml:${line}`).out).toMatch(
      /\nfrom {5}network\/base \(catalog\/networks\/base\.yaml:\d+\)\n$/,
    );
    const pod = readFileSync(join(root, folder, 'deployment-analytics-api.yaml'), 'utf8').split('\n');
    const at = pod.findIndex((one) => one.includes('image:')) + 1;
    expect(run(runExplain, `${folder}/deployment-analytics-api.yaml:${at}`).out).toContain(
      'field    spec.template.spec.containers[].image\n',
    );
  });

  it('finds an object wherever it is, by its kind and name', () => {
    for (const name of ['Deployment/analytics-api', 'deployment.apps/analytics/analytics-api']) {
      const { out } = run(runExplain, name);
      for (const environment of ['production', 'staging']) expect(out).toContain(`${environment}/defimon-analytics`);
    }
  });

  it('leads the other way from a file of the catalog', () => {
    const { out } = run(runExplain, 'catalog/networks/base.yaml');
    expect(out).toMatch(/^network\/base\nin .* ConfigMap\//m);
  });

  it.each([
    [['nosuch'], 'the nearest are '],
    [['chain-sync-critical'], 'the nearest are ConfigMap/chain-sync-critical, '],
    [['Deployment/analytics-apj'], 'did you mean "Deployment/analytics-api"?'],
    [
      [`${folder}/deployment-analytics-apj.yaml`],
      `nothing generates ${folder}/deployment-analytics-apj.yaml: did you mean`,
    ],
    [[`${folder}/deployment-analytics-api.yaml:9999`], 'there is no line 9999'],
    [['catalog/networks/bse.yaml'], 'did you mean "catalog/networks/base.yaml"?'],
    [[], 'explain what?'],
    [['a', 'b'], '"b" is one argument too many'],
  ])('says what is wrong with %j', (argv, message) => {
    expect(run(runExplain, ...argv)).toMatchObject({ code: 2, out: '', err: expect.stringContaining(message) });
  });
});

describe(runImpact.name, () => {
  it('tells what a network would touch, computed from a render without it', () => {
    const { code, out } = run(runImpact, 'network/base', '--format', 'json');
    expect(code).toBe(0);
    const impact: {
      how: object;
      edit: { cluster: string; environment: string; reloads: string[]; alerts: string[] }[];
    } = JSON.parse(out);
    expect(impact.how).toEqual({ production: 'render', staging: 'render' });
    const analytics = impact.edit.find((one) => one.environment === 'staging' && one.cluster === 'defimon-analytics');
    expect(analytics?.reloads).toContain('Deployment.apps/analytics/analytics-api');
    expect(analytics?.alerts.length).toBeGreaterThan(0);
  });

  it('takes an id alone, in any case, and the pods of a service with it', () => {
    expect(run(runImpact, 'btcusdt').out).toMatch(
      /^pair\/BTCUSDT {2}catalog\/pairs\/top10\.yaml:\d+\n\nAn edit touches \d+ objects in \d+ clusters; no pods restart\./,
    );
    expect(run(runImpact, 'service/analytics-api').out).toMatch(
      // Those who call it are told where it is, and may restart too.
      /^restarts\n {2}Deployment\.apps\/analytics\/admin .*\n {2}Deployment\.apps\/analytics\/analytics-api /m,
    );
  });

  it('goes by sources where nothing renders without it, and says so', () => {
    const { out } = run(runImpact, 'pool/analytics');
    expect(
      out.match(/Without it the catalog does not render \(.+\): .*counted by the objects that name it/g),
    ).toHaveLength(1);
    expect(out).not.toContain('Its removal');
  });

  it('tells an edit of a pair, which is in one shard, from its removal, after which others move up', () => {
    const { out } = run(runImpact, 'pair/BTCUSDT', '--format', 'json');
    const { edit, removal }: Record<string, { objects: string[] }[]> = JSON.parse(out);
    const shards = (impacts: { objects: string[] }[] | undefined) =>
      new Set(
        (impacts ?? [])
          .flatMap(({ objects }) => objects)
          .filter((name) => /ConfigMap\/market\/market-collector-\d/.test(name)),
      );
    expect(shards(edit).size).toBe(1);
    expect(shards(removal).size).toBeGreaterThan(1);
  });

  it('says that production does not have it yet', () => {
    write('catalog/networks/foo.yaml', fooNetwork);
    expect(run(runImpact, 'foo').out).toContain(
      'production: its lock does not have the entry: nothing, until it is promoted.',
    );
  });

  it('names the nearest entry', () => {
    expect(run(runImpact, 'network/bse')).toMatchObject({
      code: 2,
      err: expect.stringContaining('did you mean "network/base"?'),
    });
  });
});

describe(runCost.name, () => {
  it("sets today's 161 USD of the market pool beside the brief's 101, line by line", () => {
    const { code, out } = run(runCost, 'market', '--environment', 'production');
    expect(code).toBe(0);
    expect(out.split('\n').slice(0, 7)).toEqual([
      'market in production (digitalocean)',
      'line                region  list price today  planned by the brief  difference',
      '1 × s-2vcpu-4gb     nyc1              24 USD                24 USD      +0 USD',
      '1 × db-s-4vcpu-8gb  nyc1             120 USD                60 USD     +60 USD',
      '1 × load-balancer   nyc1              12 USD                12 USD      +0 USD',
      '1 × snapshots       nyc1               5 USD                 5 USD      +0 USD',
      'sum                                  161 USD               101 USD     +60 USD',
    ]);
  });

  it('names what has no price, and sums by currency', () => {
    const { out } = run(runCost);
    expect(out).toMatch(/The sum is a lower bound: \d+ lines without a known price \(/);
    expect(out).toMatch(/^production +[\d.]+ USD and [\d.]+ EUR/m);
    expect(out).toContain('No cost yet: the provider is undecided.');
  });

  it('writes JSON and Markdown', () => {
    const model: { pools: { pool: string; planned: number; known: object }[] } = JSON.parse(
      run(runCost, 'market', '--environment', 'production', '--format', 'json').out,
    );
    expect(model.pools).toMatchObject([{ pool: 'market', planned: 101, known: { USD: 161 } }]);
    expect(run(runCost, 'market', '--format', 'markdown').out).toContain(
      '| **sum** |  | 161 USD | 101 USD | +60 USD |',
    );
  });

  it.each([
    [['markt'], 'there is no pool "markt": did you mean "market"?'],
    [['market', 'ml'], '"ml" is one argument too many'],
    [['--environment', 'local'], 'there is no environment "local" with clusters'],
  ])('says what is wrong with %j', (argv, message) => {
    expect(run(runCost, ...argv)).toMatchObject({ code: 2, err: expect.stringContaining(message) });
  });
});

describe('--help', () => {
  it.each([
    ['diff', runDiff],
    ['explain', runExplain],
    ['impact', runImpact],
    ['cost', runCost],
  ])('shows how %s is used', (name, command) => {
    expect(run(command, '--help')).toMatchObject({
      code: 0,
      out: expect.stringContaining(`npm run catalog -- ${name}`),
    });
  });
});

type Command = typeof runDiff;

function run(command: Command, ...argv: string[]) {
  const [out, err]: [string[], string[]] = [[], []];
  const code = command(root, argv, { write: (text) => out.push(text) }, { write: (text) => err.push(text) });
  return { code, out: out.join(''), err: err.join('') };
}

function git(...args: string[]): void {
  const identity = ['-c', 'user.name=A Tester', '-c', 'user.email=tester@example.com', '-c', 'commit.gpgsign=false'];
  execFileSync('git', [...identity, ...args], { cwd: root, stdio: 'pipe' });
}

function write(path: string, text: string): void {
  expect(existsSync(dirname(join(root, path)))).toBe(true);
  writeFileSync(join(root, path), text);
}

function edit(path: string, change: (text: string) => string): void {
  const text = readFileSync(join(root, path), 'utf8');
  expect(change(text)).not.toBe(text);
  writeFileSync(join(root, path), change(text));
}

const fooNetwork = `id: foo
name: Foo
kind: evm
chainId: 778899
status: active
phase: 1
priority: 9
owner: analytics
stack: op_stack
settlement: ethereum
nativeCurrency: { symbol: ETH, decimals: 18 }
finality: { tag: finalized }
rpc:
  - url: https://foo.example.com
`;
