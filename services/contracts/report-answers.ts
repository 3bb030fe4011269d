import Type, { type Static } from 'typebox';
import { BucketAnswer, bucketState, networkLabel, noFigures, SpanAnswer, spanFreshness } from './analytics-answers.ts';
import { Figures, type MetricId } from './analytics-metrics.ts';
import { Stamp } from './chain-answers.ts';
import { Count, closed, Nullable } from './schema.ts';

// What reports have: metrics of each network over a span, and of those asked for by name also what does not add up, and buckets.

/** Which metrics each of the reports has: of all networks, and of those asked for by name also what does not add up. */
export const reportMetrics = {
  activity: {
    figures: [
      'blocks',
      'transactions',
      'tps',
      'userOperations',
      'userOperationsPerSecond',
      'failedTransactions',
      'failedShare',
      'contractCreations',
      'logs',
    ],
    details: ['activeSenders', 'activeAddresses'],
  },
  finality: {
    figures: ['blocks', 'blockTimeSeconds', 'blockTimeMaxSeconds', 'finalityMaxSeconds'],
    details: ['blockTimeP50Seconds', 'blockTimeP95Seconds', 'finalityP50Seconds', 'finalityP95Seconds'],
  },
  throughput: {
    figures: [
      'blocks',
      'transactions',
      'tps',
      'userOperationsPerSecond',
      'logs',
      'logsPerSecond',
      'gasUsed',
      'gasPerSecond',
      'gasUtilisation',
      'blockTimeSeconds',
    ],
    details: ['blockTimeP50Seconds', 'blockTimeP95Seconds'],
  },
} as const;
export type ReportName = keyof typeof reportMetrics;

/** What every report answers with, of these metrics. */
export function reportFields<const Figure extends MetricId, const Detail extends MetricId>(
  figures: readonly Figure[],
  details: readonly Detail[],
) {
  return {
    window: SpanAnswer,
    bucket: BucketAnswer('no networks are named'),
    networks: Type.Array(
      Type.Object(
        {
          ...spanFreshness,
          ...networkLabel,
          head: Nullable(Count('The last block the network is known to have')),
          finalBlock: Nullable(Count('The newest block that is final; null while none is known')),
          figures: Nullable(Figures(figures, `Over the span. ${noFigures}`)),
          details: Nullable(
            Type.Object(
              {
                asOf: Stamp(
                  'The block counted up to: that of the figures, or its successor of that number after a reorganisation which they do not know yet',
                ),
                figures: Figures(details, 'Over the span, counted from its transactions'),
              },
              {
                ...closed,
                description: `What does not add up. ${noFigures}, where no networks are named, and where some of the span was dropped for its age: of a network that stands still`,
              },
            ),
          ),
          buckets: Nullable(
            Type.Array(
              Type.Object(
                {
                  ...bucketState,
                  figures: Figures<Figure | Detail>([...figures, ...details], 'Over the whole bucket'),
                },
                { ...closed, description: 'What happened in a minute, an hour or a day' },
              ),
              {
                description:
                  'Those that share time with the span, oldest first; the first may begin before it. Those without a block are left out. Null where no networks are named',
              },
            ),
          ),
        },
        closed,
      ),
      { description: 'In the order in which they are named; all by id where none is' },
    ),
  };
}

function Report<const Name extends ReportName>(report: Name) {
  const { figures, details } = reportMetrics[report] as (typeof reportMetrics)[Name];
  return Type.Object(reportFields<(typeof figures)[number], (typeof details)[number]>(figures, details), closed);
}

export const ActivityAnswer = Report('activity');
export type ActivityAnswer = Static<typeof ActivityAnswer>;
export const FinalityAnswer = Report('finality');
export type FinalityAnswer = Static<typeof FinalityAnswer>;
export const ThroughputAnswer = Report('throughput');
export type ThroughputAnswer = Static<typeof ThroughputAnswer>;
