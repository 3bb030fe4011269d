import { IntOrString } from 'cdk8s-plus-28/lib/imports/k8s.js';
import { pods, toDns } from '../stores/network.ts';
import { lighthouseArguments } from './ethereum-arguments.ts';
import {
  dataFolder,
  type NamedPort,
  renderAccount,
  renderBudget,
  renderInside,
  renderMonitor,
  renderNode,
  renderPeerServices,
} from './ethereum-node.ts';
import { ethereumPorts } from './ethereum-ports.ts';
import { engineService } from './geth.ts';
import { fromMonitoring, fromPeers, fromPool, renderWorkloadPolicy, toPeers } from './reach.ts';
import type { WorkloadContext } from './workload-context.ts';

const { lighthouse, geth } = ethereumPorts;

const inside: readonly NamedPort[] = [
  { name: 'http', port: lighthouse.http },
  { name: 'metrics', port: lighthouse.metrics },
];
const peers: readonly NamedPort[] = [
  { name: 'peers', port: lighthouse.peers },
  { name: 'discovery', port: lighthouse.peers, protocol: 'UDP' },
  { name: 'quic', port: lighthouse.quic, protocol: 'UDP' },
];

/** Ethereum's consensus client, which tells Geth which block is the head. */
export function renderLighthouse(context: WorkloadContext): object[] {
  return [
    renderAccount(context),
    renderWorkloadPolicy(context, {
      ingress: [
        ...fromPeers(context, { tcp: [lighthouse.peers], udp: [lighthouse.peers, lighthouse.quic] }),
        fromPool(context, lighthouse.http),
        fromMonitoring(lighthouse.metrics),
      ],
      egress: [toDns(), pods({ 'app.kubernetes.io/name': 'geth' }, geth.engine), toPeers()],
    }),
    renderNode(context, {
      command: 'lighthouse',
      args: lighthouseArguments({
        dataFolder,
        peerAddress: context.peers.address,
        engine: `http://${engineService}:${geth.engine}`,
      }),
      ports: [...inside, ...peers],
      drainSeconds: 120,
      probes: {
        startupProbe: { ...serves('/eth/v1/node/version'), periodSeconds: 10, failureThreshold: 180 },
        livenessProbe: {
          ...serves('/eth/v1/node/version'),
          periodSeconds: 30,
          timeoutSeconds: 10,
          failureThreshold: 6,
        },
        // 200 in step with the chain, 206 while it catches up: both are of use to Geth. 503 before it has a head.
        readinessProbe: { ...serves('/eth/v1/node/health'), periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 3 },
      },
    }),
    renderInside(context, context.workload.id, inside),
    ...renderPeerServices(context, peers),
    renderBudget(context),
    renderMonitor(context, '/metrics'),
  ];
}

function serves(path: string) {
  return { httpGet: { path, port: IntOrString.fromString('http') } };
}
