import { metrics } from '../../catalog/metrics.ts';
import type { Service } from '../../catalog/schema/service.ts';
import type { RuleGroup } from './rule-group.ts';

/** Alerts that every released service has, those of its databases, and those of its answers if it gives any. */
export function serviceAlerts(services: readonly Service[]): RuleGroup[] {
  return services
    .filter(({ released, workload }) => released && workload?.kind !== 'kong' && workload?.kind !== 'cronjob')
    .map((service) => ({
      name: `service-${service.id}`,
      alerts: [
        ...alertsOfAny(service),
        ...(service.needs.some((need) => need === 'relational' || need === 'timeseries' || need === 'bus')
          ? alertsOfDatabases(service)
          : []),
        ...(service.needs.includes('cache') ? alertsOfCache(service) : []),
        ...(service.ports.length === 0 ? [] : alertsOfAnswers(service)),
        ...(service.routes.some(({ websocket }) => websocket === true) ? alertsOfWebSockets(service) : []),
      ],
    }));
}

function alertsOfAny({ id, name, owner }: Service): RuleGroup['alerts'] {
  const up = `up{job="${id}"}`;
  return [
    {
      alert: 'ServiceDown',
      expr: `sum(${up}) == 0 or absent(${up})`,
      for: '2m',
      severity: 'critical',
      owner,
      summary: `No pod of ${name} answers`,
      action: `kubectl logs and describe the pods with app.kubernetes.io/name=${id}`,
    },
    {
      alert: 'CatalogRefused',
      expr: `max(${metrics.catalogBroken.name}{job="${id}"}) == 1`,
      for: '5m',
      severity: 'warning',
      owner,
      summary: `${name} refuses the catalog it is given, and goes on with the last good one`,
      action: 'its log says file, line and reason; an older image may not know a new field',
    },
    {
      alert: 'CatalogDrift',
      // Shards hold different slices: pods are compared with those of their own workload.
      expr: `count by (shard) (count by (shard, digest) (${metrics.catalogInfo.name}{job="${id}"} == 1)) > 1`,
      for: '15m',
      severity: 'warning',
      owner,
      summary: `Pods of ${name} run different catalogs`,
      action: 'a mounted ConfigMap follows within two minutes: look for a pod that cannot read it',
    },
  ];
}

function alertsOfDatabases({ id, name, owner }: Service): RuleGroup['alerts'] {
  return [
    {
      // The brief's, with another question: up{job="postgresql"} is that of an exporter, which a rented database has not, and
      // which may be well while our address, password or certificate is not.
      alert: 'DatabaseConnectionFailed',
      expr: `min by (store) (${metrics.databaseUp.name}{job="${id}"}) == 0`,
      for: '1m',
      severity: 'critical',
      owner,
      summary: `${name} cannot reach its {{ $labels.store }} store`,
      action: '/readyz of its pods says why: see whether the store is up, and whether its address and password hold',
    },
  ];
}

function alertsOfWebSockets({ id, name, owner }: Service): RuleGroup['alerts'] {
  return [
    {
      alert: 'WebSocketsNearlyFull',
      expr: `min(${metrics.websocketsTaken.name}{job="${id}"}) > 0.8`,
      for: '5m',
      severity: 'warning',
      owner,
      summary: `Every pod of ${name} has taken four fifths of the WebSocket clients that it takes; beyond that they get 503`,
      action: 'raise scaling.min of the service: a pod takes 500, or as many as WEBSOCKETS_MAX says',
    },
  ];
}

function alertsOfCache({ id, name, owner }: Service): RuleGroup['alerts'] {
  return [
    {
      alert: 'CacheDegraded',
      expr: `min(${metrics.cacheUp.name}{job="${id}"}) == 0`,
      for: '5m',
      severity: 'warning',
      owner,
      summary: `${name} does without Redis: each pod keeps and counts for itself`,
      action: 'see whether Redis is up, and whether its address and password hold; answers are right, and cost more',
    },
  ];
}

function alertsOfAnswers({ id, name, owner }: Service): RuleGroup['alerts'] {
  const requests = `${metrics.httpRequests.name}{job="${id}"`;
  return [
    {
      alert: 'AnswersFail',
      expr: `sum(rate(${requests},status=~"5.."}[5m])) / sum(rate(${requests}}[5m])) > 0.01`,
      for: '5m',
      severity: 'critical',
      owner,
      summary: `{{ $value | humanizePercentage }} of ${name}'s answers are errors`,
      action: 'its log names each failed request with its reason',
    },
    {
      alert: 'AnswersSlow',
      expr: `histogram_quantile(0.99, sum by (le) (rate(${metrics.httpDuration.name}_bucket{job="${id}"}[5m]))) > 1`,
      for: '10m',
      severity: 'warning',
      owner,
      summary: `One in a hundred of ${name}'s answers takes over {{ $value | humanizeDuration }}`,
      action: 'compare with the load of its stores, and with its autoscaler',
    },
  ];
}
