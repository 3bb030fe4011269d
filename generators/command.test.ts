import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runGenerate } from './command.ts';
import { projectRoot } from './testing/project.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'defimon-generate-'));
  cpSync(join(projectRoot, 'catalog'), join(root, 'catalog'), {
    recursive: true,
    filter: (path) => !path.endsWith('.ts'),
  });
  for (const name of ['local', 'dev', 'staging', 'production']) {
    for (const file of ['environment.yaml', 'images.lock.yaml']) {
      const from = join(projectRoot, 'environments', name, file);
      if (existsSync(from)) cpSync(from, join(root, 'environments', name, file));
    }
  }
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

describe(runGenerate.name, () => {
  it('refuses production without a lock, naming the command that writes the first', () => {
    const { code, err } = run();
    expect(code).toBe(1);
    expect(err).toContain('environments/production/catalog.lock.json:1:1 GEN004');
    expect(err).toContain('npm run generate -- --init production');
    expect(readdirSync(join(root, 'environments/staging'))).toEqual(['environment.yaml', 'images.lock.yaml']);
  });

  it('writes all environments, of local the compose file alone, and shows what it did where', () => {
    const { code, out } = run('--init', 'production');
    expect(code).toBe(0);
    expect(out).toMatch(/staging\/defimon-analytics +\d+ files +\+\d+ +~0 +−0/);
    expect(readdirSync(join(root, 'environments/local')).sort()).toEqual([
      '.env.example',
      'compose',
      'compose.yaml',
      'environment.yaml',
    ]);
    expect(readdirSync(join(root, 'argocd')).sort()).toEqual([
      'applications',
      'applicationsets',
      'bootstrap.yaml',
      'notifications.yaml',
      'projects',
    ]);
    const check = run('--check');
    expect(check.code).toBe(0);
    expect(check.err).toMatch(
      /^environments\/production\/catalog\.lock\.json:1:1 GEN007 \(warning\) .* no git checkout .*\n$/,
    );
    expect(run().out).toContain('Nothing changed.');
  });

  it('renders production from its lock alone, until a promotion changes that', () => {
    run('--init', 'production');
    const before = slice('production');
    edit('catalog/networks/base.yaml', (text) => text.replace('name: Base', 'name: Base again'));
    const { code, out } = run();
    expect(code).toBe(0);
    expect(out).toMatch(/production\/defimon-analytics +\d+ files +\+0 +~0 +−0/);
    expect(slice('production')).toBe(before);
    expect(slice('staging')).toContain('Base again');
    expect(slice('dev')).toContain('Base again');
  });

  it('writes no second first lock', () => {
    run('--init', 'production');
    const { code, err } = run('--init', 'production');
    expect(code).toBe(1);
    expect(err).toContain('production has a lock already');
  });

  it('refuses a lock that was edited by hand', () => {
    run('--init', 'production');
    edit('environments/production/catalog.lock.json', (text) => text.replace('"name":"Base"', '"name":"Bass"'));
    const { code, err } = run();
    expect(code).toBe(1);
    expect(err).toContain('environments/production/catalog.lock.json');
  });

  it('reports every catalog error at its place, and writes nothing', () => {
    run('--init', 'production');
    const before = slice('staging');
    edit('catalog/networks/base.yaml', (text) => text.replace('kind: evm', 'kind: evn'));
    const { code, err } = run();
    expect(code).toBe(1);
    expect(err).toMatch(/catalog\/networks\/base\.yaml:\d+:\d+ CAT\d+ /);
    expect(slice('staging')).toBe(before);
  });

  it('refuses an image that is only called latest', () => {
    edit('environments/staging/images.lock.yaml', (text) => text.replace('0.1.0', 'latest'));
    const { code, err } = run('--environment', 'staging');
    expect(code).toBe(1);
    expect(err).toMatch(/environments\/staging\/images\.lock\.yaml:\d+:10 GEN001 .*latest/);
  });

  it('renders one environment alone', () => {
    const { code, out } = run('--environment', 'staging');
    expect(code).toBe(0);
    expect(out).not.toContain('production');
    expect(existsSync(join(root, 'argocd'))).toBe(false);
    expect(run('--check', '--environment', 'staging').code).toBe(0);
  });

  it.each([
    ['--environment', 'qa', 1, 'there is no environment "qa" — name one of dev, local, production, staging'],
    ['--environment', 'local', 1, 'GEN002 local has no cluster to render for'],
    ['--frobnicate', '', 2, 'npm run generate -- --check'],
  ])('explains %s %s', (flag, value, code, message) => {
    const result = run(...[flag, value].filter((part) => part !== ''));
    expect(result.code).toBe(code);
    expect(result.err).toContain(message);
  });

  it('explains itself', () => {
    expect(run('--help')).toMatchObject({ code: 0, out: expect.stringContaining('--init production') });
  });

  describe('--check', () => {
    const folder = 'environments/staging/defimon-analytics/chain-sync';

    it('lists what is stale, missing, edited or foreign, names the command, and writes nothing', () => {
      run('--init', 'production');
      edit(`${folder}/deployment-chain-sync-critical.yaml`, (text) => text.replace('replicas: 1', 'replicas: 5'));
      rmSync(join(root, folder, 'service-chain-sync.yaml'));
      writeFileSync(join(root, folder, 'secret.yaml'), 'kind: Secret\n');
      const { code, err } = run('--check');
      expect(code).toBe(1);
      expect(err).toContain(`~ ${folder}/deployment-chain-sync-critical.yaml  stale or edited by hand`);
      expect(err).toContain(`+ ${folder}/service-chain-sync.yaml  missing`);
      expect(err).toContain(`− ${folder}/secret.yaml  nothing generates it`);
      expect(err).toContain('-  replicas: 5\n+  replicas: 1\n');
      expect(err).toMatch(/Run "npm run generate" and commit what it writes\.\n$/);
      expect(readFileSync(join(root, folder, 'secret.yaml'), 'utf8')).toBe('kind: Secret\n');
    });

    it('shows what differs in a long line, for each environment that follows the catalog', () => {
      run('--init', 'production');
      edit('catalog/networks/base.yaml', (text) => text.replace('name: Base', 'name: Base again'));
      const { code, err } = run('--check');
      expect(code).toBe(1);
      expect(err).toContain('~ environments/dev/catalog.lock.json');
      expect(err).toContain('~ environments/staging/catalog.lock.json');
      expect(err).not.toMatch(/[~+−] environments\/production/);
      expect(err).toMatch(/^-….*"name":"Base",/m);
      expect(err).toMatch(/^\+….*"name":"Base again",/m);
    });

    it('covers the editor schemas and what a removed cluster leaves behind', () => {
      run('--init', 'production');
      edit('catalog/schema/generated/network.schema.json', (text) => `${text} `);
      cpSync(join(root, 'environments/staging/defimon-analytics'), join(root, 'environments/staging/old-cluster'), {
        recursive: true,
      });
      const { code, err } = run('--check');
      expect(code).toBe(1);
      expect(err).toContain('~ catalog/schema/generated/network.schema.json');
      expect(err).toContain('− environments/staging/old-cluster/chain-sync/app.json  nothing generates it');
      expect(run().code).toBe(0);
      expect(existsSync(join(root, 'environments/staging/old-cluster'))).toBe(false);
      expect(run('--check').code).toBe(0);
    });

    it('leaves the files beside the clusters to their authors', () => {
      run('--init', 'production');
      writeFileSync(join(root, 'environments/staging/NOTES.md'), 'mine\n');
      expect(run('--check').code).toBe(0);
      expect(run().code).toBe(0);
      expect(existsSync(join(root, 'environments/staging/NOTES.md'))).toBe(true);
    });
  });
});

function run(...argv: string[]): { code: number; out: string; err: string } {
  const texts = { out: '', err: '' };
  const sink = (name: keyof typeof texts) => ({
    write: (text: string) => {
      texts[name] += text;
    },
  });
  return { code: runGenerate(root, argv, sink('out'), sink('err')), ...texts };
}

function slice(environment: string): string {
  const path = `environments/${environment}/defimon-analytics/analytics-api/configmap-analytics-api.yaml`;
  return readFileSync(join(root, path), 'utf8');
}

function edit(path: string, change: (text: string) => string): void {
  const before = readFileSync(join(root, path), 'utf8');
  const after = change(before);
  if (after === before) throw new Error(`${path} is not as this test expects it`);
  writeFileSync(join(root, path), after);
}
