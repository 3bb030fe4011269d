import { join } from 'node:path';
import { pino } from 'pino';
import { describe, expect, it, vi } from 'vitest';
import { catalog, digest, environmentFiles, imagesText } from '../admin-fixture.ts';
import { createFolderReader, type ReadProjectFile } from './folder.ts';
import { createKeptEnvironments } from './kept-environments.ts';

const root = join(import.meta.dirname, '..', '..', '..');

describe(createKeptEnvironments.name, () => {
  it("reads what the project's own environments hold", async () => {
    const { states, error } = await keptOf(createFolderReader(root)).kept.read();

    expect(error).toBeUndefined();
    expect(states.map(({ name, problems }) => [name, problems])).toEqual([
      ['dev', []],
      ['staging', []],
      ['production', []],
    ]);
    for (const { held, images, settings } of states) {
      expect(held?.digest).toMatch(/^sha256:/);
      expect(images.map(({ name }) => name)).toContain('defimon');
      expect(settings?.name).not.toBe('local');
    }
  });

  it('keeps the last good reading while its place is away, saying so, and tries again after a while', async () => {
    const files = environmentFiles('production', catalog);
    let away = false;
    const { kept, pass } = keptOf(async (path) => {
      if (away) throw new Error('gitlab is away');
      return files[path];
    });

    const first = await kept.read();
    expect(first).toMatchObject({ readAt: 0, error: undefined });
    away = true;
    pass(999);
    expect(await kept.read()).toBe(first);
    pass(1);
    expect(await kept.read()).toEqual({ ...first, error: 'gitlab is away' });
    away = false;
    pass(1_000);
    const { states, readAt, error } = await kept.read();
    expect([readAt, error]).toEqual([2_000, undefined]);
    // Nothing changed, so nothing was parsed anew.
    expect(states[0]).toBe(first.states[0]);
  });

  it('gives the last good reading while its place hangs, and waits for the first', async () => {
    const files = environmentFiles('production', catalog);
    const first = Promise.withResolvers<void>();
    let gate = first.promise;
    const { kept, pass } = keptOf(async (path) => {
      await gate;
      return files[path];
    });

    const reading = kept.read();
    first.resolve();
    expect(await reading).toMatchObject({ readAt: 0, states: [{ name: 'production' }] });
    const second = Promise.withResolvers<void>();
    gate = second.promise;
    pass(1_000);
    expect(await kept.read()).toBe(await reading);
    second.resolve();
    await vi.waitFor(async () => expect((await kept.read()).readAt).toBe(1_000), { timeout: 90_000 });
  });

  it('says what it never could read', async () => {
    const { kept } = keptOf(() => Promise.reject(new Error('REPOSITORY_URL is not set')));

    expect(await kept.read()).toEqual({ states: [], readAt: undefined, error: 'REPOSITORY_URL is not set' });
  });

  it('shows the rest of an environment of which a file is broken, and pools that are ahead', async () => {
    const { lock, ...others } = {
      lock: environmentFiles('dev', catalog)['environments/dev/catalog.lock.json'] ?? '',
      'images.lock.yaml': `${imagesText('0.1.0')}pools:\n  market:\n    defimon: { repository: r.example/d, tag: "0.2.0" }\n`,
    };
    const files = {
      ...environmentFiles('dev', catalog, { 'catalog.lock.json': lock.replace('"networks"', '"network"') }),
      ...environmentFiles('staging', catalog, {
        ...others,
        'catalog.market.lock.json': lock,
        'rendered.lock.json': '{}',
      }),
      ...environmentFiles('production', catalog, { 'images.lock.yaml': 'images: 3\n', 'environment.yaml': 'name: [' }),
    };
    const { kept } = keptOf(async (path) => files[path]);

    const [dev, staging, production] = (await kept.read()).states;
    expect(dev?.held).toBeUndefined();
    expect(dev?.problems).toEqual([expect.stringContaining('environments/dev/catalog.lock.json')]);
    expect(dev?.images).toHaveLength(1);
    expect([...(staging?.ahead.keys() ?? [])]).toEqual(['market']);
    expect(staging).toMatchObject({ kept: true, problems: [] });
    expect(staging?.images.map(({ pool, tag }) => [pool, tag])).toEqual([
      [null, '0.1.0'],
      ['market', '0.2.0'],
    ]);
    expect(production?.held?.digest).toBe(digest);
    expect(production?.problems.map((problem) => problem.split(':')[0])).toEqual([
      'environments/production/environment.yaml',
      'environments/production/images.lock.yaml',
    ]);
  });
});

function keptOf(readFile: ReadProjectFile) {
  let now = 0;
  const kept = createKeptEnvironments({
    ...{
      readFile,
      place: { kind: 'folder' },
      freshMs: 1_000,
      waitMs: 1,
      clock: () => now,
      log: pino({ level: 'silent' }),
    },
  });
  const pass = (ms: number): void => {
    now += ms;
  };
  return { kept, pass };
}
