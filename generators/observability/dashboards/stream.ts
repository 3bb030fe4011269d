import type { Pool } from '../../../catalog/schema/pool.ts';
import { createDashboard, type Dashboard, type Section } from './dashboard.ts';
import { chart, number } from './panels.ts';
import { buckets, maxBy, orZero, quantile, rate, select, series, sumBy } from './queries.ts';

/** From the outbox over the bus into the time series: how much, how far behind, and what did not get through. */
export function renderStream(pool: Pool): Dashboard {
  return createDashboard({
    id: 'stream-processing',
    title: 'Stream processing',
    description: 'What goes over the bus, who is behind on it, and the windows that are made of it.',
    sources: [`pool/${pool.id}`, 'service/chain-sync', 'service/stream-processor', 'service/analytics-api'],
    sections: [glance(), relay(), consumers(), windows(), toldAtOnce()],
  });
}

/** Of a partition that has changed hands, two members tell for a while: the greater counts once. */
export const behind = `sum by (group) (max by (topic, group, partition) (${series('busLag')}))`;

function glance(): Section {
  return {
    title: 'At a glance',
    panels: [
      number({
        title: 'Not on the bus yet',
        description:
          'Committed changes that wait in the outbox, of all networks; with none taken RelayStalled is raised',
        unit: 'short',
        width: 6,
        thresholds: [
          [1_000, 'yellow'],
          [10_000, 'red'],
        ],
        queries: [{ expr: orZero(`sum(${maxBy('network', series('relayLag'))})`), legend: 'changes' }],
      }),
      number({
        title: 'Not done yet',
        description: 'Records that groups are behind, all together; ten thousand of one group raise ConsumerBehind',
        unit: 'short',
        width: 6,
        thresholds: [
          [1_000, 'yellow'],
          [10_000, 'red'],
        ],
        queries: [{ expr: orZero(`sum(${behind})`), legend: 'records' }],
      }),
      number({
        title: 'Partitions at rest',
        description: 'That wait after a failure; five minutes of it raise PartitionResting',
        unit: 'short',
        width: 6,
        thresholds: [[1, 'yellow']],
        queries: [{ expr: orZero(`sum(${series('busResting')})`), legend: 'partitions' }],
      }),
      number({
        title: 'Put aside',
        description: 'Records of the last day that could not be taken in; each raises DeadLetters',
        unit: 'short',
        width: 6,
        thresholds: [[1, 'red']],
        queries: [{ expr: orZero(`sum(increase(${series('busDeadLetters')}[1d]))`), legend: 'records' }],
      }),
    ],
  };
}

function relay(): Section {
  return {
    title: 'Onto the bus',
    panels: [
      chart({
        title: 'Changes that wait',
        description: 'In the outbox, by network',
        unit: 'short',
        width: 8,
        queries: [{ expr: maxBy('network', series('relayLag')), legend: '{{network}}' }],
      }),
      chart({
        title: 'Records published',
        description: 'That brokers hold, a second, by topic',
        unit: 'short',
        width: 8,
        queries: [{ expr: sumBy('topic', rate(series('busPublished'))), legend: '{{topic}}' }],
      }),
      chart({
        title: 'Time of a round',
        description: 'Until the bus has taken what the relay read at once',
        unit: 's',
        width: 8,
        queries: [0.5, 0.99].map((share) => ({
          expr: quantile(share, '', buckets('relayPublish')),
          legend: `p${share * 100}`,
        })),
      }),
    ],
  };
}

function consumers(): Section {
  return {
    title: 'From the bus',
    panels: [
      chart({
        title: 'Behind',
        description: 'Records not done, by group: what the autoscaler of the stream processor goes by',
        unit: 'short',
        width: 8,
        queries: [{ expr: behind, legend: '{{group}}' }],
      }),
      chart({
        title: 'Behind, as the brokers count',
        description: 'By group, those that nobody is a member of too',
        unit: 'short',
        width: 8,
        queries: [
          {
            expr: sumBy('consumergroup', select('kafka_consumergroup_lag', 'topic!~"__.*"')),
            legend: '{{consumergroup}}',
          },
        ],
      }),
      chart({
        title: 'Records done',
        description: 'A second, by group; those done again included',
        unit: 'short',
        width: 8,
        queries: [{ expr: sumBy('group', rate(series('busConsumed'))), legend: '{{group}}' }],
      }),
      chart({
        title: 'Time of a batch',
        description: 'From when it is given to when its sink has it; one in a hundred takes longer',
        unit: 's',
        width: 8,
        queries: [{ expr: quantile(0.99, 'group', buckets('busHandling')), legend: '{{group}}' }],
      }),
      chart({
        title: 'Batches given again',
        description: 'That failed, a second, by group',
        unit: 'short',
        width: 8,
        queries: [{ expr: sumBy('group', rate(series('busRetries'))), legend: '{{group}}' }],
      }),
      chart({
        title: 'Held in memory',
        description: 'Fetched and not done yet, by pod and group: it is bounded, and fetching waits at the bound',
        unit: 'bytes',
        width: 8,
        queries: [{ expr: sumBy('pod, group', series('busHeld')), legend: '{{pod}} {{group}}' }],
      }),
      chart({
        title: 'Put aside',
        description: 'Records that could not be taken in, in the last hour, by topic and reason',
        unit: 'short',
        width: 24,
        queries: [
          {
            expr: sumBy('topic, reason', `increase(${series('busDeadLetters')}[1h])`),
            legend: '{{topic}} {{reason}}',
          },
        ],
      }),
    ],
  };
}

function windows(): Section {
  return {
    title: 'Windows',
    panels: [
      chart({
        title: 'Age of the time series',
        description: 'Since the newest block of each network that they have',
        unit: 's',
        width: 8,
        queries: [{ expr: `time() - ${maxBy('network', series('chainWatermark'))}`, legend: '{{network}}' }],
      }),
      chart({
        title: 'Computed anew',
        description: 'Windows a second, by their size',
        unit: 'short',
        width: 8,
        queries: [{ expr: sumBy('size', rate(series('chainWindows'))), legend: '{{size}}' }],
      }),
      chart({
        title: 'Time of a window',
        description: 'Mean of those computed, by their size',
        unit: 's',
        width: 8,
        queries: [
          {
            expr: `${sumBy('size', rate(series('chainWindowSeconds')))} / ${sumBy('size', rate(series('chainWindows')))}`,
            legend: '{{size}}',
          },
        ],
      }),
      chart({
        title: 'Late changes',
        description: 'Blocks that came or went after their minute was closed, a second: they are applied all the same',
        unit: 'short',
        width: 8,
        queries: [{ expr: sumBy('network', rate(series('chainLateChanges'))), legend: '{{network}}' }],
      }),
      chart({
        title: 'Bars',
        description: 'Stored a second, by their length',
        unit: 'short',
        width: 8,
        queries: [{ expr: sumBy('interval', rate(series('marketBars'))), legend: '{{interval}}' }],
      }),
      chart({
        title: 'Age of bars',
        description: 'Since the newest second of any pair that came from the bus; two minutes raise BarsBehind',
        unit: 's',
        width: 8,
        queries: [{ expr: `time() - max(${series('marketWatermark')})`, legend: 'bars' }],
      }),
    ],
  };
}

function toldAtOnce(): Section {
  return {
    title: 'Told at once',
    panels: [
      chart({
        title: 'WebSocket clients',
        description: 'Of the analytics API, by pod',
        unit: 'short',
        width: 8,
        queries: [{ expr: sumBy('pod', series('analyticsClients')), legend: '{{pod}}' }],
      }),
      chart({
        title: 'Messages',
        description: 'Sent to them a second',
        unit: 'short',
        width: 8,
        queries: [{ expr: `sum(${rate(series('analyticsClientMessages'))})`, legend: 'messages' }],
      }),
      chart({
        title: 'Sent away',
        description: 'In the last hour, by why',
        unit: 'short',
        width: 8,
        queries: [
          { expr: sumBy('reason', `increase(${series('analyticsClientsDropped')}[1h])`), legend: '{{reason}}' },
        ],
      }),
    ],
  };
}
