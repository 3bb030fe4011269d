import type { Protocol } from '../../../catalog/schema/protocol.ts';
import { clickhouseSource, statement } from './clickhouse-source.ts';
import { createDashboard, type Dashboard, labelVariable, sourceVariable } from './dashboard.ts';
import { chart, table } from './panels.ts';
import { series } from './queries.ts';

// biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana fills it in
const chosen = 'network = ${network:singlequote}';

/**
 * What is on the screen, of one network. Tables are ordered by network and number and not by time, so the number at which
 * the time begins is looked up among the blocks, which are few, rather than in what they hold.
 */
const onScreen = [
  `WHERE ${chosen}`,
  `  AND number > (SELECT max(number) FROM chain_blocks WHERE ${chosen} AND timestamp < $__fromTime)`,
  '  AND $__timeFilter(timestamp)',
];
const perSecond = 'count() / $__interval_s';
const mostRows = 20;

/** Protocol Activity of the brief: what the protocols of the catalog emit on one network, and what else is used there. */
export function renderProtocolActivity(protocols: readonly Protocol[]): Dashboard {
  const active = protocols.filter(({ status }) => status === 'active');
  return createDashboard({
    id: 'protocol-activity',
    title: 'Protocol Activity',
    description:
      'Events and transactions of one network, from the canonical chain alone: what a reorganisation took back is not counted.',
    sources: active.map(({ id }) => `protocol/${id}`),
    // Each look asks ClickHouse for what is on the screen.
    refresh: '5m',
    variables: [
      sourceVariable('clickhouse', 'Chain data', clickhouseSource),
      labelVariable('network', 'Network', series('syncedBlock')),
    ],
    sections: [
      {
        title: 'Protocols of the catalog on $network',
        panels: [
          chart({
            title: 'Events',
            description:
              'Events a second that the contracts of each protocol emit; a protocol that is not on the network is left out',
            unit: 'short',
            width: 24,
            height: 10,
            source: clickhouseSource,
            targets: active.map(({ id, name, contracts }) =>
              statement(id, 'timeseries', [
                `SELECT $__timeInterval(timestamp) AS time, ${perSecond} AS ${quoted('"', name)}`,
                'FROM chain_logs FINAL',
                ...onScreen,
                '  AND (network, address) IN (',
                contracts
                  .map(({ network, address }) => `    (${quoted("'", network)}, ${quoted("'", address.toLowerCase())})`)
                  .join(',\n'),
                '  )',
                'GROUP BY time ORDER BY time',
              ]),
            ),
          }),
        ],
      },
      {
        title: 'Everything on $network',
        panels: [
          chart({
            title: 'Transactions',
            description: 'A second: all of them, and those that failed',
            unit: 'short',
            width: 8,
            source: clickhouseSource,
            targets: [
              statement('A', 'timeseries', [
                `SELECT $__timeInterval(timestamp) AS time, ${perSecond} AS "all", countIf(status = 0) / $__interval_s AS "failed"`,
                'FROM chain_txs FINAL',
                ...onScreen,
                'GROUP BY time ORDER BY time',
              ]),
            ],
          }),
          chart({
            title: 'Senders',
            description: 'Addresses that sent a transaction in each step of the chart, about',
            unit: 'short',
            width: 8,
            source: clickhouseSource,
            targets: [
              statement('A', 'timeseries', [
                'SELECT $__timeInterval(timestamp) AS time, uniq(sender) AS "senders"',
                'FROM chain_txs FINAL',
                ...onScreen,
                'GROUP BY time ORDER BY time',
              ]),
            ],
          }),
          chart({
            title: 'New contracts',
            description: 'Made by a transaction of their own, in each step of the chart',
            unit: 'short',
            width: 8,
            source: clickhouseSource,
            targets: [
              statement('A', 'timeseries', [
                'SELECT $__timeInterval(timestamp) AS time, count(contract_address) AS "contracts"',
                'FROM chain_txs FINAL',
                ...onScreen,
                'GROUP BY time ORDER BY time',
              ]),
            ],
          }),
          table({
            title: 'Busiest contracts',
            description: `The ${mostRows} that emit the most events: one that is not of the catalog may be worth adding`,
            unit: 'short',
            width: 12,
            height: 12,
            source: clickhouseSource,
            targets: [
              statement('A', 'table', [
                'SELECT address, count() AS events, uniq(topic0) AS kinds',
                'FROM chain_logs FINAL',
                ...onScreen,
                `GROUP BY address ORDER BY events DESC LIMIT ${mostRows}`,
              ]),
            ],
          }),
          table({
            title: 'Most called methods',
            description: `The ${mostRows} that most transactions call, by contract and selector`,
            unit: 'short',
            width: 12,
            height: 12,
            source: clickhouseSource,
            targets: [
              statement('A', 'table', [
                'SELECT recipient, method, count() AS calls, countIf(status = 0) AS failed',
                'FROM chain_txs FINAL',
                ...onScreen,
                '  AND method IS NOT NULL',
                `GROUP BY recipient, method ORDER BY calls DESC LIMIT ${mostRows}`,
              ]),
            ],
          }),
        ],
      },
    ],
  });
}

function quoted(mark: '"' | "'", text: string): string {
  return `${mark}${text.replaceAll('\\', '\\\\').replaceAll(mark, `\\${mark}`)}${mark}`;
}
