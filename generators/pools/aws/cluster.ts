import type { NodeGroup } from '../../../catalog/schema/pool.ts';
import { nodeGroupLabel } from '../../conventions.ts';
import { managed } from '../managed.ts';
import { kubernetesVersionOf, nodeGroupsOf, nodeLabelsOf, type PoolContext } from '../pool-context.ts';
import { awsKey, awsRole } from '../provider-access.ts';
import { privateSubnets, type Region, regionsOf, tagsOf } from './region.ts';

const v1 = 'eks.aws.upbound.io/v1beta1';
const v2 = 'eks.aws.upbound.io/v1beta2';

/** What a cluster of AWS is without: names, routes, addresses and disks of pods. Each has the version of its cluster. */
const addons: readonly { name: string; configuration?: object; identity?: { role: string; account: string } }[] = [
  // Network policies are enforced by the same agent that gives pods their addresses.
  { name: 'vpc-cni', configuration: { enableNetworkPolicy: 'true' } },
  { name: 'kube-proxy' },
  { name: 'coredns' },
  { name: 'eks-pod-identity-agent' },
  // What Velero's snapshots are made by.
  { name: 'snapshot-controller' },
  { name: 'aws-ebs-csi-driver', identity: { role: 'ebs-csi', account: 'ebs-csi-controller-sa' } },
];

/** Accounts of platform software that act on AWS, by the role each is given: no key lies in the cluster. */
const identities: readonly { role: string; namespace: string; account: string }[] = [
  { role: 'cluster-autoscaler', namespace: 'kube-system', account: 'cluster-autoscaler' },
  { role: 'cert-manager', namespace: 'cert-manager', account: 'cert-manager' },
];

/** The cluster of each region of a pool: nodes without public addresses, an API server for known addresses alone. */
export function renderAwsClusters(context: PoolContext): object[] {
  return regionsOf(context).flatMap((region) => [
    renderCluster(context, region),
    ...renderAccess(context, region),
    ...addons.map((addon) => renderAddon(context, region, addon)),
    ...identities.map((identity) => renderIdentity(context, region, identity)),
    ...nodeGroupsOf(context.pool).map((group) => renderNodeGroup(context, region, group)),
  ]);
}

function renderCluster(context: PoolContext, region: Region): object {
  const { cidrs } = context;
  return managed(context, {
    apiVersion: v2,
    kind: 'Cluster',
    name: region.base,
    wave: 'workload',
    forProvider: {
      region: region.id,
      version: kubernetesVersionOf(context),
      roleArn: awsRole(context, 'eks-cluster'),
      vpcConfig: {
        subnetIdRefs: privateSubnets(region),
        endpointPrivateAccess: true,
        endpointPublicAccess: cidrs.length > 0,
        ...(cidrs.length === 0 ? {} : { publicAccessCidrs: [...cidrs] }),
      },
      accessConfig: { authenticationMode: 'API', bootstrapClusterCreatorAdminPermissions: false },
      kubernetesNetworkConfig: { ipFamily: 'ipv4', serviceIpv4Cidr: '172.20.0.0/16' },
      encryptionConfig: { provider: { keyArn: awsKey(context, region.id) }, resources: ['secrets'] },
      enabledClusterLogTypes: ['api', 'audit', 'authenticator'],
      // The add-ons are objects of their own.
      bootstrapSelfManagedAddons: false,
      upgradePolicy: { supportType: 'STANDARD' },
      deletionProtection: true,
      tags: tagsOf(context),
    },
  });
}

/** Argo CD's role may do everything in the cluster; people come in by roles that the account's owner lets in. */
function renderAccess(context: PoolContext, { id, base }: Region): object[] {
  const principalArn = awsRole(context, 'argocd');
  const part = (kind: string, forProvider: object) =>
    managed(context, {
      apiVersion: v1,
      kind,
      name: `${base}-argocd`,
      wave: 'workload',
      forProvider: { region: id, clusterNameRef: { name: base }, principalArn, ...forProvider },
    });
  return [
    part('AccessEntry', { type: 'STANDARD', tags: tagsOf(context) }),
    part('AccessPolicyAssociation', {
      policyArn: 'arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy',
      accessScope: { type: 'cluster' },
    }),
  ];
}

function renderAddon(
  context: PoolContext,
  { id, base }: Region,
  { name, configuration, identity }: (typeof addons)[number],
): object {
  return managed(context, {
    apiVersion: v1,
    kind: 'Addon',
    name: `${base}-${name}`,
    // Some are not well before there are nodes, and nodes not before there are some: neither waits for the other.
    wave: 'edge',
    forProvider: {
      region: id,
      clusterNameRef: { name: base },
      addonName: name,
      preserve: true,
      ...(configuration === undefined ? {} : { configurationValues: JSON.stringify(configuration) }),
      ...(identity === undefined
        ? {}
        : {
            podIdentityAssociation: [{ roleArn: awsRole(context, identity.role), serviceAccount: identity.account }],
          }),
      tags: tagsOf(context),
    },
  });
}

function renderIdentity(
  context: PoolContext,
  { id, base }: Region,
  { role, namespace, account }: (typeof identities)[number],
): object {
  return managed(context, {
    apiVersion: v1,
    kind: 'PodIdentityAssociation',
    name: `${base}-${role}`,
    wave: 'edge',
    forProvider: {
      region: id,
      clusterNameRef: { name: base },
      namespace,
      serviceAccount: account,
      roleArn: awsRole(context, role),
      tags: tagsOf(context),
    },
  });
}

function renderNodeGroup(context: PoolContext, region: Region, group: NodeGroup & { machine: string }): object {
  return managed(context, {
    apiVersion: v2,
    kind: 'NodeGroup',
    name: `${region.base}-${group.id}`,
    wave: 'edge',
    forProvider: {
      region: region.id,
      clusterNameRef: { name: region.base },
      version: kubernetesVersionOf(context),
      nodeRoleArn: awsRole(context, 'eks-node'),
      subnetIdRefs: privateSubnets(region),
      amiType: 'AL2023_x86_64_STANDARD',
      capacityType: 'ON_DEMAND',
      instanceTypes: [group.machine],
      diskSize: 100,
      scalingConfig: { minSize: group.min, maxSize: group.max },
      updateConfig: { maxUnavailable: 1 },
      nodeRepairConfig: { enabled: true },
      labels: nodeLabelsOf(group),
      ...(group.dedicated === true ? { taint: [{ key: nodeGroupLabel, value: group.id, effect: 'NO_SCHEDULE' }] } : {}),
      tags: tagsOf(context),
    },
    // How many there are is the autoscaler's to say, once they are there. So a raised minimum is refused by EKS until
    // there are as many: `aws eks update-nodegroup-config --scaling-config desiredSize=<min>` first.
    initProvider: { scalingConfig: { desiredSize: group.min } },
  });
}
