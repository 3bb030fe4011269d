import type { Pool } from '../../../catalog/schema/pool.ts';
import { createDashboard, type Dashboard } from './dashboard.ts';
import { chart, number } from './panels.ts';
import { rate, select } from './queries.ts';

const slotSeconds = 12;

/** The Ethereum nodes of a pool that runs them; undefined for the others. */
export function renderEthereumNodes({ id, workloads = [] }: Pool): Dashboard | undefined {
  if (!workloads.some((workload) => workload.id === 'geth')) return undefined;
  return createDashboard({
    id: 'ethereum-nodes',
    title: 'Ethereum Nodes',
    description: 'Geth and Lighthouse: in step with the chain, and with whom they speak.',
    sources: [`pool/${id}`],
    sections: [
      {
        title: 'Now',
        panels: [
          number({
            title: 'Geth: age of its head',
            description: `Blocks that it holds the headers of and has not executed, in seconds of ${slotSeconds} a block`,
            unit: 's',
            width: 6,
            thresholds: [
              [5 * slotSeconds, 'yellow'],
              [25 * slotSeconds, 'red'],
            ],
            queries: [{ expr: `(max(chain_head_header) - max(chain_head_block)) * ${slotSeconds}`, legend: 'behind' }],
          }),
          number({
            title: 'Lighthouse: slots behind',
            description: 'Slots since its head, by the clock; one or two are usual',
            unit: 'short',
            width: 6,
            thresholds: [
              [4, 'yellow'],
              [32, 'red'],
            ],
            queries: [{ expr: 'max(slotclock_present_slot) - max(beacon_head_state_slot)', legend: 'slots' }],
          }),
          number({
            title: 'Epochs to finality',
            description:
              'Between the present and the last final one; two are usual, more is the whole network’s matter',
            unit: 'short',
            width: 6,
            thresholds: [
              [4, 'yellow'],
              [8, 'red'],
            ],
            queries: [
              { expr: 'max(slotclock_present_epoch) - max(beacon_head_state_finalized_epoch)', legend: 'epochs' },
            ],
          }),
          number({
            title: 'Volumes',
            description: 'Share that is taken of the fullest: chain data only grows',
            unit: 'percentunit',
            width: 6,
            thresholds: [
              [0.8, 'yellow'],
              [0.9, 'red'],
            ],
            queries: [
              {
                expr: `1 - min(${volume('available')} / ${volume('capacity')})`,
                legend: 'taken',
              },
            ],
          }),
        ],
      },
      {
        title: 'Over time',
        panels: [
          chart({
            title: 'Heads',
            description: 'The last block executed and the last header held, by pod',
            unit: 'locale',
            width: 8,
            queries: [
              { expr: 'chain_head_block', legend: '{{pod}} block' },
              { expr: 'chain_head_header', legend: '{{pod}} header' },
            ],
          }),
          chart({
            title: 'Peers',
            description: 'Nodes that each is connected to',
            unit: 'short',
            width: 8,
            queries: [
              { expr: 'p2p_peers', legend: '{{pod}}' },
              { expr: 'libp2p_peers', legend: '{{pod}}' },
            ],
          }),
          chart({
            title: 'CPU',
            description: 'Cores, by container',
            unit: 'short',
            width: 8,
            queries: [
              {
                expr: `sum by (pod) (${rate(select('container_cpu_usage_seconds_total', 'container=~"geth|lighthouse"'))})`,
                legend: '{{pod}}',
              },
            ],
          }),
        ],
      },
    ],
  });
}

function volume(what: 'available' | 'capacity'): string {
  return select(`kubelet_volume_stats_${what}_bytes`, 'persistentvolumeclaim=~".*(geth|lighthouse).*"');
}
