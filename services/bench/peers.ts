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

/**
 * Installs the peer's dependencies unless exactly its lock is installed already.
 * @throws PeerUnavailable with npm's reason
 */
export async function installPeer(peer: string, log: Log): Promise<void> {
  const folder = peerFolder(peer);
  const lock = join(folder, 'package-lock.json');
  if (!existsSync(lock)) throw new PeerUnavailable(`${lock} is missing`);
  const digest = createHash('sha256').update(readFileSync(lock)).digest('hex');
  // The mark lies inside node_modules, so that removing the folder removes it too.
  const mark = join(folder, 'node_modules/.installed-lock');
  if (existsSync(mark) && readFileSync(mark, 'utf8') === digest) return;
  log(`installing ${peer}: npm ci in ${folder} (once)`);
  await npmCi(folder);
  writeFileSync(mark, digest);
}

async function npmCi(folder: string): Promise<void> {
  const npm = spawn('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  for (const stream of [npm.stdout, npm.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (printed += text));
  const failure = await new Promise<string | undefined>((resolve) => {
    npm.once('error', (error) => resolve(`npm cannot be run: ${error.message}`));
    npm.once('close', (code) =>
      resolve(code === 0 ? undefined : `npm ci ended with ${code}: ${printed.trim().slice(0, 500)}`),
    );
  });
  if (failure !== undefined) throw new PeerUnavailable(failure);
}
