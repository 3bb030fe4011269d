import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { expectConfigurationError } from '../contract.ts';
import { findPostgresBinaries, packagedFolder, serverUser } from './postgres-binaries.ts';

const dir = mkdtempSync(path.join(os.tmpdir(), 'defimon-test-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe(findPostgresBinaries.name, () => {
  it.runIf(process.getuid?.() === 0)('copies them where the server user can run them, once', async () => {
    const home = path.join(dir, 'home');
    mkdirSync(home, { mode: 0o700 });
    const native = path.join(home, 'native');
    cpSync(packagedFolder(), native, { recursive: true, verbatimSymlinks: true });
    const noteFile = path.join(dir, 'binaries.json');
    const bin = await findPostgresBinaries(serverUser(), noteFile, native);
    expect(bin).not.toContain(home);
    expect(existsSync(path.join(bin, 'initdb'))).toBe(true);
    expect(await findPostgresBinaries(serverUser(), noteFile, native)).toBe(bin);
    const { copy } = JSON.parse(readFileSync(noteFile, 'utf8')) as { copy: string };
    rmSync(copy, { recursive: true });
    const again = await findPostgresBinaries(serverUser(), noteFile, native);
    expect(again).not.toBe(bin);
    rmSync(path.dirname(again), { recursive: true });
  });

  it('says what to do when they are missing', async () => {
    const missing = findPostgresBinaries(serverUser(), path.join(dir, 'none.json'), path.join(dir, 'nowhere'));
    await expectConfigurationError(missing, /no PostgreSQL in .*nowhere: reinstall/);
  });
});
