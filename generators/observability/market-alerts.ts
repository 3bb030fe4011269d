import { metrics } from '../../catalog/metrics.ts';
import type { Pair } from '../../catalog/schema/pair.ts';
import type { Service } from '../../catalog/schema/service.ts';
import { shardsOf } from '../../catalog/shards.ts';
import { type Alert, newIn, type RuleGroup } from './rule-group.ts';

/**
 * The brief reckons with 45 records a minute of a pair, 150 a second of 200, and calls less than 100 too few: two thirds. With a
 * pair's updates joined to one record a second, a pair that trades writes some two a second (book, ticker, trades), and a quiet one
 * as few as the brief says: so its figure holds.
 */
const leastPerSecondOfPair = (45 / 60) * (2 / 3);

/**
 * Alerts of the order books, where their collector runs. Three bear the brief's names and its figures, one of them,
 * DatabaseConnectionFailed, among the alerts of every service that has a database.
 */
export function marketAlerts(services: readonly Service[], pairs: readonly Pair[]): RuleGroup[] {
  const collector = services.find(({ id, released }) => id === 'market-collector' && released);
  if (collector === undefined) return [];
  const shards = shardsOf(collector, { networks: [], pairs }).map(({ id }) => id);
  const active = pairs.filter(({ status }) => status !== 'retired').length;
  const alerts = [
    shardAlert(collector.id, shards),
    ...volumeAlerts(active),
    ...bookAlerts,
    ...exchangeAlerts,
    ...storageAlerts,
  ];
  return [{ name: 'market', alerts: alerts.map((alert) => ({ ...alert, owner: collector.owner })) }];
}

type Unowned = Omit<Alert, 'owner'>;

const of = (key: keyof typeof metrics, matchers = ''): string => `${metrics[key].name}${matchers}`;

/** A pair has one collector: one that is gone leaves its fifty without any, however well the others are. */
function shardAlert(job: string, shards: readonly string[]): Unowned {
  const gone = shards.map((shard) => `absent(up{job="${job}",shard="${shard}"})`);
  return {
    alert: 'CollectorShardDown',
    expr: [`sum by (shard) (up{job="${job}"}) == 0`, ...gone].join(' or '),
    for: '2m',
    severity: 'critical',
    summary: 'Nobody collects the pairs of shard {{ $labels.shard }}',
    action: `kubectl logs and describe the pod of StatefulSet ${job}-{{ $labels.shard }}; what is missed meanwhile is a gap on record`,
  };
}

function volumeAlerts(pairs: number): Unowned[] {
  const inserted = of('recordsInserted');
  return [
    {
      alert: 'HighErrorRate',
      // Of all kinds together: several small ones are as bad as one.
      expr: `sum by (source) (rate(${of('collectorErrors')}[5m])) > 0.1`,
      for: '2m',
      severity: 'warning',
      summary: '{{ $value | printf "%.2f" }} errors a second of {{ $labels.source }}',
      action: 'the dashboard Market tells their kinds, and the log of the collectors their reasons',
    },
    {
      alert: 'LowDataIngestion',
      // With nobody who inserts there would be no sum to be too small.
      expr: `(sum(rate(${inserted}[5m])) or vector(0)) < ${Math.round(pairs * leastPerSecondOfPair)}`,
      for: '5m',
      severity: 'critical',
      summary: `{{ $value | printf "%.0f" }} records a second of ${pairs} pairs`,
      action:
        'see whether streams are open, books live and the database up: the dashboard Market has them in that order',
    },
    {
      alert: 'RecordsLate',
      expr: `histogram_quantile(0.99, sum by (le) (rate(${of('marketDurable')}_bucket[5m]))) > 10`,
      for: '10m',
      severity: 'warning',
      summary:
        'One in a hundred batches is stored {{ $value | humanizeDuration }} or more after its oldest record came',
      action:
        'compare with the time of a flush and the load of the store; after an outage the queue on disk drains first',
    },
  ];
}

const bookAlerts: Unowned[] = [
  {
    alert: 'BooksSilent',
    // One pair may be quiet or halted; that none of fifty changes is the stream's doing.
    expr: `time() - max by (pod) (${of('marketBookUpdated')}) > 60`,
    for: '2m',
    severity: 'critical',
    summary: 'No book of {{ $labels.pod }} has changed for {{ $value | humanizeDuration }}',
    action: 'see whether its streams are open and its books live on the dashboard Market, and the log of the pod',
  },
  {
    alert: 'BookGapOpen',
    expr: `max by (symbol) (${of('marketGapOpen')}) == 1`,
    for: '5m',
    severity: 'warning',
    summary: 'The book of {{ $labels.symbol }} has had a gap for five minutes',
    action: 'a snapshot is missing: see the weight budget and the queue of snapshots, and /gaps/{{ $labels.symbol }}',
  },
  {
    alert: 'BookCrossed',
    expr: newIn('symbol', of('marketGapsOpened', '{reason="crossed"}')),
    for: '0s',
    severity: 'warning',
    summary: 'The best bid of {{ $labels.symbol }} was not below its best ask',
    action:
      'the book is made anew; if that repeats, compare its records since the last snapshot with an independent rebuild',
  },
  {
    alert: 'BookDisagrees',
    expr: newIn('symbol', of('marketGapsOpened', '{reason="ticker"}')),
    for: '0s',
    severity: 'warning',
    summary: "The book of {{ $labels.symbol }} was not what the exchange's own ticker says",
    action:
      'an update was lost without a break in the numbers; the book is made anew, and the gap is at /gaps/{{ $labels.symbol }}',
  },
];

const exchangeAlerts: Unowned[] = [
  {
    alert: 'ExchangeBan',
    expr: `max by (market) (${of('marketRefused', '{status="418"}')}) == 1`,
    for: '0s',
    severity: 'critical',
    summary: 'The exchange has banned our address on {{ $labels.market }}',
    action:
      'nothing is requested until it ends; look for another program at the same address, and lower BINANCE_WEIGHT_SHARE',
  },
  {
    alert: 'ExchangeFinding',
    expr: `max by (symbol, finding) (${of('marketExchangeFindings')}) == 1`,
    for: '15m',
    severity: 'warning',
    summary: 'The exchange says of {{ $labels.symbol }} what the catalog does not: {{ $labels.finding }}',
    action: 'correct the pair in catalog/pairs: its status with a note, its successor, or its steps',
  },
];

const storageAlerts: Unowned[] = [
  {
    alert: 'SpillFilling',
    expr: `max by (pod, queue) (${of('marketSpillBytes')} / ${of('marketSpillLimit')}) > 0.5`,
    for: '2m',
    severity: 'critical',
    summary: '{{ $value | humanizePercentage }} of the disk for {{ $labels.queue }} of {{ $labels.pod }} is taken',
    action: 'their store is away or too slow: rows are lost once the disk is full',
  },
  {
    alert: 'RowsLost',
    expr: newIn('queue', of('marketDroppedRows')),
    for: '0s',
    severity: 'critical',
    summary: 'Rows of {{ $labels.queue }} were dropped, as memory and disk were full',
    action: 'the gaps are on record; bring the store back, and give the collector a larger volume',
  },
  {
    alert: 'BatchRefused',
    expr: newIn('queue', of('marketDeadLetters')),
    for: '0s',
    severity: 'warning',
    summary: 'A store refuses a batch of {{ $labels.queue }} for what is in it',
    action: 'it lies on the disk of its collector, whose log names the reason and the file',
  },
];
