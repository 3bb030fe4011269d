import type { Environment } from '../../../catalog/schema/environment.ts';
import type { Network } from '../../../catalog/schema/network.ts';
import { type Tier, tierOf, tiers } from '../../../catalog/tiers.ts';
import { behindBlocks, followedNetworks, usualBlockSeconds } from '../followed-networks.ts';
import { createDashboard, type Dashboard, pathOf, type Section } from './dashboard.ts';
import { bars, chart, number, type OwnThresholds, type Thresholds } from './panels.ts';
import { among, maxBy, orZero, rate, series, sumBy } from './queries.ts';

/** Times its block time at which a network's blocks come late, and at which it as good as stands still. */
const lateBlocks = { late: 3, stalled: 10 };
/** What a network that stands still is shown with, rather than with infinity. */
const slowestSeconds = 3600;

const toNetwork = {
  title: 'Performance of this network',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana fills it in
  url: pathOf('network-performance', { network: '${__field.labels.network}' }),
};

/** L2 Networks Overview of the brief: every network that the environment follows, those that matter most first. */
export function renderNetworksOverview(networks: readonly Network[], environment: Environment): Dashboard {
  const followed = followedNetworks(networks, environment);
  return createDashboard({
    id: 'l2-networks-overview',
    title: 'L2 Networks Overview',
    description: `The networks that ${environment.name} follows, by tier. A tier's alerts are as loud as it matters.`,
    sources: [`environment/${environment.name}`, ...followed.map(({ id }) => `network/${id}`)],
    sections: [
      renderTotals(followed.length),
      ...tiers.map((tier) =>
        renderTier(
          tier,
          followed.filter((network) => tierOf(network) === tier),
        ),
      ),
    ],
  });
}

const behind = `${maxBy('network', series('headBlock'))} - ${maxBy('network', series('syncedBlock'))}`;

function renderTotals(count: number): Section {
  const failed = `sum(${rate(series('syncErrors'))})`;
  return {
    title: 'All networks',
    panels: [
      number({
        title: 'Networks synced',
        description: `Networks whose head we see, of the ${count} that this environment follows`,
        unit: 'short',
        width: 4,
        thresholds: [[count, 'green']],
        queries: [{ expr: orZero(`count(${maxBy('network', series('headBlock'))})`), legend: 'synced' }],
      }),
      number({
        title: 'Behind',
        description: `Networks more than ${behindBlocks} blocks behind their head: each one raises NetworkBehind`,
        unit: 'short',
        width: 4,
        thresholds: [[1, 'red']],
        queries: [{ expr: orZero(`count(${behind} > ${behindBlocks})`), legend: 'behind' }],
      }),
      number({
        title: 'Blocks',
        description: 'Blocks committed a second, history included',
        unit: 'short',
        width: 4,
        queries: [{ expr: `sum(${rate(series('blocksProcessed'))})`, legend: 'blocks/s' }],
      }),
      number({
        title: 'Transactions',
        description: 'Transactions committed a second, history included',
        unit: 'short',
        width: 4,
        queries: [{ expr: `sum(${rate(series('transactionsProcessed'))})`, legend: 'transactions/s' }],
      }),
      number({
        title: 'Failed requests',
        description: 'Share of the requests to RPC endpoints that fail. Each is tried again, at another endpoint.',
        unit: 'percentunit',
        width: 4,
        thresholds: [
          [0.1, 'yellow'],
          [0.5, 'red'],
        ],
        queries: [{ expr: `${failed} / (${failed} + sum(${rate(series('syncRequests'))}))`, legend: 'failed' }],
      }),
      number({
        title: 'History to fetch',
        description: 'Blocks below the heads that are wanted and not held yet',
        unit: 'short',
        width: 4,
        queries: [{ expr: `sum(${maxBy('network', series('backfillRemaining'))})`, legend: 'blocks' }],
      }),
    ],
  };
}

function renderTier(tier: Tier, networks: readonly Network[]): Section | undefined {
  if (networks.length === 0) return undefined;
  const these = among(
    'network',
    networks.map(({ id }) => id),
  );
  const of = (key: Parameters<typeof series>[0]) => series(key, these);
  const legend = '{{network}}';
  const shown = { width: 6, height: 10, link: toNetwork };
  return {
    title: `Tier: ${tier}`,
    panels: [
      bars({
        ...shown,
        title: 'Behind the head',
        description: `Blocks that the network has and we do not. Red is what NetworkBehind is raised for.`,
        unit: 'short',
        thresholds: [
          [behindBlocks / 2, 'yellow'],
          [behindBlocks, 'red'],
        ],
        queries: [{ expr: `${maxBy('network', of('headBlock'))} - ${maxBy('network', of('syncedBlock'))}`, legend }],
      }),
      bars({
        ...shown,
        title: 'Seconds a block, as seen',
        description: `Mean of the last 15 minutes. Yellow from ${lateBlocks.late} times the network's block time on, red from ${lateBlocks.stalled} times; the bar ends at an hour.`,
        unit: 's',
        thresholds: lateAfter(usualBlockSeconds),
        own: ownThresholds(networks),
        queries: [
          { expr: `clamp_max(1 / ${maxBy('network', `rate(${of('headBlock')}[15m])`)}, ${slowestSeconds})`, legend },
        ],
      }),
      chart({
        ...shown,
        title: 'Sync speed',
        description: 'Blocks committed a second; above the pace of the network while history is fetched',
        unit: 'short',
        queries: [{ expr: maxBy('network', of('syncSpeed')), legend }],
      }),
      chart({
        ...shown,
        title: 'Errors',
        description: 'Failed requests to RPC endpoints a second, of all their kinds',
        unit: 'reqps',
        queries: [{ expr: sumBy('network', rate(of('syncErrors'))), legend }],
      }),
    ],
  };
}

/** Networks of one block time share their thresholds. */
function ownThresholds(networks: readonly Network[]): OwnThresholds[] {
  const timed = networks.filter(({ blockTimeSeconds }) => blockTimeSeconds !== undefined);
  const byTime = Map.groupBy(timed, ({ blockTimeSeconds = usualBlockSeconds }) => blockTimeSeconds);
  return [...byTime]
    .sort(([a], [b]) => a - b)
    .map(([seconds, those]) => ({ names: those.map(({ id }) => id), thresholds: lateAfter(seconds) }));
}

function lateAfter(blockSeconds: number): Thresholds {
  return [
    [blockSeconds * lateBlocks.late, 'yellow'],
    [blockSeconds * lateBlocks.stalled, 'red'],
  ];
}
