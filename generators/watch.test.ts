import { cpSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runGenerate } from './command.ts';
import { projectRoot } from './testing/project.ts';
import { runWatch } from './watch.ts';

const pairs = 'catalog/pairs/ai.yaml';
const slice = 'environments/dev/defimon-market/market-api/configmap-market-api.yaml';
const untouched = 'environments/dev/defimon-analytics/chain-sync/configmap-chain-sync-critical.yaml';

let root: string;
let stop: AbortController;
let texts: { out: string; err: string };
let ended: Promise<number>;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'defimon-watch-'));
  cpSync(join(projectRoot, 'catalog'), join(root, 'catalog'), {
    recursive: true,
    filter: (path) => !path.endsWith('.ts'),
  });
  for (const file of ['environment.yaml', 'images.lock.yaml']) {
    cpSync(join(projectRoot, 'environments/dev', file), join(root, 'environments/dev', file));
  }
  stop = new AbortController();
  texts = { out: '', err: '' };
  ended = Promise.resolve(0);
});
afterEach(async () => {
  stop.abort();
  await ended;
  rmSync(root, { recursive: true, force: true });
});

describe(runWatch.name, () => {
  it('generates, then writes what each save changes and nothing else, until it is stopped', async () => {
    start();
    await until(() => /^\S+ started: \d{3,} files \(\+\d+ ~\d+ −0\), \d+ ms\n$/.test(texts.out));
    const before = statSync(join(root, untouched)).ino;
    edit(pairs, 'stepSize: "0.0001"', 'stepSize: "0.0007"');
    await until(() => texts.out.includes(`${pairs}: `));
    expect(read(slice)).toContain('"stepSize":"0.0007"');
    expect(texts.out).toMatch(/ai\.yaml: \d{1,2} files \(\+0 ~\d+ −0\), \d+ ms\n$/);
    expect(statSync(join(root, untouched)).ino).toBe(before);

    // As vim and others save: a new file takes the place of the old one.
    const settings = 'environments/dev/environment.yaml';
    writeFileSync(join(root, `${settings}~`), read(settings).replace(/batchSize: \d+/, 'batchSize: 99'));
    renameSync(join(root, `${settings}~`), join(root, settings));
    await until(() => read(untouched).includes('batchSize: 99'));

    stop.abort();
    expect(await ended).toBe(0);
    expect(texts.err).toBe('');
    const silent = { write: () => undefined };
    expect(runGenerate(root, ['--check', '--environment', 'dev'], silent, silent)).toBe(0);
    expect(existsSync(join(root, '.generate'))).toBe(false);
  });

  it('tells of an error at its place, leaves the tree, and goes on when it is mended', async () => {
    start('--environment', 'dev');
    await until(() => texts.out.includes('started'));
    const before = read(slice);
    edit(pairs, 'stepSize: "0.0001"', 'stepSize: nonsense');
    await until(() => texts.out.includes('nothing written'));
    expect(texts.err).toMatch(/catalog\/pairs\/ai\.yaml:\d+:\d+ CAT013 /);
    expect(read(slice)).toBe(before);
    edit(pairs, 'stepSize: nonsense', 'stepSize: "0.0002"');
    await until(() => read(slice).includes('"stepSize":"0.0002"'));
  });

  it('waits for another generate that is at work, and does not lose the change', async () => {
    start();
    await until(() => texts.out.includes('started'));
    cpSync(join(root, 'catalog/owners.yaml'), join(root, '.generate/owners.yaml'));
    writeFileSync(join(root, '.generate/pid'), String(process.ppid));
    edit(pairs, 'stepSize: "0.0001"', 'stepSize: "0.0003"');
    await until(() => texts.err.includes(`another generate runs as process ${process.ppid}`));
    rmSync(join(root, '.generate'), { recursive: true });
    await until(() => read(slice).includes('"stepSize":"0.0003"'));
    expect(texts.err.split('\n')).toHaveLength(2);
  });

  it.each([
    [['--watch', '--check'], 2, ''],
    [['--watch', '--help'], 0, '--watch'],
  ])('ends at once for %j', async (argv, code, out) => {
    expect(await runWatch(root, argv, sink('out'), sink('err'), stop.signal)).toBe(code);
    expect(texts.out).toContain(out);
    expect(existsSync(join(root, slice))).toBe(false);
  });
});

function start(...argv: string[]): void {
  ended = runWatch(root, ['--watch', ...argv], sink('out'), sink('err'), stop.signal);
}

function sink(name: keyof typeof texts) {
  return {
    write: (text: string) => {
      texts[name] += text;
    },
  };
}

function read(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

function edit(path: string, before: string, after: string): void {
  expect(read(path)).toContain(before);
  writeFileSync(join(root, path), read(path).replace(before, after));
}

async function until(isSo: () => boolean): Promise<void> {
  for (const end = Date.now() + 90_000; !isSo(); await delay(5)) {
    if (Date.now() > end) throw new Error(`it did not come to that:\n${texts.out}${texts.err}`);
  }
}
