import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/** A process of its own that runs a program (TypeScript, as the text of a module), to be killed. */
export interface Holder {
  readonly pid: number;
  /** The next line of its output; throws if it ends first. */
  line(): Promise<string>;
  /** All lines so far. */
  readonly lines: readonly string[];
  kill(): Promise<void>;
}

export function startHolder(program: string, user?: { readonly uid: number; readonly gid: number }): Holder {
  const args = ['--input-type=module-typescript', '-e', program];
  const child: ChildProcess = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], cwd: '/', ...user });
  const lines: string[] = [];
  let errors = '';
  let read = 0;
  const output = createInterface({ input: child.stdout as Readable });
  output.on('line', (line) => lines.push(line));
  child.stderr?.on('data', (data) => {
    errors += String(data);
  });
  const exited = once(child, 'exit');
  return {
    pid: child.pid as number,
    lines,
    line: async () => {
      while (lines.length <= read) {
        const ended = await Promise.race([
          once(output, 'line').then(() => false),
          once(output, 'close').then(() => true),
        ]);
        if (ended && lines.length <= read) throw new Error(`the process ended: ${errors}`);
      }
      return lines[read++] as string;
    },
    kill: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

/** Pids of the processes that a process has started and that still run. */
export function childrenOf(pid: number): number[] {
  const table = execFileSync('ps', ['-A', '-o', 'ppid=,pid='], { encoding: 'utf8' });
  return table.split('\n').flatMap((row) => {
    const [parent, child] = row.trim().split(/\s+/);
    return Number(parent) === pid ? [Number(child)] : [];
  });
}
