import { appendFileSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Child, Children } from '../runtime/children.ts';

export interface ProcessSpec {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly user?: { readonly uid: number; readonly gid: number } | undefined;
  readonly stopSignal: 'SIGINT' | 'SIGTERM';
  /** The exit code that says that starting it again is no use; none by default. */
  readonly finalCode?: number;
  /** Takes all that it prints. */
  readonly logFile: string;
  /** Whether it does its work now. Asked again and again, and may throw while it does not. */
  isReady(): Promise<boolean>;
}

/**
 * A process of the test bed: one name and one address for its whole life. It is started again when it ends by itself or is killed,
 * as Kubernetes does.
 */
export interface ManagedProcess {
  readonly name: string;
  /** Undefined while it is down. */
  pid(): number | undefined;
  start(): Promise<void>;
  /** Resolves once it is ready. @throws with its last lines when it is not in time */
  ready(timeoutMs?: number): Promise<void>;
  /** kill -9. It comes up again by itself. */
  kill(): Promise<void>;
  /** More variables, from its next start on. */
  setEnv(env: Readonly<Record<string, string>>): void;
  /** Stops it as it is, as if the machine gave it no time, until it is let go on. */
  freeze(): void;
  thaw(): void;
  /** Asks it to end, and waits for that; it stays down. */
  stop(): Promise<void>;
  /** The largest resident memory that was seen, in bytes; 0 while none was. */
  residentMax(): number;
  /** Resident memory now, in bytes; 0 while it is down. */
  resident(): number;
  /** How often it was started. */
  starts(): number;
}

const restartMs = 300;
const stopGraceMs = 20_000;
const readyTimeoutMs = 90_000;
const sampleMs = 500;

export function createManagedProcess(children: Children, spec: ProcessSpec): ManagedProcess {
  const { name } = spec;
  let child: Child | undefined;
  let wanted = false;
  let starts = 0;
  let residentMax = 0;
  let more: Readonly<Record<string, string>> = {};
  let tail: string[] = [];
  const sampling = setInterval(() => {
    residentMax = Math.max(residentMax, residentBytesOf(child?.pid) ?? 0);
  }, sampleMs);
  sampling.unref();

  async function spawn(): Promise<void> {
    const spawned = await children.spawn({
      ...{ name, command: spec.command, args: spec.args, cwd: spec.cwd, env: { ...spec.env, ...more }, ...spec.user },
      ...{ stopSignal: spec.stopSignal, logTail: 1 },
      onLine: (line) => {
        tail = [...tail.slice(-30), line];
        appendFileSync(spec.logFile, `${line}\n`);
      },
    });
    child = spawned;
    starts += 1;
    void spawned.exited.then(({ code, signal }) => {
      appendFileSync(spec.logFile, `--- ended: ${signal ?? code}\n`);
      if (child === spawned) child = undefined;
      if (code !== null && code === spec.finalCode) wanted = false;
      if (wanted) void sleep(restartMs).then(() => (wanted && child === undefined ? spawn() : undefined));
    });
  }

  return {
    name,
    pid: () => child?.pid,
    start: async () => {
      wanted = true;
      if (child === undefined) await spawn();
    },
    ready: async (timeoutMs = readyTimeoutMs) => {
      let reason: unknown = 'it said that it is not';
      for (const end = performance.now() + timeoutMs; performance.now() < end; await sleep(100)) {
        if (child === undefined) {
          if (wanted) continue;
          throw new Error(`${name} has ended:\n  ${tail.join('\n  ')}`);
        }
        const isReady = await spec.isReady().catch((error: unknown) => {
          reason = error;
          return false;
        });
        if (isReady) return;
      }
      throw new Error(`${name} is not ready after ${timeoutMs / 1000} s: ${String(reason)}\n  ${tail.join('\n  ')}`);
    },
    kill: async () => {
      const killed = child;
      if (killed === undefined) return;
      process.kill(killed.pid, 'SIGKILL');
      await killed.exited;
    },
    setEnv: (env) => {
      more = env;
    },
    freeze: () => void (child === undefined || process.kill(child.pid, 'SIGSTOP')),
    thaw: () => void (child === undefined || process.kill(child.pid, 'SIGCONT')),
    stop: async () => {
      wanted = false;
      await child?.stop(stopGraceMs);
      clearInterval(sampling);
    },
    residentMax: () => residentMax,
    resident: () => residentBytesOf(child?.pid) ?? 0,
    starts: () => starts,
  };
}

/** Resident memory of a process, in bytes; undefined when it is gone. */
function residentBytesOf(pid: number | undefined): number | undefined {
  if (pid === undefined) return undefined;
  try {
    const kib = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kib === undefined ? undefined : Number(kib) * 1024;
  } catch {
    return undefined;
  }
}
