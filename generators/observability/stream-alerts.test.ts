import { describe, expect, it } from 'vitest';
import { inputsOf } from '../testing/project.ts';
import { hasPromtool, testRules } from '../testing/promtool.ts';
import { serviceAlerts } from './service-alerts.ts';
import { streamAlerts } from './stream-alerts.ts';

const { catalog } = inputsOf('staging');
const groups = streamAlerts(catalog.services);
const alerts = groups.flatMap((group) => group.alerts);
const api = serviceAlerts(catalog.services.filter(({ id }) => id === 'analytics-api'));
const cacheAlerts = api.flatMap((group) => group.alerts).filter(({ alert }) => alert === 'CacheDegraded');

describe(streamAlerts.name, () => {
  it('is silent where neither the relay nor its consumer is', () => {
    const services = catalog.services.map((service) => ({ ...service, released: false }));
    expect(streamAlerts(services)).toEqual([]);
    expect(streamAlerts(catalog.services.filter(({ pool }) => pool === 'market'))).toEqual([]);
  });

  it.skipIf(!hasPromtool).each(cases())('$alert is $how', ({ alert, at, input, fires }) => {
    const found = [...alerts, ...cacheAlerts].find((one) => one.alert === alert);
    const expected = {
      exp_labels: { severity: found?.severity, owner: found?.owner, ...fires?.labels },
      exp_annotations: { summary: fires?.summary ?? found?.summary, action: fires?.action ?? found?.action },
    };
    const result = testRules([...groups, ...api], {
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
    const names = [...new Set([...alerts, ...cacheAlerts].map(({ alert }) => alert))].sort();
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

const group = 'stream-processor.chain.blocks';
const of = `topic="chain.blocks",group="${group}"`;
const labels = { topic: 'chain.blocks', group };

function cases(): Case[] {
  const lag = (values: string) => ({ [`defimon_bus_lag_records{${of},partition="0",pod="a"}`]: values });
  const consumed = (values: string) => ({ [`defimon_bus_consumed_records_total{${of},pod="a"}`]: values });
  const resting = (values: string) => ({ [`defimon_bus_resting_partitions{${of},pod="a"}`]: values });
  const relay = (waiting: string, taken: string) => ({
    'defimon_relay_lag_changes{network="base",pod="a"}': waiting,
    'defimon_relayed_changes_total{network="base",pod="a"}': taken,
  });
  const brokers = (values: string) => ({
    [`kafka_consumergroup_lag{consumergroup="${group}",topic="chain.blocks",partition="0"}`]: values,
  });
  const dead = (values: string) => ({ [`defimon_bus_dead_letters_total{${of},reason="unreadable",pod="a"}`]: values });
  const putBack = (values: string) => ({ 'defimon_chain_lost_changes{network="base",pod="a"}': values });
  const lost = (values: string) => ({ [`defimon_bus_lost_records_total{${of},pod="a"}`]: values });
  const chain = (watermark: string, synced: string) => ({
    'defimon_chain_watermark_timestamp_seconds{network="base",pod="a"}': watermark,
    'defimon_synced_block{network="base",pod="b"}': synced,
  });
  const bars = (values: string) => ({ 'defimon_market_watermark_timestamp_seconds{symbol="BTCUSDT",pod="a"}': values });
  return [
    {
      alert: 'RelayStalled',
      how: 'loud when changes wait and none is taken',
      at: '12m',
      input: relay('0+1x80', '5x80'),
      fires: { labels: {}, summary: '48 committed changes wait for the bus, and none gets there' },
    },
    { alert: 'RelayStalled', how: 'quiet while they are taken', at: '15m', input: relay('20x80', '0+10x80') },
    {
      alert: 'RelayBehind',
      how: 'loud when far too many wait for long',
      at: '17m',
      input: relay('20000x80', '0+10x80'),
      fires: { labels: { network: 'base' }, summary: '20000 committed changes of base wait for the bus' },
    },
    { alert: 'RelayBehind', how: 'quiet of a burst', at: '17m', input: relay('20000x20 0x60', '0+10x80') },
    {
      alert: 'ConsumerBehind',
      how: 'loud when a group stays far behind',
      at: '12m',
      input: { ...lag('20000x80'), ...consumed('0+10x80') },
      fires: { labels, summary: `${group} is 20000 records behind on chain.blocks` },
    },
    {
      alert: 'ConsumerBehind',
      how: 'quiet when a partition has changed hands: two members tell of one thing',
      at: '12m',
      input: { ...lag('6000x80'), [`defimon_bus_lag_records{${of},partition="0",pod="b"}`]: '6000x80' },
    },
    {
      alert: 'ConsumerStalled',
      how: 'loud when there is work and none is done, though nothing failed',
      at: '12m',
      input: { ...lag('7x80'), ...consumed('5x80') },
      fires: { labels, summary: `${group} has 7 records of chain.blocks to do, and does none` },
    },
    {
      alert: 'ConsumerStalled',
      how: 'quiet while it works',
      at: '12m',
      input: { ...lag('7x80'), ...consumed('0+5x80') },
    },
    {
      alert: 'ConsumerStalled',
      how: 'quiet with nothing to do',
      at: '12m',
      input: { ...lag('0x80'), ...consumed('5x80') },
    },
    {
      alert: 'PartitionResting',
      how: 'loud when a batch fails again and again, between two tries too',
      at: '8m',
      input: resting('1 1 1 0 1 1 1 0 1 1 1 0 1 1 1 0 1 1 1 0 1 1 1 0 1 1 1 0 1 1 1 0 1'),
      fires: { labels, summary: `1 partitions of chain.blocks fail again and again for ${group}` },
    },
    { alert: 'PartitionResting', how: 'quiet of one failure', at: '8m', input: resting('0x10 1 0x60') },
    {
      alert: 'GroupBehind',
      how: 'loud when all members are gone',
      at: '17m',
      input: brokers('20000x80'),
      fires: {
        labels: { consumergroup: group, topic: 'chain.blocks' },
        summary: `${group} has not read 20000 records of chain.blocks, as the brokers count`,
      },
    },
    { alert: 'GroupBehind', how: 'quiet of a little', at: '17m', input: brokers('900x80') },
    {
      alert: 'DeadLetters',
      how: 'loud at the first one',
      at: '11m',
      input: dead('_x40 1x40'),
      fires: {
        labels: { ...labels, reason: 'unreadable' },
        summary: 'Records of chain.blocks were put aside: unreadable',
        action:
          'npm run letters -- chain.blocks shows them with the reason; mend what refuses them, and --send them again',
      },
    },
    { alert: 'DeadLetters', how: 'quiet of old ones', at: '15m', input: dead('3x80') },
    {
      alert: 'RecordsLost',
      how: 'loud when a topic removed what its group never had',
      at: '11m',
      input: lost('_x40 7x40'),
      fires: { labels, summary: `chain.blocks removed 7 records before ${group} had them` },
    },
    { alert: 'RecordsLost', how: 'quiet of old ones', at: '15m', input: lost('7x80') },
    {
      alert: 'ChangesLost',
      how: 'loud when PostgreSQL was put back to an earlier point',
      at: '10m',
      input: putBack('40x4 stale'),
      fires: {
        labels: { network: 'base' },
        summary: 'PostgreSQL had 40 changes of base fewer than ClickHouse, which ignored new ones',
        action:
          'PostgreSQL was put back to an earlier point: npm run rebuild -- --network base, --from the time that it was put back to, --to now',
      },
    },
    { alert: 'ChangesLost', how: 'quiet of long ago', at: '70m', input: putBack('40x4 stale') },
    {
      alert: 'SeriesBehindChain',
      how: 'loud when blocks come and the series end',
      at: '17m',
      input: chain('0x80', '0+1x80'),
      fires: {
        labels: { network: 'base' },
        summary: 'The time series of base end 17m 0s ago, and blocks keep coming',
      },
    },
    { alert: 'SeriesBehindChain', how: 'quiet of a chain that stands still', at: '17m', input: chain('0x80', '5x80') },
    { alert: 'SeriesBehindChain', how: 'quiet while they go along', at: '17m', input: chain('0+15x80', '0+1x80') },
    {
      alert: 'BarsBehind',
      how: 'loud when no pair has a new bar',
      at: '10m',
      input: bars('0x80'),
      fires: { labels: {}, summary: 'No pair has a bar of the last 10m 0s' },
    },
    {
      alert: 'BarsBehind',
      how: 'quiet when one pair is halted',
      at: '10m',
      input: { ...bars('0+15x80'), 'defimon_market_watermark_timestamp_seconds{symbol="ETHUSDT",pod="a"}': '0x80' },
    },
    {
      alert: 'CacheDegraded',
      how: 'loud when a pod does without Redis',
      at: '8m',
      input: {
        'defimon_cache_up{job="analytics-api",pod="a"}': '1x80',
        'defimon_cache_up{job="analytics-api",pod="b"}': '1x4 0x80',
      },
      fires: {
        labels: {},
        summary: 'Analytics API does without Redis: each pod keeps and counts for itself',
      },
    },
    {
      alert: 'CacheDegraded',
      how: 'quiet of a moment',
      at: '8m',
      input: { 'defimon_cache_up{job="analytics-api",pod="a"}': '1x4 0x4 1x80' },
    },
  ];
}
