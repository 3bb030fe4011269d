import { opsPort } from '../../catalog/ops-port.ts';
import type { Catalog } from '../../catalog/schema/catalog.ts';
import type { Environment } from '../../catalog/schema/environment.ts';
import type { Service } from '../../catalog/schema/service.ts';
import type { OutputFile } from '../emit/output.ts';
import { type Json, type JsonObject, writeYaml } from '../emit/yaml.ts';
import { chainAlerts } from '../observability/chain-alerts.ts';
import { dashboardsOf } from '../observability/dashboards/dashboards.ts';
import { marketAlerts } from '../observability/market-alerts.ts';
import { renderGroup } from '../observability/rule-group.ts';
import { serviceAlerts } from '../observability/service-alerts.ts';
import { streamAlerts } from '../observability/stream-alerts.ts';
import { clickhousePlugin } from '../platform/values/clickhouse-plugin.ts';
import { opsHostOf } from './services.ts';
import { passwords } from './stores.ts';

interface Watched {
  readonly catalog: Catalog;
  readonly environment: Environment;
  readonly services: readonly Service[];
}

/** What Prometheus and Grafana read, below `folder`: targets, alerts, sources and the dashboards that clusters have. */
export function renderMonitoringFiles(folder: string, watched: Watched, header: string): OutputFile[] {
  const yaml = (name: string, value: Json): OutputFile => ({
    path: `${folder}/${name}`,
    text: header + writeYaml(value),
    sources: [],
  });
  return [
    yaml('prometheus.yaml', scrapeConfig(watched.services)),
    yaml('alerts.yaml', alertsOf(watched)),
    yaml('grafana-sources.yaml', grafanaSources),
    yaml('grafana-dashboards.yaml', {
      apiVersion: 1,
      providers: [{ name: 'defimon', type: 'file', options: { path: dashboardsMount } }],
    }),
    ...dashboardsOfMachine(watched).map(({ id, json }) => ({
      path: `${folder}/dashboards/${id}.json`,
      text: json,
      sources: [],
    })),
  ];
}

const dashboardsMount = '/var/lib/grafana/dashboards';

/** The two containers; files are named from the folder that the compose file is in. */
export function renderMonitoring(
  publish: (port: number, inside?: number) => string,
  limitsOf: (limits: { cpu: string; memory: string }) => JsonObject,
): Record<string, JsonObject> {
  const asks = (url: string) => ({
    test: ['CMD', 'wget', '-q', '-O', '/dev/null', url],
    interval: '10s',
    timeout: '5s',
    retries: 6,
    start_period: '2m',
    start_interval: '2s',
  });
  return {
    prometheus: {
      image: 'docker.io/prom/prometheus:v3.5.0',
      restart: 'unless-stopped',
      command: [
        '--config.file=/etc/prometheus/prometheus.yaml',
        '--storage.tsdb.path=/prometheus',
        '--storage.tsdb.retention.time=7d',
        '--storage.tsdb.retention.size=2GB',
      ],
      ports: [publish(9090)],
      volumes: [
        './compose/prometheus.yaml:/etc/prometheus/prometheus.yaml:ro',
        './compose/alerts.yaml:/etc/prometheus/alerts.yaml:ro',
        'prometheus-data:/prometheus',
      ],
      healthcheck: asks('http://127.0.0.1:9090/-/ready'),
      deploy: limitsOf({ cpu: '1', memory: '1Gi' }),
    },
    grafana: {
      image: 'docker.io/grafana/grafana:12.1.1',
      restart: 'unless-stopped',
      environment: {
        GF_SECURITY_ADMIN_PASSWORD: passwords.GRAFANA_PASSWORD?.text,
        GF_PLUGINS_PREINSTALL: `${clickhousePlugin.id}@${clickhousePlugin.version}`,
        GF_ANALYTICS_REPORTING_ENABLED: 'false',
        GF_ANALYTICS_CHECK_FOR_UPDATES: 'false',
        CLICKHOUSE_PASSWORD: passwords.CLICKHOUSE_PASSWORD?.text,
      },
      ports: [publish(3001, 3000)],
      volumes: [
        './compose/grafana-sources.yaml:/etc/grafana/provisioning/datasources/defimon.yaml:ro',
        './compose/grafana-dashboards.yaml:/etc/grafana/provisioning/dashboards/defimon.yaml:ro',
        `./compose/dashboards:${dashboardsMount}:ro`,
        'grafana-data:/var/lib/grafana',
      ],
      depends_on: { prometheus: { condition: 'service_healthy' } },
      healthcheck: asks('http://127.0.0.1:3000/api/health'),
      deploy: limitsOf({ cpu: '1', memory: '512Mi' }),
    },
  };
}

export const monitoringVolumes = ['prometheus-data', 'grafana-data'];

/** Each service is a job of its id, as in clusters, so that alerts and dashboards find it. */
function scrapeConfig(services: readonly Service[]): JsonObject {
  return {
    global: { scrape_interval: '5s', evaluation_interval: '15s' },
    rule_files: ['/etc/prometheus/alerts.yaml'],
    scrape_configs: [
      ...services.map(({ id }) => ({
        job_name: id,
        static_configs: [{ targets: [`${opsHostOf(id)}:${opsPort}`], labels: { pod: id } }],
      })),
      { job_name: 'gateway', static_configs: [{ targets: ['gateway:8100'], labels: { pod: 'gateway' } }] },
    ],
  };
}

function alertsOf({ catalog, environment, services }: Watched): JsonObject {
  const groups = [
    ...serviceAlerts(services),
    // Networks of the catalog are followed with --live alone.
    ...chainAlerts(environment.networks ?? [], environment),
    ...marketAlerts(services, catalog.pairs),
    ...streamAlerts(services),
  ];
  return { groups: groups.map(renderGroup) as unknown as Json };
}

/** All pools are one machine here: the stores are those of analytics. */
function dashboardsOfMachine({ catalog, environment, services }: Watched) {
  const pool = catalog.pools.find(({ id }) => id === 'analytics');
  if (pool === undefined) return [];
  const networks = [...(environment.networks ?? []), ...catalog.networks];
  return dashboardsOf({ pool, environment, services, networks, protocols: catalog.protocols });
}

const grafanaSources: JsonObject = {
  apiVersion: 1,
  datasources: [
    {
      name: 'Prometheus',
      uid: 'prometheus',
      type: 'prometheus',
      access: 'proxy',
      url: 'http://prometheus:9090',
      isDefault: true,
    },
    {
      name: 'ClickHouse',
      uid: 'clickhouse',
      type: clickhousePlugin.id,
      access: 'proxy',
      jsonData: {
        version: clickhousePlugin.version,
        host: 'clickhouse',
        port: 8123,
        protocol: 'http',
        username: 'defimon',
        defaultDatabase: 'default',
      },
      // Grafana fills it in from its environment.
      secureJsonData: { password: '$CLICKHOUSE_PASSWORD' },
    },
  ],
};
