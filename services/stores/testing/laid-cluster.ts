import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { pino } from 'pino';
import { createChildren } from '../../runtime/children.ts';
import { packagedFolder, serverUser } from '../embedded/postgres-binaries.ts';
import { startPostgresServer } from '../embedded/postgres-server.ts';

const cache = join(import.meta.dirname, '..', '..', '..', 'node_modules', '.cache', 'postgres');

/**
 * Puts a new, empty cluster into the folder that a PostgreSQL of a test will be started on, and gives the folder: a copy of one that
 * is made once for all tests, which takes a fraction of what initdb does.
 */
export async function layCluster(folder: string): Promise<string> {
  const template = join(cache, digestOfServer());
  if (!existsSync(template)) await makeTemplate(template);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  // Unlike Node's own copy it keeps who owns the files, which PostgreSQL insists on.
  await promisify(execFile)('cp', ['-a', join(template, 'cluster'), join(template, 'password'), folder]);
  return folder;
}

/** Other programs, another user, or another way of making a cluster: another template. */
function digestOfServer(): string {
  const source = readFileSync(join(import.meta.dirname, '..', 'embedded', 'postgres-server.ts'));
  const version = readFileSync(join(packagedFolder(), '..', 'package.json'));
  const user = String(serverUser()?.uid ?? process.getuid?.());
  return createHash('sha256').update(source).update(version).update(user).digest('hex').slice(0, 12);
}

async function makeTemplate(template: string): Promise<void> {
  mkdirSync(cache, { recursive: true });
  const making = mkdtempSync(join(cache, 'making-'));
  const log = pino({ level: 'silent' });
  const children = createChildren({ log });
  try {
    const server = await startPostgresServer({ folder: making, children, log });
    await server.stop();
    renameSync(making, template);
  } catch (error) {
    rmSync(making, { recursive: true, force: true });
    // Another process was as quick.
    if (!existsSync(template)) throw error;
  } finally {
    await children.close();
  }
}
