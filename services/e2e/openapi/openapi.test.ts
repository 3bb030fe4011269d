import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createChildren } from '../../runtime/children.ts';
import { readOpenApi } from './document.ts';
import { runExamples } from './examples.ts';
import { type Platform, startPlatform } from './platform.ts';

// What the documents say, held against what the APIs do. One started platform serves all of it.

const folder = mkdtempSync(join(tmpdir(), 'defimon-openapi-'));
const children = createChildren({ log: pino({ level: 'silent' }) });
let platform: Platform;
beforeAll(async () => {
  const { PATH = '', HOME = '/' } = process.env;
  platform = await startPlatform(children, folder, { PATH, HOME });
}, 240_000);
afterAll(async () => {
  await platform?.stop();
  await children.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('an OpenAPI document', () => {
  it('is served by the APIs', () => {
    const served = platform.apis.filter(({ document }) => document !== undefined).map(({ name }) => name);
    expect(served).toEqual(expect.arrayContaining(['analytics-api', 'market-api']));
  });

  it.each(['analytics-api', 'market-api', 'admin'])(
    'has an example of every operation and parameter of %s that runs, and answers as it describes them',
    async (name) => {
      const api = platform.apis.find((each) => each.name === name);
      if (api?.document === undefined) return;
      const report = await runExamples(api.url, readOpenApi(api.document));
      expect(report.faults).toEqual([]);
      expect(report.requests).toBeGreaterThan(5);
    },
    120_000,
  );
});
