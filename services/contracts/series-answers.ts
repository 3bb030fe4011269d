import Type, { type Static } from 'typebox';
import { AnyValue, bucketNames, bucketState, networkLabel, seriesMetricIds } from './analytics-answers.ts';
import { Lag, Stamp, SyncNote } from './chain-answers.ts';
import { Count, closed, Nullable, OneOf, Text, UnixSeconds } from './schema.ts';

// What /api/v1/analytics/series answers with.

/** A query names at most so many metrics. */
export const seriesMetricsMax = 20;

/** How many buckets there are when a request does not say where they begin. */
export const seriesBuckets = { minute: 60, hour: 72, day: 90 } as const;

export const SeriesAnswer = Type.Object(
  {
    bucket: OneOf(bucketNames, { description: 'How long a bucket is, as asked for' }),
    from: UnixSeconds('The start of the first bucket: the one that holds the `from` asked for'),
    to: UnixSeconds('The end of the last bucket: the one that holds the second before the `to` asked for'),
    metrics: Type.Array(
      Type.Object(
        {
          id: OneOf(seriesMetricIds, { description: 'Its name' }),
          title: Text('For people'),
          unit: Text("Of its values; wei are of each network's own nativeCurrency"),
        },
        closed,
      ),
      { description: 'In the order in which they are named' },
    ),
    networks: Type.Array(
      Type.Object(
        {
          network: Text('The network, by its own id'),
          ...networkLabel,
          asOf: Nullable(
            Stamp(
              'The newest block that buckets of this size held just before these were read, also past `to`: they are at least as new. Null while none is held',
            ),
          ),
          lag: Lag,
          sync: SyncNote,
          coverage: Nullable(
            Type.Object(
              {
                fromBlock: Count('The lowest block of the buckets'),
                toBlock: Count('The highest block of the buckets'),
                complete: Type.Boolean({
                  description:
                    'No block between these two is missing. Whether the first and the last bucket are whole is said by themselves',
                }),
              },
              { ...closed, description: 'Null where there are no buckets' },
            ),
          ),
          buckets: Type.Array(
            Type.Object(
              {
                ...bucketState,
                figures: Type.Record(
                  Type.String(),
                  AnyValue('Of the metric over the whole bucket: digits for wei and gas; null where there is none'),
                  { description: 'The metrics asked for, by id' },
                ),
              },
              { ...closed, description: 'What happened in a minute, an hour or a day' },
            ),
            { description: 'Oldest first. Those without a block are left out' },
          ),
        },
        closed,
      ),
      { description: 'In the order in which they are named' },
    ),
  },
  closed,
);
export type SeriesAnswer = Static<typeof SeriesAnswer>;
