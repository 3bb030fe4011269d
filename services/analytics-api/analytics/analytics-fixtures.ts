import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { loadCatalog } from '../../../catalog/load.ts';
import type { Network } from '../../../catalog/schema/network.ts';
import { sharedAnalyticsAnswers } from '../../contracts/analytics-answers.ts';
import { sharedAnswers } from '../../contracts/chain-answers.ts';
import type { ChainStores } from '../../datasets/chain/read-fixtures.ts';
import type { SyncReport } from '../../datasets/chain/status.ts';
import type { HttpApp } from '../../runtime/http.ts';
import { Problem } from '../../runtime/http-problem.ts';
import type { CatalogInForce, LiveCatalog } from '../../runtime/live-catalog.ts';
import { createAnalyticsApp } from '../app.ts';
import type { AnalyticsDeps } from '../deps.ts';

// The API over a catalog of a few networks, for the tests of analytics.

const catalog = loadCatalog(new URL('../../../catalog', import.meta.url).pathname);

/** A network like optimism, but for what is given. */
export function networkLike(parts: Partial<Network> & { readonly id: string }): Network {
  const template = catalog.networks.find(({ id }) => id === 'optimism');
  if (template === undefined) throw new Error('the catalog has no optimism');
  const { tvlUsd: _, startBlock: __, ...rest } = template;
  return { ...rest, name: parts.id, ...parts };
}

/** A catalog with these networks alone. */
export function catalogOf(networks: readonly Network[]): CatalogInForce {
  const sorted = [...networks].sort((a, b) => (a.id < b.id ? -1 : 1));
  const since = new Date('2026-01-31T10:00:00Z');
  return { catalog: { ...catalog, networks: sorted }, networks: sorted, digest: 'sha256:test', since };
}

/** What the API works with when nothing of it is of interest but the stores and the catalog. */
export function analyticsDeps(stores: ChainStores, catalog: LiveCatalog): AnalyticsDeps {
  return {
    catalog,
    relational: stores.relational,
    timeseries: stores.timeseries,
    cache: stores.cache,
    environment: 'local',
    version: '1.2.3',
    // What was just written is asked for.
    newestSharedMs: 0,
    health: async () => ({}),
    log: pino({ level: 'silent' }),
    metrics: new Registry(),
  };
}

/** Every answer is held against its schema, before the serializer could leave out what is not in it. */
export async function openAnalytics(
  stores: ChainStores,
  networks: readonly Network[],
  deps: Partial<AnalyticsDeps> = {},
): Promise<HttpApp> {
  const inForce = catalogOf(networks);
  const live = { current: () => inForce, refused: () => [], subscribe: () => () => undefined };
  const app = await createAnalyticsApp({ ...analyticsDeps(stores, live), ...deps });
  const ajv = formats.default(new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: true }));
  ajv.addSchema([Problem, ...sharedAnswers, ...sharedAnalyticsAnswers]);
  app.addHook('preSerialization', async (request, reply, payload) => {
    const responses = request.routeOptions.schema?.response as Responses | undefined;
    const schema = responses?.[reply.statusCode]?.content['application/json']?.schema;
    if (schema !== undefined && !ajv.validate(schema, payload)) throw new Error(ajv.errorsText());
    return payload;
  });
  return app;
}

type Responses = Record<string, { readonly content: Record<string, { readonly schema: object }> }>;

/** What chain-sync says of a network that it has nothing to tell of. */
export function reportOf(parts: Partial<SyncReport> & { readonly network: string }): SyncReport {
  return {
    state: 'synced',
    reason: null,
    head: null,
    synced: null,
    finalized: null,
    blocksHeld: 0,
    backfillRemaining: 0,
    blocksPerSecond: 0,
    errorRate: null,
    finalitySeconds: null,
    reorgs: 0,
    endpoints: [],
    ...parts,
  };
}
