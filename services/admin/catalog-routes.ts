import Type from 'typebox';
import { findId, getId, type KindOfEntry, kinds } from '../../catalog/kinds.ts';
import { suggest } from '../../catalog/nearest.ts';
import type { Catalog } from '../../catalog/schema/catalog.ts';
import { CatalogAnswer, CatalogKindAnswer, EnvironmentAnswer, upstreamNames } from '../contracts/admin-answers.ts';
import { type HttpApp, problemResponses } from '../runtime/http.ts';
import { ProblemError } from '../runtime/http-problem.ts';
import type { CatalogInForce } from '../runtime/live-catalog.ts';
import type { RouteDeps } from './deps.ts';
import { linksOf } from './links.ts';
import { upstreamPath } from './upstreams.ts';

/** This environment, and the catalog that this process works by. */
export function addCatalogRoutes(app: HttpApp, deps: RouteDeps): void {
  const { catalog, environment, version, startedAt, upstreams } = deps;
  const entriesOf = createEntryReader(deps);

  /** The entries of a kind: those in force here; of a kind that this process is not given, those of the environment's lock. */
  async function find(each: KindOfEntry): Promise<{ digest: string; held: boolean; entries: Entries }> {
    const current = catalog.current();
    if (isHeld(deps, each.key)) return { digest: current.digest, held: true, entries: entriesOf(each, current) };
    const { states } = await deps.environments.read();
    const lock = states.find(({ name }) => name === environment.name)?.held;
    if (lock === undefined) return { digest: current.digest, held: false, entries: [] };
    const { digest, locked } = lock;
    return { digest, held: true, entries: entriesOf(each, { catalog: locked, networks: locked.networks }) };
  }

  app.get(
    '/admin/api/environment',
    {
      schema: {
        tags: ['environment'],
        operationId: 'getEnvironment',
        summary: 'This environment, and what this service knows of the others',
        response: { 200: EnvironmentAnswer },
      },
    },
    () => {
      const { digest, since } = catalog.current();
      return {
        ...{ environment: environment.name, version, startedAt },
        catalog: { digest, since: since.getTime(), refused: [...catalog.refused()] },
        upstreams: upstreamNames.map((name) => ({
          ...{ name, path: upstreamPath(name), configured: upstreams[name] !== undefined },
        })),
        links: linksOf(deps),
      };
    },
  );

  app.get(
    '/admin/api/catalog',
    {
      schema: {
        tags: ['catalog'],
        operationId: 'getCatalog',
        summary: 'The catalog in force in this process',
        response: { 200: CatalogAnswer },
      },
    },
    async () => {
      const { digest, since } = catalog.current();
      const found = await Promise.all(kinds.map(async (each) => ({ ...each, ...(await find(each)) })));
      return {
        ...{ digest, since: since.getTime(), refused: [...catalog.refused()] },
        whole: kinds.every(({ key }) => isHeld(deps, key)),
        kinds: found.map(({ kind, key, held, entries }) => ({ kind, key, held, entries: entries.length })),
      };
    },
  );

  app.get(
    '/admin/api/catalog/:kind',
    {
      schema: {
        tags: ['catalog'],
        operationId: 'getCatalogKind',
        summary: 'All entries of one kind',
        params: Type.Object({
          kind: Type.String({ description: kinds.map(({ kind }) => kind).join(', '), examples: ['network'] }),
        }),
        response: { 200: CatalogKindAnswer, ...problemResponses({ 404: 'There is no such kind' }) },
      },
    },
    async (request) => {
      const asked = request.params.kind;
      const each = kinds.find(({ kind, key }) => kind === asked || key === asked);
      if (each === undefined) throw unknownKind(asked);
      const { digest, held, entries } = await find(each);
      return { kind: each.kind, key: each.key, digest, held, total: entries.length, entries: [...entries] };
    },
  );
}

/** Whether a process is given a kind of the catalog. */
export function isHeld({ heldKinds }: Pick<RouteDeps, 'heldKinds'>, key: string): boolean {
  return heldKinds()?.includes(key) !== false;
}

type Entries = CatalogKindAnswer['entries'];
type Held = Pick<CatalogInForce, 'catalog' | 'networks'>;

/** Entries of a kind by id, those of this environment alone among them. Made once for each catalog: pages ask again and again. */
function createEntryReader({ environment }: RouteDeps): (kind: KindOfEntry, current: Held) => Entries {
  const known = new WeakMap<Catalog, Map<string, Entries>>();
  const own = new Set([
    ...(environment.networks ?? []).map(({ id }) => `network/${id}`),
    ...(environment.protocols ?? []).map(({ id }) => `protocol/${id}`),
  ]);
  return ({ kind, key }, current) => {
    const ofCatalog = known.get(current.catalog) ?? new Map<string, Entries>();
    known.set(current.catalog, ofCatalog);
    const entries = ofCatalog.get(key) ?? [];
    if (ofCatalog.has(key)) return entries;
    const all: readonly object[] = kind === 'network' ? current.networks : current.catalog[key];
    for (const entry of all) {
      if (findId(kind, entry) === undefined) continue;
      const id = getId(kind, entry);
      entries.push({ id, own: own.has(`${kind}/${id}`), entry: { ...entry } });
    }
    ofCatalog.set(key, entries);
    return entries;
  };
}

function unknownKind(asked: string): ProblemError {
  const known = kinds.map(({ kind }) => kind);
  return new ProblemError({
    status: 404,
    code: 'unknown-kind',
    title: 'There is no such kind',
    detail: `The catalog has no kind "${asked}": ${suggest(asked, known)}.`,
  });
}
