/** The benches' command line: `npm run bench -- <name> [options]`. */
import { appendFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { parseArgs, styleText } from 'node:util';
import { bench as api } from './api/bench.ts';
import type { Bench } from './bench.ts';
import { bench as books } from './books/bench.ts';
import { bench as chain } from './chain/bench.ts';
import { type CaseReport, ResultMismatch, runBench } from './harness.ts';
import { bench as ingest } from './ingest/bench.ts';
import { bench as render } from './render/bench.ts';
import { percent, renderJsonLines, renderTable } from './report.ts';
import { SubjectFailed } from './run-subject.ts';
import { bench as stream } from './stream/bench.ts';

const benches: readonly Bench[] = [api, books, chain, ingest, render, stream];

const options = {
  runs: { type: 'string', default: '3' },
  json: { type: 'string' },
  only: { type: 'string' },
  case: { type: 'string' },
  'timeout-seconds': { type: 'string', default: '1800' },
  help: { type: 'boolean', default: false },
} as const;

/** What the user got wrong: told without a stack. */
class UsageError extends Error {}

const started = Date.now();
const progress = (line: string) => {
  const seconds = ((Date.now() - started) / 1000).toFixed(0).padStart(4);
  process.stderr.write(`${styleText('dim', `${seconds} s`, { stream: process.stderr })}  ${line}\n`);
};

const interrupt = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupt.abort());

await main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${styleText('red', messageOf(error), { stream: process.stderr })}\n`);
  process.exitCode = interrupt.signal.aborted ? 130 : 1;
});

/** With a stack only where the error is none that we foresaw. */
function messageOf(error: unknown): string {
  if (interrupt.signal.aborted) return 'interrupted';
  if (!(error instanceof Error)) return String(error);
  const foreseen = [UsageError, ResultMismatch, SubjectFailed].some((kind) => error instanceof kind);
  return foreseen ? error.message : (error.stack ?? error.message);
}

async function main(args: readonly string[]): Promise<void> {
  const bench = benches.find(({ name }) => name === args[0]);
  if (bench === undefined) {
    if (args[0] !== undefined && args[0] !== '--help') {
      throw new UsageError(`There is no bench ${args[0]} — take one of: ${benches.map(({ name }) => name).join(', ')}`);
    }
    process.stdout.write(generalHelp());
    return;
  }
  const values = parse(bench, args.slice(1));
  if (values.help === true) {
    process.stdout.write(helpOf(bench));
    return;
  }
  const reports = runBench(bench, {
    runs: positiveInteger('runs', values.runs),
    sizes: Object.fromEntries(Object.keys(bench.sizes).map((name) => [name, positiveInteger(name, values[name])])),
    cases: namesOf(
      'case',
      values.case,
      bench.cases.map(({ name }) => name),
    ),
    subjects: namesOf(
      'only',
      values.only,
      bench.cases.flatMap(({ subjects }) => subjects.map(({ name }) => name)),
    ),
    timeoutSeconds: positiveInteger('timeout-seconds', values['timeout-seconds']),
    log: progress,
    signal: interrupt.signal,
  });
  const { json } = values;
  if (typeof json === 'string') writeFileSync(json, '');
  const done: CaseReport[] = [];
  for await (const report of reports) {
    done.push(report);
    process.stdout.write(renderReport(bench, report));
    if (typeof json === 'string') appendFileSync(json, renderJsonLines(bench.name, report.case.name, report.results));
  }
  process.stdout.write(bench.conclude?.(done) ?? '');
}

function parse(bench: Bench, args: readonly string[]): Record<string, string | boolean | undefined> {
  const sizes = Object.entries(bench.sizes).map(
    ([name, { value }]) => [name, { type: 'string', default: String(value) }] as const,
  );
  try {
    return parseArgs({ args: [...args], options: { ...options, ...Object.fromEntries(sizes) } }).values;
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : error}\n\n${helpOf(bench)}`);
  }
}

function positiveInteger(name: string, value: string | boolean | undefined): number {
  if (typeof value !== 'string' || !/^[1-9]\d{0,8}$/.test(value))
    throw new UsageError(`--${name} takes a positive whole number, not ${value}`);
  return Number(value);
}

function namesOf(option: string, value: string | boolean | undefined, known: readonly string[]): string[] | undefined {
  if (typeof value !== 'string') return undefined;
  const names = value.split(',');
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0)
    throw new UsageError(
      `--${option}: there is no ${unknown.join(', ')} — known are: ${[...new Set(known)].join(', ')}`,
    );
  return names;
}

function renderReport(bench: Bench, { case: one, results, leftOut, verified, othersShareMax }: CaseReport): string {
  const bold = (text: string) => styleText('bold', text, { stream: process.stdout });
  const model = cpus()[0]?.model ?? 'unknown processor';
  return [
    `\n${bold(`${bench.name} / ${one.name}`)}: ${one.summary}`,
    `${availableParallelism()} × ${model}, Node ${process.versions.node}; equal before timing: ${verified.rows} rows, ${verified.digest}`,
    `other programs took up to ${percent(othersShareMax)} of the CPU in a run${othersShareMax > 0.1 ? ': run it again on a quiet machine' : ''}\n`,
    renderTable(results),
    ...leftOut.map(({ subject, reason }) => `left out: ${subject}: ${reason}\n`),
  ].join('\n');
}

function generalHelp(): string {
  return [
    'npm run bench -- <name> [options]\n',
    'Benches:',
    ...benches.map(({ name, summary }) => `  ${name.padEnd(12)} ${summary}`),
    '\nnpm run bench -- <name> --help shows its subjects and sizes.\n',
  ].join('\n');
}

function helpOf(bench: Bench): string {
  const row = (left: string, right: string) => `  ${left.padEnd(24)} ${right}`;
  const sizes = Object.entries(bench.sizes).map(([name, { value, meaning }]) =>
    row(`--${name} N`, `${meaning} (${value})`),
  );
  return [
    `npm run bench -- ${bench.name} [options]\n\n${bench.summary}\n`,
    'Options:',
    row('--runs N', `times each subject is timed (${options.runs.default})`),
    row('--only a,b', 'these subjects only'),
    row('--case a,b', 'these cases only'),
    row('--json FILE', 'write the figures, one object a line'),
    row('--timeout-seconds N', `a run that takes longer fails (${options['timeout-seconds'].default})`),
    ...sizes,
    ...bench.cases.flatMap((one) => [
      `\nCase ${one.name}: ${one.summary}`,
      ...one.subjects.map(({ name, role, summary }) =>
        row(role === 'peer' || role === name ? name : `${name} (${role})`, summary),
      ),
    ]),
    '',
  ].join('\n');
}
