import { readFileSync } from 'node:fs';
import { relative, sep } from 'node:path';
import { deepFreeze } from './load.ts';
import { CatalogError, type Problem, sortProblems } from './problem.ts';
import type { Catalog } from './schema/catalog.ts';
import { Environment } from './schema/environment.ts';
import { schemaProblems } from './validate.ts';
import { type FileContent, parseYaml } from './yaml.ts';

export interface EnvironmentReading {
  environment: Environment | undefined;
  problems: Problem[];
}

/** Reads environments/<name>/environment.yaml and checks it against the catalog. Never throws for content. */
export function readEnvironment(file: string, catalog: Catalog): EnvironmentReading {
  let content: FileContent;
  try {
    content = readFileSync(file);
  } catch (error) {
    content = { unreadable: error instanceof Error ? error.message : String(error) };
  }
  const shown = relative(process.cwd(), file);
  return parseEnvironment(shown.startsWith('..') ? file : shown.split(sep).join('/'), content, catalog);
}

/** As readEnvironment; throws a CatalogError with all problems if there is an error. */
export function loadEnvironment(file: string, catalog: Catalog): Environment {
  const { environment, problems } = readEnvironment(file, catalog);
  if (environment === undefined) throw new CatalogError(problems);
  return environment;
}

/** As readEnvironment, of a file held in memory. */
export function parseEnvironment(file: string, content: FileContent, _catalog: Catalog): EnvironmentReading {
  const parsed = parseYaml(file, content);
  const wrong = parsed.value === undefined ? [] : schemaProblems(file, Environment, parsed);
  const problems = sortProblems([...parsed.problems, ...wrong.map(({ path: _, ...problem }) => problem)]);
  if (parsed.value === undefined || problems.length > 0) return { environment: undefined, problems };
  return { environment: deepFreeze(parsed.value as Environment), problems };
}
