import { metrics } from '../../catalog/metrics.ts';
import type { Service } from '../../catalog/schema/service.ts';
import { type Alert, newIn, type RuleGroup } from './rule-group.ts';

/** Records that a group may be behind for ten minutes: ten times what the autoscaler takes for one replica's work. */
const behindRecords = 10_000;
/** Changes that the relay may be behind: a backfill fills its outbox faster than it empties. */
const behindChanges = 10_000;

type Unowned = Omit<Alert, 'owner'>;

const of = (key: keyof typeof metrics): string => metrics[key].name;

/** Alerts of what goes over the bus: from the outbox onto it, and from it into the time series. None where neither end runs. */
export function streamAlerts(services: readonly Service[]): RuleGroup[] {
  const find = (id: string) => services.find((service) => service.id === id && service.released);
  const [sync, processor] = [find('chain-sync'), find('stream-processor')];
  const alerts = [
    ...(sync === undefined ? [] : relayAlerts.map((alert) => ({ ...alert, owner: sync.owner }))),
    ...(processor === undefined
      ? []
      : [...groupAlerts, ...watermarkAlerts].map((alert) => ({ ...alert, owner: processor.owner }))),
  ];
  return alerts.length === 0 ? [] : [{ name: 'stream', alerts }];
}

const relayAlerts: Unowned[] = [
  {
    alert: 'RelayStalled',
    expr: `sum(${of('relayLag')}) > 0 unless sum(rate(${of('relayedChanges')}[5m])) > 0`,
    for: '5m',
    severity: 'critical',
    summary: '{{ $value }} committed changes wait for the bus, and none gets there',
    action: '/readyz of chain-sync says whether it reaches the bus; nothing is lost, it waits in the outbox',
  },
  {
    alert: 'RelayBehind',
    expr: `max by (network) (${of('relayLag')}) > ${behindChanges}`,
    for: '15m',
    severity: 'warning',
    summary: '{{ $value }} committed changes of {{ $labels.network }} wait for the bus',
    action: 'a backfill may do that; else compare with the time that the bus takes on the dashboard Stream processing',
  },
];

const byPartition = `max by (topic, group, partition) (${of('busLag')})`;

const groupAlerts: Unowned[] = [
  {
    alert: 'ConsumerBehind',
    expr: `sum by (topic, group) (${byPartition}) > ${behindRecords}`,
    for: '10m',
    severity: 'warning',
    summary: '{{ $labels.group }} is {{ $value }} records behind on {{ $labels.topic }}',
    action: 'see whether its replicas are as many as they may be, and what the time series take for a batch',
  },
  {
    alert: 'ConsumerStalled',
    // It has work and does none: a sink that hangs raises no error.
    expr: `sum by (topic, group) (${byPartition}) > 0 unless sum by (topic, group) (rate(${of('busConsumed')}[5m])) > 0`,
    for: '5m',
    severity: 'critical',
    summary: '{{ $labels.group }} has {{ $value }} records of {{ $labels.topic }} to do, and does none',
    action: 'its log names what it waits for; records are lost once they are older than catalog/topics.yaml keeps them',
  },
  {
    alert: 'PartitionResting',
    // Between two tries it does not rest, and may be looked at just then.
    expr: `max by (topic, group) (max_over_time(${of('busResting')}[2m])) > 0`,
    for: '5m',
    severity: 'warning',
    summary: '{{ $value }} partitions of {{ $labels.topic }} fail again and again for {{ $labels.group }}',
    action: "its log names the reason, which is its sink's: what is wrong with a record itself is put aside",
  },
  {
    alert: 'GroupBehind',
    // As the brokers see it, who know a group whose members are all gone.
    expr: `sum by (consumergroup, topic) (kafka_consumergroup_lag{topic!~"__.*"}) > ${behindRecords}`,
    for: '15m',
    severity: 'critical',
    summary:
      '{{ $labels.consumergroup }} has not read {{ $value }} records of {{ $labels.topic }}, as the brokers count',
    action:
      'see whether the group has members at all: kubectl logs and describe the pods of the service it is named by',
  },
  {
    alert: 'RecordsLost',
    expr: newIn('topic, group', of('busLost')),
    for: '0s',
    severity: 'critical',
    summary: '{{ $labels.topic }} removed {{ $value }} records before {{ $labels.group }} had them',
    action:
      'it was away or stuck for longer than the topic keeps: chain.blocks are told again by npm run rebuild, of each network ' +
      'from before the group last worked until now; and see what held it up',
  },
  {
    alert: 'ChangesLost',
    // New changes soon have higher numbers than those that were lost; what was ignored until then stays so.
    expr: `max by (network) (max_over_time(${of('chainLostChanges')}[1h])) > 0`,
    for: '0s',
    severity: 'critical',
    summary:
      'PostgreSQL had {{ $value }} changes of {{ $labels.network }} fewer than ClickHouse, which ignored new ones',
    action:
      'PostgreSQL was put back to an earlier point: npm run rebuild -- --network {{ $labels.network }}, --from the time that it was ' +
      'put back to, --to now',
  },
  {
    alert: 'DeadLetters',
    expr: newIn('topic, group, reason', of('busDeadLetters')),
    for: '0s',
    severity: 'warning',
    summary: 'Records of {{ $labels.topic }} were put aside: {{ $labels.reason }}',
    action:
      'npm run letters -- {{ $labels.topic }} shows them with the reason; mend what refuses them, and --send them again',
  },
];

const watermarkAlerts: Unowned[] = [
  {
    alert: 'SeriesBehindChain',
    // Of a chain that moves: one that stands still is NetworkSilent's to tell.
    expr:
      `time() - max by (network) (${of('chainWatermark')}) > 600 ` +
      `and max by (network) (changes(${of('syncedBlock')}[5m])) > 0`,
    for: '5m',
    severity: 'warning',
    summary: 'The time series of {{ $labels.network }} end {{ $value | humanizeDuration }} ago, and blocks keep coming',
    action:
      'look for where they wait: RelayBehind, ConsumerBehind, or a replica that holds the partition and does nothing',
  },
  {
    alert: 'BarsBehind',
    // One pair may be halted; that none of two hundred has a new second is not the market's doing.
    expr: `time() - max(${of('marketWatermark')}) > 120`,
    for: '5m',
    severity: 'warning',
    summary: 'No pair has a bar of the last {{ $value | humanizeDuration }}',
    action: 'see whether the collectors reach the bus (DatabaseConnectionFailed), and whether the group is behind',
  },
];
