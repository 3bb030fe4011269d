import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bench, Case, CaseInput, Log, Sizes, Subject } from './bench.ts';
import { installPeer, PeerUnavailable } from './peers.ts';
import { percent } from './report.ts';
import { findFirstDifference } from './rows.ts';
import { type RunResult, runSubject, SubjectFailed } from './run-subject.ts';
import { compare, type Result, type Series } from './statistics.ts';

export interface HarnessOptions {
  readonly runs: number;
  readonly sizes: Sizes;
  /** Names; undefined for all. */
  readonly cases: readonly string[] | undefined;
  readonly subjects: readonly string[] | undefined;
  readonly timeoutSeconds: number;
  readonly log: Log;
  readonly signal: AbortSignal;
}

export interface CaseReport {
  readonly case: Case;
  readonly results: readonly Result[];
  /** Peers that could not be had here, or that failed before they were timed. */
  readonly leftOut: readonly { readonly subject: string; readonly reason: string }[];
  /** What all subjects agreed on before they were timed. */
  readonly verified: { readonly rows: number; readonly digest: string };
  /** The largest share of the machine's CPU that programs other than the bench took in any timed run, from 0 to 1. */
  readonly othersShareMax: number;
}

/** Two subjects did different work: no time of theirs can be compared. */
export class ResultMismatch extends Error {}

/**
 * Runs the cases of a bench, one after the other. In each, every subject first runs once and shows its rows, which must
 * be equal (this run is also the warm-up of whatever serves them); then they take turns, `runs` times each.
 * Each case is reported when it is done, so that what comes after cannot lose it.
 * @throws ResultMismatch with the first row that differs; SubjectFailed when one of ours, or a peer while it is timed, fails
 */
export async function* runBench(bench: Bench, options: HarnessOptions): AsyncGenerator<CaseReport> {
  const cases = bench.cases.filter(({ name }) => options.cases?.includes(name) ?? true);
  const open = await bench.open(options.sizes, options.log);
  const scratch = mkdtempSync(join(tmpdir(), `bench-${bench.name}-`));
  chmodSync(scratch, 0o755); // a store may run as another user
  try {
    for (const one of cases) yield await runCase(one, await open.inputOf(one.name), scratch, options);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
    await open.close();
  }
}

async function runCase(one: Case, input: CaseInput, scratch: string, options: HarnessOptions): Promise<CaseReport> {
  const log: Log = (line) => options.log(`${one.name}: ${line}`);
  const wanted = one.subjects.filter(({ name }) => options.subjects?.includes(name) ?? true);
  const { ready, leftOut } = await preparePeers(wanted, log);
  const runOnce = (subject: Subject, verifying: boolean, label: string) =>
    inFolder(join(scratch, one.name, subject.name, label), !verifying, (directory) =>
      runSubject(subject, input, {
        directory,
        verifying,
        timeoutSeconds: options.timeoutSeconds,
        signal: options.signal,
      }),
    );

  const shown: { subject: Subject; result: RunResult }[] = [];
  for (const subject of ready) {
    try {
      const result = await runOnce(subject, true, 'verify');
      const { count = 0, digest = '' } = result.rows ?? {};
      log(`verify ${subject.name}: ${count} rows ${digest.slice(0, 15)} in ${result.seconds.toFixed(2)} s`);
      shown.push({ subject, result });
    } catch (error) {
      if (!(error instanceof SubjectFailed) || subject.role !== 'peer') throw error;
      log(`${subject.name} is left out: ${error.message}`);
      leftOut.push({ subject: subject.name, reason: error.message });
    }
    assertSameRows(one, shown);
  }

  const others: number[] = [];
  const series = new Map<string, Series & { values: number[] }>();
  for (let run = 1; run <= options.runs; run++) {
    for (const { subject } of shown) {
      const result = await runOnce(subject, false, `run-${run}`);
      const expected = shown[0]?.result.done;
      if (one.forTime !== true && result.done !== expected) {
        throw new ResultMismatch(
          `${one.name}: ${subject.name} did ${result.done} ${one.things} in run ${run}, not ${expected}.`,
        );
      }
      others.push(othersShareOf(result));
      const share = `others took ${percent(othersShareOf(result))} of the CPU`;
      log(
        `run ${run}/${options.runs} ${subject.name}: ${(result.done / result.seconds).toFixed(1)} ${one.things}/s, ${share}`,
      );
      for (const [unit, value] of Object.entries(figuresOf(one, result))) {
        const key = `${unit}\n${subject.name}`;
        const found = series.get(key) ?? { subject: subject.name, role: subject.role, unit, values: [] };
        found.values.push(value);
        series.set(key, found);
      }
    }
  }
  const verified = { rows: shown[0]?.result.rows?.count ?? 0, digest: shown[0]?.result.rows?.digest ?? '' };
  const results = compare(orderByUnit([...series.values()]));
  return {
    case: one,
    results,
    leftOut: [...(one.leftOut ?? []), ...leftOut],
    verified,
    othersShareMax: Math.max(0, ...others),
  };
}

function othersShareOf({ seconds, cpuSeconds, serverCpuSeconds, machineCpuSeconds }: RunResult): number {
  const ours = Object.values(serverCpuSeconds).reduce((sum, server) => sum + server, cpuSeconds);
  // The times are rounded to hundredths, each its own way, and processes are not read at the same instant.
  return Math.min(1, Math.max(0, (machineCpuSeconds - ours) / (seconds * availableParallelism())));
}

async function preparePeers(subjects: readonly Subject[], log: Log) {
  const ready: Subject[] = [];
  const leftOut: { subject: string; reason: string }[] = [];
  for (const subject of subjects) {
    try {
      if (subject.peer !== undefined) await installPeer(subject.peer, log);
      ready.push(subject);
    } catch (error) {
      if (!(error instanceof PeerUnavailable)) throw error;
      log(`${subject.name} is left out: ${error.message}`);
      leftOut.push({ subject: subject.name, reason: error.message });
    }
  }
  return { ready, leftOut };
}

/** Compares the last of the subjects with the first, and says how they differ. */
function assertSameRows(one: Case, shown: readonly { subject: Subject; result: RunResult }[]): void {
  const first = shown[0];
  const last = shown.at(-1);
  if (first?.result.rows === undefined || last?.result.rows === undefined) return;
  if (last.result.rows.count === 0)
    throw new ResultMismatch(`${one.name}: ${last.subject.name} produced no rows, so nothing is verified.`);
  if (first.result.rows.digest === last.result.rows.digest) return;
  const difference = findFirstDifference(readRows(first.result.rows.file), readRows(last.result.rows.file));
  throw new ResultMismatch(
    [
      `${one.name}: ${last.subject.name} and ${first.subject.name} differ, first at sorted row ${difference?.index ?? '?'}`,
      `(${first.result.rows.count} and ${last.result.rows.count} rows); nothing was timed`,
      `  ${first.subject.name}: ${difference?.left ?? '(no further row)'}`,
      `  ${last.subject.name}: ${difference?.right ?? '(no further row)'}`,
    ].join('\n'),
  );
}

function readRows(file: string): string[] {
  return readFileSync(file, 'utf8').split('\n');
}

/** The figures of one run, by unit. */
function figuresOf(
  { things, cpuPer, forTime }: Case,
  run: RunResult & { startSeconds: number },
): Record<string, number> {
  const perCpu = cpuPer / run.done;
  const per = `${cpuPer.toLocaleString('en')} ${things}`;
  return {
    [`${things}/s`]: run.done / run.seconds,
    ...(forTime === true ? {} : { [`${things}/s with start-up`]: run.done / (run.startSeconds + run.seconds) }),
    [`CPU-s per ${per}`]: run.cpuSeconds * perCpu,
    ...Object.fromEntries(
      Object.entries(run.serverCpuSeconds).map(([server, seconds]) => [`${server} CPU-s per ${per}`, seconds * perCpu]),
    ),
    ...run.measures,
  };
}

/** Groups by unit, in the order in which units and subjects first came. */
function orderByUnit(series: readonly Series[]): Series[] {
  return [...Map.groupBy(series, ({ unit }) => unit).values()].flat();
}

async function inFolder<T>(folder: string, remove: boolean, work: (folder: string) => Promise<T>): Promise<T> {
  mkdirSync(folder, { recursive: true });
  try {
    return await work(folder);
  } finally {
    if (remove) rmSync(folder, { recursive: true, force: true });
  }
}
