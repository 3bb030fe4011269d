import { IntOrString, KubePodDisruptionBudget } from 'cdk8s-plus-28/lib/imports/k8s.js';
import type { PoolStore } from '../../catalog/schema/pool.ts';
import { keptForEver } from '../app.ts';
import { storageClass } from '../conventions.ts';
import { caSecretOf, renderCertificates, serverSecretOf } from './certificates.ts';
import { storeVersions } from './images.ts';
import { renderPodMonitor } from './monitors.ts';
import { clients, monitoring, namespace, pods, renderStorePolicy, toDns, toKubernetesApi } from './network.ts';
import { restrictedContainer, restrictedPod, sealedContainer, spreadOver, storePriority } from './pods.ts';
import { renderStoreSecret } from './secrets.ts';
import { type StoreContext, type StorePart, storeLabels, storeMetadata, volumeSize } from './store-context.ts';

const name = 'mongodb' satisfies PoolStore['engine'];
const service = `${name}-svc`;
const members = { app: service };
const user = 2000;

/**
 * MongoDB by its own operator: a replica set with users by SCRAM, members that speak TLS among themselves, and clients
 * that may. The operator brings no PodDisruptionBudget, so we do. Its journal is on the volume of its data: a snapshot of
 * the volume, which Velero takes, is a state that it can start from.
 */
export const renderMongodb: StorePart = (context) => [
  renderStoreSecret(context, {
    keys: { username: 'username', password: 'password', 'metrics-password': 'metrics-password' },
  }),
  ...renderCertificates(context, [`*.${service}.${context.place.namespace}.svc.cluster.local`]),
  renderReplicaSet(context),
  KubePodDisruptionBudget.manifest({
    metadata: storeMetadata(context, { wave: 'config' }),
    spec: {
      maxUnavailable: IntOrString.fromNumber(1),
      selector: { matchLabels: members },
      unhealthyPodEvictionPolicy: 'AlwaysAllow',
    },
  }),
  renderPodMonitor(context, {
    pods: members,
    port: 'prometheus',
    basicAuth: { username: { name, key: 'username' }, password: { name, key: 'metrics-password' } },
  }),
  renderStorePolicy(context, {
    pods: members,
    ingress: [
      clients(context, 27017),
      pods(members, 27017),
      namespace(context.operatorNamespace, 27017),
      monitoring(9216),
    ],
    egress: [toDns(), pods(members, 27017), toKubernetesApi()],
  }),
];

function renderReplicaSet(context: StoreContext): object {
  const { store } = context;
  return {
    apiVersion: 'mongodbcommunity.mongodb.com/v1',
    kind: 'MongoDBCommunity',
    metadata: storeMetadata(context, { wave: 'store', syncOptions: keptForEver }),
    spec: {
      type: 'ReplicaSet',
      members: store.replicas,
      version: storeVersions.mongodb,
      security: {
        authentication: { modes: ['SCRAM'], ignoreUnknownUsers: true },
        tls: {
          enabled: true,
          // Clients inside the namespace need not know the authority.
          optional: true,
          certificateKeySecretRef: { name: serverSecretOf(name) },
          caCertificateSecretRef: { name: caSecretOf(name) },
        },
      },
      users: [
        {
          name: 'defimon',
          db: 'admin',
          passwordSecretRef: { name, key: 'password' },
          roles: [{ name: 'readWrite', db: 'defimon' }],
          scramCredentialsSecretName: `${name}-defimon`,
        },
      ],
      prometheus: { username: 'defimon', passwordSecretRef: { name, key: 'metrics-password' }, port: 9216 },
      statefulSet: {
        spec: {
          template: {
            metadata: { labels: storeLabels(context) },
            spec: {
              ...storePriority,
              securityContext: restrictedPod(user),
              topologySpreadConstraints: spreadOver(members),
              initContainers: ['mongod-posthook', 'mongodb-agent-readinessprobe'].map((init) => ({
                name: init,
                resources: agentResources,
                securityContext: sealedContainer,
              })),
              containers: [
                { name: 'mongod', resources: store.resources, securityContext: restrictedContainer },
                { name: 'mongodb-agent', resources: agentResources, securityContext: restrictedContainer },
              ],
            },
          },
          volumeClaimTemplates: [claim('data-volume', store.storageGB), claim('logs-volume', logsGB)],
        },
      },
    },
  };
}

const agentResources = { requests: { cpu: '50m', memory: '128Mi' }, limits: { cpu: '500m', memory: '400Mi' } };
const logsGB = 2;

function claim(claimName: string, storageGB: number): object {
  return {
    metadata: { name: claimName },
    spec: {
      accessModes: ['ReadWriteOnce'],
      storageClassName: storageClass,
      resources: { requests: { storage: volumeSize(storageGB) } },
    },
  };
}
