import { keptForEver } from '../app.ts';
import { withoutFileCopies } from '../backup/volumes.ts';
import { storageClass } from '../conventions.ts';
import { storeImages } from './images.ts';
import { renderPodMonitor } from './monitors.ts';
import { monitoring, namespace, pods, type Rule, renderStorePolicy, toDns } from './network.ts';
import { restrictedContainer, restrictedPod, spreadOver, storePriority } from './pods.ts';
import { type SizedStore, type StoreContext, storeLabels, storeMetadata, volumeSize } from './store-context.ts';

const name = 'clickhouse-keeper';
const keepers = { 'clickhouse-keeper.altinity.com/chk': name };
/** It holds what is agreed upon, never data. */
const keeperGB = 10;
const user = 101;

/** How the servers reach their keeper. */
export const keeperClient: Rule = pods(keepers, 2181);

/** Three wherever ClickHouse has replicas, since two cannot outvote one. */
export function keeperReplicas({ replicas }: Pick<SizedStore, 'replicas'>): 1 | 3 {
  return replicas > 1 ? 3 : 1;
}

/** What ClickHouse's replicas agree on, and where it remembers which blocks it has seen. */
export function renderKeeper(context: StoreContext): object[] {
  return [
    renderInstallation(context),
    renderPodMonitor(context, { name, pods: keepers, port: 'metrics' }),
    renderStorePolicy(context, {
      name,
      pods: keepers,
      ingress: [
        pods({ 'clickhouse.altinity.com/chi': 'clickhouse' }, 2181),
        pods(keepers, 2181, 9444),
        namespace(context.operatorNamespace, 2181, 9182),
        monitoring(9363),
      ],
      egress: [toDns(), pods(keepers, 2181, 9444)],
    }),
  ];
}

function renderInstallation(context: StoreContext): object {
  const replicas = keeperReplicas(context.store);
  const labels = storeLabels(context, name);
  return {
    apiVersion: 'clickhouse-keeper.altinity.com/v1',
    kind: 'ClickHouseKeeperInstallation',
    metadata: storeMetadata(context, { name, wave: 'store', syncOptions: keptForEver }),
    spec: {
      defaults: {
        templates: { podTemplate: 'keeper', dataVolumeClaimTemplate: 'data' },
        storageManagement: { reclaimPolicy: 'Retain' },
      },
      configuration: {
        clusters: [{ name: 'keeper', layout: { replicasCount: replicas }, pdbManaged: replicas > 1 ? 'yes' : 'no' }],
        settings: {
          'logger/level': 'information',
          listen_host: '0.0.0.0',
          'prometheus/endpoint': '/metrics',
          'prometheus/port': '9363',
          'prometheus/metrics': 'true',
          'prometheus/events': 'true',
          'prometheus/asynchronous_metrics': 'true',
        },
      },
      templates: {
        podTemplates: [
          {
            name: 'keeper',
            metadata: { labels, annotations: withoutFileCopies('data') },
            spec: {
              ...storePriority,
              securityContext: restrictedPod(user),
              automountServiceAccountToken: false,
              topologySpreadConstraints: spreadOver(keepers),
              containers: [
                {
                  name,
                  image: storeImages.keeper,
                  ports: [{ name: 'metrics', containerPort: 9363 }],
                  resources: { requests: { cpu: '100m', memory: '256Mi' }, limits: { cpu: '500m', memory: '512Mi' } },
                  securityContext: restrictedContainer,
                },
              ],
            },
          },
        ],
        volumeClaimTemplates: [
          {
            name: 'data',
            reclaimPolicy: 'Retain',
            spec: {
              accessModes: ['ReadWriteOnce'],
              storageClassName: storageClass,
              resources: { requests: { storage: volumeSize(keeperGB) } },
            },
          },
        ],
      },
    },
  };
}
