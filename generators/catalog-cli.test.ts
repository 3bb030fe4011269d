import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

// What only a process shows: exit code, streams, and that no argument is needed to find the catalog.
describe('npm run catalog', () => {
  it('checks the catalog of this repository from any folder', () => {
    const { status, stdout, stderr } = run('validate');
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^valid 66 networks, 206 pairs, /);
  });

  it('exits with 2 and asks nothing when its input is no terminal', () => {
    const { status, stdout, stderr } = run('new', 'network', '--id', 'omega');
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^error missing --chain-id/);
  });
});

function run(...argv: string[]) {
  const cli = join(import.meta.dirname, 'catalog-cli.ts');
  return spawnSync(process.execPath, [cli, ...argv], { cwd: '/', encoding: 'utf8', input: '' });
}
