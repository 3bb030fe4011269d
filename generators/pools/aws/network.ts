import { managed } from '../managed.ts';
import type { PoolContext } from '../pool-context.ts';
import { awsAccountOf } from '../provider-access.ts';
import { type Region, regionsOf, subnetOf, tagsOf } from './region.ts';

const v1 = 'ec2.aws.upbound.io/v1beta1';
const v2 = 'ec2.aws.upbound.io/v1beta2';
const everywhere = '0.0.0.0/0';

/** The networks of a pool's regions: machines stand in private parts, and the regions are joined to the first. */
export function renderAwsNetworks(context: PoolContext): object[] {
  const [first, ...others] = regionsOf(context);
  return [
    ...[first, ...others].flatMap((region) => renderNetwork(context, region)),
    ...others.flatMap((region) => renderPeering(context, first, region)),
  ];
}

function renderNetwork(context: PoolContext, region: Region): object[] {
  const { id, base, plan } = region;
  const [firstZone] = plan.zones;
  const part = (kind: string, name: string, forProvider: object, apiVersion = v1) =>
    managed(context, { apiVersion, kind, name, wave: 'store', forProvider: { region: id, ...forProvider } });
  const tags = (name: string, more: Readonly<Record<string, string>> = {}) => tagsOf(context, { Name: name, ...more });
  return [
    part('VPC', base, {
      cidrBlock: plan.cidr,
      enableDnsHostnames: true,
      enableDnsSupport: true,
      tags: tags(base),
    }),
    part('InternetGateway', base, { vpcIdRef: { name: base }, tags: tags(base) }),
    part('EIP', `${base}-nat`, { domain: 'vpc', tags: tags(`${base}-nat`) }),
    // One for all zones: if its zone fails, the pods of the other have no way out until it is moved. A second one costs
    // as much again, for a pool that has two other regions.
    part('NATGateway', base, {
      subnetIdRef: { name: subnetOf(region, 'public', firstZone.name) },
      allocationIdRef: { name: `${base}-nat` },
      connectivityType: 'public',
      tags: tags(base),
    }),
    ...(['public', 'private'] as const).flatMap((reach) => [
      part('RouteTable', `${base}-${reach}`, { vpcIdRef: { name: base }, tags: tags(`${base}-${reach}`) }),
      part(
        'Route',
        `${base}-${reach}`,
        {
          routeTableIdRef: { name: `${base}-${reach}` },
          destinationCidrBlock: everywhere,
          ...(reach === 'public' ? { gatewayIdRef: { name: base } } : { natGatewayIdRef: { name: base } }),
        },
        v2,
      ),
      ...plan.zones.flatMap((zone) => {
        const name = subnetOf(region, reach, zone.name);
        // By these tags the load balancers of Services find where they belong.
        const role = reach === 'public' ? 'kubernetes.io/role/elb' : 'kubernetes.io/role/internal-elb';
        return [
          part('Subnet', name, {
            vpcIdRef: { name: base },
            availabilityZone: zone.name,
            cidrBlock: reach === 'public' ? zone.publicCidr : zone.privateCidr,
            mapPublicIpOnLaunch: false,
            tags: tags(name, { [role]: '1' }),
          }),
          part('RouteTableAssociation', name, {
            subnetIdRef: { name },
            routeTableIdRef: { name: `${base}-${reach}` },
          }),
        ];
      }),
    ]),
  ];
}

/**
 * Joins a region to the first, where the database is that all write to. A peering between regions is accepted by hand,
 * once: its object would have to be of another region than its request.
 */
function renderPeering(context: PoolContext, first: Region, other: Region): object[] {
  const name = `${other.base}-to-first`;
  const route = (at: Region, routeName: string, destinationCidrBlock: string) =>
    managed(context, {
      apiVersion: v2,
      kind: 'Route',
      name: routeName,
      wave: 'store',
      forProvider: {
        region: at.id,
        routeTableIdRef: { name: `${at.base}-private` },
        destinationCidrBlock,
        vpcPeeringConnectionIdRef: { name },
      },
    });
  return [
    managed(context, {
      apiVersion: v2,
      kind: 'VPCPeeringConnection',
      name,
      wave: 'store',
      forProvider: {
        region: other.id,
        vpcIdRef: { name: other.base },
        peerVpcIdRef: { name: first.base },
        peerRegion: first.id,
        peerOwnerId: awsAccountOf(context).accountId,
        tags: tagsOf(context, { Name: name }),
      },
    }),
    route(other, name, first.plan.cidr),
    route(first, `${first.base}-to-${other.id}`, other.plan.cidr),
  ];
}
