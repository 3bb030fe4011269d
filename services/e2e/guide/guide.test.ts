import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { opsPort } from '../../../catalog/ops-port.ts';
import { findPortOffset } from '../../runtime/free-port.ts';
import { adminPorts, apiPorts, marketApiPorts } from '../../system.ts';
import { markOf, missingIn, readGuide, scriptOf, shiftPorts } from './guide.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const guide = 'catalog/networks/README.md';
const folder = mkdtempSync(join(tmpdir(), 'defimon-guide-'));
let shell: ChildProcess | undefined;

afterAll(async () => {
  await stopShell();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

describe(guide, () => {
  it('says what happens: every command of it runs, and gives what stands below it', async () => {
    const steps = readGuide(readFileSync(join(root, guide), 'utf8'));
    expect(steps.length).toBeGreaterThan(8);
    copyProject();
    const ports = [...apiPorts, ...marketApiPorts, ...adminPorts, opsPort, 8545, 18545, 18546, 18600, 18601, 18602];
    const offset = await findPortOffset(ports);

    const { code, output } = await runShell(shiftPorts(scriptOf(steps), offset));

    const parts = steps.map((_, at) => {
      const begin = output.indexOf(markOf(at));
      const end = output.indexOf(markOf(at + 1));
      return begin === -1 ? '' : output.slice(begin, end === -1 ? undefined : end);
    });
    const missing = steps.flatMap(({ commands, expected }, at) => {
      const wanted = expected.map((text) => shiftPorts(text, offset));
      const text = missingIn(parts[at] ?? '', wanted);
      return text === undefined ? [] : [`"${text}" is not in what these commands give:\n${commands}\n${parts[at]}`];
    });
    if (missing.length > 0) expect.fail(`${missing.join('\n')}\n${logOf('defimon.log').slice(-3000)}`);
    expect(code).toBe(0);
  }, 600_000);
});

describe(missingIn.name, () => {
  it('wants texts in their order, with anything within a line for …', () => {
    expect(missingIn('a 12 b\nc', ['a … b', 'c'])).toBeUndefined();
    expect(missingIn('c\na 12 b', ['a … b', 'c'])).toBe('c');
    expect(missingIn('a 12\nb', ['a … b'])).toBe('a … b');
  });
});

/** The files of the repository, as they are, with this one's packages: what a fresh clone has after `npm ci`. */
function copyProject(): void {
  const files = git(root, 'ls-files', '-z', '--cached', '--others', '--exclude-standard').split('\0');
  for (const file of files) {
    if (file !== '') cpSync(join(root, file), join(folder, file), { errorOnExist: false, recursive: true });
  }
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  git(folder, 'init', '--quiet');
  git(folder, 'add', '--all');
  git(folder, '-c', 'user.name=test', '-c', 'user.email=test@localhost', 'commit', '--quiet', '--message', 'Start');
}

function git(cwd: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync('git', args, { cwd, encoding: 'utf8', maxBuffer: 2 ** 28 });
  if (status !== 0) throw new Error(`git ${args[0]}: ${stderr}`);
  return stdout;
}

/** Ends when the script does, or when it has taken so long that nothing more will come of it. */
async function runShell(script: string): Promise<{ code: number | null; output: string }> {
  const { VITEST: _, ...env } = process.env;
  // npm runs the project's own Node, as it does in a reader's shell: this one is the project's.
  env.PATH = `${dirname(process.execPath)}:${env.PATH ?? ''}`;
  const running = spawn('bash', ['-c', script], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
  shell = running;
  let output = '';
  for (const stream of [running.stdout, running.stderr]) stream.on('data', (text) => (output += text));
  const timer = setTimeout(() => void stopShell(), 480_000);
  const [code] = await once(running, 'exit');
  clearTimeout(timer);
  return { code, output };
}

/** It ends what it started when it is asked to end. */
async function stopShell(): Promise<void> {
  if (shell === undefined || shell.exitCode !== null || shell.signalCode !== null) return;
  const ended = once(shell, 'exit');
  shell.kill('SIGTERM');
  await ended;
}

/** What a program of the guide wrote; empty where it did not come so far. */
function logOf(name: string): string {
  const path = join(folder, name);
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}
