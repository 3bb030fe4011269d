import Type, { type Static } from 'typebox';
import { Status } from '../../catalog/schema/common.ts';
import { NetworkKind } from '../../catalog/schema/network.ts';
import { Figures, metricIds, metricIdsFrom } from './analytics-metrics.ts';
import { Lag, Stamp, SyncNote } from './chain-answers.ts';
import { Count, closed, Nullable, OneOf, shared, Text, UnixSeconds, WholeDecimal } from './schema.ts';

// What /api/v1/analytics answers with: what its answers share, the overview, rankings and metrics.

/** How far back figures go, by name. */
export const spanNames = ['1h', '24h', '7d', '30d'] as const;
export type SpanName = (typeof spanNames)[number];

/** How long a bucket is: whole minutes, hours and days of UTC. */
export const bucketNames = ['minute', 'hour', 'day'] as const;
export type BucketName = (typeof bucketNames)[number];

/** A query that names networks names at most so many. */
export const networksMax = 10;

/** The buckets that an answer has. `without`: where it has none. */
export const BucketAnswer = (without: string) =>
  Type.Unsafe<BucketName | null>({
    type: ['string', 'null'],
    enum: [...bucketNames, null],
    description: `How long a bucket is; null where ${without}`,
  });

/** Any metric's value. */
export const AnyValue = (description: string) =>
  Type.Unsafe<number | string | null>({ type: ['number', 'string', 'null'], description });

/** The span asked for. */
export const SpanAnswer = Type.Object(
  {
    name: OneOf(spanNames, { description: 'As asked for' }),
    seconds: Count('Its length'),
    size: OneOf(bucketNames, { description: 'It begins with a whole one of these' }),
  },
  {
    ...closed,
    description:
      "A network's span ends with its asOf, and begins with `from`: the start of asOf's minute (1h, 24h), hour (7d) or day (30d) - seconds + the length of that. Counted are its blocks with from <= timestamp <= asOf.timestamp",
  },
);

/** Which blocks of the span were counted. */
export const SpanCoverage = Type.Object(
  {
    fromBlock: Count('The lowest block counted'),
    toBlock: Count('The highest block counted'),
    complete: Type.Boolean({
      description:
        'No block of the span is missing: all numbers from fromBlock to toBlock are counted, and the block below is held and older than `from`, or is not wanted, as the network is held from fromBlock on. False while history is still being filled',
    }),
  },
  { ...closed, description: 'Null where no block is held' },
);

/** What every answer of analytics says of each network that it has figures of. */
export const spanFreshness = {
  network: Text('The network, by its own id'),
  asOf: Nullable(Stamp('The newest block counted; null where none is held')),
  from: Nullable(UnixSeconds('Where the span begins')),
  lag: Lag,
  sync: SyncNote,
  coverage: Nullable(SpanCoverage),
};

/** What tells a network from another, for a table of them. */
export const networkLabel = {
  name: Text('For people'),
  status: OneOf(Status.enum, { description: 'retired: kept as history, never synced' }),
  nativeCurrency: Type.Object(
    { symbol: Text('Ticker'), decimals: Count('Digits after the point of one unit of it: a wei is 10^-decimals') },
    { ...closed, description: 'What fees are paid in' },
  ),
};

/** How much of a bucket is known. */
export const bucketState = {
  start: UnixSeconds('Its start'),
  complete: Type.Boolean({ description: 'No block of it is missing, and a younger one is held' }),
  closed: Type.Boolean({
    description:
      'Block time has gone on a minute past its end: only a reorg can change it, or blocks that are filled in later',
  }),
};

export const noFigures = 'Null where no block is held';

export const overviewFigures = [
  'blocks',
  'transactions',
  'tps',
  'userOperations',
  'userOperationsPerSecond',
  'failedTransactions',
  'failedShare',
  'contractCreations',
  'logs',
  'blockTimeSeconds',
  'finalityMaxSeconds',
  'gasUsed',
  'gasPerSecond',
  'gasUtilisation',
  'baseFeeMean',
  'baseFeeMin',
  'baseFeeMax',
  'executionFeesTotal',
  'executionFeeMean',
  'l1DataFeesTotal',
  'l1DataFeeMean',
  'l1FeeShare',
] as const;

export const OverviewRow = Type.Object(
  {
    ...spanFreshness,
    ...networkLabel,
    kind: OneOf(NetworkKind.enum, { description: 'The protocol its nodes speak' }),
    aliasOf: Nullable(Text('The network of which this is another name: the figures are there')),
    priority: Type.Integer({ minimum: 1, maximum: 10, description: '10 is synced first' }),
    phase: Type.Integer({ minimum: 1, maximum: 3, description: 'Phase of the roll-out' }),
    stack: Text('Node software'),
    settlement: Text('`self`, or the network whose blocks secure this one'),
    tvlUsd: Nullable(Type.Integer({ description: 'Total value locked, US dollars, as the catalog states it' })),
    head: Nullable(Count('The last block the network is known to have')),
    finalBlock: Nullable(Count('The newest block that is final; null while none is known')),
    counted: Type.Boolean({
      description: 'It is part of `totals`: its asOf is not older than the window is long',
    }),
    figures: Nullable(Figures(overviewFigures, `Over the span. ${noFigures}`)),
  },
  { ...closed, $id: 'OverviewRow', description: 'A network, and what happened on it' },
);
export type OverviewRow = Static<typeof OverviewRow>;

const total = 'over the networks counted; null where none is';
export const OverviewAnswer = Type.Object(
  {
    window: SpanAnswer,
    totals: Type.Object(
      {
        networks: Count('Networks in the answer, retired ones and other names included'),
        byState: Type.Record(Type.String(), Type.Integer({ minimum: 0 }), {
          description: 'How many are in each state of sync',
        }),
        byStatus: Type.Record(Type.String(), Type.Integer({ minimum: 0 }), {
          description: 'How many have each status in the catalog',
        }),
        counted: Count(
          'Networks whose figures the totals add up: those whose asOf is not older than the window is long. What a network did before it stopped is in its row alone',
        ),
        complete: Type.Boolean({ description: 'Some are counted, and the coverage of each is complete' }),
        blocks: Nullable(Count(`Sum ${total}`)),
        transactions: Nullable(Count(`Sum ${total}`)),
        userOperations: Nullable(Count(`Sum ${total}`)),
        tps: Nullable(Type.Number({ description: `Sum ${total}` })),
        protocolCalls: Nullable(
          Count('Calls of the protocols of the catalog, over the spans of the networks counted; null where none is'),
        ),
        fees: Type.Array(
          Type.Object(
            {
              nativeCurrency: Text('Ticker'),
              decimals: Count('Digits after the point of one unit of it: a wei is 10^-decimals'),
              networks: Count('Networks counted that pay in it, and tell what'),
              executionFeesTotal: Nullable(WholeDecimal('Sum over them, in wei; null where none tells it')),
              l1DataFeesTotal: Nullable(WholeDecimal('Sum over them, in wei; null where none tells it')),
            },
            closed,
          ),
          { description: 'By currency, since these do not add up' },
        ),
      },
      { ...closed, description: 'Of all networks together' },
    ),
    networks: Type.Array(shared('OverviewRow', OverviewRow), { description: 'By id' }),
  },
  closed,
);
export type OverviewAnswer = Static<typeof OverviewAnswer>;

export const rankedMetricIds = metricIdsFrom('sums', 'catalog');
export const seriesMetricIds = metricIdsFrom('sums', 'distribution');
export const orders = ['desc', 'asc'] as const;

export const RankingAnswer = Type.Object(
  {
    window: SpanAnswer,
    metric: OneOf(rankedMetricIds, { description: 'As asked for' }),
    unit: Text("Of the values; wei are of each network's own nativeCurrency"),
    order: OneOf(orders, { description: 'desc: the highest value has rank 1' }),
    total: Count('Networks there are, also those that `limit` cuts off'),
    networks: Type.Array(
      Type.Object(
        {
          ...spanFreshness,
          ...networkLabel,
          rank: Nullable(
            Type.Integer({
              minimum: 1,
              description: '1 + how many networks have a value that comes first; null without a value',
            }),
          ),
          value: AnyValue('Of the metric: a number, or digits for wei and gas; null where there is none'),
        },
        closed,
      ),
      { description: 'By rank, equal ones by id; those without a value come last' },
    ),
  },
  closed,
);
export type RankingAnswer = Static<typeof RankingAnswer>;

export const MetricAnswer = Type.Object(
  {
    id: OneOf(metricIds, { description: 'Its name in answers, rankings, series and CSV' }),
    title: Text('For people'),
    unit: Text('Of its values'),
    type: OneOf(['integer', 'number', 'decimal'], {
      description: 'Of its values in JSON; decimal: the digits of a whole number of any size, as a string',
    }),
    definition: Text(
      'How to compute it again from raw blocks: over the blocks counted, which are those of a bucket or a span',
    ),
    nullWhen: Nullable(Text('When there is no value; null: there always is one where a block was counted')),
    from: OneOf(['sums', 'distribution', 'catalog'], {
      description:
        'sums: adds up · distribution: does not, so that over spans it is told only of networks asked for by name · catalog: stated there, not measured',
    }),
    columns: Type.Array(Type.String(), { description: 'Of the table chain_windows, from which it is taken' }),
    inRankings: Type.Boolean({ description: '/api/v1/analytics/rankings takes it' }),
    inSeries: Type.Boolean({ description: '/api/v1/analytics/series takes it' }),
  },
  closed,
);
export type MetricAnswer = Static<typeof MetricAnswer>;

export const MetricsAnswer = Type.Object(
  { metrics: Type.Array(MetricAnswer, { description: 'All there are' }), total: Count('How many') },
  closed,
);
export type MetricsAnswer = Static<typeof MetricsAnswer>;

export const sharedAnalyticsAnswers = [OverviewRow];
