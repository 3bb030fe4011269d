import { behindBlocks } from '../followed-networks.ts';
import { createDashboard, type Dashboard, labelVariable } from './dashboard.ts';
import { chart, number } from './panels.ts';
import { buckets, maxBy, quantile, rate, series, sumBy } from './queries.ts';

const chosen = 'network="$network"';

/** Network Performance of the brief: one network, chosen at the top, from its head to what the stores make of it. */
export function renderNetworkPerformance(): Dashboard {
  const head = maxBy('network', series('headBlock', chosen));
  const synced = maxBy('network', series('syncedBlock', chosen));
  const speed = maxBy('network', series('syncSpeed', chosen));
  const remaining = maxBy('network', series('backfillRemaining', chosen));
  return createDashboard({
    id: 'network-performance',
    title: 'Network Performance',
    description: 'One network: how well we follow it, how its endpoints answer, what becomes of its blocks.',
    sources: ['service/chain-sync'],
    variables: [labelVariable('network', 'Network', series('headBlock'))],
    sections: [
      {
        title: '$network now',
        panels: [
          number({
            title: 'Head',
            description: 'The last block the network is known to have',
            unit: 'locale',
            width: 4,
            queries: [{ expr: head, legend: 'head' }],
          }),
          number({
            title: 'Behind',
            description: 'Blocks that the network has and we do not',
            unit: 'short',
            width: 4,
            thresholds: [
              [behindBlocks / 2, 'yellow'],
              [behindBlocks, 'red'],
            ],
            queries: [{ expr: `${head} - ${synced}`, legend: 'behind' }],
          }),
          number({
            title: 'Sync speed',
            description: 'Blocks committed a second, over the last 30 seconds',
            unit: 'short',
            width: 4,
            queries: [{ expr: speed, legend: 'blocks/s' }],
          }),
          number({
            title: 'Failed requests',
            description: 'Share of the requests to its endpoints that failed, over the last 5 minutes',
            unit: 'percentunit',
            width: 4,
            thresholds: [
              [0.1, 'yellow'],
              [0.5, 'red'],
            ],
            queries: [{ expr: maxBy('network', series('syncErrorRate', chosen)), legend: 'failed' }],
          }),
          number({
            title: 'Finality',
            description: 'Age of the newest final block when it was seen to be final',
            unit: 's',
            width: 4,
            queries: [{ expr: maxBy('network', series('finalityTime', chosen)), legend: 'finality' }],
          }),
          number({
            title: 'Reorganisations',
            description: 'Followed in the last day; none is lost, their depth is below',
            unit: 'short',
            width: 4,
            queries: [{ expr: `sum(increase(${series('reorgs', chosen)}[1d]))`, legend: 'reorgs' }],
          }),
        ],
      },
      {
        title: 'Following the chain',
        panels: [
          chart({
            title: 'Behind the head',
            description: 'Blocks that the network has and we do not: flat is well, a slope is an endpoint too slow',
            unit: 'short',
            width: 8,
            queries: [{ expr: `${head} - ${synced}`, legend: 'behind' }],
          }),
          chart({
            title: 'Blocks processed',
            description: 'Blocks committed a second, beside those that the network makes',
            unit: 'short',
            width: 8,
            queries: [
              { expr: sumBy('network', rate(series('blocksProcessed', chosen))), legend: 'committed' },
              { expr: maxBy('network', rate(series('headBlock', chosen))), legend: 'made' },
            ],
          }),
          chart({
            title: 'Transactions processed',
            description: 'Transactions committed a second, those added again after a reorganisation included',
            unit: 'short',
            width: 8,
            queries: [
              { expr: sumBy('network', rate(series('transactionsProcessed', chosen))), legend: 'transactions/s' },
            ],
          }),
          chart({
            title: 'History to fetch',
            description: 'Blocks below the head that are wanted and not held yet',
            unit: 'short',
            width: 8,
            queries: [{ expr: remaining, legend: 'blocks' }],
          }),
          chart({
            title: 'Finality',
            description: 'Age of the newest final block when it was seen to be final',
            unit: 's',
            width: 8,
            queries: [{ expr: maxBy('network', series('finalityTime', chosen)), legend: 'finality' }],
          }),
          chart({
            title: 'Depth of reorganisations',
            description: 'Blocks replaced: the median, and what 99 of 100 stay under',
            unit: 'short',
            width: 8,
            queries: [
              { expr: quantile(0.5, '', buckets('reorgDepth', chosen)), legend: 'median' },
              { expr: quantile(0.99, '', buckets('reorgDepth', chosen)), legend: '99 of 100' },
            ],
          }),
        ],
      },
      {
        title: 'Endpoints',
        panels: [
          chart({
            title: 'Answered requests',
            description: 'By endpoint; a batch is one. The head goes first, history takes what is left of the budget.',
            unit: 'reqps',
            width: 12,
            stacked: true,
            queries: [{ expr: sumBy('endpoint', rate(series('syncRequests', chosen))), legend: '{{endpoint}}' }],
          }),
          chart({
            title: 'Failed requests',
            description: 'By endpoint and by what went wrong',
            unit: 'reqps',
            width: 12,
            queries: [
              { expr: sumBy('endpoint, kind', rate(series('syncErrors', chosen))), legend: '{{endpoint}} {{kind}}' },
            ],
          }),
        ],
      },
      {
        title: 'Stores',
        panels: [
          chart({
            title: 'Changes that the bus has not got yet',
            description: 'Committed, and still on their way: what reads the bus is this far behind at least',
            unit: 'short',
            width: 12,
            queries: [{ expr: maxBy('network', series('relayLag', chosen)), legend: 'changes' }],
          }),
          chart({
            title: 'Compression',
            description:
              'Bytes of the columns before compression to bytes on disk, by table of the timeseries store, all networks together',
            unit: 'short',
            width: 12,
            queries: [{ expr: maxBy('table', series('compressionRatio')), legend: '{{table}}' }],
          }),
        ],
      },
    ],
  });
}
