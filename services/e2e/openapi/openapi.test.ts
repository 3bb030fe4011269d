import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createChildren } from '../../runtime/children.ts';
import { askExamples, type FuzzSubject, fuzzApis } from './fuzz.ts';
import { type Platform, startPlatform } from './platform.ts';
import { installSchemathesis } from './schemathesis.ts';

// What the documents say, held against what the APIs do. One started platform serves all of it.

/** Schemathesis is fetched from PyPI on first use; a machine that cannot skips its test, and the test's name says why. */
const root = join(import.meta.dirname, '..', '..', '..');
const folder = mkdtempSync(join(tmpdir(), 'defimon-openapi-'));
const children = createChildren({ log: pino({ level: 'silent' }) });
const { PATH = '', HOME = '/', ...others } = process.env;
const pip = Object.entries(others).flatMap(([name, value]) =>
  name.startsWith('PIP_') && value ? [[name, value]] : [],
);
const schemathesis = await installSchemathesis(children, join(root, 'node_modules', '.cache'), {
  PATH,
  HOME,
  ...Object.fromEntries(pip),
});
let platform: Platform;
let subjects: readonly FuzzSubject[];
beforeAll(async () => {
  platform = await startPlatform(children, folder, { PATH, HOME });
  subjects = await askExamples(platform.apis);
}, 600_000);
afterAll(async () => {
  await platform?.stop();
  await children.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('an OpenAPI document', () => {
  it.each(['analytics-api', 'market-api', 'admin'])(
    'has an example of every operation and parameter of %s that runs, and answers as it describes them',
    (name) => {
      const report = subjects.find(({ api }) => api.name === name)?.examples;
      expect(report?.faults).toEqual([]);
      expect(report?.requests).toBeGreaterThan(5);
    },
  );
});

describe('npm run fuzz', () => {
  const why = 'missing' in schemathesis ? ` (skipped: ${schemathesis.missing})` : '';
  it.skipIf('missing' in schemathesis)(
    `finds no answer that is a defect of ours, or differs from its document, in some hundred requests${why}`,
    async () => {
      if ('missing' in schemathesis) return;
      const plan = { requests: 400, limitMs: 240_000, seed: 1, folder, tell: () => {} };
      const results = await fuzzApis(children, schemathesis, subjects, plan);
      expect(results.flatMap(({ findings }) => findings)).toEqual([]);
      expect(results.reduce((sum, { requests }) => sum + requests, 0)).toBeGreaterThan(100);
    },
    300_000,
  );
});
