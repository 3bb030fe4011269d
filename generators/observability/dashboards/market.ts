import type { Pool } from '../../../catalog/schema/pool.ts';
import { createDashboard, type Dashboard, labelVariable, type Section } from './dashboard.ts';
import { renderBooks, renderExchange } from './market-books.ts';
import { renderMarketPrograms, renderStorage } from './market-storage.ts';
import { chart, number, table } from './panels.ts';
import { among, buckets, maxBy, orZero, quantile, rate, series, sumBy } from './queries.ts';

const chosen = 'symbol=~"$symbol"';
const programs = among('job', ['market-api', 'market-collector']);

/**
 * Market of the brief: throughput by symbol, database connections, memory, network and errors; and what tells whether a book
 * can be believed.
 */
export function renderMarket(pool: Pool): Dashboard {
  return createDashboard({
    id: 'market',
    title: 'Market',
    description: 'The order books: what comes in, whether the books are whole, and how it is stored.',
    sources: [`pool/${pool.id}`, 'service/market-api', 'service/market-collector'],
    variables: [labelVariable('symbol', 'Pair', series('recordsInserted')).multi(true).includeAll(true)],
    sections: [
      glance(),
      throughput(),
      renderExchange(),
      renderBooks(chosen),
      renderStorage(programs),
      renderMarketPrograms(programs),
    ],
  });
}

function glance(): Section {
  return {
    title: 'At a glance',
    panels: [
      number({
        title: 'Records',
        description:
          'Committed to PostgreSQL a second, of all pairs; under two thirds of what is asked raises LowDataIngestion',
        unit: 'short',
        width: 4,
        queries: [{ expr: `sum(${rate(series('recordsInserted'))})`, legend: 'records/s' }],
      }),
      number({
        title: 'Books that are not live',
        description: 'Pairs that wait for a snapshot; right after a start there are many, one by one fewer',
        unit: 'short',
        width: 4,
        thresholds: [[1, 'yellow']],
        queries: [{ expr: orZero(`sum(${series('marketSymbols', 'state="waiting"')})`), legend: 'books' }],
      }),
      number({
        title: 'Open gaps',
        description: 'Pairs whose book has a gap now; one of five minutes raises BookGapOpen',
        unit: 'short',
        width: 4,
        thresholds: [[1, 'red']],
        queries: [{ expr: orZero(`sum(${maxBy('symbol', series('marketGapOpen'))})`), legend: 'gaps' }],
      }),
      number({
        title: 'Errors',
        description: 'A second, of the exchange and of our stores; 0.1 of one source raises HighErrorRate',
        unit: 'short',
        width: 4,
        decimals: 2,
        thresholds: [[0.1, 'red']],
        queries: [{ expr: orZero(`sum(${rate(series('collectorErrors'))})`), legend: 'errors/s' }],
      }),
      number({
        title: 'Databases away',
        description: 'Stores that some pod cannot reach; one minute raises DatabaseConnectionFailed',
        unit: 'short',
        width: 4,
        thresholds: [[1, 'red']],
        queries: [{ expr: orZero(`count(min by (store) (${series('databaseUp', programs)}) == 0)`), legend: 'stores' }],
      }),
      number({
        title: 'Receive to durable',
        description:
          'What the oldest records of 99 of 100 batches take from their receipt to their commit; all others take less',
        unit: 's',
        width: 4,
        thresholds: [
          [2, 'yellow'],
          [10, 'red'],
        ],
        queries: [{ expr: quantile(0.99, '', buckets('marketDurable', 'queue="records"')), legend: 'p99' }],
      }),
    ],
  };
}

function throughput(): Section {
  return {
    title: 'Throughput',
    panels: [
      chart({
        title: 'Records by pair',
        description: 'Committed a second, of the ten busiest of the pairs chosen above',
        unit: 'short',
        width: 12,
        queries: [
          { expr: `topk(10, ${sumBy('symbol', rate(series('recordsInserted', chosen)))})`, legend: '{{symbol}}' },
        ],
      }),
      chart({
        title: 'Rows by kind',
        description: 'Committed to PostgreSQL a second',
        unit: 'short',
        width: 6,
        stacked: true,
        queries: [{ expr: sumBy('kind', rate(series('marketRowsByKind'))), legend: '{{kind}}' }],
      }),
      chart({
        title: 'Bars',
        description: 'Committed to ClickHouse a second: one of each pair for each of its seconds and minutes',
        unit: 'short',
        width: 6,
        queries: [{ expr: sumBy('interval', rate(series('marketBars'))), legend: '{{interval}}' }],
      }),
      table({
        title: 'Quietest pairs',
        description:
          'Time since the last update of the book, of the twenty longest silent; some pairs are traded once in minutes',
        unit: 's',
        width: 24,
        queries: [
          {
            expr: `topk(20, time() - ${maxBy('symbol', series('marketBookUpdated', chosen))})`,
            legend: 'silent for',
          },
        ],
      }),
    ],
  };
}
