import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';

describe('npm run rebuild', () => {
  test('shows how it is used', async () => {
    expect((await rebuild('--help')).stdout).toContain('--network ID');
  });

  test.each<[string, readonly string[]]>([
    ['--network, --from and --to are all needed', ['--network', 'base']],
    ['--from yesterday: must be a time such as', ['--network', 'base', '--from', 'yesterday', '--to', '5']],
    ['--from 6 is not before --to 5', ['--network', 'base', '--from', '6', '--to', '5']],
    ["Unknown option '--fast'", ['--fast']],
    ['catalog', ['--network', 'base', '--from', '1', '--to', '2026-01-31', '--catalog', '/nowhere']],
  ])('says what is wrong: %s', async (message, args) => {
    const { code, stderr } = await rebuild(...args);
    expect(stderr).toContain(message);
    expect(stderr).not.toContain('    at ');
    expect(code).toBe(1);
  });
});

async function rebuild(...args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const program = join(import.meta.dirname, 'rebuild-cli.ts');
  try {
    return { code: 0, ...(await promisify(execFile)(process.execPath, [program, ...args])) };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, stdout, stderr };
  }
}
