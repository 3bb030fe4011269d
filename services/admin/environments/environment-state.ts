import { parseEnvironment, withEnvironment } from '../../../catalog/environment.ts';
import { kinds } from '../../../catalog/kinds.ts';
import { digestOf, parseLock } from '../../../catalog/lock.ts';
import { CatalogError, formatProblem } from '../../../catalog/problem.ts';
import type { Catalog } from '../../../catalog/schema/catalog.ts';
import { Environment } from '../../../catalog/schema/environment.ts';
import { describeError } from '../../runtime/errors.ts';
import type { ReadProjectFile } from './folder.ts';
import { type Image, parseImages } from './images.ts';

/** Those that clusters run, in the order in which a change reaches them. */
export const environmentNames = Environment.properties.name.enum.filter((name) => name !== 'local');

/** From which environment another is promoted. */
const sources: Readonly<Record<string, string>> = { production: 'staging', staging: 'dev' };

export function findSourceOf(environment: string): string | undefined {
  return sources[environment];
}

/** A catalog that an environment holds, at the environment's sizes. */
interface HeldCatalog {
  /** Of the lock, which knows no sizes. */
  readonly digest: string;
  /** As the lock has it. */
  readonly locked: Catalog;
  /** With the environment's sizes: what its objects are rendered from. */
  readonly sized: Catalog;
}

/** What an environment holds, as far as its files can be read. */
export interface EnvironmentState {
  readonly name: string;
  readonly settings: Environment | undefined;
  readonly held: HeldCatalog | undefined;
  /** Of pools that were promoted ahead of the others. */
  readonly ahead: ReadonlyMap<string, HeldCatalog>;
  readonly images: readonly Image[];
  /** Its objects are kept as a rollback left them. */
  readonly kept: boolean;
  readonly problems: readonly string[];
}

/** What the catalog of a pool is: its own where it is ahead. */
export function heldByPool({ held, ahead }: EnvironmentState, pool: string): HeldCatalog | undefined {
  return ahead.get(pool) ?? held;
}

type Lock = { readonly catalog: Catalog; readonly digest: string } | { readonly problem: string };
type Texts = ReadonlyMap<string, string | undefined>;

/**
 * Reads what all environments hold, leaving out those of which there is no file. What did not change since stays the same
 * object: locks are large, change a few times a day, and mostly are the same in all environments. Throws if a file cannot be asked for.
 */
export function createEnvironmentsReader(read: ReadProjectFile): () => Promise<EnvironmentState[]> {
  const locks = new Map<string, Lock>();
  const known = new Map<string, { readonly texts: Texts; readonly state: EnvironmentState }>();
  return async () => {
    const used = new Set<string>();
    const lockOf = (file: string, text: string): Lock => {
      used.add(text);
      const lock = locks.get(text) ?? parse(file, text);
      locks.set(text, lock);
      return lock;
    };
    const found = await Promise.all(environmentNames.map(async (name) => [name, await readTexts(name, read)] as const));
    const states = found.flatMap(([name, texts]) => {
      if ([...texts.values()].every((text) => text === undefined)) return [];
      const before = known.get(name);
      const state = before !== undefined && isSame(before.texts, texts) ? before.state : stateOf(name, texts, lockOf);
      known.set(name, { texts, state });
      for (const [path, text] of texts) if (path.endsWith('.lock.json') && text !== undefined) used.add(text);
      return [state];
    });
    for (const text of locks.keys()) if (!used.has(text)) locks.delete(text);
    return states;
  };
}

const files = ['environment.yaml', 'catalog.lock.json', 'images.lock.yaml', 'rendered.lock.json'] as const;

/** The files of an environment by their path, those of pools that are ahead too: such a pool has images of its own, and a lock beside them. */
async function readTexts(name: string, read: ReadProjectFile): Promise<Texts> {
  const paths = files.map((file) => pathOf(name, file));
  const texts = new Map(await Promise.all(paths.map(async (path) => [path, await read(path)] as const)));
  for (const pool of poolsAhead(name, texts)) {
    const path = pathOf(name, `catalog.${pool}.lock.json`);
    texts.set(path, await read(path));
  }
  return texts;
}

function poolsAhead(name: string, texts: Texts): string[] {
  const path = pathOf(name, 'images.lock.yaml');
  const parsed = parseImages(path, texts.get(path) ?? '');
  const images = 'images' in parsed ? parsed.images : [];
  return [...new Set(images.flatMap(({ pool }) => (pool === null ? [] : [pool])))];
}

function pathOf(name: string, file: string): string {
  return `environments/${name}/${file}`;
}

function isSame(a: Texts, b: Texts): boolean {
  return a.size === b.size && [...a].every(([path, text]) => b.get(path) === text);
}

function stateOf(name: string, texts: Texts, lockOf: (file: string, text: string) => Lock): EnvironmentState {
  const problems: string[] = [];
  const textOf = (file: string): string | undefined => {
    const text = texts.get(pathOf(name, file));
    if (text === undefined) problems.push(`${pathOf(name, file)}: is not there`);
    return text;
  };
  function findLock(file: string): Exclude<Lock, { problem: string }> | undefined {
    const text = textOf(file);
    const lock = text === undefined ? undefined : lockOf(pathOf(name, file), text);
    if (lock === undefined || !('problem' in lock)) return lock;
    problems.push(lock.problem);
    return undefined;
  }
  const whole = findLock('catalog.lock.json');
  const settings = settingsOf(pathOf(name, 'environment.yaml'), textOf('environment.yaml'), whole?.catalog, problems);
  const held = (lock: Exclude<Lock, { problem: string }>): HeldCatalog => ({
    digest: lock.digest,
    locked: lock.catalog,
    sized: settings === undefined ? lock.catalog : withEnvironment(lock.catalog, settings),
  });
  const imagesText = textOf('images.lock.yaml');
  const images = imagesText === undefined ? { images: [] } : parseImages(pathOf(name, 'images.lock.yaml'), imagesText);
  if ('problems' in images) problems.push(...images.problems);
  const ahead = poolsAhead(name, texts).flatMap((pool) => {
    const lock = findLock(`catalog.${pool}.lock.json`);
    return lock === undefined ? [] : [[pool, held(lock)] as const];
  });
  return {
    name,
    settings,
    held: whole === undefined ? undefined : held(whole),
    ahead: new Map(ahead),
    images: 'images' in images ? images.images : [],
    kept: texts.get(pathOf(name, 'rendered.lock.json')) !== undefined,
    problems,
  };
}

function parse(file: string, text: string): Lock {
  try {
    const catalog = parseLock(text, file);
    // As it states, which parseLock has checked: a lock of an older schema has fewer kinds.
    const digest = /"digest": "(sha256:[0-9a-f]{64})"/.exec(text.slice(-200))?.[1];
    return { catalog, digest: digest ?? digestOf(catalog) };
  } catch (error) {
    if (!(error instanceof CatalogError)) return { problem: `${file}: ${describeError(error)}` };
    return { problem: error.problems.map(formatProblem).join('; ') };
  }
}

function settingsOf(
  file: string,
  text: string | undefined,
  catalog: Catalog | undefined,
  problems: string[],
): Environment | undefined {
  if (text === undefined) return undefined;
  const reading = parseEnvironment(file, text, catalog ?? noCatalog);
  problems.push(...reading.problems.filter(({ severity }) => severity === 'error').map(formatProblem));
  return reading.environment;
}

/** Overrides of what is not known are then not checked. */
const noCatalog = Object.fromEntries(kinds.map(({ key }) => [key, []])) as unknown as Catalog;
