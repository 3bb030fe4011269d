import type { PoolStore } from '../../catalog/schema/pool.ts';
import { keptForEver } from '../app.ts';
import { withoutFileCopies } from '../backup/volumes.ts';
import { gatewayNamespace, storageClass, storeLabel } from '../conventions.ts';
import { storeVersions } from './images.ts';
import { renderTopic, renderUser, userSecret, usersOf } from './kafka-topics.ts';
import { lentBrokerHost, lentKafka } from './lent-kafka.ts';
import { renderPodMonitor } from './monitors.ts';
import {
  clients,
  monitoring,
  namespace,
  pods,
  type Rule,
  renderStorePolicy,
  toDns,
  toKubernetesApi,
} from './network.ts';
import { restrictedContainer, smallResources, spreadOver, storePriority } from './pods.ts';
import { renderStoreSecret } from './secrets.ts';
import { type StoreContext, type StorePart, shareOfMiB, storeMetadata, volumeSize } from './store-context.ts';

const name = 'kafka' satisfies PoolStore['engine'];
const nodePool = 'node';
const clusterLabel = { 'strimzi.io/cluster': name };
const nodes = { ...clusterLabel, 'strimzi.io/name': `${name}-kafka` };
// A service that may reach the bus reaches its brokers, and none of these helpers.
const entityOperator = { [storeLabel]: 'bus-operator' };
const exporter = { [storeLabel]: 'bus-exporter' };
const metricsPort = 'tcp-prometheus';

/**
 * Kafka by Strimzi, in KRaft mode: each node is broker and controller, up to three of which are all there are. Topics,
 * users and their rights follow from catalog/topics.yaml. The operator brings the PodDisruptionBudget.
 */
export const renderKafka: StorePart = (context) => {
  const users = usersOf(context.topics);
  return [
    renderCluster(context),
    renderNodePool(context),
    users.length === 0
      ? undefined
      : renderStoreSecret(context, {
          name: userSecret,
          entry: 'kafka',
          keys: Object.fromEntries(users.map((user) => [user, user])),
          sources: context.topics.map(({ id }) => `topic/${id}`),
        }),
    ...context.topics.map((topic) => renderTopic(context, topic)),
    ...users.map((user) => renderUser(context, user)),
    renderPodMonitor(context, { pods: nodes, port: metricsPort }),
    renderPodMonitor(context, { name: 'kafka-exporter', pods: exporter, port: metricsPort }),
    ...renderPolicies(context),
  ];
};

function renderCluster(context: StoreContext): object {
  const { store } = context;
  // What Kafka writes is on two brokers before it is told, where there are three.
  const copies = Math.min(3, store.replicas);
  const inSync = Math.max(1, copies - 1);
  return {
    apiVersion: 'kafka.strimzi.io/v1',
    kind: 'Kafka',
    metadata: storeMetadata(context, { wave: 'store', syncOptions: keptForEver }),
    spec: {
      kafka: {
        version: storeVersions.kafka,
        listeners: listenersOf(context),
        authorization: { type: 'simple' },
        config: {
          // A topic that the catalog does not state is a mistake.
          'auto.create.topics.enable': false,
          'default.replication.factor': copies,
          'min.insync.replicas': inSync,
          'offsets.topic.replication.factor': copies,
          // A month: a group that was away for longer than topics keep must still have its place, for its losses to be counted.
          'offsets.retention.minutes': 30 * 24 * 60,
          'transaction.state.log.replication.factor': copies,
          'transaction.state.log.min.isr': inSync,
        },
        metricsConfig: {
          type: 'strimziMetricsReporter',
          values: { allowList: ['kafka_server.*', 'kafka_controller.*', 'kafka_log.*', 'kafka_network.*', 'jvm.*'] },
        },
      },
      entityOperator: {
        topicOperator: { resources: operatorResources },
        // Its Secrets must not take the names of the services' own.
        userOperator: { secretPrefix: 'kafka-user-', resources: operatorResources },
        template: {
          pod: podTemplate(entityOperator),
          topicOperatorContainer: { securityContext: restrictedContainer },
          userOperatorContainer: { securityContext: restrictedContainer },
        },
      },
      // Tells how far each group is behind.
      kafkaExporter: {
        resources: smallResources,
        template: {
          pod: podTemplate(exporter),
          container: { securityContext: restrictedContainer },
        },
      },
    },
  };
}

const operatorResources = { requests: { cpu: '50m', memory: '256Mi' }, limits: { cpu: '500m', memory: '384Mi' } };

/** The service's id is the user, whose password stands in the secret store. */
const authentication = { type: 'scram-sha-512' };

/**
 * Services use the one without TLS: what they say stays inside the cluster, where policies let nobody else near, and SCRAM sends no
 * password. TLS there would take Strimzi's own authority, whose certificate is another every year, into every pod. Who may come
 * near is our policies' matter: Strimzi is told to write none.
 */
const ownListeners = [
  { name: 'plain', port: 9092, tls: false },
  { name: 'tls', port: 9093, tls: true },
].map((one) => ({ ...one, type: 'internal', authentication }));
const clientPorts = ownListeners.map(({ port }) => port);

/** What comes through the gateway, which has taken off the TLS; brokers tell these clients names that lead back to it. */
function listenersOf({ store, lentHost }: StoreContext): object[] {
  if (lentHost === undefined) return ownListeners;
  const lent = {
    name: lentKafka.listener,
    port: lentKafka.port,
    tls: false,
    type: 'cluster-ip',
    authentication,
    configuration: {
      // A collector has three or so. The rest is room for starts, and a bound for strangers who try passwords.
      maxConnections: 200,
      maxConnectionCreationRate: 20,
      brokers: Array.from({ length: store.replicas }, (_, broker) => ({
        broker,
        advertisedHost: lentBrokerHost(lentHost, broker),
        advertisedPort: lentKafka.port,
      })),
    },
  };
  return [...ownListeners, lent];
}

function renderNodePool(context: StoreContext): object {
  const { store } = context;
  const heap = `${shareOfMiB(store.resources.requests.memory, 0.5)}m`;
  return {
    apiVersion: 'kafka.strimzi.io/v1',
    kind: 'KafkaNodePool',
    metadata: storeMetadata(context, { name: nodePool, wave: 'store', labels: clusterLabel, syncOptions: keptForEver }),
    spec: {
      replicas: store.replicas,
      roles: ['controller', 'broker'],
      storage: {
        type: 'jbod',
        volumes: [
          {
            id: 0,
            type: 'persistent-claim',
            size: volumeSize(store.storageGB),
            class: storageClass,
            kraftMetadata: 'shared',
            deleteClaim: false,
          },
        ],
      },
      resources: store.resources,
      // The other half is the page cache, which is what Kafka is fast by.
      jvmOptions: { '-Xms': heap, '-Xmx': heap },
      template: {
        pod: {
          // What it carries for some days, the services keep for good.
          ...podTemplate({ [storeLabel]: store.kind }, { annotations: withoutFileCopies('data-0') }),
          topologySpreadConstraints: spreadOver(nodes),
        },
        kafkaContainer: { securityContext: restrictedContainer },
        initContainer: { securityContext: restrictedContainer },
      },
    },
  };
}

function podTemplate(labels: Readonly<Record<string, string>>, more: object = {}): object {
  return {
    metadata: { labels, ...more },
    ...storePriority,
    securityContext: { runAsNonRoot: true, fsGroup: 0, seccompProfile: { type: 'RuntimeDefault' } },
  };
}

function renderPolicies(context: StoreContext): object[] {
  const { operatorNamespace, scalerNamespace } = context;
  const helpers: Rule = { ...pods(entityOperator, 9091), peers: [entityOperator, exporter].map(podPeer) };
  return [
    renderStorePolicy(context, {
      pods: nodes,
      ingress: [
        clients(context, ...clientPorts),
        namespace(scalerNamespace, 9092),
        context.lentHost === undefined ? undefined : namespace(gatewayNamespace, lentKafka.port),
        pods(nodes, 9090, 9091),
        helpers,
        namespace(operatorNamespace, 8443, 9090, 9091),
        monitoring(9404),
      ],
      egress: [toDns(), pods(nodes, 9090, 9091), toKubernetesApi()],
    }),
    renderStorePolicy(context, {
      name: 'kafka-entity-operator',
      pods: entityOperator,
      egress: [toDns(), pods(nodes, 9091), toKubernetesApi()],
    }),
    renderStorePolicy(context, {
      name: 'kafka-exporter',
      pods: exporter,
      ingress: [monitoring(9404)],
      egress: [toDns(), pods(nodes, 9091)],
    }),
  ];
}

function podPeer(matchLabels: Readonly<Record<string, string>>): object {
  return { podSelector: { matchLabels } };
}
