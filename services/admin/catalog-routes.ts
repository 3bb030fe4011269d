import Type from 'typebox';
import { findId, getId, type KindOfEntry, kinds } from '../../catalog/kinds.ts';
import { suggest } from '../../catalog/nearest.ts';
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
  const isHeld = (key: string): boolean => deps.heldKinds()?.includes(key) !== false;
  const entriesOf = createEntryReader(deps);

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
    () => {
      const current = catalog.current();
      return {
        ...{ digest: current.digest, since: current.since.getTime(), refused: [...catalog.refused()] },
        whole: kinds.every(({ key }) => isHeld(key)),
        kinds: kinds.map((each) => ({
          ...{ kind: each.kind, key: each.key, held: isHeld(each.key) },
          entries: entriesOf(each, current).length,
        })),
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
    (request) => {
      const asked = request.params.kind;
      const found = kinds.find(({ kind, key }) => kind === asked || key === asked);
      if (found === undefined) throw unknownKind(asked);
      const current = catalog.current();
      const entries = entriesOf(found, current);
      const { kind, key } = found;
      return {
        ...{ kind, key, digest: current.digest, held: isHeld(key), total: entries.length },
        entries: [...entries],
      };
    },
  );
}

type Entries = CatalogKindAnswer['entries'];

/** Entries of a kind by id, those of this environment alone among them. Made once for each catalog: pages ask again and again. */
function createEntryReader({ environment }: RouteDeps): (kind: KindOfEntry, current: CatalogInForce) => Entries {
  const known = new WeakMap<CatalogInForce, Map<string, Entries>>();
  const own = new Set([
    ...(environment.networks ?? []).map(({ id }) => `network/${id}`),
    ...(environment.protocols ?? []).map(({ id }) => `protocol/${id}`),
  ]);
  return ({ kind, key }, current) => {
    const ofCatalog = known.get(current) ?? new Map<string, Entries>();
    known.set(current, ofCatalog);
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
