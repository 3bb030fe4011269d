import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Log } from './bench.ts';

/** A peer that cannot be had here, such as without a registry: it is left out, and the rest of the bench goes on. */
export class PeerUnavailable extends Error {}

/** Each peer has a folder here with a package.json and a lock of its own. */
export function peerFolder(peer: string): string {
  return fileURLToPath(new URL(`peers/${peer}/`, import.meta.url));
}

/** The Python of a peer that has a requirements.txt, with what it lists. */
export function pythonOf(peer: string): string {
  return join(peerFolder(peer), '.venv/bin/python');
}

/**
 * Installs the peer's dependencies unless exactly its lock is installed already: a package-lock.json by npm, a
 * requirements.txt, which lists everything with its version, by pip.
 * @throws PeerUnavailable with the installer's reason
 */
export async function installPeer(peer: string, log: Log): Promise<void> {
  const folder = peerFolder(peer);
  const found = installers.find(({ lock }) => existsSync(join(folder, lock)));
  if (found === undefined)
    throw new PeerUnavailable(`${folder} has none of ${installers.map(({ lock }) => lock).join(', ')}`);
  const digest = createHash('sha256')
    .update(readFileSync(join(folder, found.lock)))
    .digest('hex');
  // The mark lies inside what is installed, so that removing it removes the mark too.
  const mark = join(folder, found.installed, '.installed-lock');
  if (existsSync(mark) && readFileSync(mark, 'utf8') === digest) return;
  log(`installing ${peer}: ${found.steps.map((step) => step.join(' ')).join(' && ')} in ${folder} (once)`);
  for (const step of found.steps) await run(step, folder);
  writeFileSync(mark, digest);
}

interface Installer {
  readonly lock: string;
  readonly installed: string;
  readonly steps: readonly (readonly [program: string, ...args: string[]])[];
}

const installers: readonly Installer[] = [
  {
    lock: 'package-lock.json',
    installed: 'node_modules',
    steps: [['npm', 'ci', '--no-audit', '--no-fund', '--loglevel=error']],
  },
  {
    lock: 'requirements.txt',
    installed: '.venv',
    steps: [
      ['python3', '-m', 'venv', '--clear', '.venv'],
      ['.venv/bin/python', '-m', 'pip', 'install', '--quiet', '--no-deps', '--requirement', 'requirements.txt'],
    ],
  },
];

async function run([program, ...args]: Installer['steps'][number], folder: string): Promise<void> {
  const command = program.includes('/') ? join(folder, program) : program;
  const child = spawn(command, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  let printed = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (printed += text));
  const failure = await new Promise<string | undefined>((resolve) => {
    child.once('error', (error) => resolve(`${program} cannot be run: ${error.message}`));
    child.once('close', (code) =>
      resolve(code === 0 ? undefined : `${program} ended with ${code}: ${printed.trim().slice(-800)}`),
    );
  });
  if (failure !== undefined) throw new PeerUnavailable(failure);
}
