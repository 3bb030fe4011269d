import {
  type BucketName,
  OverviewAnswer,
  type SpanName,
  sharedAnalyticsAnswers,
} from '../../../contracts/analytics-answers.ts';
import {
  NetworkAnswer,
  NetworksAnswer,
  NetworksHealthAnswer,
  ReorgsAnswer,
  sharedAnswers,
  TxsAnswer,
} from '../../../contracts/chain-answers.ts';
import { SeriesAnswer } from '../../../contracts/series-answers.ts';
import { createCheck } from './check.ts';
import { type Endpoint, queryOf } from './use-answer.ts';

// Reads of the analytics API, by way of the dashboard's server.

const base = 'analytics/api/v1';

const checkOverview = createCheck(OverviewAnswer, sharedAnalyticsAnswers);
const checkNetworks = createCheck(NetworksAnswer, sharedAnswers);
const checkNetwork = createCheck(NetworkAnswer, sharedAnswers);
const checkHealth = createCheck(NetworksHealthAnswer, sharedAnswers);
const checkReorgs = createCheck(ReorgsAnswer);
const checkSeries = createCheck(SeriesAnswer);
const checkTxs = createCheck(TxsAnswer, sharedAnswers);

export function overviewOf(window: SpanName): Endpoint<OverviewAnswer> {
  return { path: `${base}/analytics/overview${queryOf({ window })}`, check: checkOverview, everyMs: 5_000 };
}

export const allNetworks: Endpoint<NetworksAnswer> = {
  path: `${base}/l2/networks`,
  check: checkNetworks,
  everyMs: 10_000,
};

export function oneNetwork(id: string): Endpoint<NetworkAnswer> {
  return { path: `${base}/l2/networks/${encodeURIComponent(id)}`, check: checkNetwork, everyMs: 10_000 };
}

export const networksHealth: Endpoint<NetworksHealthAnswer> = {
  path: `${base}/health/networks`,
  check: checkHealth,
  everyMs: 5_000,
};

export function newestTxs(id: string, limit: number): Endpoint<TxsAnswer> {
  return {
    path: `${base}/l2/networks/${encodeURIComponent(id)}/txs${queryOf({ limit })}`,
    check: checkTxs,
    everyMs: 5_000,
  };
}

export function reorgsOf(id: string, limit: number): Endpoint<ReorgsAnswer> {
  return {
    path: `${base}/l2/networks/${encodeURIComponent(id)}/reorgs${queryOf({ limit })}`,
    check: checkReorgs,
    everyMs: 15_000,
  };
}

/** Metrics of networks over time, as many buckets back as the API shows by itself. */
export interface SeriesQuery {
  readonly networks: readonly string[];
  readonly metrics: readonly string[];
  readonly bucket: BucketName;
}

export function seriesOf(query: SeriesQuery): Endpoint<SeriesAnswer> {
  return { path: seriesPath(query), check: checkSeries, everyMs: 5_000 };
}

/** Where the same figures are as a file. */
export function seriesCsvUrl(query: SeriesQuery): string {
  return `${import.meta.env.BASE_URL}api/${seriesPath(query, 'csv')}`;
}

function seriesPath({ networks, metrics, bucket }: SeriesQuery, format?: 'csv'): string {
  return `${base}/analytics/series${queryOf({ networks: networks.join(','), metrics: metrics.join(','), bucket, format })}`;
}
