import { sharedAnalyticsAnswers } from '../../contracts/analytics-answers.ts';
import { readWindowSums } from '../../datasets/chain/window-sums.ts';
import type { HttpApp } from '../../runtime/http.ts';
import type { AnalyticsDeps } from '../deps.ts';
import { addFeeRoutes } from './fees-route.ts';
import { addMetricsRoute } from './metrics-route.ts';
import { addOverviewRoute } from './overview-route.ts';
import { addProtocolRoutes } from './protocols-route.ts';
import { addRankingsRoute } from './rankings-route.ts';
import { addReportRoutes } from './report-routes.ts';
import { addSeriesRoutes } from './series-route.ts';
import { shareSums } from './shared-sums.ts';

/** What happened on the networks over spans of time: /api/v1/analytics. */
export function addAnalyticsRoutes(app: HttpApp, parts: AnalyticsDeps): void {
  const deps = sharing(parts);
  for (const schema of sharedAnalyticsAnswers) app.addSchema(schema);
  addOverviewRoute(app, deps);
  addReportRoutes(app, deps);
  addFeeRoutes(app, deps);
  addProtocolRoutes(app, deps);
  addRankingsRoute(app, deps);
  addSeriesRoutes(app, deps);
  addMetricsRoute(app);
}

/** Where answers are kept, what they are made of is shared as well: there are many ways to ask for the same sums. */
function sharing(deps: AnalyticsDeps): AnalyticsDeps {
  const { timeseries, answersKeptMs: keepMs } = deps;
  if (keepMs === undefined) return deps;
  return { ...deps, readSums: shareSums((span, some) => readWindowSums(timeseries, span, some), { keepMs }) };
}
