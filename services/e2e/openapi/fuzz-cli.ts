/** `npm run fuzz`: every API of a started platform, asked what its document allows and what it does not. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, styleText } from 'node:util';
import { pino } from 'pino';
import { renderTable } from '../../../catalog/commands/terminal.ts';
import { createChildren } from '../../runtime/children.ts';
import { describeError } from '../../runtime/errors.ts';
import { askExamples, type FuzzResult, fuzzApis } from './fuzz.ts';
import { startPlatform } from './platform.ts';
import { installSchemathesis } from './schemathesis.ts';

const help = `npm run fuzz -- [options]

Starts environment local at free ports, and asks its APIs by Schemathesis, which makes requests from their OpenAPI documents: valid
ones and others. No answer may be a defect of ours (5xx), or differ from what the document says of its status, type and body.

Options:
  --requests N   over all APIs, at least; default 10000
  --minutes N    stop by then, whatever was asked; default 30
  --seed N       the same seed asks the same of the same document; default 1
  --help

Schemathesis is installed from PyPI on first use, below node_modules/.cache; it needs python3 (3.10 or newer) with its venv.
Exit codes: 0 nothing found, 1 something found, 2 it could not be run.
`;

const root = join(import.meta.dirname, '..', '..', '..');

process.exitCode = await main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : describeError(error)}\n`);
  return 2;
});

async function main(argv: readonly string[]): Promise<number> {
  const options = readOptions(argv);
  if (typeof options === 'string') {
    process.stderr.write(`${options}\n\n${help}`);
    return 2;
  }
  if (options === undefined) {
    process.stdout.write(help);
    return 0;
  }
  const tell = (line: string): void =>
    void process.stderr.write(`${styleText('dim', line, { stream: process.stderr })}\n`);
  const env = Object.fromEntries(Object.entries(process.env).filter(([, value]) => value !== undefined)) as Record<
    string,
    string
  >;
  const folder = mkdtempSync(join(tmpdir(), 'defimon-fuzz-'));
  const children = createChildren({ log: pino({ level: 'silent' }) });
  try {
    const schemathesis = await installSchemathesis(children, join(root, 'node_modules', '.cache'), env);
    if ('missing' in schemathesis) {
      process.stderr.write(`Schemathesis cannot be run: ${schemathesis.missing}\n`);
      return 2;
    }
    tell('starting the platform');
    const { PATH = '', HOME = '/' } = env;
    const platform = await startPlatform(children, folder, { PATH, HOME });
    const subjects = await askExamples(platform.apis);
    const results = await fuzzApis(children, schemathesis, subjects, { ...options, folder, tell });
    await platform.stop();
    return show(results, options.requests);
  } finally {
    await children.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Undefined where help is asked for; a text for what is wrong. */
function readOptions(argv: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        requests: { type: 'string', default: '10000' },
        minutes: { type: 'string', default: '30' },
        seed: { type: 'string', default: '1' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (values.help) return undefined;
    const [requests, minutes, seed] = [values.requests, values.minutes, values.seed].map(Number);
    const wrong = [requests, minutes, seed].some((number) => !Number.isSafeInteger(number) || Number(number) < 1);
    if (wrong) return '--requests, --minutes and --seed are whole numbers from 1 on';
    return { requests: requests ?? 0, limitMs: (minutes ?? 0) * 60_000, seed: seed ?? 0 };
  } catch (error) {
    return describeError(error);
  }
}

function show(results: readonly FuzzResult[], wanted: number): number {
  for (const { api, findings } of results) {
    for (const finding of findings) process.stdout.write(`${styleText('red', api)}\n${finding}\n\n`);
  }
  const rows = results.map(({ api, operations, requests, findings }) => [
    api,
    String(operations),
    String(requests),
    findings.length === 0 ? 'none' : 'above',
  ]);
  process.stdout.write(renderTable(['api', 'operations', 'requests', 'findings'], rows));
  const made = results.reduce((sum, { requests }) => sum + requests, 0);
  if (made < wanted)
    process.stdout.write(`The time was over, or every API had a finding, after ${made} of ${wanted} requests.\n`);
  return results.some(({ findings }) => findings.length > 0) ? 1 : 0;
}
