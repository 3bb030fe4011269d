import { ethereumPorts } from '../../workloads/ethereum-ports.ts';
import { addressPlan } from '../address-plan.ts';
import { managed } from '../managed.ts';
import { groupsOf, type PoolContext } from '../pool-context.ts';
import { type GcpNames, gcpNamesOf } from './names.ts';

const compute = { v1: 'compute.gcp.upbound.io/v1beta1', v2: 'compute.gcp.upbound.io/v1beta2' };
const { gcp: plan } = addressPlan;

/** Ranges of the subnetwork that the cluster gives its pods and Services addresses from. */
export const podRange = 'pods';
export const serviceRange = 'services';

/** Google's forwarder of SSH, which asks for an identity first: the one way to a machine's console. */
const identityProxy = '35.235.240.0/20';

/** The private network of a pool, its one way out, and what may come in. What no rule allows is refused. */
export function renderGcpNetwork(context: PoolContext): object[] {
  const names = gcpNamesOf(context);
  const { base, region } = names;
  return [
    managed(context, {
      apiVersion: compute.v1,
      kind: 'Network',
      name: base,
      wave: 'store',
      forProvider: { autoCreateSubnetworks: false, routingMode: 'REGIONAL' },
    }),
    managed(context, {
      apiVersion: compute.v2,
      kind: 'Subnetwork',
      name: base,
      wave: 'store',
      forProvider: {
        region,
        networkRef: { name: base },
        ipCidrRange: plan.nodes,
        secondaryIpRange: [
          { rangeName: podRange, ipCidrRange: plan.pods },
          { rangeName: serviceRange, ipCidrRange: plan.services },
        ],
        privateIpGoogleAccess: true,
        logConfig: { aggregationInterval: 'INTERVAL_10_MIN', flowSampling: 0.1, metadata: 'EXCLUDE_ALL_METADATA' },
      },
    }),
    managed(context, {
      apiVersion: compute.v2,
      kind: 'Router',
      name: base,
      wave: 'store',
      forProvider: { region, networkRef: { name: base } },
    }),
    managed(context, {
      apiVersion: compute.v2,
      kind: 'RouterNAT',
      name: base,
      wave: 'store',
      forProvider: {
        region,
        routerRef: { name: base },
        natIpAllocateOption: 'AUTO_ONLY',
        sourceSubnetworkIpRangesToNat: 'ALL_SUBNETWORKS_ALL_IP_RANGES',
        // An Ethereum node has hundreds of peers: the default of 64 ports a machine would cut most of them off.
        enableDynamicPortAllocation: true,
        enableEndpointIndependentMapping: false,
        minPortsPerVm: 512,
        maxPortsPerVm: 8192,
        logConfig: { enable: true, filter: 'ERRORS_ONLY' },
      },
    }),
    managed(context, {
      apiVersion: compute.v1,
      kind: 'Address',
      name: names.peerAddress,
      wave: 'store',
      forProvider: {
        region,
        addressType: 'EXTERNAL',
        networkTier: 'PREMIUM',
        description: 'Where peers find the Ethereum node of the cluster',
      },
    }),
    ...(groupsOf(context.pool, 'vm').length === 0 ? [] : renderMachineFirewalls(context, names)),
  ];
}

/** Tag of the virtual machines, which are the only ones with an address in the world. */
export function machineTag(base: string): string {
  return `${base}-vm`;
}

function renderMachineFirewalls(context: PoolContext, { base }: GcpNames): object[] {
  const { geth, lighthouse } = ethereumPorts;
  const everyone = '0.0.0.0/0';
  const rules = [
    {
      name: 'peers',
      description: 'Peers of the Ethereum network',
      sourceRanges: [everyone],
      allow: [
        { protocol: 'tcp', ports: portsOf(geth.peers, lighthouse.peers) },
        { protocol: 'udp', ports: portsOf(geth.peers, lighthouse.peers, lighthouse.quic) },
      ],
    },
    {
      name: 'inside',
      description: 'Reads and metrics, from pods and machines of the pool',
      sourceRanges: [plan.nodes, plan.pods],
      allow: [
        {
          protocol: 'tcp',
          ports: portsOf(geth.http, geth.ws, geth.metrics, lighthouse.http, lighthouse.metrics),
        },
      ],
    },
    {
      name: 'console',
      description: "SSH through Google's identity-aware proxy",
      sourceRanges: [identityProxy],
      allow: [{ protocol: 'tcp', ports: ['22'] }],
    },
    {
      name: 'engine-closed',
      description: 'Whoever reaches the engine API commands the node: nobody does, whatever rule is added later',
      sourceRanges: [everyone],
      deny: [{ protocol: 'tcp', ports: portsOf(geth.engine) }],
      priority: 10,
    },
  ];
  return rules.map(({ name, ...rule }) =>
    managed(context, {
      apiVersion: compute.v2,
      kind: 'Firewall',
      name: `${base}-${name}`,
      wave: 'store',
      forProvider: {
        networkRef: { name: base },
        direction: 'INGRESS',
        targetTags: [machineTag(base)],
        priority: 1000,
        ...rule,
      },
    }),
  );
}

function portsOf(...ports: number[]): string[] {
  return ports.map(String);
}
