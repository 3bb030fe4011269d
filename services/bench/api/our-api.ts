import { readFileSync } from 'node:fs';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { createAnalyticsApp } from '../../analytics-api/app.ts';
import { listen } from '../../runtime/http-listen.ts';
import type { LiveCatalog } from '../../runtime/live-catalog.ts';
import { createEmbeddedCache } from '../../stores/embedded/cache.ts';
import { openNetworkedTimeseries } from '../../stores/networked/clickhouse.ts';
import { openNetworkedPostgres } from '../../stores/networked/postgres.ts';
import { type ApiInput, type CatalogFile, keptMs, poolSize } from './input.ts';

/** Our API as a cluster runs it, but for /ws and the limit of a caller's requests: one process, networked stores, a cache. */
export async function openOurApi(
  input: Pick<ApiInput, 'databaseUrl' | 'clickhouseUrl' | 'catalog' | 'plan'>,
): Promise<{ url: string; close(): Promise<void> }> {
  const { databaseUrl, clickhouseUrl } = input;
  const pool = { poolSize, maxOverflow: 0, poolTimeoutSeconds: 30, poolRecycleSeconds: 3600 };
  const relational = await openNetworkedPostgres({ databaseUrl, pool });
  const timeseries = await openNetworkedTimeseries({ clickhouseUrl });
  const app = await createAnalyticsApp({
    catalog: catalogOf(input.catalog),
    relational: relational.part,
    timeseries: timeseries.part,
    cache: createEmbeddedCache(),
    environment: 'local',
    version: 'bench',
    answersKeptMs: input.plan.kept ? keptMs : undefined,
    health: async () => ({}),
    log: pino({ level: 'silent' }),
    metrics: new Registry(),
  });
  const [url = ''] = await listen(app, [0], '127.0.0.1');
  return {
    url,
    close: async () => {
      await app.close();
      await timeseries.stop();
      await relational.stop();
    },
  };
}

function catalogOf(file: string): LiveCatalog {
  const { catalog, digest } = JSON.parse(readFileSync(file, 'utf8')) as CatalogFile;
  const inForce = { catalog, networks: catalog.networks, digest, since: new Date() };
  return { current: () => inForce, refused: () => [], subscribe: () => () => undefined };
}
