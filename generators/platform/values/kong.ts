import { priorityClasses } from '../../conventions.ts';
import type { JsonObject } from '../../emit/yaml.ts';
import { nginxSettings } from '../../gateway/nginx-directives.ts';
import { lentKafka } from '../../stores/lent-kafka.ts';
import { callerOf } from '../caller-address.ts';
import { type ComponentContext, replicasOf } from '../component-context.ts';
import { resources } from '../resources.ts';

/**
 * Kong without a database: its ingress controller reads routes and plugins from the cluster. The service that Kong does
 * the work of states its size; elsewhere it has the smallest. Source: charts/kong/values.yaml of Kong.
 */
export function kongValues(context: ComponentContext): JsonObject {
  const service = context.services.find(({ workload }) => workload?.kind === 'kong');
  const caller = callerOf(context);
  const off = { enabled: false };
  return {
    // Charts that name objects by release and chart say the name twice: `kong-kong-proxy`.
    fullnameOverride: 'kong',
    env: {
      database: 'off',
      router_flavor: 'expressions',
      // One for each CPU it may have; more would each take their own memory.
      nginx_worker_processes: '1',
      log_level: context.environment.name === 'dev' ? 'info' : 'notice',
      headers: 'off',
      ...nginxSettings(),
      ...caller.env,
    },
    // Only the controller, in the same pod, speaks to it.
    admin: {
      enabled: true,
      type: 'ClusterIP',
      http: off,
      tls: { enabled: true, servicePort: 8444, containerPort: 8444 },
    },
    proxy: {
      enabled: true,
      type: 'LoadBalancer',
      ...caller.service,
      // Probes ask elsewhere, on the status port, which knows no PROXY protocol.
      http: { enabled: true, servicePort: 80, containerPort: 8000, parameters: [...caller.listen] },
      tls: { enabled: true, servicePort: 443, containerPort: 8443, parameters: ['http2', ...caller.listen] },
      // Kafka for other pools: told apart by name, which only TLS carries.
      ...(context.lendsBus
        ? {
            stream: [
              {
                containerPort: lentKafka.port,
                servicePort: lentKafka.port,
                protocol: 'TCP',
                parameters: ['ssl', ...caller.listen],
              },
            ],
          }
        : {}),
    },
    manager: off,
    portal: off,
    portalapi: off,
    ingressController: {
      enabled: true,
      ingressClass: 'kong',
      createIngressClass: true,
      rbac: { create: true, enableClusterRoles: true, gatewayAPI: off },
      // Its certificate would be another at each render; the objects are checked before they are merged.
      admissionWebhook: off,
      resources: resources('30m', '64Mi', { cpu: '300m', memory: '256Mi' }),
    },
    resources: service?.resources ?? resources('100m', '256Mi', { cpu: '1', memory: '512Mi' }),
    initContainerResources: resources('10m', '32Mi', { cpu: '500m', memory: '256Mi' }),
    replicaCount: replicasOf(context),
    ...(service === undefined
      ? {}
      : {
          autoscaling: {
            enabled: true,
            minReplicas: service.scaling.min,
            maxReplicas: service.scaling.max,
            metrics: [
              {
                type: 'Resource',
                resource: {
                  name: 'cpu',
                  target: { type: 'Utilization', averageUtilization: service.scaling.targetCpuPercent ?? 70 },
                },
              },
            ],
          },
        }),
    // The chart refuses one for a single replica.
    podDisruptionBudget: { enabled: service !== undefined || replicasOf(context) > 1, maxUnavailable: 1 },
    priorityClassName: priorityClasses.critical,
    serviceMonitor: { enabled: true, trustCRDsExist: true },
  };
}
