import type { JsonObject } from '../../emit/yaml.ts';
import { findGrafanaDoor, grafanaPort } from '../../gateway/grafana.ts';
import { chartServices } from '../chart-services.ts';
import { type ComponentContext, findWorkload } from '../component-context.ts';
import { resources, sidecarResources } from '../resources.ts';
import { volumeClaim } from '../volume-claim.ts';
import { clickhouseOf, clickhousePlugin } from './clickhouse-plugin.ts';

/** Days of metrics, and the part of the disk they may take: the rest is the write-ahead log's. */
const retention = { days: 15, percentOfDisk: 80, defaultDiskGB: 20 };

/** Source: charts/kube-prometheus-stack/values.yaml of prometheus-community. */
export function kubePrometheusStackValues(context: ComponentContext): JsonObject {
  return {
    fullnameOverride: 'monitoring',
    cleanPrometheusOperatorObjectNames: true,
    crds: { enabled: true },
    // Managed control planes show none of these, and CoreDNS' Service would be in kube-system.
    ...Object.fromEntries(
      ['kubeControllerManager', 'kubeScheduler', 'kubeEtcd', 'kubeProxy', 'coreDns'].map((part) => [
        part,
        { enabled: false },
      ]),
    ),
    defaultRules: {
      create: true,
      rules: {
        etcd: false,
        kubeControllerManager: false,
        kubeProxy: false,
        kubeSchedulerAlerting: false,
        kubeSchedulerRecording: false,
      },
    },
    // A component of its own, in a namespace of its own: it needs what no other pod here may have.
    nodeExporter: { enabled: false },
    'kube-state-metrics': { resources: resources('10m', '48Mi', { cpu: '200m', memory: '256Mi' }) },
    prometheusOperator: {
      resources: resources('20m', '64Mi', { cpu: '500m', memory: '256Mi' }),
      // cert-manager's certificate instead of jobs that patch it in.
      admissionWebhooks: { certManager: { enabled: true }, patch: { enabled: false } },
      prometheusConfigReloader: { resources: sidecarResources },
    },
    prometheus: { prometheusSpec: prometheusSpec(context) },
    alertmanager: {
      alertmanagerSpec: {
        replicas: 1,
        resources: resources('10m', '48Mi', { cpu: '200m', memory: '128Mi' }),
        // Every AlertmanagerConfig counts, for the alerts of every namespace and not its own alone.
        alertmanagerConfigSelector: {},
        alertmanagerConfigNamespaceSelector: {},
        alertmanagerConfigMatcherStrategy: { type: 'None' },
        storage: { volumeClaimTemplate: volumeClaim(1) },
      },
    },
    grafana: grafanaValues(context),
  };
}

function prometheusSpec(context: ComponentContext): JsonObject {
  const { environment, cluster, pool } = context;
  const workload = findWorkload(context, 'prometheus');
  const diskGB = workload?.storageGB ?? retention.defaultDiskGB;
  const everything = ['rule', 'serviceMonitor', 'podMonitor', 'probe', 'scrapeConfig'];
  return {
    replicas: workload?.replicas ?? 1,
    retention: `${retention.days}d`,
    retentionSize: `${Math.floor((diskGB * 1000 * retention.percentOfDisk) / 100)}MB`,
    externalLabels: { environment: environment.name, cluster, ...(pool === undefined ? {} : { pool: pool.id }) },
    ...Object.fromEntries(everything.map((kind) => [`${kind}SelectorNilUsesHelmValues`, false])),
    resources: {
      requests: workload?.resources?.requests ?? { cpu: '200m', memory: '512Mi' },
      limits: workload?.resources?.limits ?? { cpu: '2', memory: '4Gi' },
    },
    storageSpec: { volumeClaimTemplate: volumeClaim(diskGB) },
  };
}

function grafanaValues(context: ComponentContext): JsonObject {
  const { environment, pool, services, region } = context;
  const door = pool && findGrafanaDoor(pool, environment, services, region);
  const workload = findWorkload(context, 'grafana');
  const port = workload?.port ?? grafanaPort;
  const clickhouse = clickhouseOf(pool);
  const loki = { name: 'Loki', uid: 'loki', type: 'loki', access: 'proxy', url: 'http://loki:3100' };
  return {
    fullnameOverride: chartServices.grafana.name,
    ...clickhouse.settings,
    testFramework: { enabled: false },
    replicas: workload?.replicas ?? 1,
    service: { port },
    admin: { existingSecret: 'grafana', userKey: 'admin-user', passwordKey: 'admin-password' },
    'grafana.ini': {
      server: door === undefined ? {} : { root_url: `https://${door.host}/` },
      ...(clickhouse.sources.length === 0
        ? {}
        : { plugins: { preinstall: `${clickhousePlugin.id}@${clickhousePlugin.version}` } }),
      analytics: { check_for_updates: false, reporting_enabled: false },
      'auth.anonymous': { enabled: false },
    },
    resources: {
      requests: workload?.resources?.requests ?? { cpu: '100m', memory: '256Mi' },
      limits: workload?.resources?.limits ?? { cpu: '1', memory: '512Mi' },
    },
    // Dashboards and sources come from git, so there is nothing to keep, and no volume to own.
    persistence: { enabled: false },
    initChownData: { enabled: false },
    sidecar: {
      resources: resources('10m', '80Mi', { cpu: '100m', memory: '160Mi' }),
      dashboards: { enabled: true, label: 'grafana_dashboard', labelValue: '1', searchNamespace: 'ALL' },
      datasources: { enabled: false },
    },
    datasources: {
      'datasources.yaml': {
        apiVersion: 1,
        datasources: [
          {
            name: 'Prometheus',
            uid: 'prometheus',
            type: 'prometheus',
            access: 'proxy',
            url: 'http://monitoring-prometheus:9090',
            isDefault: true,
          },
          {
            name: 'Alertmanager',
            uid: 'alertmanager',
            type: 'alertmanager',
            access: 'proxy',
            url: 'http://monitoring-alertmanager:9093',
            jsonData: { implementation: 'prometheus' },
          },
          ...(findWorkload(context, 'loki') === undefined ? [] : [loki]),
          ...clickhouse.sources,
        ],
      },
    },
  };
}
