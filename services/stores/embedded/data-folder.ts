import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ConfigurationError } from '../../runtime/errors.ts';

interface Owner {
  readonly pid: number;
  /** Tells a process from a later one with the same pid. */
  readonly startedAt: string;
}

/**
 * Makes a data folder if it is not there, and takes it for this process; the function returned gives it back. The lock of a
 * process that is gone is taken over.
 * Throws ConfigurationError when the folder cannot be written, or while its owner lives, naming the process: two processes on
 * one folder would corrupt it, and waiting for a person's other terminal is no use.
 */
export function openDataFolder(folder: string): () => void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    // Asks for what is needed later, so that a read-only or full disk is told here and not by an engine.
    rmSync(mkdtempSync(path.join(folder, '.probe-')), { recursive: true });
  } catch (error) {
    const fix = 'give this user the right to write there, or choose another data folder';
    throw new ConfigurationError(`cannot write in ${folder} (${codeOf(error)}): ${fix}`, { cause: error });
  }
  return lockFolder(folder);
}

function lockFolder(folder: string): () => void {
  const lock = path.join(folder, 'owner.json');
  const mine: Owner = { pid: process.pid, startedAt: startOf(process.pid) ?? 'unknown' };
  const own = `${lock}.${process.pid}`;
  // Linking a complete file is one step: a kill in between leaves no half-written lock.
  writeFileSync(own, JSON.stringify(mine), { mode: 0o644 });
  try {
    for (let attempt = 0; attempt < 5; attempt++) {
      try {
        linkSync(own, lock);
        return () => {
          if (isSame(findOwner(lock), mine)) rmSync(lock, { force: true });
        };
      } catch (error) {
        if (codeOf(error) !== 'EEXIST') throw error;
      }
      const owner = findOwner(lock);
      if (owner !== undefined && startOf(owner.pid) === owner.startedAt) {
        const who = owner.pid === process.pid ? 'this process already' : `another Defimon, process ${owner.pid}`;
        throw new ConfigurationError(`${folder} is in use by ${who}: stop it, or choose another data folder`);
      }
      takeAway(lock, owner);
    }
    throw new ConfigurationError(`${folder} is being opened by several processes at once: start one`);
  } finally {
    rmSync(own, { force: true });
  }
}

/** Removes the lock of a dead owner, unless somebody has just taken it over: then theirs is put back. */
function takeAway(lock: string, dead: Owner | undefined): void {
  const aside = `${lock}.${process.pid}.old`;
  try {
    renameSync(lock, aside);
    if (!isSame(findOwner(aside), dead)) linkSync(aside, lock);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT' && codeOf(error) !== 'EEXIST') throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

function findOwner(file: string): Owner | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (typeof value !== 'object' || value === null) return undefined;
    const { pid, startedAt } = value as Record<string, unknown>;
    return typeof pid === 'number' && typeof startedAt === 'string' ? { pid, startedAt } : undefined;
  } catch {
    return undefined;
  }
}

function isSame(a: Owner | undefined, b: Owner | undefined): boolean {
  return a?.pid === b?.pid && a?.startedAt === b?.startedAt;
}

/** When a process started, in any notation that differs for a later one of the same pid; undefined when there is none. */
export function startOf(pid: number): string | undefined {
  try {
    if (process.platform === 'linux') {
      const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      // proc_pid_stat(5): after the name in brackets, state is field 3 and starttime is field 22.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return fields[0] === 'Z' ? undefined : `${boot}/${fields[19]}`;
    }
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || undefined;
  } catch {
    return undefined;
  }
}

export function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
