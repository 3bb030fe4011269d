import { readFileSync } from 'node:fs';
import { kinds } from './kinds.ts';
import { deepFreeze, reasonOf, shownPath } from './load.ts';
import { isLoopback } from './loopback.ts';
import { suggest } from './nearest.ts';
import { CatalogError, type Problem, sortProblems } from './problem.ts';
import { overloads } from './rules/pools.ts';
import { findSecrets } from './rules/secrets.ts';
import { overLimits } from './rules/services.ts';
import { checkRules } from './rules.ts';
import type { Catalog } from './schema/catalog.ts';
import { Environment } from './schema/environment.ts';
import type { Pool } from './schema/pool.ts';
import type { Service } from './schema/service.ts';
import { inShards } from './shards.ts';
import { schemaProblems } from './validate.ts';
import { createView, type Entry } from './view.ts';
import { type FileContent, type Path, parseYaml } from './yaml.ts';

export interface EnvironmentReading {
  /** Undefined as soon as there is one error. */
  environment: Environment | undefined;
  problems: Problem[];
}

/** Reads environments/<name>/environment.yaml and checks it against the catalog. Never throws for content. */
export function readEnvironment(file: string, catalog: Catalog): EnvironmentReading {
  let content: FileContent;
  try {
    content = readFileSync(file);
  } catch (error) {
    content = { unreadable: reasonOf(error) };
  }
  return parseEnvironment(shownPath(file), content, catalog);
}

/** As readEnvironment; throws a CatalogError with all problems if there is an error. */
export function loadEnvironment(file: string, catalog: Catalog): Environment {
  const { environment, problems } = readEnvironment(file, catalog);
  if (environment === undefined) throw new CatalogError(problems);
  return environment;
}

/**
 * As readEnvironment, of a file held in memory. A catalog that holds no service (a slice) cannot tell an unknown one:
 * overrides are then not checked.
 */
export function parseEnvironment(file: string, content: FileContent, catalog: Catalog): EnvironmentReading {
  const parsed = parseYaml(file, content);
  const problems: Problem[] = [...parsed.problems];
  const report = (code: string, path: Path, message: string, fix: string, at?: 'key'): void => {
    problems.push({ file, ...parsed.placeOf(path, at), code, message, fix, severity: 'error' });
  };
  for (const { fix, message, ...place } of findSecrets(file, parsed.text)) {
    const { line, col } = 'line' in place ? place : { line: 1, col: 1 };
    problems.push({ file, line, col, code: 'CAT095', message, fix, severity: 'error' });
  }
  if (parsed.value !== undefined) {
    const wrong = schemaProblems(file, Environment, parsed);
    problems.push(...wrong.map(({ path: _, ...problem }) => problem));
    // The schema has just been checked.
    if (wrong.length === 0) checkEnvironment(file, parsed.value as Environment, catalog, report);
    if (wrong.length === 0)
      problems.push(...checkOwnEntries(file, parsed.value as Environment, catalog, parsed.placeOf));
  }
  const failed = problems.some(({ severity }) => severity === 'error');
  const environment = failed || parsed.value === undefined ? undefined : deepFreeze(parsed.value as Environment);
  return { environment, problems: sortProblems(problems) };
}

type Report = (code: string, path: Path, message: string, fix: string, at?: 'key') => void;

function checkEnvironment(file: string, environment: Environment, catalog: Catalog, report: Report): void {
  const { name, follow, stores } = environment;
  // A pod's file stands in a folder of another name.
  const folder = /(?:^|[/\\])environments[/\\]([^/\\]+)[/\\][^/\\]+$/.exec(file)?.[1];
  if (folder !== undefined && folder !== name) {
    report('CAT096', ['name'], `the name is "${name}", but the folder is "${folder}"`, 'make them the same');
  }
  // Production changes by promotion alone; a lock nobody writes would freeze the others.
  if (name === 'production' && follow !== 'lock') {
    report(
      'CAT097',
      ['follow'],
      `production follows the ${follow}`,
      'write "follow: lock": only a promotion changes it',
    );
  }
  if (name === 'local' && follow !== 'head') {
    report('CAT097', ['follow'], `local follows the ${follow}`, 'write "follow: head": there is no lock to follow');
  }
  if (name !== 'local' && stores.kind === 'embedded') {
    const fix = 'write "kind: networked": a pod loses what it embeds when it is replaced';
    report('CAT098', ['stores', 'kind'], `${name} embeds its stores`, fix);
  }
  checkExchange(environment, report);
  if (catalog.services.length > 0) checkOverrides(environment, catalog, report);
}

/** As CAT036 for networks: anyone on the way could feed us prices. */
function checkExchange({ market }: Environment, report: Report): void {
  for (const [name, address] of Object.entries(market?.exchange ?? {})) {
    for (const [key, url] of Object.entries(address)) {
      const parsed = URL.parse(url);
      const path = ['market', 'exchange', name, key];
      if (parsed === null) report('CAT036', path, `"${url}" is no URL`, 'correct it');
      else if (/^(http|ws):$/.test(parsed.protocol) && !isLoopback(parsed.hostname)) {
        const fix = `write ${parsed.protocol.replace(':', 's:')}//`;
        report('CAT036', path, `${parsed.host} is reached without TLS`, fix);
      }
    }
  }
}

function checkOverrides(environment: Environment, catalog: Catalog, report: Report): void {
  const ids = catalog.services.map(({ id }) => id);
  for (const [id, { replicas, resources }] of Object.entries(environment.services ?? {})) {
    const path = ['services', id];
    if (!ids.includes(id)) report('CAT099', path, `unknown service "${id}"`, suggest(id, ids), 'key');
    if (replicas !== undefined && replicas.min > replicas.max) {
      const message = `min ${replicas.min} replicas is above max ${replicas.max}`;
      report('CAT072', [...path, 'replicas', 'min'], message, 'lower min or raise max');
    }
    const single = catalog.services.find((service) => service.id === id)?.scaling.max === 1;
    if (single && replicas !== undefined && replicas.max > 1) {
      // The catalog says why beside the number: mostly that two would do the same work, or spend the same budget, twice.
      report(
        'CAT100',
        [...path, 'replicas', 'max'],
        `"${id}" runs once by the catalog, not up to ${replicas.max} times`,
        'leave max at 1',
      );
    }
    for (const message of resources === undefined ? [] : overLimits(resources)) {
      report('CAT088', [...path, 'resources', 'requests'], message, 'raise the limit or ask for less');
    }
  }
  checkPoolOverrides(environment, catalog, report);
  if (environment.services === undefined && environment.pools === undefined) return;
  const sized = catalog.services.map((service) => inShards(withOverride(service, environment), catalog));
  for (const pool of catalog.pools.filter(({ provider }) => provider !== 'undecided')) {
    const key = environment.pools?.[pool.id] === undefined ? 'services' : 'pools';
    for (const message of overloads(withPoolOverride(pool, environment), { ...catalog, services: sized })) {
      report('CAT073', [key], message, 'ask for less here, or give the pool more machines');
    }
  }
}

function checkPoolOverrides({ pools = {} }: Environment, catalog: Catalog, report: Report): void {
  const ids = catalog.pools.map(({ id }) => id);
  for (const [id, { nodeGroups = {}, stores = {} }] of Object.entries(pools)) {
    const path = ['pools', id];
    const pool = catalog.pools.find((candidate) => candidate.id === id);
    if (pool === undefined) {
      report('CAT101', path, `unknown pool "${id}"`, suggest(id, ids), 'key');
      continue;
    }
    for (const [key, names, known] of [
      ['nodeGroups', Object.keys(nodeGroups), pool.nodeGroups.map((group) => group.id)],
      ['stores', Object.keys(stores), pool.stores.map(({ kind }) => kind as string)],
    ] as const) {
      for (const name of names.filter((one) => !known.includes(one))) {
        report('CAT101', [...path, key, name], `pool "${id}" has no "${name}"`, suggest(name, known), 'key');
      }
    }
    for (const [name, { min, max }] of Object.entries(nodeGroups)) {
      if (min <= max) continue;
      const message = `node group "${name}" has min ${min} above max ${max}`;
      report('CAT072', [...path, 'nodeGroups', name, 'min'], message, 'lower min or raise max');
    }
    const rented = [
      ...Object.entries(nodeGroups).map(([name, { machine }]) => ['nodeGroups', name, machine] as const),
      ...Object.entries(stores).map(([name, { machine }]) => ['stores', name, machine] as const),
    ];
    const types = catalog.machines.filter(({ provider }) => provider === pool.provider).map(({ type }) => type);
    for (const [key, name, machine] of rented) {
      if (machine === undefined || types.includes(machine)) continue;
      const message = `${pool.provider} has no "${machine}"`;
      report('CAT071', [...path, key, name, 'machine'], message, suggest(machine, types));
    }
  }
}

/** The catalog with the sizes that an environment gives its services, machines and stores. Entries without any stay the same objects. */
export function withEnvironment(catalog: Catalog, environment: Environment): Catalog {
  return deepFreeze({
    ...catalog,
    services: catalog.services.map((service) =>
      environment.services?.[service.id] === undefined ? service : withOverride(service, environment),
    ),
    pools: catalog.pools.map((pool) => withPoolOverride(pool, environment)),
  });
}

function withPoolOverride(pool: Pool, environment: Environment): Pool {
  const override = environment.pools?.[pool.id];
  if (override === undefined) return pool;
  return {
    ...pool,
    nodeGroups: pool.nodeGroups.map((group) => ({ ...group, ...override.nodeGroups?.[group.id] })),
    stores: pool.stores.map((store) => ({ ...store, ...override.stores?.[store.kind] })),
  };
}

/** A service at the size an environment gives it. */
export function withOverride(service: Service, environment: Environment): Service {
  const override = environment.services?.[service.id];
  return {
    ...service,
    ...(override?.resources && { resources: override.resources }),
    ...(override?.replicas && { scaling: { ...service.scaling, ...override.replicas } }),
  };
}

/** The rules of the catalog, as far as they concern the networks and protocols that exist only here. */
function checkOwnEntries(
  file: string,
  environment: Environment,
  catalog: Catalog,
  placeOf: (path: Path, at?: 'value' | 'key') => { line: number; col: number },
): Problem[] {
  const own = (['networks', 'protocols'] as const).flatMap((list) =>
    (environment[list] ?? []).map((value, index) => {
      const place: Entry['placeOf'] = (path, at) => placeOf([list, index, ...path], at);
      const kind = list === 'networks' ? 'network' : 'protocol';
      // The schema has just been checked.
      return { kind, id: value.id, value, file, stem: value.id, isWholeFile: false, placeOf: place } as Entry<
        'network' | 'protocol'
      >;
    }),
  );
  if (own.length === 0) return [];
  // A slice without owners or networks cannot tell an unknown one.
  const known = kinds.filter(({ kind }) => ['owner', 'network', 'protocol'].includes(kind));
  const others = known.flatMap(({ kind, key }) => catalog[key].map((value) => entryOf(kind, value)));
  const owners = catalog.owners.length === 0 ? own.map(({ value }) => `owner/${value.owner}`) : [];
  const places = (environment.protocols ?? []).flatMap(({ contracts }) => contracts);
  const networks = catalog.networks.length === 0 ? places.map(({ network }) => `network/${network}`) : [];
  const assumed = new Set([...owners, ...networks]);
  return checkRules(createView([...others, ...own], assumed, [])).filter((problem) => problem.file === file);
}

function entryOf(kind: Entry['kind'], value: object): Entry {
  const id = String(Reflect.get(value, 'id'));
  const placeOf = () => ({ line: 1, col: 1 });
  const file = kind === 'owner' ? 'catalog/owners.yaml' : `catalog/${kind}s/${id}.yaml`;
  // The catalog holds only checked entries.
  return { kind, id, value, file, stem: id, isWholeFile: true, placeOf } as unknown as Entry;
}
