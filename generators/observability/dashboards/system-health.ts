import type { Pool } from '../../../catalog/schema/pool.ts';
import type { Service } from '../../../catalog/schema/service.ts';
import { createDashboard, type Dashboard, type Section } from './dashboard.ts';
import { chart, number, table } from './panels.ts';
import { among, buckets, maxBy, orZero, quantile, rate, select, series, sumBy } from './queries.ts';
import { behind } from './stream.ts';

/** System Health of the brief: everything that runs on one cluster, ours and what it stands on. */
export function renderSystemHealth(pool: Pool, services: readonly Service[]): Dashboard {
  const ids = services.filter(({ workload }) => workload?.kind !== 'kong').map(({ id }) => id);
  return createDashboard({
    id: 'system-health',
    title: 'System Health',
    description: `The cluster of the pool "${pool.name}": alerts, services, answers, nodes and volumes.`,
    sources: [`pool/${pool.id}`, ...services.map(({ id }) => `service/${id}`)],
    sections: [
      renderGlance(pool),
      ids.length === 0 ? undefined : renderServices(among('job', ids)),
      services.some(({ ports }) => ports.length > 0) ? renderAnswers() : undefined,
      renderMachines(),
    ],
  });
}

function renderGlance({ namespaces }: Pool): Section {
  const ours = among('namespace', namespaces);
  const used = `1 - ${volume('available')} / ${volume('capacity')}`;
  return {
    title: 'At a glance',
    panels: [
      number({
        title: 'Alerts',
        description: 'Firing now; Watchdog always does, and is left out',
        unit: 'short',
        width: 4,
        thresholds: [[1, 'red']],
        queries: [{ expr: orZero(`count(ALERTS{alertstate="firing",alertname!="Watchdog"})`), legend: 'firing' }],
      }),
      number({
        title: 'Not scraped',
        description: 'Targets of Prometheus that do not answer',
        unit: 'short',
        width: 4,
        thresholds: [[1, 'red']],
        queries: [{ expr: orZero('count(up == 0)'), legend: 'targets' }],
      }),
      number({
        title: 'Pods not running',
        description: "Pending, failed or lost pods of the pool's own namespaces",
        unit: 'short',
        width: 4,
        thresholds: [[1, 'yellow']],
        queries: [
          {
            expr: orZero(`sum(${select('kube_pod_status_phase', 'phase=~"Pending|Failed|Unknown"', ours)})`),
            legend: 'pods',
          },
        ],
      }),
      number({
        title: 'Restarts',
        description: "Of containers of the pool's own namespaces, in the last hour",
        unit: 'short',
        width: 4,
        thresholds: [
          [1, 'yellow'],
          [5, 'red'],
        ],
        queries: [
          {
            expr: orZero(`sum(increase(${select('kube_pod_container_status_restarts_total', ours)}[1h]))`),
            legend: 'restarts',
          },
        ],
      }),
      number({
        title: 'Fullest volume',
        description: 'Share of its space that is taken; which one it is stands below',
        unit: 'percentunit',
        width: 4,
        thresholds: [
          [0.75, 'yellow'],
          [0.9, 'red'],
        ],
        queries: [{ expr: `max(${used})`, legend: 'taken' }],
      }),
      number({
        title: 'Certificates',
        description: 'Time until the first one ends; they are renewed 30 days before',
        unit: 's',
        width: 4,
        thresholds: [[7 * 86_400, 'green']],
        queries: [{ expr: 'min(certmanager_certificate_expiration_timestamp_seconds) - time()', legend: 'left' }],
      }),
      table({
        title: 'Firing alerts',
        description: 'What each one asks to be done is in its annotations, at Alertmanager',
        unit: 'short',
        width: 24,
        height: 7,
        hide: ['__name__', 'alertstate', 'prometheus', 'endpoint', 'container', 'Value'],
        queries: [{ expr: 'ALERTS{alertstate="firing",alertname!="Watchdog"}', legend: 'Value' }],
      }),
    ],
  };
}

function renderServices(ours: string): Section {
  return {
    title: 'Services',
    panels: [
      chart({
        title: 'Pods that answer',
        description: 'By service; none at all raises ServiceDown',
        unit: 'short',
        width: 8,
        queries: [{ expr: sumBy('job', select('up', ours)), legend: '{{job}}' }],
      }),
      chart({
        title: 'CPU',
        description: 'Cores, by service',
        unit: 'short',
        width: 8,
        queries: [{ expr: sumBy('job', rate(select('process_cpu_seconds_total', ours))), legend: '{{job}}' }],
      }),
      chart({
        title: 'Memory',
        description: 'Resident, by pod',
        unit: 'bytes',
        width: 8,
        queries: [{ expr: maxBy('pod', select('process_resident_memory_bytes', ours)), legend: '{{pod}}' }],
      }),
      chart({
        title: 'Event loop',
        description: 'What one in a hundred turns waits at least: much of it, and the process is short of CPU',
        unit: 's',
        width: 8,
        queries: [{ expr: maxBy('pod', select('nodejs_eventloop_lag_p99_seconds', ours)), legend: '{{pod}}' }],
      }),
      chart({
        title: 'Stores that answer',
        description: 'Share of the pods of a service that reach theirs; none of it raises DatabaseConnectionFailed',
        unit: 'percentunit',
        width: 8,
        max: 1,
        queries: [
          { expr: `avg by (job, store) (${series('databaseUp', ours)})`, legend: '{{job}} {{store}}' },
          { expr: `avg by (job) (${series('cacheUp', ours)})`, legend: '{{job}} cache' },
        ],
      }),
      chart({
        title: 'Behind on the bus',
        description: 'Records not done, by group; more is on Stream processing',
        unit: 'short',
        width: 8,
        queries: [{ expr: behind, legend: '{{group}}' }],
      }),
      chart({
        title: 'Waiting for PostgreSQL',
        description: "Callers that wait for one of their pod's connections, by service",
        unit: 'short',
        width: 8,
        queries: [{ expr: sumBy('job', series('databaseConnections', 'state="waiting"', ours)), legend: '{{job}}' }],
      }),
      chart({
        title: 'Catalogs in force',
        description:
          'Digests among the pods of a service or shard: two for a moment are a reload, two for long are drift',
        unit: 'short',
        width: 8,
        queries: [
          {
            expr: `count by (job, shard) (count by (job, shard, digest) (${series('catalogInfo', ours)} == 1))`,
            legend: '{{job}} {{shard}}',
          },
        ],
      }),
      chart({
        title: 'Catalogs reloaded',
        description: 'In the last hour, accepted or refused; a refused one leaves the last good one in force',
        unit: 'short',
        width: 8,
        queries: [
          {
            expr: sumBy('job, result', `increase(${series('catalogReloads', ours)}[1h])`),
            legend: '{{job}} {{result}}',
          },
        ],
      }),
    ],
  };
}

function renderAnswers(): Section {
  const failed = sumBy('job', rate(series('httpRequests', 'status=~"5.."')));
  const all = sumBy('job', rate(series('httpRequests')));
  return {
    title: 'Answers',
    panels: [
      chart({
        title: 'Requests',
        description: 'Answered a second, by service and status',
        unit: 'reqps',
        width: 8,
        stacked: true,
        queries: [{ expr: sumBy('job, status', rate(series('httpRequests'))), legend: '{{job}} {{status}}' }],
      }),
      chart({
        title: 'Errors',
        description: 'Share of the answers that are 500 and above; over 1 % for 5 minutes raises AnswersFail',
        unit: 'percentunit',
        width: 8,
        queries: [{ expr: `${failed} / ${all}`, legend: '{{job}}' }],
      }),
      chart({
        title: 'Time to answer',
        description: 'What 99 of 100 answers take at most; over 1 s for 10 minutes raises AnswersSlow',
        unit: 's',
        width: 8,
        queries: [{ expr: quantile(0.99, 'job', buckets('httpDuration')), legend: '{{job}}' }],
      }),
      chart({
        title: 'Slowest routes',
        description: 'What 99 of 100 answers take at most, of the ten slowest',
        unit: 's',
        width: 24,
        queries: [
          {
            expr: `topk(10, ${quantile(0.99, 'job, method, route', buckets('httpDuration'))})`,
            legend: '{{job}} {{method}} {{route}}',
          },
        ],
      }),
    ],
  };
}

function renderMachines(): Section {
  const used = `1 - ${volume('available')} / ${volume('capacity')}`;
  return {
    title: 'Nodes and volumes',
    panels: [
      chart({
        title: 'CPU',
        description: 'Share that is busy, by node',
        unit: 'percentunit',
        width: 6,
        max: 1,
        queries: [
          {
            expr: `1 - avg by (instance) (${rate(select('node_cpu_seconds_total', 'mode="idle"'))})`,
            legend: '{{instance}}',
          },
        ],
      }),
      chart({
        title: 'Memory',
        description: 'Share that is taken, by node',
        unit: 'percentunit',
        width: 6,
        max: 1,
        queries: [{ expr: '1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes', legend: '{{instance}}' }],
      }),
      chart({
        title: 'Network',
        description: 'Bytes received and sent a second, by node',
        unit: 'Bps',
        width: 6,
        queries: [
          {
            expr: sumBy('instance', rate(select('node_network_receive_bytes_total', 'device!="lo"'))),
            legend: '{{instance}} received',
          },
          {
            expr: sumBy('instance', rate(select('node_network_transmit_bytes_total', 'device!="lo"'))),
            legend: '{{instance}} sent',
          },
        ],
      }),
      chart({
        title: 'Volumes',
        description: 'Share of the space that is taken, by claim',
        unit: 'percentunit',
        width: 6,
        max: 1,
        queries: [{ expr: maxBy('namespace, persistentvolumeclaim', used), legend: '{{persistentvolumeclaim}}' }],
      }),
    ],
  };
}

function volume(what: 'available' | 'capacity'): string {
  return `kubelet_volume_stats_${what}_bytes`;
}
