import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';

export interface ChildOptions {
  /** For the log and for errors. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly uid?: number;
  readonly gid?: number;
  /** Asks the child to end, by `stop` and by the reaper. PostgreSQL: SIGINT is its fast shutdown. */
  readonly stopSignal: 'SIGINT' | 'SIGTERM';
  /** How many of its last lines are kept for the error. */
  readonly logTail: number;
  /** Each line of its stdout and stderr. */
  readonly onLine?: (line: string) => void;
  /** Called once if it ends before `stop` was called; the error holds its last lines. */
  readonly onExit?: (error: Error) => void;
}

export interface ChildExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Its last lines. */
  readonly tail: readonly string[];
}

export interface Child {
  readonly pid: number;
  /** Resolves when it has ended, whoever ended it; never rejects. */
  readonly exited: Promise<ChildExit>;
  /** Sends the stop signal, then SIGKILL after `graceMs`; resolves once it has ended. */
  stop(graceMs: number): Promise<void>;
}

export interface Children {
  /** Throws when the program cannot be started at all; a program that ends at once is reported by `exited`. */
  spawn(options: ChildOptions): Promise<Child>;
  /** Stops the children still running, then the reaper. */
  close(graceMs?: number): Promise<void>;
}

/**
 * Starts child processes that never outlive this one, also after kill -9: a tiny shell, the reaper, holds the other end of a
 * pipe of ours; when the pipe closes, it signals the children it was told of, and kills them after a grace.
 * Children live in sessions of their own, so that Ctrl-C in a terminal reaches this process alone, which stops them in order.
 * `reaperGraceSeconds` is the grace between the reaper's stop signal and its SIGKILL.
 */
export function createChildren(deps: { readonly log: Logger; readonly reaperGraceSeconds?: number }): Children {
  const { log, reaperGraceSeconds = 15 } = deps;
  const running = new Set<Child>();
  let reaper: Promise<Reaper> | undefined;
  let closed = false;

  return {
    spawn: async (options) => {
      if (closed) throw new Error(`cannot start ${options.name}: the process is stopping`);
      reaper ??= startReaper(log, reaperGraceSeconds);
      const child = await startChild(options, await reaper, log);
      running.add(child);
      void child.exited.then(() => running.delete(child));
      return child;
    },
    close: async (graceMs = 10_000) => {
      closed = true;
      await Promise.all([...running].map((child) => child.stop(graceMs)));
      await (await reaper)?.close();
    },
  };
}

interface Reaper {
  tell(line: string): Promise<void>;
  close(): Promise<void>;
}

// Reads "add PID SIGNAL" and "del PID"; at the end of its input, asks the pids left to end, and kills them after $1 seconds.
const reaperScript = `
pids=
while read -r verb pid signal; do
  left=
  for entry in $pids; do [ "\${entry%%:*}" = "$pid" ] || left="$left $entry"; done
  pids=$left
  [ "$verb" = add ] && pids="$pids $pid:$signal"
done
[ -n "$pids" ] || exit 0
for entry in $pids; do kill -s "\${entry#*:}" "\${entry%%:*}"; done
tenths=$(($1 * 10))
while [ "$tenths" -gt 0 ]; do
  alive=
  for entry in $pids; do kill -0 "\${entry%%:*}" && alive=yes; done
  [ -n "$alive" ] || exit 0
  sleep 0.1
  tenths=$((tenths - 1))
done
for entry in $pids; do kill -s KILL "\${entry%%:*}"; done
`;

async function startReaper(log: Logger, graceSeconds: number): Promise<Reaper> {
  const shell = spawn('/bin/sh', ['-c', reaperScript, 'defimon-reaper', String(graceSeconds)], {
    cwd: '/',
    env: { PATH: '/usr/bin:/bin' },
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  await once(shell, 'spawn');
  const { stdin } = shell;
  let closing = false;
  shell.on('exit', () => {
    if (!closing)
      log.error({ pid: shell.pid }, 'the reaper of child processes ended: a crash now would leave them running');
  });
  // A write to a reaper that has ended is reported by its exit.
  stdin.on('error', () => {});
  shell.unref();
  unref(stdin);
  return {
    tell: (line) => new Promise((resolve) => stdin.write(`${line}\n`, () => resolve())),
    close: async () => {
      closing = true;
      if (shell.exitCode !== null || shell.signalCode !== null) return;
      const exited = once(shell, 'exit');
      shell.ref();
      stdin.end();
      await exited;
    },
  };
}

// Waits for one line on descriptor 3, then becomes the program. If we die before the reaper knows the pid, the line never
// comes and nothing is left behind.
const gateScript = 'read -r go <&3 || exit 1; exec 3<&-; exec "$@"';

async function startChild(options: ChildOptions, reaper: Reaper, log: Logger): Promise<Child> {
  const { name, stopSignal, logTail } = options;
  const shell = spawn('/bin/sh', ['-c', gateScript, name, options.command, ...options.args], {
    cwd: options.cwd,
    env: options.env,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    detached: true,
    ...(options.uid === undefined ? {} : { uid: options.uid }),
    ...(options.gid === undefined ? {} : { gid: options.gid }),
  });
  const tail: string[] = [];
  const onLine = (line: string): void => {
    tail.push(line);
    if (tail.length > logTail) tail.shift();
    options.onLine?.(line);
  };
  for (const output of [shell.stdout, shell.stderr]) createInterface({ input: output as Readable }).on('line', onLine);
  await once(shell, 'spawn').catch((error: unknown) => {
    throw new Error(`cannot start ${name}`, { cause: error });
  });
  const pid = shell.pid as number;
  let stopping = false;
  const exited = exitOf(shell, tail);
  void exited.then(({ code, signal }) => {
    void reaper.tell(`del ${pid}`);
    if (stopping) return;
    const how = signal === null ? `with code ${code}` : `by ${signal}`;
    const error = new Error([`${name} (process ${pid}) ended by itself, ${how}`, ...tail].join('\n  '));
    log.debug({ name, pid, code, signal }, 'child process ended');
    options.onExit?.(error);
  });
  await reaper.tell(`add ${pid} ${stopSignal.slice('SIG'.length)}`);
  const gate = shell.stdio[3] as Writable;
  gate.on('error', () => {});
  gate.end('go\n');
  log.debug({ name, pid }, 'child process started');
  return {
    pid,
    exited,
    stop: async (graceMs) => {
      stopping = true;
      shell.kill(stopSignal);
      const timer = new AbortController();
      const late = delay(graceMs, true, { signal: timer.signal }).catch(() => false);
      const isLate = await Promise.race([exited.then(() => false), late]);
      timer.abort();
      if (!isLate) return;
      log.warn({ name, pid, graceMs }, 'child process did not stop in time: killing it');
      shell.kill('SIGKILL');
      await exited;
    },
  };
}

/** Waits for the end of the process, and a moment for its last lines: grandchildren may keep its output open for longer. */
async function exitOf(shell: ChildProcess, tail: readonly string[]): Promise<ChildExit> {
  const closed = new Promise<void>((resolve) => shell.once('close', () => resolve()));
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) =>
    shell.once('exit', (...ending) => resolve(ending)),
  );
  await Promise.race([closed, delay(200)]);
  shell.stdout?.destroy();
  shell.stderr?.destroy();
  return { code, signal, tail: [...tail] };
}

/** The streams of a child are sockets, which keep the process alive unless told not to; their type does not say so. */
function unref(stream: unknown): void {
  (stream as { unref?: () => void }).unref?.();
}
