import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Child, Children } from '../../runtime/children.ts';

const root = join(import.meta.dirname, '..', '..', '..');
/** Stores and chains that start beside much else take minutes. */
const readyTimeoutMs = 170_000;
const stopGraceMs = 20_000;

/** Defimon as a process of its own. */
export interface Program {
  /** Starts it and resolves once it is ready. @throws with its last lines when it is not in time */
  start(): Promise<void>;
  /** kill -9. */
  kill(): Promise<void>;
  stop(): Promise<void>;
}

export interface ProgramOptions {
  readonly children: Children;
  readonly name: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Where it says whether it is ready. */
  readonly opsUrl: string;
}

export function createProgram({ children, name, args, env, opsUrl }: ProgramOptions): Program {
  let child: Child | undefined;
  let lines: string[] = [];

  async function isReady(): Promise<boolean> {
    const answer = await fetch(`${opsUrl}/readyz`, { signal: AbortSignal.timeout(5_000) }).catch(() => undefined);
    return answer?.ok === true;
  }

  return {
    start: async () => {
      let hasEnded = false;
      child = await children.spawn({
        ...{ name, command: process.execPath, args: [join(root, 'services', 'main.ts'), ...args], cwd: root, env },
        ...{ stopSignal: 'SIGTERM', logTail: 1 },
        onLine: (line) => {
          lines = [...lines.slice(-30), line];
        },
      });
      void child.exited.then(() => {
        hasEnded = true;
      });
      for (const end = performance.now() + readyTimeoutMs; !(await isReady()); await sleep(200)) {
        if (hasEnded) throw new Error(`${name} has ended:\n  ${lines.join('\n  ')}`);
        if (performance.now() > end) throw new Error(`${name} is not ready:\n  ${lines.join('\n  ')}`);
      }
    },
    kill: async () => {
      if (child === undefined) return;
      process.kill(child.pid, 'SIGKILL');
      await child.exited;
    },
    stop: async () => child?.stop(stopGraceMs),
  };
}
