import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterEach, describe, expect, it } from 'vitest';
import { loadCatalog } from '../catalog/load.ts';
import { renderSlice, sliceOf } from '../catalog/slice.ts';
import { sharedAnswers } from './contracts/admin-answers.ts';
import { createProcessStatus } from './process-status.ts';
import { openOps } from './runtime/ops.ts';
import { createRecentErrors } from './runtime/recent-errors.ts';

const catalog = loadCatalog(join(import.meta.dirname, '..', 'catalog'));
const ajv = new Ajv({ strict: false });
for (const schema of sharedAnswers) ajv.addSchema(schema);
const fits = ajv.compile({ $ref: 'Status#' });

describe(createProcessStatus.name, () => {
  const folder = mkdtempSync(join(tmpdir(), 'defimon-status-'));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('is answered on the ops port, while the process is starting too', async () => {
    const recentErrors = createRecentErrors();
    pino({ base: null }, recentErrors).warn({ network: 'base' }, 'endpoint failed');
    const slice = sliceOf(catalog, 'market-api');
    const path = join(folder, 'slice.json');
    writeFileSync(path, renderSlice(slice));
    let isUp = false;
    const current = { catalog, networks: catalog.networks, digest: slice.digest, since: new Date(1_000) };
    const status = createProcessStatus({
      ...{ targets: ['market-api'], version: '1.2.3', environment: 'staging', startedAt: 500, recentErrors },
      source: { kind: 'slice', path },
      catalog: () => (isUp ? { current: () => current, refused: () => ['x'], subscribe: () => () => {} } : undefined),
      health: () => (isUp ? Promise.resolve({ relational: { ok: false, detail: 'away' } }) : undefined),
    });
    const ops = await openOps({
      ...{ host: '127.0.0.1', port: 0, metrics: new Registry(), health: () => undefined, status: status.read },
    });

    const starting = await (await fetch(`${ops.part.url}/status`)).json();
    isUp = true;
    const up = await (await fetch(`${ops.part.url}/status`)).json();
    await ops.stop();

    for (const answer of [starting, up]) expect(fits(answer), ajv.errorsText(fits.errors)).toBe(true);
    expect(starting).toMatchObject({ service: 'market-api', catalog: null, modules: null });
    expect(up).toMatchObject({
      ...{ service: 'market-api', shard: null, targets: ['market-api'], environment: 'staging', startedAt: 500 },
      catalog: { digest: slice.digest, since: 1_000, refused: ['x'] },
      modules: [{ name: 'relational', ok: false, detail: 'away' }],
      recentErrors: [{ level: 'warn', message: 'endpoint failed', count: 1, fields: { network: 'base' } }],
    });
    expect(status.head()?.keys).toEqual(['pairs']);
  });
});
