import type { UpstreamName } from '../contracts/admin-answers.ts';
import type { AdminDeps, Links } from './deps.ts';

const services: Readonly<Record<UpstreamName, string>> = { analytics: 'analytics-api', market: 'market-api' };

/** Where the APIs describe themselves, as a browser reaches them: on a laptop their ports, elsewhere the hosts of their pools. */
export function linksOf({ catalog, environment, upstreams, grafanaUrl }: AdminDeps): Links {
  function docsOf(name: UpstreamName): string | null {
    if (environment.name === 'local') {
      const upstream = upstreams[name];
      return upstream === undefined ? null : `${upstream}/docs`;
    }
    const { services: all, pools } = catalog.current().catalog;
    const service = all.find(({ id }) => id === services[name]);
    const pool = pools.find(({ id }) => id === service?.pool);
    if (pool === undefined || service?.routes.some(({ path }) => path === '/docs') !== true) return null;
    const isOwn = environment.poolDomains === true && pool.domain !== undefined;
    return `https://${isOwn ? pool.domain : `${pool.id}.${environment.domain}`}/docs`;
  }
  return {
    docs: '/admin/api/docs',
    analyticsDocs: docsOf('analytics'),
    marketDocs: docsOf('market'),
    grafana: grafanaUrl ?? null,
  };
}
