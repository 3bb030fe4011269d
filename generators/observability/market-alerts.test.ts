import { describe, expect, it } from 'vitest';
import { inputsOf } from '../testing/project.ts';
import { hasPromtool, testRules } from '../testing/promtool.ts';
import { marketAlerts } from './market-alerts.ts';
import { serviceAlerts } from './service-alerts.ts';

const { catalog } = inputsOf('staging');
const groups = marketAlerts(catalog.services, catalog.pairs);
const alerts = groups.flatMap((group) => group.alerts);

describe(marketAlerts.name, () => {
  it("holds the brief's alerts, and tells the owner of the collector", () => {
    const names = new Set([...alerts, ...databaseAlerts()].map(({ alert }) => alert));
    expect(names).toContain('HighErrorRate');
    expect(names).toContain('DatabaseConnectionFailed');
    expect(names).toContain('LowDataIngestion');
    expect(new Set(alerts.map(({ owner }) => owner))).toEqual(new Set(['market']));
  });

  it("asks the brief's 100 records a second of 200 pairs, and less of fewer", () => {
    const exprOf = (pairs: typeof catalog.pairs) =>
      marketAlerts(catalog.services, pairs)
        .flatMap((group) => group.alerts)
        .find(({ alert }) => alert === 'LowDataIngestion')?.expr;
    const active = catalog.pairs.filter(({ status }) => status !== 'retired');
    expect(active).toHaveLength(200);
    expect(exprOf(catalog.pairs)).toBe('(sum(rate(records_inserted_total[5m])) or vector(0)) < 100');
    expect(exprOf(active.slice(0, 20))).toMatch(/< 10$/);
  });

  it('is silent where nobody collects', () => {
    const services = catalog.services.map((service) => ({ ...service, released: false }));
    expect(marketAlerts(services, catalog.pairs)).toEqual([]);
  });

  it.skipIf(!hasPromtool).each(cases())('$alert is $how', ({ alert, at, input, fires }) => {
    const found = [...alerts, ...databaseAlerts()].find((one) => one.alert === alert);
    const expected = {
      exp_labels: { severity: found?.severity, owner: 'market', ...fires?.labels },
      exp_annotations: { summary: fires?.summary ?? found?.summary, action: fires?.action ?? found?.action },
    };
    const result = testRules([...groups, ...serviceAlerts(catalog.services)], {
      evaluation_interval: '15s',
      tests: [
        {
          interval: '15s',
          input_series: Object.entries(input).map(([series, values]) => ({ series, values })),
          alert_rule_test: [{ eval_time: at, alertname: alert, exp_alerts: fires === undefined ? [] : [expected] }],
        },
      ],
    });
    expect(result).toBe('');
  });

  it('has a loud and a quiet case of every alert here', () => {
    const names = [...new Set([...alerts.map(({ alert }) => alert), 'DatabaseConnectionFailed'])].sort();
    const covered = (loud: boolean) =>
      [...new Set(cases().flatMap((one) => ((one.fires !== undefined) === loud ? [one.alert] : [])))].sort();
    expect(covered(true)).toEqual(names);
    expect(covered(false)).toEqual(names);
  });
});

interface Case {
  readonly alert: string;
  readonly how: string;
  readonly at: string;
  /** A sample every 15 seconds, in promtool's words. */
  readonly input: Readonly<Record<string, string>>;
  readonly fires?: {
    readonly labels: Readonly<Record<string, string>>;
    readonly summary: string;
    readonly action?: string;
  };
}

function cases(): Case[] {
  const shardAction =
    'kubectl logs and describe the pod of StatefulSet market-collector-0; what is missed meanwhile is a gap on record';
  const shards = (zero: string) => ({
    'up{job="market-collector",shard="0",pod="a"}': zero,
    'up{job="market-collector",shard="1",pod="b"}': '1x80',
    'up{job="market-collector",shard="2",pod="c"}': '1x80',
    'up{job="market-collector",shard="3",pod="d"}': '1x80',
  });
  const grown = (metric: string, labels: string) => ({ [`${metric}{${labels}}`]: '_x40 1x40' });
  const gap = (reason: string) => `symbol="BTCUSDT",reason="${reason}"`;
  const latency = (slow: string) => ({
    'defimon_market_durable_seconds_bucket{queue="records",le="1"}': '0+100x80',
    'defimon_market_durable_seconds_bucket{queue="records",le="60"}': slow,
    'defimon_market_durable_seconds_bucket{queue="records",le="+Inf"}': slow,
  });
  return [
    {
      alert: 'CollectorShardDown',
      how: 'loud when one of four shards does not answer',
      at: '5m',
      input: shards('1x4 0x80'),
      fires: { labels: { shard: '0' }, summary: 'Nobody collects the pairs of shard 0', action: shardAction },
    },
    {
      alert: 'CollectorShardDown',
      how: 'loud when a shard is not even there',
      at: '5m',
      input: Object.fromEntries(Object.entries(shards('')).slice(1)),
      fires: {
        labels: { job: 'market-collector', shard: '0' },
        summary: 'Nobody collects the pairs of shard 0',
        action: shardAction,
      },
    },
    { alert: 'CollectorShardDown', how: 'quiet while a pod is replaced', at: '5m', input: shards('1x12 0x4 1x80') },
    {
      alert: 'BooksSilent',
      how: 'loud when no book of a collector changes, though another goes on',
      at: '5m',
      input: {
        'defimon_market_book_updated_timestamp_seconds{pod="c-0",symbol="A"}': '0+15x4 60x80',
        'defimon_market_book_updated_timestamp_seconds{pod="c-0",symbol="B"}': '0x80',
        'defimon_market_book_updated_timestamp_seconds{pod="c-1",symbol="C"}': '0+15x80',
      },
      fires: { labels: { pod: 'c-0' }, summary: 'No book of c-0 has changed for 4m 0s' },
    },
    {
      alert: 'BooksSilent',
      how: 'quiet while one book of a collector changes',
      at: '5m',
      input: {
        'defimon_market_book_updated_timestamp_seconds{pod="c-0",symbol="A"}': '0+15x80',
        'defimon_market_book_updated_timestamp_seconds{pod="c-0",symbol="B"}': '0x80',
      },
    },
    {
      alert: 'HighErrorRate',
      how: 'loud when kinds of errors together are many',
      at: '8m',
      input: {
        'collector_errors_total{source="binance",kind="disconnect"}': '0+1x80',
        'collector_errors_total{source="binance",kind="refused"}': '0+1x80',
      },
      fires: { labels: { source: 'binance' }, summary: '0.13 errors a second of binance' },
    },
    {
      alert: 'HighErrorRate',
      how: 'quiet at one error a minute',
      at: '8m',
      input: { 'collector_errors_total{source="binance",kind="disconnect"}': '0+0x3 1+0x3 2+0x3 3+0x80' },
    },
    {
      alert: 'DatabaseConnectionFailed',
      how: 'loud when a pod cannot reach its database',
      at: '3m',
      input: {
        'defimon_database_up{job="market-collector",store="relational",pod="a"}': '1x80',
        'defimon_database_up{job="market-collector",store="relational",pod="b"}': '1x4 0x80',
      },
      fires: { labels: { store: 'relational' }, summary: 'Market collector cannot reach its relational store' },
    },
    {
      alert: 'DatabaseConnectionFailed',
      how: 'quiet at a restart of half a minute',
      at: '3m',
      input: { 'defimon_database_up{job="market-collector",store="relational",pod="a"}': '1x8 0x2 1x80' },
    },
    {
      alert: 'LowDataIngestion',
      how: 'loud at 90 a second',
      at: '12m',
      input: { 'records_inserted_total{symbol="BTCUSDT"}': '0+1350x80' },
      fires: { labels: {}, summary: '90 records a second of 200 pairs' },
    },
    {
      alert: 'LowDataIngestion',
      how: 'loud when there is no record at all',
      at: '6m',
      input: { up: '1x80' },
      fires: { labels: {}, summary: '0 records a second of 200 pairs' },
    },
    {
      alert: 'LowDataIngestion',
      how: 'quiet at 150 a second',
      at: '12m',
      input: {
        'records_inserted_total{symbol="BTCUSDT"}': '0+1350x80',
        'records_inserted_total{symbol="ETHUSDT"}': '0+900x80',
      },
    },
    {
      alert: 'RecordsLate',
      how: 'loud when every second one is late',
      at: '18m',
      input: latency('0+200x80'),
      fires: {
        labels: {},
        summary: 'One in a hundred batches is stored 58.82s or more after its oldest record came',
      },
    },
    { alert: 'RecordsLate', how: 'quiet when all are in time', at: '18m', input: latency('0+100x80') },
    {
      alert: 'BookGapOpen',
      how: 'loud after five minutes',
      at: '7m',
      input: { 'defimon_market_gap_open{symbol="BTCUSDT"}': '0x4 1x80' },
      fires: {
        labels: { symbol: 'BTCUSDT' },
        summary: 'The book of BTCUSDT has had a gap for five minutes',
        action: 'a snapshot is missing: see the weight budget and the queue of snapshots, and /gaps/BTCUSDT',
      },
    },
    {
      alert: 'BookGapOpen',
      how: 'quiet at a gap that closes',
      at: '7m',
      input: { 'defimon_market_gap_open{symbol="BTCUSDT"}': '0x4 1x16 0x80' },
    },
    {
      alert: 'BookCrossed',
      how: 'loud at the first one',
      at: '11m',
      input: grown('defimon_market_gaps_opened_total', gap('crossed')),
      fires: { labels: { symbol: 'BTCUSDT' }, summary: 'The best bid of BTCUSDT was not below its best ask' },
    },
    {
      alert: 'BookCrossed',
      how: 'loud at another one',
      at: '11m',
      input: { [`defimon_market_gaps_opened_total{${gap('crossed')}}`]: '3x40 4x40' },
      fires: { labels: { symbol: 'BTCUSDT' }, summary: 'The best bid of BTCUSDT was not below its best ask' },
    },
    {
      alert: 'BookCrossed',
      how: 'quiet long after, and at gaps of other kinds',
      at: '19m',
      input: {
        [`defimon_market_gaps_opened_total{${gap('crossed')}}`]: '1x80',
        [`defimon_market_gaps_opened_total{${gap('sequence')}}`]: '0+1x80',
      },
    },
    {
      alert: 'BookDisagrees',
      how: 'loud at the first one',
      at: '11m',
      input: grown('defimon_market_gaps_opened_total', gap('ticker')),
      fires: {
        labels: { symbol: 'BTCUSDT' },
        summary: "The book of BTCUSDT was not what the exchange's own ticker says",
        action:
          'an update was lost without a break in the numbers; the book is made anew, and the gap is at /gaps/BTCUSDT',
      },
    },
    {
      alert: 'BookDisagrees',
      how: 'quiet at a disconnect',
      at: '11m',
      input: grown('defimon_market_gaps_opened_total', gap('disconnect')),
    },
    {
      alert: 'ExchangeBan',
      how: 'loud at 418',
      at: '2m',
      input: { 'defimon_market_refused{market="spot",status="418"}': '0x4 1x80' },
      fires: { labels: { market: 'spot' }, summary: 'The exchange has banned our address on spot' },
    },
    {
      alert: 'ExchangeBan',
      how: 'quiet at 429, which our own budget answers',
      at: '2m',
      input: { 'defimon_market_refused{market="spot",status="429"}': '1x80' },
    },
    {
      alert: 'ExchangeFinding',
      how: 'loud when a pair is no longer traded',
      at: '16m',
      input: { 'defimon_market_exchange_findings{symbol="MATICUSDT",finding="delisted"}': '1x80' },
      fires: {
        labels: { symbol: 'MATICUSDT', finding: 'delisted' },
        summary: 'The exchange says of MATICUSDT what the catalog does not: delisted',
      },
    },
    {
      alert: 'ExchangeFinding',
      how: 'quiet when a halt is over in ten minutes',
      at: '16m',
      input: { 'defimon_market_exchange_findings{symbol="BTCUSDT",finding="halted"}': '1x40 0x80' },
    },
    {
      alert: 'SpillFilling',
      how: 'loud over half of the disk',
      at: '5m',
      input: spill('60x80'),
      fires: { labels: { pod: 'a', queue: 'records' }, summary: '60% of the disk for records of a is taken' },
    },
    { alert: 'SpillFilling', how: 'quiet below', at: '5m', input: spill('40x80') },
    {
      alert: 'RowsLost',
      how: 'loud at the first one',
      at: '11m',
      input: grown('defimon_market_dropped_rows_total', 'queue="records",pod="a"'),
      fires: { labels: { queue: 'records' }, summary: 'Rows of records were dropped, as memory and disk were full' },
    },
    {
      alert: 'RowsLost',
      how: 'quiet at none',
      at: '11m',
      input: { 'defimon_market_dropped_rows_total{queue="records",pod="a"}': '_x40 0x40' },
    },
    {
      alert: 'BatchRefused',
      how: 'loud at the first one',
      at: '11m',
      input: grown('defimon_market_dead_letters_total', 'queue="bars",pod="a"'),
      fires: { labels: { queue: 'bars' }, summary: 'A store refuses a batch of bars for what is in it' },
    },
    {
      alert: 'BatchRefused',
      how: 'quiet at none',
      at: '11m',
      input: { 'defimon_market_dead_letters_total{queue="bars",pod="a"}': '0x80' },
    },
  ];
}

function spill(bytes: string): Record<string, string> {
  return {
    'defimon_market_spill_bytes{pod="a",queue="records"}': bytes,
    'defimon_market_spill_limit_bytes{pod="a",queue="records"}': '100x80',
  };
}

/** Those of the collector: every service with a database has the like. */
function databaseAlerts() {
  const group = serviceAlerts(catalog.services).find(({ name }) => name === 'service-market-collector');
  return group?.alerts.filter(({ alert }) => alert === 'DatabaseConnectionFailed') ?? [];
}
