import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

const project = path.join(import.meta.dirname, 'pom.xml');
const cache = path.join(import.meta.dirname, '../../../node_modules/.cache');

/** Why no broker can be started here, in words for a test's skip; undefined if one can. */
export function kafkaMissing(): string | undefined {
  if (!isInPath('java')) return 'Apache Kafka needs Java 17 or later: `java` is not in the PATH';
  if (existsSync(jarsFolder())) return undefined;
  return isInPath('mvn') ? undefined : 'Apache Kafka is fetched by Maven: `mvn` is not in the PATH';
}

/**
 * The folder of Kafka's jars, fetched by Maven on first use (45 of them, 130 MB, some ten seconds). Processes that ask at the
 * same time fetch once.
 * @throws with what Maven said, if it cannot fetch them
 */
export async function kafkaJars(): Promise<string> {
  const jars = jarsFolder();
  while (!existsSync(jars)) {
    mkdirSync(cache, { recursive: true });
    if (!takeLock(`${jars}.lock`)) {
      await delay(200);
      continue;
    }
    try {
      if (!existsSync(jars)) await fetchJars(jars);
    } finally {
      rmSync(`${jars}.lock`, { force: true });
    }
  }
  return jars;
}

/** Named by what is fetched: another version of Kafka has another folder. */
function jarsFolder(): string {
  const digest = createHash('sha256').update(readFileSync(project)).digest('hex').slice(0, 12);
  return path.join(cache, `kafka-${digest}`);
}

async function fetchJars(jars: string): Promise<void> {
  const partial = `${jars}.${process.pid}`;
  try {
    await promisify(execFile)(
      'mvn',
      ['-q', '-B', '-f', project, 'dependency:copy-dependencies', `-DoutputDirectory=${partial}`],
      { maxBuffer: 1 << 24 },
    );
    renameSync(partial, jars);
  } catch (error) {
    rmSync(partial, { recursive: true, force: true });
    const { stdout = '', message } = error as Error & { stdout?: string };
    throw new Error(`Maven could not fetch Apache Kafka: ${message}\n${stdout.slice(-2000)}`, { cause: error });
  }
}

/** The file holds the pid of who has the lock: one whose holder is gone is taken over. */
function takeLock(file: string): boolean {
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  if (!isAlive(holderOf(file))) rmSync(file, { force: true });
  return false;
}

function holderOf(file: string): number {
  try {
    return Number(readFileSync(file, 'utf8'));
  } catch {
    return 0;
  }
}

function isAlive(pid: number): boolean {
  // Between the making of the file and the writing of the pid it is empty.
  if (!(pid > 0)) return true;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function isInPath(program: string): boolean {
  return (process.env.PATH ?? '').split(path.delimiter).some((folder) => {
    try {
      accessSync(path.join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
