import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { CaseInput, Subject } from './bench.ts';

/** What a subject's process is told. */
export interface Order {
  readonly module: string;
  readonly input: unknown;
  readonly settings: unknown;
  readonly servers: Readonly<Record<string, number>>;
  readonly directory: string;
  readonly verifying: boolean;
}

/** What it answers. */
export type Outcome = RunResult | { readonly error: string };

export interface RunResult {
  readonly done: number;
  /** Seconds since 1970, when the stopwatch began. */
  readonly startedAt: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly serverCpuSeconds: Readonly<Record<string, number>>;
  /** Of all processes of the machine. */
  readonly machineCpuSeconds: number;
  readonly measures: Readonly<Record<string, number>>;
  /** Sorted rows, a line each; only of a run that verifies. */
  readonly rows?: { readonly file: string; readonly count: number; readonly digest: string };
}

export interface RunOptions {
  readonly directory: string;
  readonly verifying: boolean;
  readonly timeoutSeconds: number;
  readonly signal: AbortSignal;
}

export class SubjectFailed extends Error {}

const childFile = fileURLToPath(new URL('subject-process.ts', import.meta.url));
const outputLinesMax = 30;

/**
 * Runs a subject once, in a process of its own that leads a group of its own; nothing of the group is left after it.
 * `startSeconds`: from the start of the process to the start of the work.
 * @throws SubjectFailed with the last lines that it printed, if it fails or takes longer than `timeoutSeconds`
 */
export async function runSubject(
  subject: Subject,
  { input, servers = {} }: CaseInput,
  { directory, verifying, timeoutSeconds, signal }: RunOptions,
): Promise<RunResult & { readonly startSeconds: number }> {
  const bornAt = Date.now() / 1000;
  const child = fork(childFile, { detached: true, stdio: ['ignore', 'pipe', 'pipe', 'ipc'], signal });
  const printed = collectLines(child);
  const kill = () => killGroup(child);
  signal.addEventListener('abort', kill);
  const timer = setTimeout(kill, timeoutSeconds * 1000);
  try {
    const order: Order = {
      module: subject.module.href,
      input,
      settings: subject.settings,
      servers,
      directory,
      verifying,
    };
    child.send(order);
    const outcome = await outcomeOf(child);
    if ('error' in outcome) throw new SubjectFailed(`${subject.name} failed: ${outcome.error}${tail(printed)}`);
    return { ...outcome, startSeconds: Math.max(0, outcome.startedAt - bornAt) };
  } catch (error) {
    if (error instanceof NoOutcome) {
      const after = (Date.now() / 1000 - bornAt).toFixed(0);
      throw new SubjectFailed(
        `${subject.name} ended without a result after ${after} s (${error.message}; the limit is ${timeoutSeconds} s, --timeout-seconds)${tail(printed)}`,
      );
    }
    throw error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', kill);
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    kill();
  }
}

class NoOutcome extends Error {}

async function outcomeOf(child: ChildProcess): Promise<Outcome> {
  return await new Promise((resolve, reject) => {
    child.once('message', (outcome: Outcome) => resolve(outcome));
    child.once('error', reject);
    child.once('exit', (code, signal) => reject(new NoOutcome(signal ?? `exit code ${code}`)));
  });
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // The group is gone already.
  }
}

function collectLines(child: ChildProcess): string[] {
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      lines.push(...text.split('\n').filter((line) => line !== ''));
      lines.splice(0, lines.length - outputLinesMax);
    });
  }
  return lines;
}

function tail(printed: readonly string[]): string {
  return printed.length === 0 ? '' : `\n  it printed:\n${printed.map((line) => `    ${line}`).join('\n')}`;
}
