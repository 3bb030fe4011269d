import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { expect } from 'vitest';
import { loadCatalog } from '../../../catalog/load.ts';
import type { Network } from '../../../catalog/schema/network.ts';
import { sharedAnswers } from '../../contracts/chain-answers.ts';
import { type ChainStores, openChainStores } from '../../datasets/chain/read-fixtures.ts';
import { type SyncReport, writeStatus } from '../../datasets/chain/status.ts';
import type { HttpApp } from '../../runtime/http.ts';
import { Problem } from '../../runtime/http-problem.ts';
import type { CatalogInForce } from '../../runtime/live-catalog.ts';
import { createEmbeddedCache } from '../../stores/embedded/cache.ts';
import { analyticsDeps, reportOf } from '../analytics/analytics-fixtures.ts';
import { createAnalyticsApp } from '../app.ts';
import { jsonType } from '../caching.ts';
import type { AnalyticsDeps, LiveParts } from '../deps.ts';

// One pair of real stores for the suites of all routes: starting them takes longer than most of what is asked of them.

export const maximum = (2n ** 256n - 1n).toString();
export const immutable = 'public, max-age=31536000, immutable';
const catalog = loadCatalog(new URL('../../../catalog', import.meta.url).pathname);
const testNetworks = [
  'test_a',
  'test_b',
  'test_c',
  'test_d',
  'test_e',
  'test_f',
  'test_g',
  'test_h',
  'test_i',
  'test_j',
  'test_k',
  'test_l',
] as const;
/** In the catalog, unlike the laptop's own network. */
const listed: Network[] = testNetworks.map((id, at) => ({ ...templateOf('optimism'), id, chainId: 9_000_000 + at }));
const laptop: Network = { ...templateOf('optimism'), id: 'local_l1', chainId: 7_700_001 };
const networks = [...catalog.networks, ...listed];
export const inForce: CatalogInForce = {
  catalog: { ...catalog, networks },
  networks: [...networks, laptop].sort((a, b) => (a.id < b.id ? -1 : 1)),
  digest: 'sha256:test',
  since: new Date('2026-01-31T10:00:00Z'),
};

/** Theirs from `openPlatform` to `closePlatform`. */
export let stores: ChainStores;
const apps: HttpApp[] = [];

export async function openPlatform(): Promise<void> {
  stores = await openChainStores();
}

/** Closes what a test has opened, and forgets what it has reported. */
export async function clearPlatform(): Promise<void> {
  await Promise.all(apps.splice(0).map((app) => app.close()));
  await stores.relational.query('DELETE FROM chain.status');
}

export async function closePlatform(): Promise<void> {
  await stores?.[Symbol.asyncDispose]();
}

/** Of the document. */
export interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly responses: Record<string, { readonly content: Record<string, { readonly schema: object }> }>;
}

export async function openApp(deps: Partial<AnalyticsDeps> = {}, live?: LiveParts): Promise<HttpApp> {
  const parts = { ...analyticsDeps(stores, liveCatalog([])), ...deps };
  const app = await createAnalyticsApp(parts, live);
  apps.push(app);
  holdToDocument(app);
  return app;
}

/** The statistics of a network by an API that counts how often they are read, with a cache whose clock is ours. */
export async function openCounting(network: string) {
  let now = 0;
  let reads = 0;
  const cache = createEmbeddedCache({ now: () => now });
  const app = await openApp({
    cache: {
      ...cache,
      remember: (key, life, load) =>
        cache.remember(key, life, () => {
          reads += 1;
          return load();
        }),
    },
  });
  return {
    ask: async (query: string) => (await app.inject(`/api/v1/l2/networks/${network}/stats?${query}`)).json(),
    reads: () => reads,
    wait: (ms: number) => {
      now += ms;
    },
  };
}

/** Fails a request whose answer is not exactly what its schema says, before the serializer could leave the difference out. */
function holdToDocument(app: HttpApp): void {
  const ajv = formats.default(new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: true }));
  ajv.addSchema([Problem, ...sharedAnswers]);
  function check(request: FastifyRequest, reply: FastifyReply, answer: unknown): void {
    const responses = request.routeOptions.schema?.response as Operation['responses'] | undefined;
    const schema = responses?.[reply.statusCode]?.content['application/json']?.schema;
    if (schema !== undefined) expect(ajv.validate(schema, answer) ? [] : ajv.errors).toEqual([]);
  }
  app.addHook('preSerialization', async (request, reply, payload) => {
    check(request, reply, payload);
    return payload;
  });
  // What a handler writes itself comes to no serializer.
  app.addHook('onSend', async (request, reply, payload) => {
    if (typeof payload === 'string' && reply.getHeader('content-type') === jsonType)
      check(request, reply, JSON.parse(payload));
    return payload;
  });
}

export function liveCatalog(refused: readonly string[]): AnalyticsDeps['catalog'] {
  return { current: () => inForce, refused: () => refused, subscribe: () => () => undefined };
}

function templateOf(id: string): Network {
  const found = catalog.networks.find((network) => network.id === id);
  if (found === undefined) throw new Error(`no network ${id}`);
  return found;
}

export function networkOf(answer: { networks: { id: string; sync: Record<string, unknown> }[] }, id: string) {
  const found = answer.networks.find((network) => network.id === id);
  if (found === undefined) throw new Error(`no network ${id} in the answer`);
  return found;
}

export async function report(parts: Partial<SyncReport> & { network: string }): Promise<void> {
  await writeStatus(stores.relational, [reportOf(parts)]);
}
