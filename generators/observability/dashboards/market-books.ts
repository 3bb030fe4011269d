import type { Section } from './dashboard.ts';
import { chart, table } from './panels.ts';
import { maxBy, rate, select, series, sumBy } from './queries.ts';

/** Streams and requests, and what the exchange makes of them. */
export function renderExchange(): Section {
  return {
    title: 'Exchange',
    panels: [
      chart({
        title: 'Streams',
        description:
          'Open connections to the exchange; two of one chunk while a new one takes over before the 24 h cut',
        unit: 'short',
        width: 6,
        queries: [{ expr: sumBy('market', series('marketConnections')), legend: '{{market}}' }],
      }),
      chart({
        title: 'Reconnects',
        description: 'In the last hour: those lost, and those replaced before their end, which lose nothing',
        unit: 'short',
        width: 6,
        queries: [
          {
            expr: sumBy('market, reason', `increase(${series('marketReconnects')}[1h])`),
            legend: '{{market}} {{reason}}',
          },
        ],
      }),
      chart({
        title: 'Messages',
        description: 'Received a second, by kind',
        unit: 'short',
        width: 6,
        stacked: true,
        queries: [{ expr: sumBy('kind', rate(series('marketMessages'))), legend: '{{kind}}' }],
      }),
      chart({
        title: 'Traffic',
        description: 'Bytes of the messages received, and what the pods receive and send in all, a second',
        unit: 'Bps',
        width: 6,
        queries: [
          { expr: sumBy('market', rate(series('marketReceivedBytes'))), legend: '{{market}} messages' },
          ...(['receive', 'transmit'] as const).map((way) => ({
            expr: sumBy('pod', rate(select(`container_network_${way}_bytes_total`, 'pod=~"market-.*"'))),
            legend: `{{pod}} ${way}`,
          })),
        ],
      }),
      chart({
        title: 'Errors',
        description: 'A second, by where they come from and what went wrong',
        unit: 'short',
        width: 6,
        queries: [{ expr: sumBy('source, kind', rate(series('collectorErrors'))), legend: '{{source}} {{kind}}' }],
      }),
      chart({
        title: 'Request weight',
        description:
          'Of the minute: what the exchange counted for our address, and what our processes may spend together',
        unit: 'short',
        width: 6,
        queries: [
          { expr: maxBy('market', series('marketWeightUsed')), legend: '{{market}} used' },
          { expr: sumBy('market', series('marketWeightBudget')), legend: '{{market}} budget' },
        ],
      }),
      chart({
        title: 'Snapshots',
        description:
          'Joined to their books in the last 5 minutes, requests that were refused or failed, and pairs that wait for their turn',
        unit: 'short',
        width: 6,
        queries: [
          { expr: sumBy('result', `increase(${series('marketSnapshots')}[5m])`), legend: '{{result}}' },
          { expr: `sum(${series('marketSnapshotsWanted')})`, legend: 'waiting' },
        ],
      }),
      chart({
        title: 'Refused',
        description: '1 while the exchange wants no requests or streams of us: 429 for too much, 418 for a ban',
        unit: 'short',
        width: 6,
        queries: [{ expr: maxBy('market, status', series('marketRefused')), legend: '{{market}} {{status}}' }],
      }),
    ],
  };
}

/** Whether the books are whole. `chosen` is the matcher of the pairs that are looked at. */
export function renderBooks(chosen: string): Section {
  return {
    title: 'Books',
    panels: [
      chart({
        title: 'Books by state',
        description: 'live: followed without a gap · waiting: for a snapshot · out: not traded by the exchange',
        unit: 'short',
        width: 8,
        stacked: true,
        queries: [{ expr: sumBy('state', series('marketSymbols')), legend: '{{state}}' }],
      }),
      chart({
        title: 'Gaps found',
        description:
          'In the last hour, by reason; crossed and ticker are books that were wrong without a break in the numbers',
        unit: 'short',
        width: 8,
        queries: [
          { expr: sumBy('reason', `increase(${series('marketGapsOpened', chosen)}[1h])`), legend: '{{reason}}' },
        ],
      }),
      chart({
        title: 'Made whole again',
        description: 'Books joined to a new snapshot, in the last hour',
        unit: 'short',
        width: 8,
        queries: [
          {
            expr: `topk(10, ${sumBy('symbol', `increase(${series('marketResyncs', chosen)}[1h])`)} > 0)`,
            legend: '{{symbol}}',
          },
        ],
      }),
      table({
        title: 'Not as the catalog has it',
        description: 'What the exchange says of pairs: each one raises ExchangeFinding',
        unit: 'short',
        width: 12,
        hide: ['Value'],
        queries: [{ expr: `${maxBy('symbol, finding', series('marketExchangeFindings'))} == 1`, legend: 'Value' }],
      }),
      chart({
        title: 'Messages that cannot be read',
        description: 'In the last hour, by pair; each opens a gap of that pair alone',
        unit: 'short',
        width: 12,
        queries: [
          {
            expr: `topk(10, ${sumBy('symbol', `increase(${series('marketGarbage')}[1h])`)} > 0)`,
            legend: '{{symbol}}',
          },
        ],
      }),
    ],
  };
}
