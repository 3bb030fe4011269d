import { createDashboard, type Dashboard, labelVariable, pathOf } from './dashboard.ts';
import { bars, chart, table } from './panels.ts';
import { maxBy, series } from './queries.ts';

const weiPerGwei = 1e9;
const chosen = 'network=~"$network"';
const execution = feeOf('l2');
const publishing = feeOf('l1');

/** Gas Fee Analysis of the brief: what a transaction costs, and which part of it L1 takes. */
export function renderGasFees(): Dashboard {
  const legend = '{{network}}';
  const gwei = (fee: string) => `${fee} / ${weiPerGwei}`;
  const total = `(${execution} + ${publishing}) or ${execution}`;
  return createDashboard({
    id: 'gas-fees',
    title: 'Gas Fee Analysis',
    description:
      "Mean fee of a transaction of the last block, in Gwei of each network's own coin: coins are of unlike worth, so compare a network with itself, and others of its coin.",
    sources: ['service/chain-sync'],
    variables: [labelVariable('network', 'Network', series('gasFee')).multi(true).includeAll(true)],
    sections: [
      {
        title: 'Now',
        panels: [
          bars({
            title: 'Fee of a transaction',
            description: 'Execution and publishing to L1 together, Gwei; the dearest first',
            unit: 'short',
            width: 8,
            height: 12,
            link: {
              title: 'Performance of this network',
              // biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana fills it in
              url: pathOf('network-performance', { network: '${__field.labels.network}' }),
            },
            queries: [{ expr: `sort_desc(${gwei(`(${total})`)})`, legend }],
          }),
          bars({
            title: "L1's share of the fee",
            description: 'What publishing to L1 is of the whole; only networks that tell of it',
            unit: 'percentunit',
            width: 8,
            height: 12,
            max: 1,
            queries: [{ expr: `sort_desc(${publishing} / (${execution} + ${publishing}))`, legend }],
          }),
          bars({
            title: 'Beside its own day',
            description: 'The fee now as a multiple of its mean of the last day: 1 is as usual, 2 is twice that',
            unit: 'short',
            width: 8,
            height: 12,
            decimals: 2,
            thresholds: [
              [2, 'yellow'],
              [5, 'red'],
            ],
            queries: [
              { expr: `sort_desc(${execution} / ${maxBy('network', `avg_over_time(${seriesOf('l2')}[1d])`)})`, legend },
            ],
          }),
        ],
      },
      {
        title: 'Over time',
        panels: [
          chart({
            title: 'Execution',
            description: 'What a transaction of the last block paid on the network itself, Gwei',
            unit: 'short',
            width: 12,
            height: 10,
            queries: [{ expr: gwei(execution), legend }],
          }),
          chart({
            title: 'Publishing to L1',
            description: 'What a transaction of the last block paid for its place on L1, Gwei',
            unit: 'short',
            width: 12,
            height: 10,
            queries: [{ expr: gwei(publishing), legend }],
          }),
        ],
      },
      {
        title: 'Figures',
        panels: [
          table({
            title: 'Fees by network, Gwei',
            description: 'Now, and means and extremes of the last day, of execution',
            unit: 'short',
            width: 24,
            queries: [
              { expr: gwei(execution), legend: 'execution' },
              { expr: gwei(publishing), legend: 'L1' },
              { expr: gwei(maxBy('network', `avg_over_time(${seriesOf('l2')}[1d])`)), legend: 'mean of the day' },
              { expr: gwei(maxBy('network', `min_over_time(${seriesOf('l2')}[1d])`)), legend: 'least' },
              { expr: gwei(maxBy('network', `max_over_time(${seriesOf('l2')}[1d])`)), legend: 'most' },
            ],
          }),
        ],
      },
    ],
  });
}

function feeOf(layer: 'l1' | 'l2'): string {
  return maxBy('network', seriesOf(layer));
}

function seriesOf(layer: 'l1' | 'l2'): string {
  return series('gasFee', chosen, `layer="${layer}"`);
}
