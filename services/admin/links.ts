import type { UpstreamName } from '../contracts/admin-answers.ts';
import type { AdminDeps, Links } from './deps.ts';

const services: Readonly<Record<UpstreamName, string>> = { analytics: 'analytics-api', market: 'market-api' };

/**
 * Where the APIs describe themselves, as a browser reaches them: on a laptop at their ports; in a cluster at the public host of
 * another pool, or, of an API in our own pool, at the host that the dashboard itself is reached at.
 */
export function linksOf({ catalog, environment, upstreams, grafanaUrl }: AdminDeps): Links {
  function docsOf(name: UpstreamName): string | null {
    const upstream = upstreams[name];
    if (upstream === undefined) return null;
    if (environment.name === 'local') return `${upstream}/docs`;
    const service = catalog.current().catalog.services.find(({ id }) => id === services[name]);
    if (service?.routes.some(({ path }) => path === '/docs') !== true) return null;
    return upstream.startsWith('https:') ? `${upstream}/docs` : '/docs';
  }
  return {
    docs: '/admin/api/docs',
    analyticsDocs: docsOf('analytics'),
    marketDocs: docsOf('market'),
    grafana: grafanaUrl ?? null,
  };
}
