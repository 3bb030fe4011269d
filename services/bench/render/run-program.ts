import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';

const pollMs = 5;

/**
 * Runs a program to its end, with what it prints going to a file.
 *
 * @returns The most memory that it held, in MB, as last seen a few milliseconds before its end (Linux's VmHWM).
 * @throws Error with what it said when it fails
 */
export async function runProgram(program: string, args: readonly string[], outFile: string): Promise<number> {
  const out = openSync(outFile, 'w');
  try {
    const child = spawn(program, args, { stdio: ['ignore', out, 'pipe'] });
    let said = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said = `${said}${text}`.slice(-2000);
    });
    let peak = 0;
    const timer = setInterval(() => {
      peak = Math.max(peak, peakOf(child.pid));
    }, pollMs);
    const [code] = await once(child, 'close').finally(() => clearInterval(timer));
    if (code !== 0) throw new Error(`${program} ended with ${code}: ${said}`);
    return peak;
  } finally {
    closeSync(out);
  }
}

function peakOf(pid: number | undefined): number {
  try {
    const [, kB = '0'] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return Number(kB) / 1024;
  } catch {
    return 0; // gone since
  }
}
