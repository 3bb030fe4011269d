import { listen } from '../runtime/http-listen.ts';
import type { Started } from '../runtime/modules.ts';
import { createAnalyticsApp } from './app.ts';
import type { AnalyticsDeps } from './deps.ts';

/** What the rest of the process may ask of the API. */
export interface AnalyticsApi {
  /** Where it answers, one URL a port, in the order of the ports. */
  readonly urls: readonly string[];
}

export interface AnalyticsApiDeps extends AnalyticsDeps {
  readonly ports: readonly number[];
  readonly host: string;
}

/** Serves the API on all its ports. Throws ConfigurationError when one cannot be had. */
export async function createAnalyticsApi(deps: AnalyticsApiDeps): Promise<Started<AnalyticsApi>> {
  const app = await createAnalyticsApp(deps);
  const urls = await listen(app, deps.ports, deps.host);
  return {
    part: { urls },
    stop: () => app.close(),
    health: () => ({ ok: true, detail: urls.join(', ') }),
  };
}
