import { readFileSync } from 'node:fs';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Catalog } from '../../catalog/schema/catalog.ts';
import { type CatalogReading, openLiveCatalog } from './live-catalog.ts';

let dir: string;
let file: string;
const stops: (() => Promise<void>)[] = [];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'live-catalog-'));
  file = join(dir, 'catalog');
  await writeFile(file, 'one');
});

afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
  await rm(dir, { recursive: true });
});

describe(openLiveCatalog.name, () => {
  it('puts a changed catalog into force without a restart', async () => {
    const { catalog, metrics } = await open();
    const told: string[] = [];
    catalog.subscribe((current) => told.push(current.digest));

    await writeFile(file, 'two');
    await vi.waitFor(() => expect(catalog.current().digest).toBe('two'), { timeout: 90_000 });

    expect(told).toEqual(['two']);
    expect(await metrics.metrics()).toContain('defimon_catalog_info{digest="two"} 1');
    expect(await metrics.metrics()).not.toContain('digest="one"');
  });

  it('keeps the last good one in force while the files are refused, and recovers', async () => {
    const { catalog, metrics, health } = await open();

    await writeFile(file, 'broken');
    await vi.waitFor(() => expect(catalog.refused()).toEqual(['catalog:1:1 CAT000 broken — mend it']), {
      timeout: 90_000,
    });
    expect(catalog.current().digest).toBe('one');
    expect(await metrics.metrics()).toContain('defimon_catalog_broken 1');
    expect(health()).toMatchObject({ ok: true, detail: expect.stringContaining('refused') });

    await writeFile(file, 'two');
    await vi.waitFor(() => expect(catalog.current().digest).toBe('two'), { timeout: 90_000 });
    expect(catalog.refused()).toEqual([]);
    expect(await metrics.metrics()).toContain('defimon_catalog_broken 0');
  });

  it('sees a file that is replaced as a whole, as a ConfigMap is', async () => {
    const { catalog } = await open();

    await writeFile(join(dir, 'next'), 'two');
    await rename(join(dir, 'next'), file);

    await vi.waitFor(() => expect(catalog.current().digest).toBe('two'), { timeout: 90_000 });
  });

  it('survives a reader that throws, and a file that is gone for a moment', async () => {
    const { catalog } = await open();

    await rm(file);
    await vi.waitFor(() => expect(catalog.refused()[0]).toMatch(/ENOENT/), { timeout: 90_000 });
    await writeFile(file, 'two');

    await vi.waitFor(() => expect(catalog.current().digest).toBe('two'), { timeout: 90_000 });
  });

  it('refuses to start on a broken catalog, naming all problems', async () => {
    await writeFile(file, 'broken');

    await expect(open()).rejects.toThrow('catalog:1:1 CAT000 broken — mend it');
  });
});

async function open() {
  const metrics = new Registry();
  const live = await openLiveCatalog({ paths: [dir], read, log: pino({ level: 'silent' }), metrics, pollMs: 10 });
  stops.push(live.stop);
  return { catalog: live.part, metrics, health: () => live.health?.() };
}

function read(): CatalogReading {
  const text = readFileSync(file, 'utf8');
  if (text === 'broken') return { problems: ['catalog:1:1 CAT000 broken — mend it'] };
  return { catalog: { networks: [] } as unknown as Catalog, digest: text, environmentNetworks: [] };
}
