import type { Network } from '../../../catalog/schema/network.ts';
import {
  type DistributionMetricId,
  definitionOf,
  type MetricId,
  type MetricValue,
  type MetricValueOf,
  type SumMetricId,
} from '../../contracts/analytics-metrics.ts';
import type { SpanDetails } from '../../datasets/chain/span-details.ts';
import type { WindowSums } from '../../datasets/chain/window-sums.ts';
import type { ChainWindow } from '../../datasets/chain/windows.ts';
import { activitySums, distributionOfActivity } from './metrics-activity.ts';
import { blockSums, distributionOfBlocks } from './metrics-blocks.ts';
import { distributionOfFees, feeSums } from './metrics-fees.ts';

/** What adds up, over the blocks of a bucket or a span: both have it, so that a metric means the same over either. */
export interface Measures
  extends Pick<
    WindowSums,
    | 'blocks'
    | 'transactions'
    | 'failedTransactions'
    | 'userOperations'
    | 'contractCreations'
    | 'logs'
    | 'gasUsed'
    | 'gasLimit'
    | 'baseFeePerGas'
  > {
  readonly executionFees: Fees | null;
  readonly l1DataFees: Fees | null;
  readonly blockSeconds: { readonly mean: number; readonly max: number } | null;
  readonly finalityMs: { readonly max: number } | null;
}

/** What transactions paid, in wei, over those of which it is known. */
export type Fees = Pick<NonNullable<WindowSums['executionFees']>, 'transactions' | 'total'>;

/** What does not add up. */
export type Distribution = Omit<SpanDetails, 'asOf'>;

/** How each metric is taken. */
export type TakenFrom<From, Id extends MetricId> = { readonly [Each in Id]: (from: From) => MetricValueOf<Each> };
const sumTakers: TakenFrom<Measures, SumMetricId> = { ...activitySums, ...blockSums, ...feeSums };
const distributionTakers: TakenFrom<Distribution, DistributionMetricId> = {
  ...distributionOfActivity,
  ...distributionOfBlocks,
  ...distributionOfFees,
};

type FiguresOf<Id extends MetricId> = { [Each in Id]: MetricValueOf<Each> };

/** Metrics of a span, or of a bucket, that come from what adds up; by id. */
export function figuresOf<Id extends SumMetricId>(ids: readonly Id[], measures: Measures): FiguresOf<Id> {
  return objectOf(ids, (id) => sumTakers[id](measures));
}

/** Metrics of a span that do not add up; by id. */
export function detailsOf<Id extends DistributionMetricId>(
  ids: readonly Id[],
  distribution: Distribution,
): FiguresOf<Id> {
  return objectOf(ids, (id) => distributionTakers[id](distribution));
}

/** Metrics of a bucket, of both kinds; by id. */
export function bucketFiguresOf<Id extends SumMetricId | DistributionMetricId>(
  ids: readonly Id[],
  bucket: ChainWindow,
): FiguresOf<Id> {
  return objectOf(ids, (id) => bucketValueOf(id, bucket));
}

/** One metric of a bucket, by `bucketFiguresOf`'s rules. */
export function bucketValueOf(id: SumMetricId | DistributionMetricId, bucket: ChainWindow): MetricValue {
  return isSum(id) ? sumTakers[id](bucket) : distributionTakers[id](distributionOf(bucket));
}

/** One metric of a network over a span; null where nothing is held of it, and of what is another name of a network. */
export function spanValueOf(
  id: Exclude<MetricId, DistributionMetricId>,
  network: Network,
  sums: Measures | undefined,
): MetricValue {
  if (id === 'tvlUsd') return network.aliasOf === undefined ? (network.tvlUsd ?? null) : null;
  return sums === undefined ? null : sumTakers[id](sums);
}

function isSum(id: SumMetricId | DistributionMetricId): id is SumMetricId {
  return definitionOf(id).from === 'sums';
}

function distributionOf(bucket: ChainWindow): Distribution {
  const { activeSenders, activeAddresses, gasPrice, blockSeconds, finalityMs } = bucket;
  return {
    ...{ activeSenders, activeAddresses, gasPrice, blockSeconds, finalityMs },
    executionFee: bucket.executionFees?.percentiles ?? null,
    l1DataFee: bucket.l1DataFees?.percentiles ?? null,
  };
}

/** Each value is what its own taker gives, which no mapped type can be told in general. */
function objectOf<Id extends MetricId>(ids: readonly Id[], take: (id: Id) => MetricValue): FiguresOf<Id> {
  return Object.fromEntries(ids.map((id) => [id, take(id)])) as FiguresOf<Id>;
}
