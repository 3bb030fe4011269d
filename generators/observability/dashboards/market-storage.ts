import type { Section } from './dashboard.ts';
import { chart } from './panels.ts';
import { buckets, maxBy, quantile, rate, select, series, sumBy } from './queries.ts';

/** From memory to the stores, and what waits on disk. `programs` is the matcher of the market's own. */
export function renderStorage(programs: string): Section {
  const quantiles = (key: 'marketFlush' | 'marketDurable') =>
    [0.5, 0.99].map((share) => ({
      expr: quantile(share, 'queue', buckets(key)),
      legend: `{{queue}} p${share * 100}`,
    }));
  return {
    title: 'Storage',
    panels: [
      chart({
        title: 'Receive to durable',
        description:
          'Of the oldest record of each batch, from its receipt to its commit: the interval of a flush, and the flush',
        unit: 's',
        width: 6,
        queries: quantiles('marketDurable'),
      }),
      chart({
        title: 'Flushes',
        description: 'Time to commit a batch',
        unit: 's',
        width: 6,
        queries: quantiles('marketFlush'),
      }),
      chart({
        title: 'Rows in memory',
        description: 'That no store and no disk has yet: what a crash would lose',
        unit: 'short',
        width: 6,
        queries: [{ expr: sumBy('queue', series('marketBufferedRows')), legend: '{{queue}}' }],
      }),
      chart({
        title: 'Database connections',
        description:
          'Of our pods to PostgreSQL: busy, idle, and callers that wait for one; a rented one of 8 GB has 197',
        unit: 'short',
        width: 6,
        stacked: true,
        queries: [{ expr: sumBy('state', series('databaseConnections', programs)), legend: '{{state}}' }],
      }),
      chart({
        title: 'Disk that waits for a store',
        description: 'Share of what may wait; half raises SpillFilling, and at the end rows are lost',
        unit: 'percentunit',
        width: 6,
        max: 1,
        queries: [
          {
            expr: maxBy('pod, queue', `${series('marketSpillBytes')} / ${series('marketSpillLimit')}`),
            legend: '{{pod}} {{queue}}',
          },
        ],
      }),
      chart({
        title: 'Batches on disk',
        description: 'That wait for their store; they are drained in order',
        unit: 'short',
        width: 6,
        queries: [{ expr: sumBy('pod, queue', series('marketSpillBatches')), legend: '{{pod}} {{queue}}' }],
      }),
      chart({
        title: 'Rows lost',
        description: 'In the last hour, as memory and disk were full; the gaps are on record',
        unit: 'short',
        width: 6,
        queries: [{ expr: sumBy('queue', `increase(${series('marketDroppedRows')}[1h])`), legend: '{{queue}}' }],
      }),
      chart({
        title: 'Batches refused',
        description: 'By their store for what is in them, in the last hour; put aside on disk',
        unit: 'short',
        width: 6,
        queries: [{ expr: sumBy('queue', `increase(${series('marketDeadLetters')}[1h])`), legend: '{{queue}}' }],
      }),
    ],
  };
}

/** What the market's own programs take. */
export function renderMarketPrograms(programs: string): Section {
  return {
    title: 'Processes',
    panels: [
      chart({
        title: 'Memory',
        description: 'Resident, by pod; flat, whatever the exchange does',
        unit: 'bytes',
        width: 6,
        queries: [{ expr: maxBy('pod', select('process_resident_memory_bytes', programs)), legend: '{{pod}}' }],
      }),
      chart({
        title: 'Updates that wait for a snapshot',
        description: 'Bytes kept in memory, within their bound',
        unit: 'bytes',
        width: 6,
        queries: [{ expr: sumBy('market', series('marketWaitingBytes')), legend: '{{market}}' }],
      }),
      chart({
        title: 'CPU',
        description: 'Cores, by pod',
        unit: 'short',
        width: 6,
        queries: [{ expr: sumBy('pod', rate(select('process_cpu_seconds_total', programs))), legend: '{{pod}}' }],
      }),
      chart({
        title: 'WebSocket clients',
        description: 'Of the market API now, and those it sent away in the last hour, by why',
        unit: 'short',
        width: 6,
        queries: [
          { expr: `sum(${series('marketClients')})`, legend: 'connected' },
          { expr: sumBy('reason', `increase(${series('marketClientsDropped')}[1h])`), legend: 'sent away: {{reason}}' },
        ],
      }),
    ],
  };
}
